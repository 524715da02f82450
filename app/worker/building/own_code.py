"""A design's own code, executed: in a process that the sandbox has confined, and in no other.

Each piece is a module of its own, and its class is registered with Keras. A traceback that leads through a piece names
the line of the person's text.
"""

import inspect
import linecache
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

import keras

from app.catalog.model import Kind
from app.document.model import Code, GraphDocument
from app.document.own_code import PACKAGE, code_digest
from app.shared.errors import Invalid
from app.worker import sandbox

_loaded: Final[dict[tuple[Kind, str], Any]] = {}
_files: Final[dict[str, str]] = {}
"""The name of the piece that each made-up file name stands for."""

_modules: Final[set[str]] = set()

_present: str = ""
"""The digest of the code that is loaded."""


class OwnCodeNotLoaded(Invalid):
    """A class or function of the design's own is asked for in a process that has not loaded it."""

    code = "own_code_not_loaded"


class OwnCodeFailed(Invalid):
    """Own code raised an error where it is defined, or defines something else than it says."""

    code = "own_code_failed"


@dataclass(frozen=True)
class Place:
    """A line of a piece of own code, counted from 1."""

    name: str
    line: int

    def __str__(self) -> str:
        return f"line {self.line} of {self.name}"


def load(document: GraphDocument) -> None:
    """Execute the design's own code, unless the same code is loaded already, and register its classes with Keras.

    Raises `OwnCodeNotLoaded` outside the sandbox, and `OwnCodeFailed` when a piece cannot be executed, with the line,
    or has the name of another one.
    """
    global _present
    digest = code_digest(document)
    if digest == _present:
        return
    if not sandbox.entered():
        raise OwnCodeNotLoaded(
            "The code of this design is executed in a sandbox only.",
            expected="a sandboxed process",
            received="another one",
            hint="Somebody who may run code can press Run check.",
        )
    clear()
    for key, piece in sorted(document.code.items()):
        if piece.name in _files.values():
            raise OwnCodeFailed(
                f"Two pieces of own code are called {piece.name}.",
                expected="a name of its own for each piece",
                received=piece.name,
                hint="Rename one of them in the code editor.",
            )
        _loaded[Kind(piece.kind), piece.name] = _execute(key, piece)
    _present = digest


def find(kind: Kind, name: str) -> Any:
    """Return the loaded class or function; raise `OwnCodeNotLoaded` where no code was loaded."""
    found = _loaded.get((kind, name))
    if found is None:
        raise OwnCodeNotLoaded(
            f"{name} is code of this design, which runs only in a sandbox.",
            expected="a sandboxed process that has loaded it",
            received="another one",
            hint="Somebody who may run code can press Run check.",
        )
    return found


def clear() -> None:
    """Forget what was loaded."""
    global _present
    for _, name in _loaded:
        keras.saving.get_custom_objects().pop(f"{PACKAGE}>{name}", None)
    for file in _files:
        linecache.cache.pop(file, None)
    for module in _modules:
        sys.modules.pop(module, None)
    _loaded.clear()
    _files.clear()
    _modules.clear()
    _present = ""


def locate(error: BaseException | None) -> Place | None:
    """Return the line of own code in which `error`, or what caused it, was raised; None when it was not in own code."""
    found = None
    while error is not None:
        if isinstance(error, SyntaxError) and error.filename in _files:
            return Place(_files[error.filename], error.lineno or 1)
        for frame, line in traceback.walk_tb(error.__traceback__):
            name = _files.get(frame.f_code.co_filename)
            if name is not None:
                found = Place(name, line)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return found


def _execute(key: str, piece: Code) -> Any:
    file = f"<code {piece.name}>"
    module = ModuleType(f"own_{key.replace('-', '_')}")
    _files[file] = piece.name
    linecache.cache[file] = (len(piece.source), None, piece.source.splitlines(keepends=True), file)
    _modules.add(module.__name__)
    sys.modules[module.__name__] = module
    try:
        exec(compile(piece.source, file, "exec", dont_inherit=True), module.__dict__)  # noqa: S102, this is the sandbox
    except (Exception, SystemExit) as error:
        place = locate(error)
        raise OwnCodeFailed(
            f"The code of {piece.name} cannot be executed.",
            expected=f"Python that defines {piece.name}",
            received=f"{type(error).__name__}: {error}"[:1_000] + (f", in {place}" if place else ""),
            hint="Correct it in the code editor.",
        ) from error
    found = module.__dict__.get(piece.name)
    if not (inspect.isclass(found) or inspect.isfunction(found)):
        raise OwnCodeFailed(
            f"The code of {piece.name} does not define {piece.name}.",
            expected=f"a class or a function called {piece.name}",
            received=", ".join(_defined(module)) or "nothing that is one",
            hint="Give it that name, or rename the piece of code.",
        )
    return _registered(piece, found)


def _registered(piece: Code, found: Any) -> Any:
    """Register what Keras saves by name, as it does no callback and nothing that one holds.

    A class that registers itself keeps its package.
    """
    saved = piece.kind != "functions" and (inspect.isfunction(found) or hasattr(found, "get_config"))
    if saved and keras.saving.get_registered_name(found) == found.__name__:
        keras.saving.register_keras_serializable(package=PACKAGE, name=piece.name)(found)
    return found


def _defined(module: ModuleType) -> Iterator[str]:
    for name, value in vars(module).items():
        if (inspect.isclass(value) or inspect.isfunction(value)) and value.__module__ == module.__name__:
            yield name
