"""The calls of layers as Keras 2 lists them, in the form of Keras 3."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.worker.imports.tensors import tensor

_CONSTANT: Final = "_CONSTANT_VALUE"
_RECURRENT: Final = frozenset(
    {"RNN", "LSTM", "GRU", "SimpleRNN", "Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"}
)


def modern_calls(layers: list[Any], config: Mapping[str, Any], names: Mapping[str, str]) -> list[Any]:
    """Return `layers` with their calls in Keras 3's form, and with usable names."""
    shifts = _shifts(layers, config)
    return [_with_calls(layer, shifts, names) for layer in layers]


def modern_ends(layers: list[Any], config: Mapping[str, Any], names: Mapping[str, str]) -> tuple[Any, Any]:
    """Return `input_layers` and `output_layers`, where Keras 3 counts calls of a functional model from 1."""
    shifts = _shifts(layers, config)
    functional = {_name(layer) for layer in layers if _is_model(layer) and layer.get("class_name") != "Sequential"}
    old = any(_is_list_call(call) for layer in layers for call in _calls(layer))

    def turned(value: Any) -> Any:
        if _is_leaf(value):
            name, number = value[0], value[1]
            if old:
                number = number - shifts.get(name, 0) + (name in functional)
            return [names.get(name, name), number, value[2]]
        if isinstance(value, list):
            return [turned(item) for item in value]
        if isinstance(value, dict):
            return {key: turned(item) for key, item in value.items()}
        return value

    return turned(config.get("input_layers")), turned(config.get("output_layers"))


def _shifts(layers: list[Any], config: Mapping[str, Any]) -> dict[str, int]:
    """Return how many calls of a layer come before the first one in the file: a nested model has one, of itself."""
    used: dict[str, set[int]] = defaultdict(set)
    for value in [config.get("input_layers"), config.get("output_layers"), *map(_calls, layers)]:
        for name, number in _leaves(value):
            used[name].add(number)
    return {
        _name(layer): 1
        for layer in layers
        if _is_model(layer)
        and (found := used.get(_name(layer)))
        and min(found) >= 1
        and max(found) >= len(_calls(layer))
    }


def _leaves(value: Any) -> Iterator[tuple[str, int]]:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if _is_leaf(each):
            yield each[0], each[1]
            waiting += [item for item in each[3:] if isinstance(item, dict)]
        elif isinstance(each, dict | list):
            waiting += each.values() if isinstance(each, dict) else each


def _with_calls(layer: Any, shifts: Mapping[str, int], names: Mapping[str, str]) -> Any:
    if not isinstance(layer, dict) or not isinstance(layer.get("config"), dict):
        return layer
    name = _name(layer)
    found = {**layer}
    if name in names:
        found["config"] = {**layer["config"], "name": names[name]}
        found["converted"] = [*layer.get("converted", []), f"renamed from {name[:80]}: Keras 3 allows no / in a name"]
        found["name"] = names[name]
    convert = _Calls(shifts, names)
    if "inbound_nodes" in layer:
        found["inbound_nodes"] = [
            convert.call(call, str(layer.get("class_name"))) if _is_list_call(call) else call for call in _calls(layer)
        ]
    return found


class _Calls:
    def __init__(self, shifts: Mapping[str, int], names: Mapping[str, str]) -> None:
        self._shifts, self._names = shifts, names

    def call(self, call: Any, class_name: str) -> dict[str, Any]:
        """Return one call: `[[layer, call, output, kwargs], ...]`, or one such entry, as args and kwargs."""
        if isinstance(call, dict):  # an operation, of `keras2_operations`
            others = [self._value(other) for other in call.get("others", [])]
            return {"args": [self._value(_single(call.get("old"))), *others], "kwargs": {}}
        first = _single(call)
        kwargs = next(self._kwargs(first), {})
        given = self._value(first)
        if class_name in _RECURRENT and isinstance(given, list) and len(given) > 1:
            kwargs.setdefault("initial_state", given[1:])
            given = given[0]
        return {"args": [given], "kwargs": kwargs}

    def _kwargs(self, value: Any) -> Iterator[dict[str, Any]]:
        if _is_leaf(value):
            if len(value) > 3 and isinstance(value[3], dict):
                yield {key: self._value(item) for key, item in value[3].items() if key != "name"}
        elif isinstance(value, list):
            for item in value:
                yield from self._kwargs(item)
        elif isinstance(value, dict):
            for item in value.values():
                yield from self._kwargs(item)

    def _value(self, value: Any) -> Any:
        if _is_leaf(value):
            if value[0] == _CONSTANT:
                return value[2]
            name = value[0]
            return tensor(self._names.get(name, name), value[1] - self._shifts.get(name, 0), value[2])
        if isinstance(value, list):
            return [self._value(item) for item in value]
        if isinstance(value, dict):
            return {key: self._value(item) for key, item in value.items()}
        return value


def _single(call: Any) -> Any:
    return call[0] if isinstance(call, list) and len(call) == 1 and _is_leaf(call[0]) else call


def _calls(layer: Any) -> list[Any]:
    calls = layer.get("inbound_nodes") if isinstance(layer, dict) else None
    return calls if isinstance(calls, list) else []


def _is_list_call(call: Any) -> bool:
    return (isinstance(call, list) and bool(call)) or (isinstance(call, dict) and "args" not in call)


def _is_leaf(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and type(value[1]) is int
        and (type(value[2]) is int or value[0] == _CONSTANT)
    )


def _is_model(layer: Any) -> bool:
    return (
        isinstance(layer, dict)
        and isinstance(layer.get("config"), dict)
        and isinstance(layer["config"].get("layers"), list)
    )


def _name(layer: Any) -> str:
    config = layer.get("config") if isinstance(layer, dict) else None
    if not isinstance(config, dict):
        return ""
    name = layer.get("name") or config.get("name")
    return name if isinstance(name, str) else ""
