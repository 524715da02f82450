"""Whether parameter values fit their specs: pure, and never raises on any JSON."""

from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict, JsonValue

from app.catalog.functions import accepts
from app.catalog.model import Catalog, Kind, ObjectSpec, ParamKind, ParamSpec
from app.catalog.values import IDENTIFIER, MAX_ITEMS, expected_of, fits, in_range, is_number, with_article

MAX_DEPTH: Final = 16


class Fault(BaseModel):
    """Why a value does not fit. `param` is the parameter's name, dotted into nested objects (`layer.units`)."""

    model_config = ConfigDict(frozen=True)

    code: str
    param: str
    message: str
    expected: str = ""
    received: str = ""
    hint: str = ""


def validate_params(spec: ObjectSpec, params: Mapping[str, JsonValue], catalog: Catalog) -> list[Fault]:
    """Return what is wrong with `params` of an object described by `spec`, in the order of its parameters.

    Codes: `missing_param`, `unknown_param`, `wrong_kind`, `out_of_range`, `unknown_object`, `not_designable`,
    `wrong_arguments`.
    """
    return list(_faults(spec, params, catalog, "", 0))


def _faults(
    spec: ObjectSpec, params: Mapping[str, JsonValue], catalog: Catalog, prefix: str, depth: int
) -> Iterator[Fault]:
    known = {param.name: param for param in spec.params}
    for param in spec.params:
        if param.name in params:
            yield from _value_faults(param, params[param.name], catalog, prefix + param.name, depth)
        elif param.required:
            yield Fault(
                code="missing_param",
                param=prefix + param.name,
                message=f"{param.name} is not set.",
                expected=expected_of(param),
                received="nothing",
                hint=f"{spec.name} cannot be built without it.",
            )
    for name, value in params.items():
        if name in known or (name == "name" and spec.kind in {Kind.LAYER, Kind.OPERATION} and isinstance(value, str)):
            continue
        yield Fault(
            code="unknown_param",
            param=prefix + name,
            message=f"{spec.name} has no parameter {_shown(name)}.",
            expected=", ".join(known) or "no parameters",
            received=_shown(name),
            hint="Remove it.",
        )


def _value_faults(param: ParamSpec, value: JsonValue, catalog: Catalog, path: str, depth: int) -> Iterator[Fault]:
    if value is None and (param.nullable or (param.default is None and not param.required)):
        return
    match param.kind:
        case ParamKind.OBJECT:
            yield from _object_faults(param, value, catalog, path, depth)
        case ParamKind.LAYER:
            yield from _layer_faults(value, catalog, path, depth)
        case ParamKind.LAYERS:
            if not isinstance(value, list) or not value:
                yield _wrong(param, value, path)
                return
            for index, item in enumerate(value[:MAX_ITEMS]):
                yield from _layer_faults(item, catalog, f"{path}.{index}", depth)
        case ParamKind.PYTHON:
            yield Fault(
                code="not_designable",
                param=path,
                message=f"{param.name} takes Python code, which a design does not hold.",
                hint="Leave it out.",
            )
        case _:
            if not fits(param, value):
                yield _wrong(param, value, path)
            elif not in_range(param, value):
                yield Fault(
                    code="out_of_range",
                    param=path,
                    message=f"{param.name} is out of range.",
                    expected=expected_of(param),
                    received=_shown(value),
                    hint=f"Enter {expected_of(param)}.",
                )


def _object_faults(param: ParamSpec, value: JsonValue, catalog: Catalog, path: str, depth: int) -> Iterator[Fault]:
    kind = param.object_kind
    if kind is None or (kind is Kind.SCHEDULE and is_number(value)):
        if isinstance(value, int | float) and value < 0:
            yield Fault(
                code="out_of_range",
                param=path,
                message=f"{param.name} is negative.",
                expected="a number of at least 0, or a schedule",
                received=_shown(value),
                hint="Enter a small positive number such as 0.001.",
            )
        return
    if kind is Kind.SCHEDULE and isinstance(value, str):
        yield _wrong(param, value, path)
        return
    faults = list(_nested_faults(kind, value, catalog, path, depth))
    yield from faults
    if kind is Kind.FUNCTION and param.called_with and not faults:
        yield from _call_faults(param, value, catalog, path)


