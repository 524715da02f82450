"""Models in a script: how they are made, and what a script asks of them and changes in them."""

import ast
from typing import Any

from app.catalog.model import Catalog
from app.worker.imports.python.layers import Layers
from app.worker.imports.python.own_code import OwnCode
from app.worker.imports.python.reach import reached
from app.worker.imports.python.reader import LOOKING, Reader
from app.worker.imports.python.values import (
    CallValue,
    LayerValue,
    ModelValue,
    Results,
    Tensor,
    Unknown,
    as_tensor,
    holds_symbolic,
    is_symbolic,
)
from app.worker.imports.python.words import COMPILED, FITTED


class Models(Layers):
    """Makes the values of models; `models` are all of them, in order."""

    def __init__(self, reader: Reader, catalog: Catalog, own: OwnCode | None = None) -> None:
        super().__init__(reader, catalog, own)
        self.models: list[ModelValue] = []
        self._applications = 0

    def _model(self, name: str, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> ModelValue:
        label, trainable = kwargs.get("name"), kwargs.get("trainable")
        if name == "Sequential":
            model = ModelValue("Sequential", "", {}, node.lineno)
            model.name = self._name(label if label is not None else (args[1] if len(args) > 1 else None), "Sequential")
            for layer in (args[0] if args else kwargs.get("layers")) or []:
                self._add(model, layer, node)
        else:
            inputs = kwargs.get("inputs", kwargs.get("input", args[0] if args else None))
            outputs = kwargs.get("outputs", kwargs.get("output", args[1] if len(args) > 1 else None))
            if not holds_symbolic(inputs) or not holds_symbolic(outputs):
                raise self._reader.fail(node, "a model needs inputs and outputs that this script makes.")
            model = ModelValue("Functional", self._name(label, "Functional"), {}, node.lineno)
            model.inputs, model.outputs = inputs, outputs
        model.is_named = label is not None
        if trainable is False:
            model.config["trainable"] = False
        self.models.append(model)
        return model

    def _application(self, path: str, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> Any:
        from app.worker.imports.python import applications  # makes them with Keras

        name = path.rpartition(".")[2]
        if applications.is_preparation(path) and args and is_symbolic(args[0]):
            return applications.prepared(path, as_tensor(args[0]), self.catalog, node.lineno)
        if name not in applications.APPLICATIONS:
            if holds_symbolic([args, kwargs]):
                raise self._reader.fail(node, f"{path[:80]} does not belong to the operations that a design can hold.")
            return Unknown(ast.unparse(node)[:200], node.lineno)
        self._applications += 1
        if self._applications > applications.MAX_APPLICATIONS:
            raise self._reader.fail(
                node, f"a script may name at most {applications.MAX_APPLICATIONS} models of keras.applications."
            )
        given = {key: self._constant(value, node) for key, value in kwargs.items() if key != "input_tensor"}
        inputs = as_tensor(kwargs.get("input_tensor"))
        if inputs is not None:
            if not isinstance(inputs, Tensor) or not inputs.layer.is_input:
                raise self._reader.fail(node, "input_tensor is what keras.Input gives.")
            given["input_shape"] = inputs.layer.config["batch_shape"][1:]
        try:
            model, pretrained = applications.application(
                name, self._constant(args, node), given, self.catalog, node.lineno, inputs
            )
        except Exception as error:  # arguments of any sort lead anywhere in Keras
            raise self._reader.fail(node, f"Keras does not make this model: {str(error)[:300]}") from error
        if pretrained:
            self.notes.append(
                f"The pretrained weights of {name} are not part of a script: it starts afresh. Save them with "
                "model.save_weights, and choose that file as its starting weights."
            )
        self._names |= {layer.name for layer in (model, *model.layers)}
        self.models.append(model)
        return model

    def _add(self, model: ModelValue, layer: Any, node: Any) -> None:
        if isinstance(layer, Tensor) and layer.layer.is_input:
            layer = layer.layer
        if not isinstance(layer, LayerValue):
            raise self._reader.fail(node, "what is added to this model is not known to be a layer.")
        if not layer.is_input:
            layer.calls.append(CallValue([], {}, getattr(node, "lineno", layer.line)))
        model.layers.append(layer)

    def method(self, owner: LayerValue, name: str, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> Any:
        if isinstance(owner, ModelValue):
            match name:
                case "add" if args:
                    return self._add(owner, args[0], node)
                case "pop" if owner.layers:
                    owner.layers.pop()
                    return None
                case "compile":
                    owner.compiled = dict(zip(COMPILED, args, strict=False)) | kwargs
                    return None
                case "fit":
                    owner.fitted = dict(zip(FITTED, args, strict=False)) | kwargs
                    return Unknown("history", node.lineno)
                case "get_layer":
                    return self._get_layer(owner, args, kwargs, node)
        if name == "__call__" or name == "call":
            return self.call_layer(owner, args, kwargs, node)
        if name in LOOKING or not holds_symbolic([args, kwargs]):
            return Unknown(ast.unparse(node)[:200], node.lineno)
        raise self._reader.fail(node, f"{name} of a layer or model cannot be read.")

    def _get_layer(self, owner: ModelValue, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> LayerValue:
        wanted = kwargs.get("name", args[0] if args else None)
        found = next((layer for layer in self.layers_of(owner) if layer.name == wanted), None)
        index = kwargs.get("index", wanted)
        if found is None and isinstance(index, int) and index < len(self.layers_of(owner)):
            found = self.layers_of(owner)[index]
        if found is None:
            raise self._reader.fail(node, "this model has no layer of this name.")
        return found

    def attribute(self, owner: Any, name: str, node: ast.expr) -> Any:
        if isinstance(owner, ModelValue) and name in ("input", "inputs", "output", "outputs", "layers"):
            if name == "layers":
                return list(self.layers_of(owner))
            value = owner.inputs if name.startswith("input") else owner.outputs
            if owner.is_sequential:
                raise self._reader.fail(node, "the ends of a Sequential model have no names of their own.")
            return list(value) if name.endswith("s") and isinstance(value, list | tuple) else value
        if isinstance(owner, LayerValue):
            match name:
                case "name":
                    return owner.name
                case "output" if owner.calls:
                    return Results(owner, len(owner.calls) - 1) if not owner.is_input else Tensor(owner, 0)
                case "trainable":
                    return owner.config.get("trainable", True)
                case _ if name in owner.config:
                    return owner.config[name]
        return Unknown(ast.unparse(node)[:200], node.lineno)

    def assign(self, owner: LayerValue, name: str, value: Any, node: ast.stmt) -> None:
        if name != "trainable":
            return
        if isinstance(value, Unknown):
            raise self._reader.fail(node, "whether this is trained is not known without running the script.")
        for layer in [owner, *(self.layers_of(owner, deep=True) if isinstance(owner, ModelValue) else [])]:
            if not layer.is_input and (layer.spec is None or layer.spec.operation is None):
                layer.config["trainable"] = bool(value)

    def layers_of(self, model: ModelValue, *, deep: bool = False) -> list[LayerValue]:
        """Return the layers of a model, sources first; with `deep`, those of nested models too."""
        found = list(model.layers) if model.is_sequential or model.layers else reached(model)
        if deep:
            inner = [layer for layer in found if isinstance(layer, ModelValue)]
            found += [each for layer in inner for each in self.layers_of(layer, deep=True)]
        return found
