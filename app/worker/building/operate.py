"""Calls of operations: the tensors at the ports, and for the other arguments the values that the design sets."""

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from app.catalog.indexing import parse_key
from app.catalog.model import ObjectSpec
from app.shared.errors import Invalid


def call_operation(operation: Any, spec: ObjectSpec, params: Mapping[str, Any], tensors: Mapping[str, Any]) -> Any:
    """Return what `operation`, built by `build_layer`, gives for `tensors`, as the function of `keras.ops` does.

    `tensors` maps arguments to a tensor or a list of them; an argument without one takes its value from `params`. A
    list of numbers becomes an array of float32, int32 or bool, which Keras infers shapes from. Raises `Invalid` for a
    needed argument that has neither.
    """
    if spec.operation is None:
        raise Invalid(f"{spec.name} is no operation.")
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for written in spec.operation.call:
        argument = written.strip("*=")
        value = tensors[argument] if argument in tensors else _value(operation, spec, params, argument)
        if written.startswith("**"):
            named |= value
        elif written.startswith("*"):
            positional += value
        elif written.endswith("="):
            named[argument] = value
        else:
            positional.append(value)
    return operation(*positional, **named)


def _value(operation: Any, spec: ObjectSpec, params: Mapping[str, Any], argument: str) -> Any:
    known = {param.name: param for param in spec.params}
    value = params.get(argument, known[argument].default if argument in known else None)
    ports = {port.argument for port in spec.inputs}
    if value is not None:
        return _constant(value) if argument in ports else _plain(argument, value)
    if spec.operation is not None and argument in spec.operation.needed:
        raise Invalid(
            f"{spec.name} needs {argument}.",
            expected=f"a wire at {argument}, or a value",
            received="neither",
            hint="Connect it, or set a number.",
        )
    default = inspect.signature(operation.call).parameters[argument].default
    return None if argument in ports or default is inspect.Parameter.empty else default


def _constant(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    array = np.asarray(value)
    kinds = {"f": "float32", "i": "int32", "b": "bool"}
    if array.dtype.kind not in kinds:
        raise Invalid("A constant is a number or a list of numbers.", received=repr(value)[:200])
    return array.astype(kinds[array.dtype.kind])


def _plain(argument: str, value: Any) -> Any:
    if argument == "key":
        try:
            return parse_key(value)
        except ValueError as error:
            raise Invalid(
                str(error)[:300], expected="an index such as ':, 0'", received=repr(value)[:200], hint="See x[...]."
            ) from error
    return value