def _call_faults(param: ParamSpec, value: JsonValue, catalog: Catalog, path: str) -> Iterator[Fault]:
    """Hold a function of the design's own against what Keras calls it with."""
    spec = catalog.find(Kind.FUNCTION, _named(value)[0] or "")
    if spec is None or accepts(spec.signature, param.called_with):
        return
    names = [name.removesuffix("=") for name in param.called_with]
    yield Fault(
        code="wrong_arguments",
        param=path,
        message=f"{spec.name} cannot be called as {param.name}.",
        expected=f"def {spec.name}({', '.join(names)})",
        received=_shortened(f"def {spec.name}({spec.signature})"),
        hint=f"Keras calls it with {' and '.join(names)}. Change its arguments in your code.",
    )


def _layer_faults(value: JsonValue, catalog: Catalog, path: str, depth: int) -> Iterator[Fault]:
    """Look at an inner layer; whether the design has the one that a reference names is for the graph room to say."""
    if not isinstance(value, dict) or "layer" not in value:
        yield from _nested_faults(Kind.LAYER, value, catalog, path, depth)
    elif layer_reference(value) is None:
        yield Fault(
            code="wrong_kind",
            param=path,
            message=f"{path.rpartition('.')[2]} does not name a layer of this design.",
            expected='{"layer": ...} with the id of a layer, or {"class_name": ..., "config": {...}}',
            received=_shown(value),
            hint="Choose one from the list.",
        )


def layer_reference(value: JsonValue) -> str | None:
    """Return the id of the layer that `{"layer": id}` refers to, or None for anything else."""
    if isinstance(value, dict) and set(value) == {"layer"}:
        found = value["layer"]
        if isinstance(found, str) and IDENTIFIER.fullmatch(found):
            return found
    return None


def _nested_faults(kind: Kind, value: JsonValue, catalog: Catalog, path: str, depth: int) -> Iterator[Fault]:
    name, config = _named(value)
    if name is None or config is None:
        yield Fault(
            code="wrong_kind",
            param=path,
            message=f"{path.rpartition('.')[2]} does not name {with_article(kind)} of Keras.",
            expected='a name, or {"class_name": ..., "config": {...}}',
            received=_shown(value),
            hint="Choose one from the list.",
        )
        return
    spec = catalog.find(kind, name)
    if spec is None or spec.marker in {"input", "output"}:
        own = kind is Kind.FUNCTION
        yield Fault(
            code="unknown_object",
            param=path,
            message=f"{'This design' if own else 'Keras'} has no {kind.singular} named {_shown(name)}.",
            expected=with_article(kind) + (" of the design's own code" if own else " of the catalog"),
            received=_shown(name),
            hint="Write it in your code, or choose another one." if own else "Choose one from the list.",
        )
    elif depth >= MAX_DEPTH:
        yield Fault(
            code="out_of_range",
            param=path,
            message="Objects are nested too deeply.",
            expected=f"at most {MAX_DEPTH} levels",
            received="more",
            hint="Take some of the wrapping layers away.",
        )
    else:
        yield from _faults(spec, config, catalog, f"{path}.", depth + 1)


def _named(value: JsonValue) -> tuple[str | None, Mapping[str, JsonValue] | None]:
    if isinstance(value, str):
        return value, {}
    if isinstance(value, dict) and set(value) <= {"class_name", "config", "module", "registered_name"}:
        name, config = value.get("class_name"), value.get("config", {})
        if isinstance(name, str) and isinstance(config, dict | None):
            return name, config or {}
    return None, None


def _wrong(param: ParamSpec, value: JsonValue, path: str) -> Fault:
    return Fault(
        code="wrong_kind",
        param=path,
        message=f"{param.name} does not take this value.",
        expected=expected_of(param),
        received=_shown(value),
        hint=f"Enter {expected_of(param)}.",
    )


def _shown(value: JsonValue) -> str:
    return _shortened(repr(value))


def _shortened(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:97]}..."
