"""The catalog of a design: the committed one and what the design's own code defines, read by `ast` and never run."""

import ast
import re
import warnings
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from pydantic import BaseModel, ConfigDict

from app.catalog.docstring import parse_docstring
from app.catalog.functions import accepts
from app.catalog.model import Catalog, Kind, ObjectSpec, PortSpec
from app.catalog.registry import load_catalog
from app.catalog.signature import call_ports, is_cell, own_params
from app.document.model import Code, GraphDocument

OWN: Final = "own"
CELLS: Final = "own_cells"
"""The categories of own code: everything, and the recurrent cells among it."""

STACK: Final = "StackedRNNCells"

_BASES: Final[dict[Kind, frozenset[str]]] = {
    Kind.LAYER: frozenset({"Layer", "Wrapper", "RNN"}),
    Kind.LOSS: frozenset({"Loss", "LossFunctionWrapper"}),
    Kind.METRIC: frozenset({"Metric", "MeanMetricWrapper"}),
    Kind.CALLBACK: frozenset({"Callback"}),
    Kind.INITIALIZER: frozenset({"Initializer"}),
    Kind.REGULARIZER: frozenset({"Regularizer"}),
}
_METHODS: Final = {Kind.LAYER: "call", Kind.LOSS: "call", Kind.INITIALIZER: "__call__", Kind.REGULARIZER: "__call__"}


class SourceFault(BaseModel):
    """What is wrong with a piece of own code, and where; lines count from 1, columns from 0."""

    model_config = ConfigDict(frozen=True)

    code: str
    message: str
    line: int = 1
    column: int = 0
    hint: str = ""


class _Piece(BaseModel):
    model_config = ConfigDict(frozen=True)

    spec: ObjectSpec | None
    faults: tuple[SourceFault, ...]


def catalog_for(document: GraphDocument) -> Catalog:
    """Return the catalog with one entry for each piece of code of `document` in which its class is found.

    Pure, remembered by the sources, and never raises: what a source lacks is told by `source_faults`.
    """
    if not document.code:
        return load_catalog()
    return _catalog(tuple((name, code.kind, code.name, code.source) for name, code in sorted(document.code.items())))


def own_specs(document: GraphDocument) -> list[ObjectSpec]:
    """Return what the catalog of `document` has in other words than the committed one, or beyond it."""
    base, found = load_catalog().objects, catalog_for(document).objects
    return [spec for kind in found for name, spec in found[kind].items() if base[kind].get(name) is not spec]


def source_faults(document: GraphDocument) -> dict[str, list[SourceFault]]:
    """Return what is wrong with the pieces of code, by their id; a piece without faults has no entry.

    Codes: `own_syntax`, `own_name`, `own_clash`, `own_missing`, `own_several`, `own_base`, `own_method`,
    `own_star_args`.
    """
    found: dict[str, list[SourceFault]] = {}
    names: set[str] = set()
    for piece_id, code in sorted(document.code.items()):
        faults = list(_piece(piece_id, code.kind, code.name, code.source).faults)
        if code.name in names:
            faults.append(_twice(code))
        names.add(code.name)
        if faults:
            found[piece_id] = faults
    return found


def _twice(code: Code) -> SourceFault:
    return SourceFault(
        code="own_clash", message=f"Another piece of this design defines {code.name}.", hint="Give one another name."
    )


@lru_cache(maxsize=128)
def _catalog(pieces: tuple[tuple[str, str, str, str], ...]) -> Catalog:
    base = load_catalog()
    sections = {kind: dict(section) for kind, section in base.objects.items()}
    for piece_id, kind, name, source in pieces:
        spec = _piece(piece_id, kind, name, source).spec
        if spec is not None:
            sections[spec.kind].setdefault(spec.name, spec)
    layers = sections[Kind.LAYER]
    cells = [name for name, spec in layers.items() if spec.category == CELLS]
    if cells:
        layers.update({name: _over_cells(layers[name], cells) for name in ("RNN", "Bidirectional")})
    return Catalog(version=base.version, objects=sections)


def _over_cells(spec: ObjectSpec, cells: list[str]) -> ObjectSpec:
    """Have own cells give their last states where a stack of cells does: how many shows only when the code has run."""

    def widened(port: PortSpec) -> PortSpec:
        when = {key: [STACK, *cells] if wanted == STACK else wanted for key, wanted in port.when.items()}
        return port.model_copy(update={"when": when})

    return spec.model_copy(update={"outputs": tuple(map(widened, spec.outputs))})


