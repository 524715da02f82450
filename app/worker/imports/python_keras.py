"""What names of Keras mean in a script: layers, models, calls, operations, `compile` and `fit`."""

import ast
from collections import Counter
from typing import Any

from app.catalog.model import Catalog, Kind, ObjectSpec
from app.codegen.names import snake_case
from app.worker.imports.python_reach import gives_several, reached
from app.worker.imports.python_reader import LOOKING, Reader
from app.worker.imports.python_values import (
    Array,
    CallValue,
    LayerValue,
    Made,
    ModelValue,
    Results,
    Tensor,
    Unknown,
    as_tensor,
    holds_symbolic,
)
from app.worker.imports.python_words import (
    COMPILED,
    FITTED,
    KINDS,
    LAYERS,
    MERGES,
    MODELS,
    OPERATIONS,
    OPERATORS,
    SETTINGS,
)


class KerasMeaning:
    """Builds layers, models and calls while a script is followed."""

    def __init__(self, reader: Reader, catalog: Catalog) -> None:
        self.models: list[ModelValue] = []
        self.settings: dict[str, Any] = {}
        self.seed: int | None = None
        self._reader = reader
        self._catalog = catalog
        self._counts: Counter[str] = Counter()
        self._names: set[str] = set()

    # Names

    def call(self, path: str, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> Any:
        module, _, name = path.rpartition(".")
        if path in ("keras.Input", "keras.layers.Input", "keras.layers.InputLayer"):
            return self._input(name, args, kwargs, node)
        if (module in ("keras", "keras.models") and name in MODELS) or path == "keras.engine.training.Model":
            return self._model(name, args, kwargs, node)
        if module in LAYERS and name in MERGES and args:
            layer = self._layer(MERGES[name], args[1:], kwargs, node)
            return self.call_layer(layer, args[:1], {}, node)
        if module in LAYERS:
            return self._layer(name, args, kwargs, node)
        if module in OPERATIONS:
            return self._operation(f"{OPERATIONS[module]}{name}", args, kwargs, node)
        if module in KINDS:
            return self._object(KINDS[module], name, args, kwargs, node)
        return self._other(path, args, kwargs, node)

    def _other(self, path: str, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> Any:
        module, _, name = path.rpartition(".")
        if path in SETTINGS and args:
            self.settings[SETTINGS[path]] = self._constant(args[0], node)
            return None
        if path == "keras.utils.set_random_seed" and args and isinstance(args[0], int):
            self.seed = args[0]
            return None
        if path in ("keras.tree.flatten", "tensorflow.nest.flatten") and args:
            return args[0]
        if module == "numpy" and name in ("array", "asarray") and args:
            return Array(args[0])
        if path.startswith("keras.applications.") and name[:1].isupper():
            raise self._reader.fail(
                node,
                "models of keras.applications are not written out in a script.",
                "Save the model with model.save('model.keras') and import that file, or start from the gallery.",
            )
        if path.startswith("keras.") and name[:1].isupper() and module.count(".") > 0:
            return Made(Kind.LAYER, name, {**kwargs})
        if holds_symbolic([args, kwargs]):
            raise self._reader.fail(node, f"{path[:80]} does not belong to the operations that a design can hold.")
        return Unknown(ast.unparse(node)[:200], node.lineno)

    def own_class(self, name: str, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> Any:
        """A class that the script defines: one of the design's own code where it has that name, else a placeholder."""
        for kind in Kind:
            spec = self._catalog.find(kind, name)
            if spec is not None and (spec.code or spec.own):
                if kind is Kind.LAYER:
                    return self._layer(name, args, kwargs, node)
                return self._object(kind, name, args, kwargs, node)
        return LayerValue(name, self._name(kwargs.pop("name", None), name), kwargs, node.lineno)

    def is_own_function(self, name: str) -> bool:
        """Return whether the design's own code has a function of this name."""
        found = (self._catalog.find(kind, name) for kind in Kind if kind.is_function)
        return any(spec is not None and spec.code for spec in found)

    # Layers

    def _input(self, name: str, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> Any:
        config = dict(kwargs)
        given = [self._constant(arg, node) for arg in args[:1]]
        shape = config.pop("shape", config.pop("input_shape", given[0] if given else None))
        batch = config.pop("batch_shape", config.pop("batch_input_shape", None))
        size = config.pop("batch_size", args[1] if len(args) > 1 else None)
        label = config.pop("name", None)
        shape = self._constant(shape, node)
        if isinstance(shape, int):
            raise self._reader.fail(node, "the shape of an input is a tuple: (4,), and not 4.")
        whole = self._constant(batch, node) or ([size, *shape] if shape is not None else None)
        config = {key: self._constant(value, node) for key, value in config.items() if key != "tensor"}
        layer = LayerValue("InputLayer", self._name(label, "InputLayer"), config, node.lineno, is_input=True)
        layer.spec = self._catalog.find(Kind.LAYER, "InputLayer")
        layer.config["batch_shape"] = [self._constant(each, node) for each in whole] if whole is not None else None
        layer.calls.append(CallValue([], {}, node.lineno))
        return layer if name == "InputLayer" else Tensor(layer, 0)

    def _layer(self, name: str, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> LayerValue:
        spec = self._catalog.find(Kind.LAYER, name)
        if spec is None or spec.marker:
            config = {**kwargs}
            label = config.pop("name", None)
            if args:
                config["arguments"] = args
            return LayerValue(name, self._name(label, name), config, node.lineno)
        config = self._bound(spec, args, kwargs, node)
        label = config.pop("name", None)
        shape = config.pop("input_shape", None)
        batch = config.pop("batch_input_shape", None)
        layer = LayerValue(spec.name, self._name(label, spec.name), config, node.lineno, spec)
        layer.is_named = label is not None
        known = {param.name for param in spec.params}
        if "input_dim" in config and "input_dim" not in known:
            shape = [config.pop("input_dim")]
        if batch is not None or shape is not None:
            whole = self._constant(batch, node) or [None, *self._constant(shape, node)]
            layer.config["batch_input_shape"] = whole
        return layer

    def _bound(self, spec: ObjectSpec, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> dict[str, Any]:
        names = [param.name for param in spec.params if param.name != "position"]
        if len(args) > len(names):
            raise self._reader.fail(node, f"{spec.name} does not take so many arguments.")
        return dict(zip(names, args, strict=False)) | kwargs

    def _object(self, kind: Kind, name: str, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> Any:
        spec = self._catalog.find(kind, name)
        if spec is None:
            if kind is Kind.REGULARIZER and name in ("l1", "l2", "l1_l2"):
                spec = self._catalog.find(kind, {"l1": "L1", "l2": "L2", "l1_l2": "L1L2"}[name])
            elif name == "get" and args:
                return args[0]
        if spec is None:
            return Made(kind, name, dict(kwargs))
        return Made(kind, spec.name, self._bound(spec, args, kwargs, node))

    def _name(self, given: Any, class_name: str) -> str:
        """Return the name of a layer: as given, else as Keras numbers them."""
        if isinstance(given, str) and given:
            self._names.add(given)
            return given
        base = snake_case(class_name.rpartition(".")[2])
        while True:
            number = self._counts[base]
            self._counts[base] += 1
            name = f"{base}_{number}" if number else base
            if name not in self._names:
                self._names.add(name)
                return name

    def named(self, value: Any, variable: str) -> None:
        """Call an operation, which has no name in a script, as the variable that holds its result."""
        layer = value.layer if isinstance(value, Results) else None
        if layer is None or layer.is_named or layer.spec is None or layer.spec.operation is None:
            return
        if variable not in self._names and len(variable) > 2:
            self._names.discard(layer.name)
            self._names.add(variable)
            layer.name = variable

    # Models

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

    def _add(self, model: ModelValue, layer: Any, node: Any) -> None:
        if isinstance(layer, Tensor) and layer.layer.is_input:
            layer = layer.layer
        if not isinstance(layer, LayerValue):
            raise self._reader.fail(node, "what is added to this model is not known to be a layer.")
        if not layer.is_input:
            layer.calls.append(CallValue([], {}, getattr(node, "lineno", layer.line)))
        model.layers.append(layer)

    # Calls

    def call_layer(self, layer: LayerValue, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> Any:
        given = [as_tensor(arg) for arg in args]
        named = {key: as_tensor(value) for key, value in kwargs.items()}
        if layer.is_input:
            raise self._reader.fail(node, "an input is no layer that can be called.")
        if not holds_symbolic([given, named]):
            return Unknown(ast.unparse(node)[:200], node.lineno)
        layer.calls.append(CallValue(given, named, node.lineno))
        return Results(layer, len(layer.calls) - 1)

    def _operation(self, name: str, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> Any:
        if not holds_symbolic([args, kwargs]):
            if name in ("ops.convert_to_tensor", "ops.array") and args:
                return Array(args[0])
            return Unknown(ast.unparse(node)[:200], node.lineno)
        spec = self._catalog.find(Kind.LAYER, name)
        if spec is None or spec.operation is None:
            raise self._reader.fail(node, f"{name[:80]} does not belong to the operations that a design can hold.")
        order = _signature(spec)
        if len(args) > len(order):
            raise self._reader.fail(node, f"{name} does not take so many arguments.")
        given = dict(zip(order, args, strict=False)) | kwargs
        return self._operated(spec, given, node)

    def _operated(self, spec: ObjectSpec, given: dict[str, Any], node: Any) -> Results:
        given = {key: as_tensor(value) for key, value in given.items()}
        label = given.pop("name", None)
        wired = [argument.strip("*=") for argument in (spec.operation.call if spec.operation else ())]
        config = {key: value for key, value in given.items() if key not in wired}
        args = {key: given[key] for key in wired if key in given}
        assert spec.operation is not None
        layer = LayerValue(spec.name, self._name(label, spec.operation.class_name), config, node.lineno, spec)
        layer.is_named = label is not None
        layer.calls.append(CallValue([], args, node.lineno))
        return Results(layer, 0)

    def arithmetic(self, name: str, args: list[Any], node: ast.expr) -> Any:
        spec = self._catalog.find(Kind.LAYER, OPERATORS.get(name, ""))
        if spec is None:
            raise self._reader.fail(node, "tensors cannot be computed so.")
        names = [port.argument for port in spec.inputs]
        return self._operated(spec, dict(zip(names, args, strict=False)), node)

    def index(self, tensor: Any, key: Any, node: ast.expr) -> Any:
        """`x[0]` of what a call gives is its first result where it has several, else a slice."""
        if isinstance(tensor, Results) and isinstance(key, int) and key >= 0 and gives_several(tensor.layer):
            return Tensor(tensor.layer, tensor.call, key)
        spec = self._catalog.find(Kind.LAYER, "ops.getitem")
        if spec is None or holds_symbolic(list(key) if isinstance(key, tuple) else [key]):
            raise self._reader.fail(node, "an index is made of integers, slices, ... and None.")
        return self._operated(spec, {"x": tensor, "key": key}, node)

    # What layers and models have

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
        found = list(model.layers) if model.is_sequential else reached(model)
        if deep:
            inner = [layer for layer in found if isinstance(layer, ModelValue)]
            found += [each for layer in inner for each in self.layers_of(layer, deep=True)]
        return found

    def _constant(self, value: Any, node: Any) -> Any:
        if isinstance(value, Unknown):
            raise self._reader.fail(node, f"{value.text[:80]} is not known without running the script.")
        if isinstance(value, tuple | list):
            return [self._constant(item, node) for item in value]
        return value


def _signature(spec: ObjectSpec) -> list[str]:
    """Return the names of an operation's arguments in the order of its function."""
    assert spec.operation is not None
    wired = [argument.strip("*=") for argument in spec.operation.call if not argument.startswith("**")]
    by_name = [argument.strip("=") for argument in spec.operation.call if argument.endswith("=")]
    others = [param.name for param in spec.params if param.name not in wired]
    first = [name for name in wired if name not in by_name]
    if spec.name == "ops.einsum":
        return [*others, *wired]
    return [*first, *others, *by_name]
