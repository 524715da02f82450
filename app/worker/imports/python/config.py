"""A model of a script as the architecture that Keras would write of it."""

import ast
from collections.abc import Mapping
from typing import Any, Final

from app.worker.imports.python.meaning import KerasMeaning
from app.worker.imports.python.names import Function
from app.worker.imports.python.reach import reached, tensors_in
from app.worker.imports.python.reader import Reader
from app.worker.imports.python.values import (
    Array,
    LayerValue,
    Made,
    ModelValue,
    Path,
    Results,
    Tensor,
    Unknown,
    as_tensor,
    is_symbolic,
)
from app.worker.imports.tensors import tensor

MAX_VALUES: Final = 1_000_000
MAX_LEVELS: Final = 60
_ENUM: Final = {"keras.activations", "keras.ops", "keras.ops.nn", "tensorflow.nn"}


def model_config(model: ModelValue, keras: KerasMeaning, reader: Reader) -> dict[str, Any]:
    """Return the architecture of `model`; raise `NotPython` for a value in it that is not known."""
    config = _Writer(keras, reader).model(model, 0)
    if not model.is_named:
        del config["config"]["name"]
    return config


class _Writer:
    def __init__(self, keras: KerasMeaning, reader: Reader) -> None:
        self._keras, self._reader = keras, reader
        self._keys: dict[int, int] = {}
        self._values = 0

    def model(self, model: ModelValue, level: int) -> dict[str, Any]:
        if level > MAX_LEVELS:
            raise self._reader.fail(_At(model.line), "models are nested too deeply.")
        config = self._sequential(model, level) if model.is_sequential else self._functional(model, level)
        trainable = {"trainable": False} if model.config.get("trainable") is False else {}
        return {
            "module": "keras",
            "class_name": model.class_name,
            "config": {"name": model.name, **trainable, **config},
            "name": model.name,
            "line": model.line,
            "shared_object_id": self._key(model),
        }

    def _sequential(self, model: ModelValue, level: int) -> dict[str, Any]:
        layers = [self.layer(layer, level) for layer in model.layers]
        first = layers[0]["config"].pop("batch_input_shape", None) if layers else None
        if first is not None:
            name = next(name for name in ("input", "input_layer") if all(each["name"] != name for each in layers))
            dtype = "int32" if layers[0]["class_name"] == "Embedding" else "float32"
            entry = {"name": name, "batch_shape": first, "dtype": dtype}
            made = {"module": "keras.layers", "class_name": "InputLayer", "config": entry, "name": name}
            layers.insert(0, {**made, "line": layers[0]["line"]})
        return {"layers": layers}

    def _functional(self, model: ModelValue, level: int) -> dict[str, Any]:
        inputs = tensors_in(model.inputs)
        for each in inputs:
            if not each.layer.is_input:
                raise self._reader.fail(_At(model.line), "the inputs of a model are what keras.Input gives.")
        calls = self._calls(model)
        entries = []
        for layer in reached(model):
            numbers = calls[id(layer)]
            entry = self.layer(layer, level)
            entry["inbound_nodes"] = (
                [] if layer.is_input else [self._call(layer, number, calls, level) for number in numbers]
            )
            entries.append(entry)
        return {
            "layers": entries,
            "input_layers": self._ends(model.inputs, calls),
            "output_layers": self._ends(model.outputs, calls),
        }

    def _calls(self, model: ModelValue) -> dict[int, list[int]]:
        """Return, for each layer, the calls that lie in the model, in order."""
        found: dict[int, set[int]] = {}
        waiting = tensors_in([model.inputs, model.outputs])
        while waiting:
            each = waiting.pop()
            held = found.setdefault(id(each.layer), set())
            if each.call in held:
                continue
            held.add(each.call)
            call = each.layer.calls[each.call]
            waiting += tensors_in([call.args, call.kwargs])
        return {key: sorted(numbers) for key, numbers in found.items()}

    def _ends(self, value: Any, calls: Mapping[int, list[int]]) -> Any:
        if isinstance(value, dict):
            return {str(key): self._ends(item, calls) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._ends(item, calls) for item in value]
        end = as_tensor(value)
        number = calls[id(end.layer)].index(end.call)
        functional = isinstance(end.layer, ModelValue) and not end.layer.is_sequential
        return [end.layer.name, number + functional, end.index]

    def _call(self, layer: LayerValue, number: int, calls: Mapping[int, list[int]], level: int) -> dict[str, Any]:
        call = layer.calls[number]
        line = call.line
        args = [self._argument(value, calls, line, level) for value in call.args]
        kwargs = {key: self._argument(value, calls, line, level) for key, value in call.kwargs.items()}
        return {"args": args, "kwargs": kwargs, "line": line}

    def _argument(self, value: Any, calls: Mapping[int, list[int]], line: int, level: int) -> Any:
        if is_symbolic(value):
            end = as_tensor(value)
            return tensor(end.layer.name, calls[id(end.layer)].index(end.call), end.index)
        if isinstance(value, slice):
            return {
                "class_name": "__slice__",
                "config": {"start": value.start, "stop": value.stop, "step": value.step},
            }
        if value is ...:
            return {"class_name": "__ellipsis__", "config": {}}
        if isinstance(value, list | tuple):
            return [self._argument(item, calls, line, level) for item in value]
        if isinstance(value, dict):
            return {str(key): self._argument(item, calls, line, level) for key, item in value.items()}
        return self._value(value, line, level)

    def layer(self, layer: LayerValue, level: int) -> dict[str, Any]:
        """Return the entry of one layer, without its calls."""
        if isinstance(layer, ModelValue):
            return self.model(layer, level + 1)
        config = {key: self._value(value, layer.line, level + 1) for key, value in layer.config.items()}
        entry: dict[str, Any] = {
            "module": "keras.layers",
            "class_name": layer.class_name,
            "config": {"name": layer.name, **config},
            "name": layer.name,
            "line": layer.line,
            "shared_object_id": self._key(layer),
        }
        if layer.spec is None:
            entry["module"] = "__main__"
        elif layer.spec.operation is not None:
            entry |= {"module": layer.spec.operation.module, "class_name": layer.spec.operation.class_name}
        elif layer.spec.own or layer.spec.code:
            entry["module"] = None
        return entry

    def _key(self, layer: LayerValue) -> int:
        return self._keys.setdefault(id(layer), len(self._keys) + 1)

    def _value(self, value: Any, line: int, level: int) -> Any:
        self._values += 1
        if self._values > MAX_VALUES or level > MAX_LEVELS:
            raise self._reader.fail(_At(line), "the values of this layer are too many.")
        match value:
            case None | bool() | int() | float() | str():
                return value
            case LayerValue():
                entry = self.layer(value, level + 1)
                if not value.is_named and not isinstance(value, ModelValue):
                    del entry["config"]["name"]
                return entry
            case Made():
                config = {key: self._value(item, line, level + 1) for key, item in value.config.items()}
                return {"module": f"keras.{value.kind.value}", "class_name": value.class_name, "config": config}
            case Array():
                return self._value(value.value, line, level + 1)
            case list() | tuple() | range():
                return [self._value(item, line, level + 1) for item in value]
            case dict():
                return {str(key): self._value(item, line, level + 1) for key, item in value.items()}
            case Path():
                return self._named(value, line)
            case Function(definition=ast.FunctionDef(name=name)) if self._keras.is_own_function(name):
                return name
            case Unknown():
                raise self._reader.fail(_At(line), f"{value.text[:80]} is not known without running the script.")
            case Tensor() | Results():
                raise self._reader.fail(_At(line), "a layer is made with a tensor.")
            case _:
                raise self._reader.fail(_At(line), "a value of this layer cannot be read.")

    def _named(self, path: Path, line: int) -> Any:
        """Return a class or function that is named without being called: `keras.activations.relu`."""
        module, _, name = path.name.rpartition(".")
        if module in _ENUM or module.startswith("keras."):
            return name
        if path.name.startswith(("tensorflow.", "numpy.")):
            return name
        raise self._reader.fail(_At(line), f"{path.name[:80]} is not known.")


class _At:
    """A place in the script."""

    def __init__(self, line: int) -> None:
        self.lineno = line
