"""Whether parameter values fit their specs: pure, and never raises on any JSON."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict, JsonValue

from app.catalog.functions import accepts
from app.catalog.model import Catalog, Kind, ObjectSpec, ParamKind, ParamSpec
from app.catalog.schedule import BadSchedule, read_schedule

MAX_INTEGER: Final = 2**31 - 1
"""Sizes and counts above this are no dimensions that any machine holds."""

MAX_DEPTH: Final = 16
MAX_TEXT: Final = 10_000
MAX_ITEMS: Final = 100_000
MAX_EXPRESSION: Final = 500

_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")

DTYPES: Final = frozenset(
    [
        "bfloat16",
        "float16",
        "float32",
        "float64",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "bool",
        "string",
        "complex64",
        "complex128",
        "mixed_float16",
        "mixed_bfloat16",
    ]
)


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
            if not _FITS[param.kind](param, value):
                yield _wrong(param, value, path)
            elif not _in_range(param, value):
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
    if kind is None or (kind is Kind.SCHEDULE and _is_number(value)):
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
        if isinstance(found, str) and _IDENTIFIER.fullmatch(found):
            return found
    return None


def _nested_faults(kind: Kind, value: JsonValue, catalog: Catalog, path: str, depth: int) -> Iterator[Fault]:
    name, config = _named(value)
    if name is None or config is None:
        yield Fault(
            code="wrong_kind",
            param=path,
            message=f"{path.rpartition('.')[2]} does not name {_a(kind)} of Keras.",
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
            expected=_a(kind) + (" of the design's own code" if own else " of the catalog"),
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


def expected_of(param: ParamSpec) -> str:
    """Say in words what values `param` takes: `an integer of at least 1`."""
    words = _WORDS[param.kind](param)
    if param.kind in {ParamKind.INTEGER, ParamKind.NUMBER, ParamKind.SIZE}:
        words += _range_words(param)
    return f"{words}, or nothing" if param.nullable else words


def _range_words(param: ParamSpec) -> str:
    low, high = param.minimum, param.maximum
    if low is not None and high is not None:
        return f" from {low:g} to {high:g}"
    if low is not None:
        return f" of at least {low:g}"
    return "" if high is None else f" of at most {high:g}"


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


def _a(kind: Kind) -> str:
    return f"an {kind.singular}" if kind.singular[0] in "aeiou" else f"a {kind.singular}"


def _is_integer(value: JsonValue) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_text(param: ParamSpec, value: JsonValue) -> bool:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        return False
    return not param.file_name or is_file_name(value)


def is_file_name(text: str) -> bool:
    """Return whether `text` is a plain name without folders; format fields such as `{epoch:02d}` may stand in it."""
    return (
        0 < len(text) <= 200
        and not text.startswith(".")
        and "__" not in text
        and all(character.isalnum() or character in "._-{}: " for character in text)
    )


def _is_size(param: ParamSpec, value: JsonValue) -> bool:
    if isinstance(value, list):
        return bool(value) and len(value) == (param.rank or len(value)) and all(_is_integer(item) for item in value)
    return _is_integer(value)


def _is_shape(param: ParamSpec, value: JsonValue) -> bool:
    return isinstance(value, list) and len(value) <= 64 and all(item is None or _is_integer(item) for item in value)


def _is_axis(param: ParamSpec, value: JsonValue) -> bool:
    return _is_integer(value) or (isinstance(value, list) and bool(value) and all(_is_integer(item) for item in value))


def _are_numbers(param: ParamSpec, value: JsonValue) -> bool:
    return _is_number(value) or (isinstance(value, list) and all(_is_number(item) for item in value))


def _are_strings(param: ParamSpec, value: JsonValue) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_graph(param: ParamSpec, value: JsonValue) -> bool:
    return isinstance(value, str) and _IDENTIFIER.fullmatch(value) is not None


def _is_expression(param: ParamSpec, value: JsonValue) -> bool:
    if not isinstance(value, str) or not 0 < len(value.strip()) <= MAX_EXPRESSION or "\n" in value:
        return False
    try:
        if param.choices:
            read_schedule(value)
        else:
            ast.parse(value.strip(), mode="eval")
    except BadSchedule:
        return False
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _is_dtype(param: ParamSpec, value: JsonValue) -> bool:
    return isinstance(value, str) and value in DTYPES


def _in_range(param: ParamSpec, value: JsonValue) -> bool:
    if param.kind in {ParamKind.SHAPE, ParamKind.AXIS}:
        items = value if isinstance(value, list) else [value]
        lowest = -(2**31) if param.kind is ParamKind.AXIS or param.name in {"target_shape", "newshape"} else 0
        return all(item is None or (isinstance(item, int) and lowest <= item <= MAX_INTEGER) for item in items)
    if param.kind not in {ParamKind.INTEGER, ParamKind.NUMBER, ParamKind.SIZE}:
        return not isinstance(value, list) or len(value) <= MAX_ITEMS
    low = param.minimum if param.minimum is not None else -float("inf")
    high = param.maximum if param.maximum is not None else float("inf")
    if param.kind is not ParamKind.NUMBER:
        low, high = max(low, -MAX_INTEGER), min(high, MAX_INTEGER)
    items = value if isinstance(value, list) else [value]
    return all(isinstance(item, int | float) and low <= item <= high for item in items)


_FITS: Final[dict[ParamKind, Callable[[ParamSpec, JsonValue], bool]]] = {
    ParamKind.INTEGER: lambda param, value: _is_integer(value),
    ParamKind.NUMBER: lambda param, value: _is_number(value),
    ParamKind.BOOLEAN: lambda param, value: isinstance(value, bool),
    ParamKind.TEXT: _is_text,
    ParamKind.CHOICE: lambda param, value: value in param.choices,
    ParamKind.SIZE: _is_size,
    ParamKind.SHAPE: _is_shape,
    ParamKind.AXIS: _is_axis,
    ParamKind.NUMBERS: _are_numbers,
    ParamKind.STRINGS: _are_strings,
    ParamKind.DTYPE: _is_dtype,
    ParamKind.GRAPH: _is_graph,
    ParamKind.EXPRESSION: _is_expression,
    ParamKind.JSON: lambda param, value: True,
}

_WORDS: Final[dict[ParamKind, Callable[[ParamSpec], str]]] = {
    ParamKind.INTEGER: lambda param: "an integer",
    ParamKind.NUMBER: lambda param: "a number",
    ParamKind.BOOLEAN: lambda param: "true or false",
    ParamKind.TEXT: lambda param: "a file name without folders" if param.file_name else "text",
    ParamKind.CHOICE: lambda param: f"one of {', '.join(param.choices)}",
    ParamKind.SIZE: lambda param: (
        f"an integer, or {param.rank} integers," if param.rank and param.rank > 1 else "an integer"
    ),
    ParamKind.SHAPE: lambda param: "a shape: a list of integers, with nothing for any size",
    ParamKind.AXIS: lambda param: "an integer, or a list of integers",
    ParamKind.NUMBERS: lambda param: "a number, or a list of numbers",
    ParamKind.STRINGS: lambda param: "a list of texts",
    ParamKind.DTYPE: lambda param: "a dtype such as float32",
    ParamKind.OBJECT: lambda param: (
        "a number, or a schedule" if param.object_kind is Kind.SCHEDULE else _a(param.object_kind or Kind.LAYER)
    ),
    ParamKind.LAYER: lambda param: "a layer",
    ParamKind.LAYERS: lambda param: "a list of layers",
    ParamKind.GRAPH: lambda param: "a nested model of this design",
    ParamKind.EXPRESSION: lambda param: (
        f"one line over {' and '.join(param.choices)}" if param.choices else "one line such as ops.tanh(x) * 0.5"
    ),
    ParamKind.JSON: lambda param: "any JSON value",
    ParamKind.PYTHON: lambda param: "Python code",
}
