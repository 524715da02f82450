"""Names of a design turned into Keras classes and objects, through the allow-list of the catalog only.

No attribute is ever looked up from a person's text: a name finds an `ObjectSpec`, and the spec names the class.
"""

import inspect
from collections.abc import Mapping
from functools import cache
from typing import Any

import keras

from app.catalog.model import Catalog, Kind, ObjectSpec, ParamKind, ParamSpec
from app.catalog.registry import get_spec, load_catalog
from app.shared.errors import Invalid

MAX_DEPTH = 16
"""How deep objects may hold objects: a wrapper in a wrapper in a wrapper."""


def keras_class(spec: ObjectSpec) -> Any:
    """Return the Keras class (for activations, the function) that `spec` describes; markers of ours have none."""
    if not spec.qualified_name:
        raise Invalid(f"{spec.name} is a marker of Layerloom and no Keras layer.", hint="Leave it out of the build.")
    return _keras_class(spec.kind, spec.name)


@cache
def _keras_class(kind: Kind, name: str) -> Any:
    place: Any = keras
    for part in get_spec(kind, name).qualified_name.split(".")[1:]:
        place = getattr(place, part)
    return place


def build_object(kind: Kind | str, value: Any, catalog: Catalog | None = None) -> Any:
    """Return the Keras object that `value` describes.

    `value` is a name (`"adam"`), `{"class_name": ..., "config": {...}}` with only what was set, a plain number where a
    schedule is wanted, or None, which stays None. `catalog` is that of the design; Keras' alone where none is given.
    Raises `NotFound` for a name outside the catalog and `Invalid` for another sort of value; errors of Keras'
    constructors pass through.
    """
    return _build(Kind(kind), value, catalog or load_catalog(), 0)


def build_layer(class_name: str, params: Mapping[str, Any], name: str | None = None) -> Any:
    """Return the Keras layer `class_name` built from `params`, the parameters that the design sets."""
    spec = get_spec(Kind.LAYER, class_name)
    return keras_class(spec)(**constructor_arguments(spec, params), **({} if name is None else {"name": name}))


def constructor_arguments(
    spec: ObjectSpec, params: Mapping[str, Any], catalog: Catalog | None = None
) -> dict[str, Any]:
    """Return `params` with their nested objects built and lists turned into the tuples that Keras takes."""
    return _arguments(spec, params, catalog or load_catalog(), 0)


def _build(kind: Kind, value: Any, catalog: Catalog, depth: int) -> Any:
    if value is None or (kind is Kind.SCHEDULE and isinstance(value, int | float)):
        return value
    if depth > MAX_DEPTH:
        raise Invalid("Objects are nested too deeply.", expected=f"at most {MAX_DEPTH} levels", received="more")
    name, config = _named(kind, value)
    spec = catalog.find(kind, name) or get_spec(kind, name)
    target = keras_class(spec)
    if inspect.isfunction(target):
        return target
    return target(**_arguments(spec, config, catalog, depth + 1))


def _named(kind: Kind, value: Any) -> tuple[str, Mapping[str, Any]]:
    if isinstance(value, str):
        return value, {}
    if isinstance(value, Mapping) and isinstance(value.get("class_name"), str):
        config = value.get("config") or {}
        if isinstance(config, Mapping):
            return value["class_name"], config
    raise Invalid(
        f"This does not describe one of the {kind.value} of Keras.",
        expected='a name, or {"class_name": ..., "config": {...}}',
        received=repr(value)[:200],
    )


def _arguments(spec: ObjectSpec, params: Mapping[str, Any], catalog: Catalog, depth: int) -> dict[str, Any]:
    known = {param.name: param for param in spec.params}
    unknown = sorted(name for name in params if name not in known and name != "name")
    if unknown:
        raise Invalid(
            f"{spec.name} has no parameter {unknown[0]!r}.",
            expected=", ".join(known),
            received=", ".join(unknown)[:200],
            hint="Remove it, or take its name from the catalog.",
        )
    ours = {"position"} if spec.marker else set()
    return {
        name: _argument(known[name], value, catalog, depth) if name in known else value
        for name, value in params.items()
        if name not in ours
    }


def _argument(param: ParamSpec, value: Any, catalog: Catalog, depth: int) -> Any:
    match param.kind:
        case ParamKind.OBJECT if param.object_kind is not None:
            return _build(param.object_kind, value, catalog, depth)
        case ParamKind.LAYER:
            return _build(Kind.LAYER, value, catalog, depth)
        case ParamKind.LAYERS if isinstance(value, list):
            return [_build(Kind.LAYER, item, catalog, depth) for item in value]
        case ParamKind.SIZE | ParamKind.SHAPE | ParamKind.JSON if isinstance(value, list):
            return _as_tuple(value)
        case ParamKind.NUMBERS if isinstance(value, list) and param.name not in {"values", "boundaries"}:
            return tuple(value) if _is_pair(param) else value
        case _:
            return value


def _is_pair(param: ParamSpec) -> bool:
    return param.name == "value_range" or param.name.endswith("factor") or isinstance(param.default, list)


def _as_tuple(value: Any) -> Any:
    return tuple(_as_tuple(item) for item in value) if isinstance(value, list) else value
