"""Models of `keras.applications` that a script names: Keras makes them of plain arguments, and they are taken apart.

No weight is allocated, and none is downloaded. What a script does with the parts of such a model, `base.output` or
`base.layers[:-4]`, is then followed like anything else.
"""

import inspect
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import keras
from keras.src.backend.common import global_state

from app.catalog.model import Catalog, Kind
from app.worker.analysis.dry import without_weights
from app.worker.imports.operations import find_operation
from app.worker.imports.python.values import Array, CallValue, LayerValue, ModelValue, Tensor
from app.worker.imports.tensors import History, arguments_of, calls_of, ends, history, is_tensor

APPLICATIONS: Final = frozenset(name for name in dir(keras.applications) if name[:1].isupper())
"""The functions of `keras.applications` that make a model, there and in the modules of their families."""

MAX_APPLICATIONS: Final = 8
"""How many different ones a script may name: the largest takes seconds to make."""

_PREPARED: Final = "preprocess_input"
_PREPARATIONS: Final = frozenset(
    f"keras.applications.{family}.{_PREPARED}"
    for family in dir(keras.applications)
    if hasattr(getattr(keras.applications, family), _PREPARED)
)


def is_preparation(path: str) -> bool:
    """Return whether a dotted name is the `preprocess_input` of a family of models."""
    return path in _PREPARATIONS


def application(
    name: str, args: list[Any], kwargs: Mapping[str, Any], catalog: Catalog, line: int, inputs: Tensor | None = None
) -> tuple[ModelValue, bool]:
    """Return a model of `keras.applications`, on a tensor of the script where `inputs` is one, and whether the script
    means it with pretrained weights.

    What Keras raises about wrong arguments passes through.
    """
    function = getattr(keras.applications, name)
    bound = inspect.signature(function).bind_partial(*args, **kwargs)
    bound.apply_defaults()
    pretrained = bound.arguments["weights"] is not None
    bound.arguments["weights"] = None
    made = _architecture(lambda: function(*bound.args, **bound.kwargs))
    return _taken_apart(made, catalog, line, inputs), pretrained


def prepared(path: str, images: Tensor, catalog: Catalog, line: int) -> Any:
    """Return the tensor that `preprocess_input` makes of images with three channels."""
    family = path.removeprefix("keras.applications.").rpartition(".")[0]
    function = getattr(getattr(keras.applications, family), _PREPARED)

    def model() -> Any:
        inputs = keras.Input((None, None, 3))
        return keras.Model(inputs, keras.layers.Identity()(function(inputs)))

    identity = _taken_apart(_architecture(model), catalog, line, images).layers[-1]
    return identity.calls[0].args[0]


def _architecture(make: Callable[[], Any]) -> dict[str, Any]:
    """Return what Keras writes of a model; its layers are numbered from 0, whatever was made before."""
    numbers = global_state.get_global_attribute("object_name_uids")
    global_state.set_global_attribute("object_name_uids", defaultdict(int))
    try:
        with without_weights():
            found: dict[str, Any] = json.loads(make().to_json())
            return found
    finally:
        global_state.set_global_attribute("object_name_uids", numbers)


@dataclass(frozen=True)
class _Parts:
    """The layers of one model by name. `inputs` stands in place of its only input, where the script gives a tensor."""

    by_name: Mapping[str, LayerValue]
    inputs: Tensor | None

    def tensor(self, found: History) -> Tensor:
        name, call, index = found
        layer = self.by_name[name]
        return self.inputs if layer.is_input and self.inputs is not None else Tensor(layer, call, index)

    def tensors(self, value: Any) -> Any:
        found = [self.tensor(each) for _, each in ends(value)]
        return found[0] if len(found) == 1 else found

    def followed(self, value: Any) -> Any:
        """Return an argument of a call with the values that stand for what Keras has written."""
        if is_tensor(value):
            return self.tensor(history(value["config"]["keras_history"]))
        if isinstance(value, list):
            return [self.followed(item) for item in value]
        if not isinstance(value, dict):
            return value
        config: dict[str, Any] = value.get("config") or {}
        match value.get("class_name"):
            case "__slice__":
                return slice(config["start"], config["stop"], config["step"])
            case "__ellipsis__":
                return ...
            case "__tensor__":
                return Array(_without_leading_axes(config["value"]))
            case _:
                return {key: self.followed(item) for key, item in value.items()}


def _taken_apart(
    architecture: Mapping[str, Any], catalog: Catalog, line: int, inputs: Tensor | None = None
) -> ModelValue:
    """Return a model that Keras has written down, with the values of its layers and calls."""
    config = architecture["config"]
    model = ModelValue(architecture["class_name"], config["name"], {}, line)
    layers = [_layer(entry, catalog, line, order) for order, entry in enumerate(config["layers"])]
    model.layers = [inputs.layer if layer.is_input and inputs is not None else layer for layer in layers]
    if model.is_sequential:
        for layer in layers:
            layer.calls.append(CallValue([], {}, line))
        return model
    parts = _Parts({layer.name: layer for layer in layers}, inputs)
    for entry, layer in zip(config["layers"], layers, strict=True):
        for call in calls_of(entry) if not layer.is_input else [{}]:
            args, kwargs = arguments_of(call)
            layer.calls.append(CallValue(parts.followed(args), parts.followed(kwargs), line))
    model.inputs, model.outputs = parts.tensors(config["input_layers"]), parts.tensors(config["output_layers"])
    return model


def _layer(entry: Mapping[str, Any], catalog: Catalog, line: int, order: int) -> LayerValue:
    layer: LayerValue
    if entry["class_name"] in ("Sequential", "Functional"):
        layer = _taken_apart(entry, catalog, line)
    else:
        config = {key: value for key, value in entry["config"].items() if key != "name"}
        spec = find_operation(catalog, entry) or catalog.find(Kind.LAYER, entry["class_name"])
        class_name = spec.name if spec else entry["class_name"]
        layer = LayerValue(class_name, entry["config"]["name"], config, line, spec)
        layer.is_input = class_name == "InputLayer"
    layer.order = order
    return layer


def _without_leading_axes(value: Any) -> Any:
    """Return constants without axes of size 1 in front, which broadcasting adds again."""
    while isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        value = value[0]
    return value
