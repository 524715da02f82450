"""Names of a design turned into Keras classes and objects, through the allow-list of the catalog only.

No attribute is ever looked up from a person's text: a name finds an `ObjectSpec`, and the spec names the class. What
a design brings itself is in the catalog of that design (`app.catalog.own`), which every function here takes.
"""

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import keras

from app.catalog.model import Catalog, Kind, ObjectSpec, ParamKind, ParamSpec
from app.catalog.registry import get_spec, load_catalog
from app.shared.errors import Invalid
from app.worker.building import own_code

MAX_DEPTH = 16
"""How deep objects may hold objects: a wrapper in a wrapper in a wrapper."""

Inner = Callable[[Mapping[str, Any]], Any]
"""Returns the layer that `{"layer": id}` or `{"class_name": "Model", ...}` stands for inside another layer."""


def keras_class(spec: ObjectSpec) -> Any:
    """Return the class (for activations, the function) that `spec` describes; markers of ours have none.

    Raises `Invalid`: for a marker, and for a class of a design's own outside a process that has loaded it.
    """
    if spec.code:
        return own_code.find(spec.kind, spec.name)
    if spec.operation is not None:
        return getattr(importlib.import_module(spec.operation.module), spec.operation.class_name)
    if not spec.qualified_name:
        raise Invalid(f"{spec.name} is a marker of Layerloom and no Keras layer.", hint="Leave it out of the build.")
    return _class(spec.qualified_name)


@cache
def _class(qualified_name: str) -> Any:
    module, _, name = qualified_name.rpartition(".")
    if module.startswith(("app.layers.", "keras.src.")):
        return getattr(importlib.import_module(module), name)
    place: Any = keras
    for part in qualified_name.split(".")[1:]:
        place = getattr(place, part)
    return place


def build_object(kind: Kind | str, value: Any, catalog: Catalog | None = None, inner: Inner | None = None) -> Any:
    """Return the Keras object that `value` describes.

    `value` is a name (`"adam"`), `{"class_name": ..., "config": {...}}` with only what was set, a plain number where a
    schedule is wanted, or None, which stays None. Raises `NotFound` for a name outside the catalog and `Invalid` for
    another sort of value; errors of Keras' constructors pass through.
    """
    return _Builder(catalog or load_catalog(), inner).build(Kind(kind), value, 0)


def build_layer(
    class_name: str,
    params: Mapping[str, Any],
    name: str | None = None,
    catalog: Catalog | None = None,
    inner: Inner | None = None,
) -> Any:
    """Return the Keras layer or operation `class_name` built from `params`, the parameters that the design sets.

    An operation is called with `app.worker.building.operate.call_operation`.
    """
    catalog = catalog or load_catalog()
    spec = get_spec(Kind.LAYER, class_name, catalog)
    arguments = constructor_arguments(spec, params, catalog, inner)
    return keras_class(spec)(**arguments, **({} if name is None else {"name": name}))


def constructor_arguments(
    spec: ObjectSpec, params: Mapping[str, Any], catalog: Catalog | None = None, inner: Inner | None = None
) -> dict[str, Any]:
    """Return `params` with their nested objects built and lists turned into the tuples that Keras takes.

    For an operation: the arguments that construct it, defaults included, as its function hands them on.
    """
    return _Builder(catalog or load_catalog(), inner).arguments(spec, params, 0)


@dataclass(frozen=True)
class _Builder:
    catalog: Catalog
    inner: Inner | None

    def build(self, kind: Kind, value: Any, depth: int) -> Any:
        if value is None or (kind is Kind.SCHEDULE and isinstance(value, int | float)):
            return value
        if depth > MAX_DEPTH:
            raise Invalid("Objects are nested too deeply.", expected=f"at most {MAX_DEPTH} levels", received="more")
        name, config = _named(kind, value)
        spec = get_spec(kind, name, self.catalog)
        target = keras_class(spec)
        if inspect.isfunction(target):
            return target
        return target(**self.arguments(spec, config, depth + 1))

    def arguments(self, spec: ObjectSpec, params: Mapping[str, Any], depth: int) -> dict[str, Any]:
        known = {param.name: param for param in spec.params}
        unknown = sorted(name for name in params if name not in known and name != "name")
        if unknown:
            raise Invalid(
                f"{spec.name} has no parameter {unknown[0]!r}.",
                expected=", ".join(known),
                received=", ".join(unknown)[:200],
                hint="Remove it, or take its name from the catalog.",
            )
        left_out = {"position"} if spec.marker else set()
        if spec.operation is not None:
            left_out = {argument.strip("*=") for argument in spec.operation.call}
            params = _defaults(spec) | dict(params)
        return {
            name: self._argument(known[name], value, depth) if name in known else value
            for name, value in params.items()
            if name not in left_out
        }

    def _argument(self, param: ParamSpec, value: Any, depth: int) -> Any:
        match param.kind:
            case ParamKind.OBJECT if param.object_kind is not None:
                return self.build(param.object_kind, value, depth)
            case ParamKind.LAYER:
                return self._layer(value, depth)
            case ParamKind.LAYERS if isinstance(value, list):
                return [self._layer(item, depth) for item in value]
            case ParamKind.SIZE | ParamKind.SHAPE | ParamKind.JSON if isinstance(value, list):
                return _as_tuple(value)
            case ParamKind.NUMBERS if isinstance(value, list) and param.name not in {"values", "boundaries"}:
                return tuple(value) if _is_pair(param) else value
            case _:
                return value

    def _layer(self, value: Any, depth: int) -> Any:
        if not isinstance(value, Mapping) or not ("layer" in value or value.get("class_name") == "Model"):
            return self.build(Kind.LAYER, value, depth)
        if self.inner is None:
            raise Invalid("A layer of the design stands inside another, but there is no design here.")
        return self.inner(value)


def _defaults(spec: ObjectSpec) -> dict[str, Any]:
    """Return the defaults of a function of `keras.ops`, as the function hands them on."""
    found = {param.name: param.default for param in spec.params if not param.required}
    if spec.category == "nn" and "data_format" in found and found["data_format"] is None:
        found["data_format"] = keras.config.image_data_format()
    if spec.name in {"ops.multi_hot", "ops.one_hot"}:
        found["dtype"] = keras.config.floatx()
    return found


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


def _is_pair(param: ParamSpec) -> bool:
    return param.name == "value_range" or param.name.endswith("factor") or isinstance(param.default, list)


def _as_tuple(value: Any) -> Any:
    return tuple(_as_tuple(item) for item in value) if isinstance(value, list) else value
