"""What a script defines, as pieces of the design's own code: text that is taken over, and not executed."""

import ast
from collections.abc import Iterable, Mapping
from typing import Any, Final

from app.catalog.model import Catalog, Kind
from app.catalog.own import catalog_for
from app.codegen.names import snake_case
from app.document.model import MAX_CODE, MAX_SOURCE, Code, GraphDocument
from app.worker.imports.python.excerpts import Excerpts, names_in
from app.worker.imports.python.functions import Definition, form_of, with_defaults
from app.worker.imports.python.names import Function
from app.worker.imports.python.values import is_plain
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


class OwnCode:
    """The classes of a script that extend one of Keras, and the functions that it hands to Keras.

    A piece holds one of them with the imports, functions, classes and constants of the script that it names. What names
    a value that the script computes is left out, and so is a class whose name Keras has. `catalog` has the pieces.
    """

    def __init__(self, tree: ast.Module, source: str, catalog: Catalog) -> None:
        self.catalog = catalog
        self._pieces: dict[str, Code] = {}
        self._forms: dict[tuple[Kind, int, str], str | None] = {}
        self._versions: dict[str, list[dict[str, Any]]] = {}
        self._excerpts = Excerpts(tree, source)
        for node in tree.body:
            kind = self._kind_of(node) if isinstance(node, ast.ClassDef) else None
            if kind is not None and isinstance(node, ast.ClassDef) and self._excerpts.bound(node.name) is node:
                self._add(kind, node.name, self._excerpts.standing(node))

    def of_function(
        self, kind: Kind, function: Function, called: str = "", arguments: Mapping[str, Any] | None = None
    ) -> str | None:
        """Return the name of the piece by which Keras takes `function` as an object of `kind`; None without one.

        `called` names a lambda, and `arguments` are given to the function besides what Keras gives.
        """
        closed = self._closed(function)
        if closed is None:
            return None
        definition, constants = closed
        key = kind, id(function.definition), repr([constants, arguments])
        if key not in self._forms:
            self._forms[key] = self._taken(kind, definition, called or f"own_{kind.singular}", arguments or {})
        return self._forms[key]

    def used(self, document: GraphDocument) -> dict[str, Code]:
        """Return the pieces that `document` names."""
        named = set(_texts(document.model_dump(include={"layers", "training"})))
        return {key: piece for key, piece in self._pieces.items() if piece.name in named}

    def _taken(self, kind: Kind, definition: Definition, called: str, arguments: Mapping[str, Any]) -> str | None:
        part = _defining(definition, self._excerpts)
        for number in range(1, MAX_CODE):
            form = form_of(kind, definition, called, arguments, number)
            if form is None:
                return None
            if not self._has(kind, form.name):
                keras = ["import keras"] if "keras." in form.text and self._excerpts.bound("keras") is None else []
                text = self._excerpts.standing(*([part] if part else []), *keras, *([form.text] if form.text else []))
                return form.name if self._add(kind, form.name, text) else None
        return None

    def _has(self, kind: Kind, name: str) -> bool:
        taken = any(piece.name == name for piece in self._pieces.values())
        return taken or self.catalog.find(kind, name) is not None

    def _closed(self, function: Function) -> tuple[Definition, dict[str, Any]] | None:
        """Return a function that needs nothing of a function around it, and the constants that it took from there.

        They become keyword arguments with a default; with other constants it is another function. None for one that
        needs more than numbers, texts and such.
        """
        definition, scope = function.definition, function.scope
        names = names_in(ast.unparse(definition)) if scope.outer is not None else set()
        if names is None:
            return None
        constants: dict[str, Any] = {}
        while scope.outer is not None:
            constants = {name: scope.names[name] for name in sorted(names & scope.names.keys())} | constants
            scope = scope.outer
        if not all(map(is_plain, constants.values())):
            return None
        if not constants:
            return definition, constants
        closed = with_defaults(definition, constants)
        if isinstance(closed, ast.FunctionDef):
            versions = self._versions.setdefault(closed.name, [])
            if constants not in versions:
                versions.append(constants)
            number = versions.index(constants) + 1
            closed.name += f"_{number}" if number > 1 else ""
        return closed, constants

    def _add(self, kind: Kind, name: str, text: str | None) -> bool:
        """Take a piece in, unless it has no text, is too much, or cannot be an entry of the catalog."""
        key = snake_case(name)[:40]
        if text is None or len(text) > MAX_SOURCE or len(self._pieces) >= MAX_CODE:
            return False
        if key in self._pieces or self._has(kind, name):
            return False
        pieces = {**self._pieces, key: Code(kind=kind.value, name=name, source=text)}
        catalog = catalog_for(GraphDocument(code=pieces))
        if catalog.find(kind, name) is None:
            return False
        self._pieces, self.catalog = pieces, catalog
        return True

    def _kind_of(self, node: ast.ClassDef) -> Kind | None:
        """Return what a class is, by the class of Keras that it extends, itself or through another of the script."""
        seen: set[str] = set()
        waiting = [node]
        while waiting:
            each = waiting.pop()
            if each.name in seen:
                continue
            seen.add(each.name)
            for base in each.bases:
                above = self._excerpts.bound(base.id) if isinstance(base, ast.Name) else None
                if isinstance(above, ast.ClassDef):
                    waiting.append(above)
                elif (kind := _kind_at(self._excerpts.path(base))) is not None:
                    return kind
        return None


def _defining(definition: Definition, excerpts: Excerpts) -> ast.stmt | str | None:
    """Return the statement of the script that defines a function, or its text; None for a lambda, which has none."""
    if isinstance(definition, ast.Lambda):
        return None
    return definition if excerpts.bound(definition.name) is definition else excerpts.text(definition)


def _texts(value: Any) -> Iterable[str]:
    """Yield what a design may name a class or function with: every text but the names of its layers."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key != "name":
                yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value


def _kind_at(path: str) -> Kind | None:
    module, _, name = path.rpartition(".")
    if not name[:1].isupper():
        return None
    kind = _ROOTS.get(path) or (Kind.LAYER if module in LAYERS else KINDS.get(module))
    return kind if kind in _OWN else None
