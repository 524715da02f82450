"""Names of variables and functions in exported Python (ADR 0110)."""

import builtins
import keyword
import re
from collections.abc import Iterable
from typing import Final

_PLAIN: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")

_OURS: Final = frozenset(
    {
        "arrays_in", "build_model", "compile_model", "contextlib", "csv", "datasets", "fill_embedding", "functools",
        "h5py", "json", "keras", "layers", "layers_below", "layers_in", "load_data", "main", "math", "model", "name",
        "np", "older_layers_in", "ops", "Path", "read_vectors", "read_weights", "split", "start_from_weights",
        "take_weights", "tempfile", "trainable", "zipfile",
    }
)  # fmt: skip
"""What a script calls its modules, its functions and their parameters."""

RESERVED: Final = frozenset({*keyword.kwlist, *keyword.softkwlist, *dir(builtins), *_OURS})
"""What nothing of a design may be called in a script: words of Python, its builtins, and what the script has itself."""


def plain_name(text: str) -> str:
    """Return `text` when it already is a name in small letters, digits and `_` that nothing else has, else nothing.

    A text is taken as it is or not at all, so that nothing of another text gets into an identifier.
    """
    return text if _PLAIN.fullmatch(text) and text not in RESERVED else ""


def snake_case(name: str) -> str:
    """Return a class name as Keras would name a layer of it: `MaxPooling2D` gives `max_pooling2d`."""
    spaced = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", spaced).lower()


class Names:
    """Names of one scope, each given once. `taken` are those that are not to be had."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)
        self._last: dict[str, int] = {}

    def claim(self, wanted: str, otherwise: str) -> str:
        """Return `wanted`, a plain name that may be empty, or else `otherwise` numbered from 1."""
        name = wanted
        while not name or name in self._taken:
            self._last[otherwise] = self._last.get(otherwise, 0) + 1
            name = f"{otherwise}_{self._last[otherwise]}"
        self._taken.add(name)
        return name
