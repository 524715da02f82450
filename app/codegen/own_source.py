"""What a script carries of classes that Keras does not have: layers of Layerloom's own, and the design's own code."""

import ast
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

from app.catalog.model import ObjectSpec
from app.codegen.literals import is_private
from app.codegen.names import RESERVED
from app.document.model import Code
from app.document.own_code import PACKAGE
from app.shared.errors import Invalid

LAYERS: Final = "layers"
"""The part of `app` where the layers of our own are; their source is read as text, and never imported here."""

_USUAL: Final = (
    "import contextlib",
    "import csv",
    "import functools",
    "import json",
    "import math",
    "import tempfile",
    "import zipfile",
    "from pathlib import Path",
    "import h5py",
    "import keras",
    "import numpy as np",
    "from keras import layers, ops",
    "from sklearn import datasets",
)


@dataclass(frozen=True)
class Definition:
    """A top-level statement of a module that gives names, and the names that it uses."""

    source: str
    uses: frozenset[str]
    position: int


@dataclass(frozen=True)
class Module:
    """A module of our own layers: its definitions by name, and its imports as single statements."""

    definitions: Mapping[str, Definition]
    imports: tuple[str, ...]


@dataclass
class Embedded:
    """Source that a script carries, with the imports that it may need."""

    sources: list[str] = field(default_factory=list)
    imports: list[str] = field(default_factory=list)


def embed_layers(used: Iterable[ObjectSpec]) -> Embedded:
    """Return the source of the layers of our own among `used`, and of what they need, in the order of definition."""
    wanted = {spec.name for spec in used if spec.own}
    found = Embedded()
    for module in _modules() if wanted else ():
        chosen = _reached(wanted & module.definitions.keys(), module.definitions)
        found.sources += _paragraphs(sorted(chosen, key=lambda each: each.position))
        found.imports += module.imports if chosen else ()
    return found


def _paragraphs(definitions: Iterable[Definition]) -> list[str]:
    """Return the sources of definitions; values that follow one another stand together."""
    found: list[str] = []
    before = ""
    for source in (definition.source for definition in definitions):
        if before and not before.startswith(_BLOCKS) and not source.startswith(_BLOCKS):
            found[-1] += ("\n\n" if "\n" in before + source else "\n") + source
        else:
            found.append(source)
        before = source
    return found


_BLOCKS: Final = ("class ", "def ", "@")
"""How a class or a function begins; what else gives a name is a value."""


def private_imports(used: Iterable[ObjectSpec]) -> list[str]:
    """Return the imports of classes that Keras has but does not export."""
    places = [spec.qualified_name.rpartition(".") for spec in used if is_private(spec)]
    return [f"from {module} import {name}" for module, _, name in places]


def embed_code(code: Mapping[str, Code], used: Iterable[ObjectSpec]) -> list[str]:
    """Return the pieces of own code that a design uses, and those that they name, each after what it names.

    The text stays as it is, but what two pieces define in the same words stands once. Raises `Invalid` for a piece
    whose name the script needs itself, or another piece has, and for pieces that name one another.
    """
    pieces: dict[str, Code] = {}
    for piece in code.values():
        if pieces.setdefault(piece.name, piece) is not piece:
            raise Invalid(
                f"Two pieces of own code are called {piece.name}, and a script can hold one only.",
                expected="a name of its own for each piece",
                received=piece.name,
                hint="Rename one of them in the code editor.",
            )
    definitions = {
        name: Definition(piece.source, _uses(piece), index) for index, (name, piece) in enumerate(pieces.items())
    }
    chosen = _reached({spec.name for spec in used if spec.code}, definitions)
    for name in sorted(name for name, definition in definitions.items() if definition in chosen):
        if name in RESERVED:
            raise Invalid(f"The script itself needs the name {name}.", expected="another name", received=name)
    ordered: list[str] = []
    homes: dict[str, _Home] = {}
    waiting = {name: definition for name, definition in definitions.items() if definition in chosen}
    while waiting:
        ready = [name for name, each in waiting.items() if not each.uses & (waiting.keys() - {name})]
        if not ready:
            raise Invalid(
                "Pieces of own code name one another.",
                expected="pieces that can be put in an order",
                received=", ".join(sorted(waiting)),
                hint="Put what belongs together into one piece.",
            )
        for name in ready:
            waiting.pop(name)
            ordered.append(_once(pieces[name], homes) + _registration(pieces[name]))
    return ordered


def _registration(piece: Code) -> str:
    """Return the statement that registers a piece with Keras as the sandbox does, where it does not do so itself."""
    tree = _parsed(piece)
    named = _loaded(tree) | {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    if piece.kind in {"callbacks", "functions"} or "register_keras_serializable" in named:
        return ""
    return f'\n\n\nkeras.saving.register_keras_serializable(package="{PACKAGE}")({piece.name})'


class _Home(NamedTuple):
    """The piece that defines a name, and how; without `words` it does so in several ways."""

    piece: str
    words: str


def _once(piece: Code, homes: dict[str, _Home]) -> str:
    """Return the text of a piece without what an earlier one defines in the same words; `homes` gets what it defines.

    Each piece is a module of its own in training. Raises `Invalid` where two define one name differently.
    """
    kept: list[ast.stmt] = []
    repeated: list[ast.stmt] = []
    for statement in _parsed(piece).body:
        words = ast.dump(statement)
        names = [] if isinstance(statement, ast.Import | ast.ImportFrom) else _given(statement)
        found = [homes.setdefault(name, _Home(piece.name, words)) for name in names]
        for name, home in zip(names, found, strict=True):
            if home.piece == piece.name and home.words != words:
                homes[name] = _Home(piece.name, "")
            elif home.words != words:
                raise _clash(name, home.piece, piece.name)
        (repeated if any(home.piece != piece.name for home in found) else kept).append(statement)
    lines = re.split(r"\r\n|\r|\n", piece.source)
    for statement in repeated:
        first, last = _lines_of(statement)
        if any(first <= _lines_of(other)[1] and _lines_of(other)[0] <= last for other in kept):
            name = _given(statement)[0]
            raise _clash(name, homes[name].piece, piece.name)
        lines[first - 1 : last] = [""] * (last - first + 1)
    if not repeated:
        return piece.source.strip("\n")
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(lines)).strip("\n")


