"""The tensors in the arguments of a call, as Keras writes them."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.worker.imports.errors import NotAModel

History = tuple[str, int, int]
"""Layer name, number of the call, number of the output: `keras_history`."""

_TENSOR: Final = "__keras_tensor__"


def tensors(value: Any) -> Iterator[History]:
    """Yield the histories of all tensors in an argument, in order; those of an object by key, as Keras flattens it."""
    if is_tensor(value):
        config = value.get("config")
        yield history(config.get("keras_history") if isinstance(config, dict) else None)
    elif isinstance(value, dict):
        for key in sorted(value):
            yield from tensors(value[key])
    elif isinstance(value, list):
        for item in value:
            yield from tensors(item)


def is_tensor(value: Any) -> bool:
    """Return whether a value is a tensor as Keras writes it."""
    return isinstance(value, dict) and value.get("class_name") == _TENSOR


def tensor(name: str, number: int, index: int, shape: Any = None, dtype: str = "float32") -> dict[str, Any]:
    """Return a tensor as Keras writes it."""
    return {"class_name": _TENSOR, "config": {"shape": shape, "dtype": dtype, "keras_history": [name, number, index]}}


def shape_of(value: Any) -> list[Any] | None:
    """Return the shape, batch axis included, that the file tells of a tensor."""
    config = value.get("config") if is_tensor(value) else None
    shape = config.get("shape") if isinstance(config, dict) else None
    return shape if isinstance(shape, list) and all(size is None or type(size) is int for size in shape) else None


def shapes_by_history(entries: list[Any]) -> dict[History, list[Any]]:
    """Return the shapes that calls tell of the tensors that they take."""
    found: dict[History, list[Any]] = {}
    waiting = [call for entry in entries for call in calls_of(entry)]
    while waiting:
        value = waiting.pop()
        if is_tensor(value):
            shape = shape_of(value)
            if shape is not None:
                found[next(tensors(value))] = shape
        elif isinstance(value, dict | list):
            waiting += value.values() if isinstance(value, dict) else value
    return found


def calls_of(entry: Mapping[str, Any]) -> list[Any]:
    """Return the calls of a layer that its entry lists."""
    calls = entry.get("inbound_nodes")
    return calls if isinstance(calls, list) else []


def arguments_of(call: Any) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments of a call by position and by name."""
    if not isinstance(call, dict):
        raise NotAModel(
            "A call in this model cannot be read.",
            expected="inbound_nodes with args and kwargs",
            received=f"a {type(call).__name__}",
            hint="Load the model with Keras 3 and save it again.",
        )
    args, kwargs = call.get("args"), call.get("kwargs")
    return (
        args if isinstance(args, list) else [],
        {str(key): value for key, value in kwargs.items()} if isinstance(kwargs, dict) else {},
    )


def history(value: Any) -> History:
    """Return a `keras_history` of the file; raise `NotAModel` where it is none."""
    match value:
        case [str(name), int(number), int(index)]:
            return name, number, index
        case _:
            raise NotAModel(
                "A wire of this model cannot be read.",
                expected="a layer's name, the number of its call and of its output",
                received=repr(value)[:200],
            )


def ends(value: Any) -> list[tuple[str, History]]:
    """Return the histories in `input_layers` or `output_layers`, with their keys where they are an object."""
    if isinstance(value, list) and len(value) == 3 and isinstance(value[0], str):
        return [("", history(value))]
    if isinstance(value, dict):
        return [(str(key), found) for key in sorted(value) for _, found in ends(value[key])]
    if isinstance(value, list):
        return [found for item in value for found in ends(item)]
    return [("", history(value))] if value is not None else []
