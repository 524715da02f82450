"""Classes that a script defines, as pieces of the design's own code: their text is taken over, and not executed."""

import ast
import symtable
from collections.abc import Iterable, Mapping
from typing import Any, Final

from app.catalog.model import Catalog, Kind
from app.catalog.own import catalog_for
from app.codegen.names import snake_case
from app.document.model import MAX_CODE, MAX_SOURCE, Code, GraphDocument
from app.worker.imports.python.names import canonical, imported
from app.worker.imports.python.values import Path
from app.worker.imports.python.words import KINDS, LAYERS

_ROOTS: Final = {
    "keras.Layer": Kind.LAYER,
    "keras.Loss": Kind.LOSS,
    "keras.Metric": Kind.METRIC,
    "keras.Initializer": Kind.INITIALIZER,
    "keras.Regularizer": Kind.REGULARIZER,
}
_OWN: Final = frozenset({Kind.LAYER, Kind.LOSS, Kind.METRIC, Kind.CALLBACK, Kind.INITIALIZER, Kind.REGULARIZER})
"""What classes of a design's own may be."""


def code_in(tree: ast.Module, source: str, catalog: Catalog) -> dict[str, Code]:
    """Return a piece of code, by id, for each class of the script that extends one of Keras and stands by itself.

    A piece holds the class with the imports, functions, classes and constants of the script that it names. A class
    that names what the script computes is left out, and so is one whose name Keras has.
    """
    found: dict[str, Code] = {}
    script = _Script(tree, source)
    for node in tree.body:
        kind = script.kind_of(node) if isinstance(node, ast.ClassDef) else None
        if kind is None or not isinstance(node, ast.ClassDef) or catalog.find(kind, node.name) is not None:
            continue
        text = script.text_of(node)
        if text is not None and len(text) <= MAX_SOURCE and len(found) < MAX_CODE:
            key = snake_case(node.name)[:40]
            found[key] = Code(kind=kind.value, name=node.name, source=text)
    known = catalog_for(GraphDocument(code=found))
    return {key: code for key, code in found.items() if known.find(Kind(code.kind), code.name) is not None}


def used_code(document: GraphDocument, code: Mapping[str, Code]) -> dict[str, Code]:
    """Return the pieces that `document` names."""
    named = set(_class_names(document.model_dump(include={"layers", "training"})))
    return {key: piece for key, piece in code.items() if piece.name in named}


def _class_names(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        name = value.get("class_name")
        if isinstance(name, str):
            yield name
        for item in value.values():
            yield from _class_names(item)
    elif isinstance(value, list):
        for item in value:
            yield from _class_names(item)


class _Script:
    """The statements of a script that bind names, by those names."""

    def __init__(self, tree: ast.Module, source: str) -> None:
        self._source = source
        self._order = {id(statement): number for number, statement in enumerate(tree.body)}
        self._binds: dict[str, ast.stmt] = {}
        self._paths: dict[str, Any] = {}
        for statement in tree.body:
            match statement:
                case ast.Import() | ast.ImportFrom():
                    for name, path in imported(statement):
                        self._binds[name] = statement
                        self._paths[name] = path
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    self._binds[name] = statement
                case ast.Assign(targets=[ast.Name(id=name)]):
                    self._binds[name] = statement

    def kind_of(self, node: ast.ClassDef) -> Kind | None:
        """Return what a class is, by the class of Keras that it extends, itself or through another of the script."""
        seen: set[str] = set()
        waiting = [node]
        while waiting:
            each = waiting.pop()
            if each.name in seen:
                continue
            seen.add(each.name)
            for base in each.bases:
                above = self._binds.get(base.id) if isinstance(base, ast.Name) else None
                if isinstance(above, ast.ClassDef):
                    waiting.append(above)
                elif (kind := _kind_at(self._path(base))) is not None:
                    return kind
        return None

    def _path(self, node: ast.expr) -> str:
        match node:
            case ast.Name(id=name) if isinstance(self._paths.get(name), Path):
                return str(self._paths[name].name)
            case ast.Attribute(value=owner, attr=name):
                return canonical(f"{self._path(owner)}.{name}")
        return ""

    def text_of(self, node: ast.ClassDef) -> str | None:
        """Return the text of a class with what it names; None where it names what is not known before running."""
        needed: dict[int, ast.stmt] = {}
        waiting: list[ast.stmt] = [node]
        while waiting:
            each = waiting.pop()
            if id(each) in needed:
                continue
            if isinstance(each, ast.Assign) and any(isinstance(part, ast.Call) for part in ast.walk(each.value)):
                return None
            needed[id(each)] = each
            if not isinstance(each, ast.Import | ast.ImportFrom):
                names = self._names_in(each)
                if names is None:
                    return None
                waiting += [self._binds[name] for name in names if name in self._binds]
        parts = sorted(needed.values(), key=lambda each: self._order[id(each)])
        head = [self._text(each) for each in parts if isinstance(each, ast.Import | ast.ImportFrom)]
        body = [self._text(each) for each in parts if not isinstance(each, ast.Import | ast.ImportFrom)]
        return "\n\n\n".join(filter(None, ["\n".join(head), *body])) + "\n"

    def _names_in(self, node: ast.stmt) -> set[str] | None:
        """Return the names that a statement takes from the script around it; None where Python cannot compile it."""
        found: set[str] = set()
        try:
            waiting = [symtable.symtable(self._text(node), "script", "exec")]
        except SyntaxError:
            return None
        while waiting:
            table = waiting.pop()
            found |= {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global()}
            waiting += table.get_children()
        return found

    def _text(self, node: ast.stmt) -> str:
        """Return a statement as it stands; without decorators, which register a class for files of another program."""
        return ast.get_source_segment(self._source, node) or ast.unparse(node)


def _kind_at(path: str) -> Kind | None:
    module, _, name = path.rpartition(".")
    if not name[:1].isupper():
        return None
    kind = _ROOTS.get(path) or (Kind.LAYER if module in LAYERS else KINDS.get(module))
    return kind if kind in _OWN else None