@lru_cache(maxsize=1024)
def _piece(piece_id: str, kind_name: str, name: str, source: str) -> _Piece:
    kind = Kind(kind_name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except SyntaxError as error:
        line, column = max(error.lineno or 1, 1), max((error.offset or 1) - 1, 0)
        return _refused("own_syntax", f"Python cannot read this: {str(error.msg)[:200]}.", line, column)
    except (ValueError, RecursionError, MemoryError):
        return _refused(
            "own_syntax", "Python cannot read this.", hint="It is too long or nested too deeply, or no text."
        )
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        return _refused("own_name", "The name of a class or function is one word of letters, digits and _.")
    if load_catalog().find(kind, name) is not None or (kind is Kind.LAYER and name in load_catalog().objects[kind]):
        return _refused("own_clash", f"Keras has {name} already.", hint="Give it another name.")
    try:
        return _read(piece_id, kind, name, tree)
    except RecursionError:
        return _refused(
            "own_syntax", "This is nested too deeply to be read.", hint="Give parts of it names of their own."
        )


def _read(piece_id: str, kind: Kind, name: str, tree: ast.Module) -> _Piece:
    wanted, word = (ast.FunctionDef, "function") if kind.is_function else (ast.ClassDef, "class")
    found = [node for node in tree.body if isinstance(node, wanted) and node.name == name]
    if not found:
        others = [node.name for node in tree.body if isinstance(node, wanted)]
        hint = f"It defines {', '.join(others[:5])}." if others else f"Write {word} {name}."
        return _refused("own_missing", f"This defines no {word} {name}.", hint=hint)
    node = found[-1]
    faults = [_fault("own_several", f"{name} is defined {len(found)} times; the last one counts.", node)] * (
        len(found) > 1
    )
    doc = parse_docstring(ast.get_docstring(node))
    spec = ObjectSpec(
        name=name, kind=kind, qualified_name=name, category=OWN, summary=doc.summary, help=doc.body, code=piece_id
    )
    if isinstance(node, ast.FunctionDef):
        spec = spec.model_copy(update={"signature": ast.unparse(node.args)})
        if kind is Kind.ACTIVATION and not accepts(spec.signature, ["x"]):
            message = f"{name} cannot be called with one tensor, as activations are."
            faults.append(_fault("own_method", message, node, f"Write def {name}(x)."))
        return _Piece(spec=spec, faults=tuple(faults))
    classes = {each.name: each for each in tree.body if isinstance(each, ast.ClassDef)}
    family = list(_family(node, classes))
    faults += _class_faults(kind, family)
    inherited = _inherited(kind, family)
    params, star = own_params(kind, family, inherited, doc)
    faults += [
        _fault("own_star_args", f"{each.arg} cannot be set in a form.", each, "Name the arguments one by one.")
        for each in star
    ]
    if kind is Kind.LAYER:
        inputs, outputs = call_ports(family, inherited)
        category = CELLS if is_cell(family) else OWN
        spec = spec.model_copy(update={"inputs": inputs, "outputs": outputs, "category": category})
    return _Piece(spec=spec.model_copy(update={"params": params}), faults=tuple(faults))


def _family(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> Iterator[ast.ClassDef]:
    """Yield the class and its ancestors in the same source, nearest first."""
    seen: set[str] = set()
    waiting = [node]
    while waiting:
        each = waiting.pop(0)
        if each.name not in seen:
            seen.add(each.name)
            yield each
            waiting += [classes[base] for base in _base_names(each) if base in classes]


def _base_names(node: ast.ClassDef) -> list[str]:
    names = []
    for base in node.bases:
        if isinstance(base, ast.Attribute):
            names.append(base.attr)
        elif isinstance(base, ast.Name):
            names.append(base.id)
    return names


def _inherited(kind: Kind, family: list[ast.ClassDef]) -> ObjectSpec | None:
    """Return the class of Keras that is extended, where it is one of the catalog."""
    section = load_catalog().objects[kind]
    return next((section[base] for node in family for base in _base_names(node) if base in section), None)


def _class_faults(kind: Kind, family: list[ast.ClassDef]) -> Iterator[SourceFault]:
    node = family[0]
    outside = {base for each in family for base in _base_names(each)} - {each.name for each in family}
    known = _BASES[kind] | load_catalog().objects[kind].keys()
    cell = kind is Kind.LAYER and is_cell(family)
    if not outside & known and not cell:
        expected = sorted(_BASES[kind])[0]
        yield _fault(
            "own_base",
            f"{node.name} does not extend {expected}.",
            node,
            f"Write class {node.name}(keras.{kind}.{expected}).",
        )
    method = _METHODS.get(kind)
    methods = {part.name for each in family for part in each.body if isinstance(part, ast.FunctionDef)}
    if method and method not in methods and not outside & load_catalog().objects[kind].keys():
        yield _fault("own_method", f"{node.name} has no method {method}.", node, f"Define {method}.")


def _fault(code: str, message: str, node: ast.AST, hint: str = "") -> SourceFault:
    line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
    return SourceFault(code=code, message=message, line=line, column=column, hint=hint)


def _refused(code: str, message: str, line: int = 1, column: int = 0, hint: str = "") -> _Piece:
    fault = SourceFault(code=code, message=message, line=line, column=column, hint=hint)
    return _Piece(spec=None, faults=(fault,))
