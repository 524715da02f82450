"""JSON values of a design as Python source, one renderer for each kind of parameter.

Whatever a person wrote leaves here through `repr` only; names of classes and parameters come from the catalog.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, Protocol

from app.catalog.model import Catalog, Kind, ObjectSpec, ParamKind, ParamSpec
from app.shared.errors import Invalid

WIDTH: Final = 88
MAX_DEPTH: Final = 32


def literal(value: Any) -> str:
    """Return a JSON value as a Python expression; text in double quotes where that needs no escape."""
    match value:
        case str():
            return _text(value)
        case list() | tuple():
            return "[" + ", ".join(map(literal, value)) + "]"
        case dict():
            return "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.items()) + "}"
        case float() if value != value or abs(value) == float("inf"):
            return f"float({str(value)!r})"
        case None | bool() | int() | float():
            return repr(value)
    raise Invalid("This is no JSON value.", expected="text, number, list or object", received=type(value).__name__)


def call(name: str, arguments: list[str], indent: int, margin: int = 0) -> str:
    """Return `name(arguments)`, on one line where that fits into `WIDTH` columns.

    The call stands after `indent` spaces, with `margin` more columns on its line; arguments are rendered for
    `indent + 4`.
    """
    line = f"{name}({', '.join(arguments)})"
    if not arguments or (indent + margin + len(line) <= WIDTH and "\n" not in line):
        return line
    pad = " " * (indent + 4)
    return f"{name}(\n" + "".join(f"{pad}{argument},\n" for argument in arguments) + " " * indent + ")"


def array(value: Any) -> str:
    """Return a constant as an array, whose shape Keras sees; the dtypes are those of the built model."""
    first = value
    while isinstance(first, list) and first:
        first = first[0]
    flat = literal(value)
    dtype = "bool" if isinstance(first, bool) else "int32" if "." not in flat and "e" not in flat else "float32"
    return f'np.array({flat}, dtype="{dtype}")'


class Around(Protocol):
    """The scope in which objects are rendered: what its variables and functions are called."""

    def layer(self, layer: str) -> str:
        """Return the variable that holds a layer of the design."""
        ...

    def model(self, config: Mapping[str, Any], indent: int, margin: int) -> str:
        """Return the call that builds a nested model."""
        ...


class Literals:
    """Renders objects of one catalog.

    `around` finds variables of layers and builders of nested models. `used` collects what `keras` itself does not offer
    and the script must hold or import.
    """

    def __init__(
        self,
        catalog: Catalog,
        around: Around | None = None,
        used: dict[str, ObjectSpec] | None = None,
    ) -> None:
        self._catalog = catalog
        self._around = around
        self.used = {} if used is None else used

    def construct(self, spec: ObjectSpec, params: Mapping[str, Any], name: str, indent: int, margin: int = 0) -> str:
        """Return the call that constructs the object; arguments at their defaults are left out."""
        return call(self.reference(spec), self.arguments(spec, params, indent, name), indent, margin)

    def reference(self, spec: ObjectSpec) -> str:
        """Return the name of the class in the source: `layers.Dense`, `keras.optimizers.Adam`, `ops.mean`.

        A class of the design's or of Layerloom's own, and one that Keras does not export, is in the script by name.
        """
        if spec.code or spec.own or is_private(spec):
            self.used[spec.name] = spec
            return spec.name
        for module, name in (("keras.layers.", "layers."), ("keras.ops.", "ops.")):
            if spec.qualified_name.startswith(module):
                return name + spec.qualified_name.removeprefix(module)
        return spec.qualified_name

    def arguments(
        self,
        spec: ObjectSpec,
        params: Mapping[str, Any],
        indent: int,
        name: str | None = None,
        depth: int = 0,
        by_name: bool = False,
    ) -> list[str]:
        """Return the arguments: required ones by position as long as none is missing, the others by name.

        With `by_name`, and for a class of the design's own, all of them by name.
        """
        if depth > MAX_DEPTH:
            raise Invalid("Objects are nested too deeply.", expected=f"at most {MAX_DEPTH} levels", received="more")
        unknown = [key for key in params if key not in {"name", *(param.name for param in spec.params)}]
        if unknown:
            raise Invalid(f"{spec.name} has no parameter of this name.", received=literal(unknown[0]))
        found, by_position = [], not (by_name or spec.code)
        is_end = spec.marker in {"input", "output"}
        for param in (param for param in spec.params if not (is_end and param.name == "position")):
            by_position = by_position and param.required and param.name in params
            if param.name not in params or (not param.required and self._is_default(param, params[param.name])):
                continue
            prefix = "" if by_position else f"{param.name}="
            source = self.value(param, params[param.name], indent + 4, depth, len(prefix) + 1)
            found.append(prefix + source)
        label = params.get("name") if name is None else name
        if label is not None and "name" not in {param.name for param in spec.params}:
            found.append(f"name={literal(label)}")
        return found

    def value(self, param: ParamSpec, value: Any, indent: int = 0, depth: int = 0, margin: int = 0) -> str:
        """Return `value` as the source of what `param` takes, after `indent` spaces and `margin` more columns."""
        if value is None:
            return "None"
        return _RENDERERS[param.kind](self, param, value, Place(indent, margin, depth))

    def object(self, kind: Kind, value: Any, indent: int, depth: int = 0, margin: int = 0) -> str:
        """Return a Keras object: its name where nothing is set and Keras takes a name, else its constructor."""
        if isinstance(value, int | float) and not isinstance(value, bool):
            return literal(value)
        if kind is Kind.LAYER and self._around is not None and isinstance(value, Mapping):
            if isinstance(value.get("layer"), str):
                return self._around.layer(value["layer"])
            if value.get("class_name") == "Model":
                return self._around.model(value.get("config") or {}, indent, margin)
        name, config = self._named(value)
        spec = self._catalog.find(kind, name)
        if spec is None or not (spec.qualified_name or spec.code):
            raise Invalid(f"The catalog has no {kind.value} of this name.", received=literal(name))
        if spec.code and kind.is_function:
            return self.reference(spec)
        named = kind in _BY_NAME and not (kind is Kind.OPTIMIZER and depth)  # Keras looks up no optimizer in another.
        named = named and any(name.islower() for name in spec.identifiers)
        plain = named and not config and not any(param.required for param in spec.params)
        if not spec.code and (plain or spec.kind is Kind.ACTIVATION):
            return literal(_keras_name(spec))
        return call(self.reference(spec), self.arguments(spec, config, indent, depth=depth + 1), indent, margin)

    def _named(self, value: Any) -> tuple[str, Mapping[str, Any]]:
        if isinstance(value, str):
            return value, {}
        if isinstance(value, Mapping) and isinstance(value.get("class_name"), str):
            return value["class_name"], value.get("config") or {}
        raise Invalid(
            "This describes no Keras object.", expected='{"class_name", "config"}', received=type(value).__name__
        )

    def _is_default(self, param: ParamSpec, value: Any) -> bool:
        if param.kind is ParamKind.OBJECT and param.object_kind is not None and isinstance(value, str | dict):
            name, config = self._named(value)
            spec = self._catalog.find(param.object_kind, name)
            return spec is not None and not config and spec.name == param.default
        if param.kind is ParamKind.SIZE and isinstance(value, int) and isinstance(param.default, list):
            return bool([value] * len(param.default) == param.default)
        return type(value) is type(param.default) and bool(value == param.default)


def is_private(spec: ObjectSpec) -> bool:
    """Say whether Keras has the class but does not export it, as those of `keras.applications`."""
    return spec.qualified_name.startswith("keras.src.")


_BY_NAME: Final = frozenset({Kind.INITIALIZER, Kind.REGULARIZER, Kind.CONSTRAINT, Kind.OPTIMIZER})


def _keras_name(spec: ObjectSpec) -> str:
    """Return the name by which a person would write it: `he_normal`, `adam`, `relu`."""
    lower = [name for name in spec.identifiers if name.islower()]
    return spec.name if spec.name.islower() or not lower else max(lower, key=len)


def _text(value: str) -> str:
    source = repr(value)
    return f'"{source[1:-1]}"' if source.startswith("'") and '"' not in value else source


def _tuple(value: Any) -> str:
    if not isinstance(value, list | tuple):
        return literal(value)
    return "(" + ", ".join(map(_tuple, value)) + ("," if len(value) == 1 else "") + ")"


class Place(NamedTuple):
    """Where an expression stands: after `indent` spaces and `margin` more columns, `depth` objects deep."""

    indent: int
    margin: int
    depth: int


def listed(items: list[str], place: Place, brackets: str = "[]") -> str:
    """Return items in brackets, on one line where that fits into `WIDTH` columns."""
    source = call("", items, place.indent, place.margin)
    single = "," if brackets == "()" and len(items) == 1 and "\n" not in source else ""
    return brackets[0] + source[1:-1] + single + brackets[1]


def _broken(value: Any, place: Place, as_tuple: bool) -> str:
    """Return a JSON value, a list as one item a line where it is long."""
    if not isinstance(value, list | tuple):
        return literal(value)
    render = _tuple if as_tuple else literal
    return listed([render(item) for item in value], place, "()" if as_tuple else "[]")


def _literal(literals: Literals, param: ParamSpec, value: Any, place: Place) -> str:
    return _broken(value, place, as_tuple=False)


def _as_tuple(literals: Literals, param: ParamSpec, value: Any, place: Place) -> str:
    return _broken(value, place, as_tuple=True)


def _numbers(literals: Literals, param: ParamSpec, value: Any, place: Place) -> str:
    return _broken(value, place, as_tuple=isinstance(param.default, list) or "factor" in param.name)


def _object(literals: Literals, param: ParamSpec, value: Any, place: Place) -> str:
    return literals.object(param.object_kind or Kind.LAYER, value, place.indent, place.depth, place.margin)


def _layer(literals: Literals, param: ParamSpec, value: Any, place: Place) -> str:
    return literals.object(Kind.LAYER, value, place.indent, place.depth, place.margin)


def _layers(literals: Literals, param: ParamSpec, value: Any, place: Place) -> str:
    return listed([literals.object(Kind.LAYER, item, place.indent + 4, place.depth, 1) for item in value], place)


def _python(literals: Literals, param: ParamSpec, value: Any, place: Place) -> str:
    raise Invalid(f"{param.name} takes Python code, which a design does not hold.", received=literal(value)[:100])


Renderer = Callable[[Literals, ParamSpec, Any, Place], str]

_RENDERERS: Final[dict[ParamKind, Renderer]] = {
    **dict.fromkeys(ParamKind, _literal),
    ParamKind.SIZE: _as_tuple,
    ParamKind.SHAPE: _as_tuple,
    ParamKind.JSON: _as_tuple,
    ParamKind.NUMBERS: _numbers,
    ParamKind.OBJECT: _object,
    ParamKind.LAYER: _layer,
    ParamKind.LAYERS: _layers,
    ParamKind.PYTHON: _python,
}
