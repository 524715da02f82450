"""What names of Keras mean in a script: layers, models, calls, operations, `compile` and `fit`."""

import ast
from collections import Counter
from typing import Any

from app.catalog.model import Catalog, Kind, ObjectSpec
from app.codegen.names import snake_case
from app.worker.imports.python_data import function as data_function
from app.worker.imports.python_data import loaded
from app.worker.imports.python_names import Function
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
    is_symbolic,
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
        self.dataset: str | None = None
        self.notes: list[str] = []
        self._applications = 0
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
        if path in ("keras.tree.pack_sequence_as", "tensorflow.nest.pack_sequence_as") and len(args) > 1:
            return args[1]
        if module == "numpy" and name in ("array", "asarray") and args:
            return Array(args[0])
        if (data := loaded(path, node.lineno)) is not None:
            self.dataset = data[0][0].dataset
            return data
        if (prepared_data := data_function(path, args, kwargs)) is not None:
            return prepared_data
        if path.startswith("keras.applications."):
            return self._application(path, args, kwargs, node)
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
        config = {key: _as_text(value) for key, value in kwargs.items()}
        return LayerValue(name, self._name(config.pop("name", None), name), config, node.lineno)

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
        if name == "Lambda" and (found := self._lambda(args, kwargs, node)) is not None:
            return found
        if spec is None or spec.marker:
            config = {key: _as_text(value) for key, value in kwargs.items()}
            label = config.pop("name", None)
            if args:
                config["arguments"] = [_as_text(value) for value in args]
            return LayerValue(name, self._name(label, name), config, node.lineno)
        config = self._bound(spec, args, kwargs, node)
        label = config.pop("name", None)
        shape = config.pop("input_shape", None)
        batch = config.pop("batch_input_shape", None)
        if spec.name == "RNN" and isinstance(config.get("cell"), list | tuple):
            config["cell"] = self._layer("StackedRNNCells", [config["cell"]], {}, node)
        layer = LayerValue(spec.name, self._name(label, spec.name), config, node.lineno, spec)
        layer.is_named = label is not None
        known = {param.name for param in spec.params}
        if "input_dim" in config and "input_dim" not in known:
            shape = [config.pop("input_dim")]
        if batch is not None or shape is not None:
            whole = self._constant(batch, node) or [None, *self._constant(shape, node)]
            layer.config["batch_input_shape"] = whole
        return layer

    def _lambda(self, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> LayerValue | None:
        """Return the `Expression` that does the same as a `Lambda`; None where there is none."""
        function = kwargs.get("function", args[0] if args else None)
        if not isinstance(function, Function) or {"mask", "arguments"} & kwargs.keys():
            return None
        from app.worker.imports.python_lambdas import expression_of  # knows the layer, and so Keras

        text = expression_of(function.definition, lambda each: self._reader.plain(each, function.scope))
        if text is None:
            return None
        rest = {key: value for key, value in kwargs.items() if key not in ("function", "output_shape")}
        layer = self._layer("Expression", [text], rest, node)
        self.notes.append(f"Line {node.lineno}: a Lambda became the Expression {layer.name}, {text}.")
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

    def _application(self, path: str, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> Any:
        from app.worker.imports import python_applications as applications  # makes them with Keras

        name = path.rpartition(".")[2]
        if applications.is_preparation(path) and args and is_symbolic(args[0]):
            return applications.prepared(path, as_tensor(args[0]), self._catalog, node.lineno)
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
                name, self._constant(args, node), given, self._catalog, node.lineno, inputs
            )
        except (TypeError, ValueError) as error:
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

    # Calls

    def call_layer(self, layer: LayerValue, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> Any:
        given = [as_tensor(arg) for arg in args]
        named = {key: as_tensor(value) for key, value in kwargs.items()}
        if layer.is_input:
            raise self._reader.fail(node, "an input is no layer that can be called.")
        if not holds_symbolic([given, named]):
            return Unknown(ast.unparse(node)[:200], node.lineno)
        if isinstance(layer, ModelValue) and layer.is_sequential and not _has_shape(layer):
            if not (isinstance(given[0], Tensor) and given[0].layer.is_input):
                return self._unpacked(layer, given[0], node)
            self._give_input(layer, given[0].layer)
        layer.calls.append(CallValue(given, named, node.lineno))
        return Results(layer, len(layer.calls) - 1)

    def _give_input(self, model: ModelValue, given: LayerValue) -> None:
        """Give a Sequential the shape of the Input on which it is called, as Keras does."""
        config = {key: value for key, value in given.config.items() if key in ("batch_shape", "dtype")}
        inputs = LayerValue("InputLayer", self._name(None, "InputLayer"), config, model.line, given.spec, is_input=True)
        inputs.calls.append(CallValue([], {}, model.line))
        model.layers.insert(0, inputs)

    def _unpacked(self, model: ModelValue, given: Any, node: ast.Call) -> Any:
        """Call the layers of a Sequential one by one: without the shape of its input it is no model by itself."""
        self.notes.append(f"Line {node.lineno}: {model.name} has no input shape; its layers stand in the model itself.")
        for layer in model.layers:
            given = as_tensor(self.call_layer(layer, [given], {}, node))
        return given

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
        found = list(model.layers) if model.is_sequential or model.layers else reached(model)
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


def _has_shape(model: ModelValue) -> bool:
    """Return whether a Sequential says on what it is called."""
    first = model.layers[0] if model.layers else None
    if isinstance(first, ModelValue):
        return not first.is_sequential or _has_shape(first)
    return first is not None and (first.is_input or "batch_input_shape" in first.config)


def _as_text(value: Any) -> Any:
    """Return an argument of a layer that is not in the catalog: code as its text, which is kept and never run."""
    match value:
        case Function(definition=definition):
            return ast.unparse(definition)[:2_000]
        case Unknown(text=text):
            return text
        case list() | tuple():
            return [_as_text(item) for item in value]
        case dict():
            return {key: _as_text(item) for key, item in value.items()}
        case _:
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
