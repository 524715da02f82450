"""What values each kind of parameter takes, for a program and in words."""

import ast
import re
from collections.abc import Callable
from typing import Final

from pydantic import JsonValue

from app.catalog.model import Kind, ParamKind, ParamSpec
from app.catalog.schedule import BadSchedule, read_schedule

MAX_INTEGER: Final = 2**31 - 1
"""Sizes and counts above this are no dimensions that any machine holds."""

MAX_TEXT: Final = 10_000
MAX_ITEMS: Final = 100_000
MAX_EXPRESSION: Final = 500

IDENTIFIER: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""The id of a layer or of a graph in a design."""

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


def fits(param: ParamSpec, value: JsonValue) -> bool:
    """Return whether `value` is of the kind that `param` takes; objects, layers and Python are none of these kinds."""
    return _FITS[param.kind](param, value)


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


def with_article(kind: Kind) -> str:
    """Return what one of a kind is called: `an initializer`."""
    return f"an {kind.singular}" if kind.singular[0] in "aeiou" else f"a {kind.singular}"


def _is_integer(value: JsonValue) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: JsonValue) -> bool:
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
    return is_number(value) or (isinstance(value, list) and all(is_number(item) for item in value))


def _are_strings(param: ParamSpec, value: JsonValue) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_graph(param: ParamSpec, value: JsonValue) -> bool:
    return isinstance(value, str) and IDENTIFIER.fullmatch(value) is not None


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


def in_range(param: ParamSpec, value: JsonValue) -> bool:
    """Return whether a `value` of the right kind lies within the bounds of `param`, and of what a machine holds."""
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
    ParamKind.NUMBER: lambda param, value: is_number(value),
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
        "a number, or a schedule"
        if param.object_kind is Kind.SCHEDULE
        else with_article(param.object_kind or Kind.LAYER)
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
