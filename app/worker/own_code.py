"""The classes of a design's own code, in the one process that has loaded them: a sandboxed one."""

from typing import Any, Final

from app.catalog.model import Kind
from app.shared.errors import Invalid

_loaded: Final[dict[tuple[Kind, str], Any]] = {}


def find(kind: Kind, name: str) -> Any:
    """Return the loaded class or function; raise `Invalid` (`own_code_not_loaded`) where no code was loaded."""
    found = _loaded.get((kind, name))
    if found is None:
        raise OwnCodeNotLoaded(f"{name} is code of this design, which runs only in a sandbox.")
    return found


def clear() -> None:
    """Forget what was loaded."""
    _loaded.clear()


class OwnCodeNotLoaded(Invalid):
    """A class of the design's own is asked for in a process that has not loaded it."""

    code = "own_code_not_loaded"