def _lines_of(statement: ast.stmt) -> tuple[int, int]:
    decorators = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(each.lineno for each in decorators)]), statement.end_lineno or statement.lineno


def _clash(name: str, one: str, other: str) -> Invalid:
    return Invalid(
        f"Two pieces of own code define {name}, and a script can hold one only.",
        expected="a name of its own in each piece, or the same words in both",
        received=f"{one} and {other}",
        hint=f"Rename {name} in one of them.",
    )


def refuse_names_of_the_script(own: Iterable[str], rest: str) -> None:
    """Raise `Invalid` where the source of own code gives a name that the `rest` of its script defines.

    In training each piece is a module of its own. In a script the later definition would be that of both.
    """
    defined = set(_names_in(rest, imported=False))
    for source in own:
        taken = next((name for name in _names_in(source, imported=True) if name in defined), None)
        if taken is not None:
            raise Invalid(
                f"The script itself defines {taken}, and so does the design's own code.",
                expected="another name in the own code",
                received=taken,
                hint=f"Rename {taken} in the code editor.",
            )


def _names_in(source: str, *, imported: bool) -> list[str]:
    statements = [
        each for each in ast.parse(source).body if imported or not isinstance(each, ast.Import | ast.ImportFrom)
    ]
    return [name for statement in statements for name in _given(statement)]


def defined_names(code: Mapping[str, Code]) -> set[str]:
    """Return the names that pieces of own code give at their top level."""
    return {name for piece in code.values() for statement in _parsed(piece).body for name in _given(statement)}


def needed_imports(source: str, *offered: str) -> list[str]:
    """Return those imports, ours and `offered`, whose names `source` uses, sorted as formatters sort them."""
    used = _loaded(ast.parse(source))
    plain: set[tuple[str, str]] = set()
    chosen: dict[str, set[tuple[str, str]]] = {}
    for line in (*_USUAL, *offered):
        (statement,) = ast.parse(line).body
        if isinstance(statement, ast.Import):
            plain |= {(each.name, each.asname or "") for each in statement.names if (each.asname or each.name) in used}
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            names = {(each.name, each.asname or "") for each in statement.names if (each.asname or each.name) in used}
            chosen.setdefault(statement.module, set()).update(names)
    lines = [(module, f"import {module}" + (f" as {alias}" if alias else "")) for module, alias in sorted(plain)]
    lines += [
        (module, f"from {module} import {', '.join(_imported(names))}")
        for module, names in sorted(chosen.items())
        if names
    ]
    standard = [line for module, line in lines if module.partition(".")[0] in sys.stdlib_module_names]
    others = [line for module, line in lines if module.partition(".")[0] not in sys.stdlib_module_names]
    return [*standard, *([""] if standard and others else []), *others]


def _imported(names: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{name} as {alias}" if alias else name for name, alias in sorted(names)]


@cache
def _modules() -> tuple[Module, ...]:
    files = sorted(resources.files("app").joinpath(LAYERS).iterdir(), key=lambda file: file.name)
    return tuple(_read(file.read_text("utf-8")) for file in files if file.name.endswith(".py"))


def _read(text: str) -> Module:
    definitions: dict[str, Definition] = {}
    imports: list[str] = []
    lines = text.splitlines(keepends=True)
    for position, statement in enumerate(ast.parse(text).body):
        if isinstance(statement, ast.Import | ast.ImportFrom):
            if not (isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith("app.")):
                imports.append(ast.unparse(statement))
            continue
        first = min([statement.lineno, *(each.lineno for each in getattr(statement, "decorator_list", []))])
        source = "".join(lines[first - 1 : statement.end_lineno]).rstrip("\n")
        definition = Definition(source, _loaded(statement), position)
        definitions |= dict.fromkeys(_given(statement), definition)
    return Module(definitions, tuple(imports))


def _reached(wanted: Iterable[str], definitions: Mapping[str, Definition]) -> set[Definition]:
    waiting, reached = list(wanted), set[str]()
    while waiting:
        name = waiting.pop()
        if name in definitions and name not in reached:
            reached.add(name)
            waiting += definitions[name].uses
    return {definitions[name] for name in reached}


def _given(statement: ast.stmt) -> list[str]:
    match statement:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return [(each.asname or each.name).partition(".")[0] for each in names]
    return []


def _loaded(tree: ast.AST) -> frozenset[str]:
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


def _uses(piece: Code) -> frozenset[str]:
    return _loaded(_parsed(piece)) - {piece.name}


def _parsed(piece: Code) -> ast.Module:
    try:
        return ast.parse(piece.source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Invalid(
            f"The own code {piece.name} is no Python.", expected="Python source", received=str(error)[:500]
        ) from error
