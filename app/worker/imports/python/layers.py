"""Layers, operations and other objects of Keras in a script, and calls of them."""

import ast
from collections import Counter
from collections.abc import Callable
from typing import Any

from app.catalog.model import Catalog, Kind, ObjectSpec
from app.codegen.names import snake_case
from app.worker.imports.python.names import Function
from app.worker.imports.python.own_code import OwnCode
from app.worker.imports.python.reach import gives_several
from app.worker.imports.python.reader import Reader
from app.worker.imports.python.schedules import schedule_of
from app.worker.imports.python.values import (
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
    is_plain,
)
from app.worker.imports.python.words import OPERATORS


class Layers:
    """Makes the values of layers, named as Keras names them, and of what their calls give."""

    def __init__(self, reader: Reader, catalog: Catalog, own: OwnCode | None = None) -> None:
        self.notes: list[str] = []
        self._reader = reader
        self._catalog = catalog
        self._own = own
        self.custom_objects: dict[str, Any] = {}
        """What the script has Keras know by name, beyond what Keras has."""
        self._counts: Counter[str] = Counter()
        self._names: set[str] = set()

    @property
    def catalog(self) -> Catalog:
        """What a script may name: what Keras has, and what the script defines as far as it is read."""
        return self._catalog if self._own is None else self._own.catalog

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
        layer.spec = self.catalog.find(Kind.LAYER, "InputLayer")
        layer.config["batch_shape"] = [self._constant(each, node) for each in whole] if whole is not None else None
        layer.calls.append(CallValue([], {}, node.lineno))
        return layer if name == "InputLayer" else Tensor(layer, 0)

    def _layer(self, name: str, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> LayerValue:
        spec = self.catalog.find(Kind.LAYER, name)
        if name == "Lambda" and (found := self._lambda(args, kwargs, node)) is not None:
            return found
        if spec is None or spec.marker:
            config = {key: as_text(value) for key, value in kwargs.items()}
            label = config.pop("name", None)
            if args:
                config["arguments"] = [as_text(value) for value in args]
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
        """Return what does the same as a `Lambda`: an `Expression`, else a layer of own code; None without either."""
        function = kwargs.get("function", args[0] if args else None)
        if not isinstance(function, Function) or "mask" in kwargs:
            return None
        from app.worker.imports.python.lambdas import expression_of  # knows the layer, and so Keras

        rest = {key: value for key, value in kwargs.items() if key not in ("function", "output_shape", "arguments")}
        arguments = kwargs.get("arguments") or {}
        text = None if arguments else expression_of(function.definition, self._known_in(function))
        if text is not None:
            layer = self._layer("Expression", [text], rest, node)
            self.notes.append(f"Line {node.lineno}: a Lambda became the Expression {layer.name}, {text}.")
            return layer
        if self._own is None or not is_plain(arguments) or not all(map(str.isidentifier, arguments)):
            return None
        label = kwargs.get("name")
        called = label if isinstance(label, str) and label.isascii() and label.isidentifier() else ""
        name = self._own.of_function(Kind.LAYER, function, called, arguments)
        return None if name is None else self._layer(name, [], rest, node)

    def _known_in(self, function: Function) -> Callable[[ast.expr], Any]:
        return lambda node: self._reader.plain(node, function.scope)

    def handed(self, kind: Kind | None, value: Any) -> Any:
        """Return own code for a function, or the name of one, that is handed to Keras as an object of `kind`."""
        if kind is None or self._own is None:
            return value
        found = self.custom_objects.get(value, value) if isinstance(value, str) else value
        if isinstance(found, LayerValue) and found.class_name == "Activation":
            found = found.config.get("activation")
        name = self._own.of_function(kind, found) if isinstance(found, Function) else None
        if name is None:
            return found if isinstance(found, str) else value
        return name if kind.is_function else Made(kind, name, {})

    def _bound(self, spec: ObjectSpec, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> dict[str, Any]:
        names = [param.name for param in spec.params]
        if len(args) > len(names):
            raise self._reader.fail(node, f"{spec.name} does not take so many arguments.")
        given = dict(zip(names, args, strict=False)) | kwargs
        kinds = {param.name: param.object_kind for param in spec.params}
        return {key: self.handed(kinds.get(key), value) for key, value in given.items()}

    def _object(self, kind: Kind, name: str, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> Any:
        spec = self.catalog.find(kind, name)
        if name == "LearningRateScheduler" and (found := self._schedule(args, kwargs)) is not None:
            return found
        if spec is None:
            if kind is Kind.REGULARIZER and name in ("l1", "l2", "l1_l2"):
                spec = self.catalog.find(kind, {"l1": "L1", "l2": "L2", "l1_l2": "L1L2"}[name])
            elif name == "get" and args:
                return args[0]
        if spec is None:
            return Made(kind, name, dict(kwargs))
        return Made(kind, spec.name, self._bound(spec, args, kwargs, node))

    def _schedule(self, args: list[Any], kwargs: dict[str, Any]) -> Made | None:
        """Return the callback that sets the rate as a function says: in one line, else by own code."""
        given = dict(zip(("schedule", "verbose"), args, strict=False)) | kwargs
        function = given.pop("schedule", None)
        if not isinstance(function, Function):
            return None
        line = schedule_of(function.definition, self._known_in(function))
        if line is not None:
            return Made(Kind.CALLBACK, "LearningRateScheduler", {"schedule": line, **given})
        name = self._own.of_function(Kind.CALLBACK, function) if self._own is not None else None
        return None if name is None else Made(Kind.CALLBACK, name, given)

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

    def _constant(self, value: Any, node: Any) -> Any:
        if isinstance(value, Unknown):
            raise self._reader.fail(node, f"{value.text[:80]} is not known without running the script.")
        if isinstance(value, tuple | list):
            return [self._constant(item, node) for item in value]
        return value

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
        spec = self.catalog.find(Kind.LAYER, name)
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
        spec = self.catalog.find(Kind.LAYER, OPERATORS.get(name, ""))
        if spec is None:
            raise self._reader.fail(node, "tensors cannot be computed so.")
        names = [port.argument for port in spec.inputs]
        return self._operated(spec, dict(zip(names, args, strict=False)), node)

    def index(self, tensor: Any, key: Any, node: ast.expr) -> Any:
        """`x[0]` of what a call gives is its first result where it has several, else a slice."""
        if isinstance(tensor, Results) and isinstance(key, int) and key >= 0 and gives_several(tensor.layer):
            return Tensor(tensor.layer, tensor.call, key)
        spec = self.catalog.find(Kind.LAYER, "ops.getitem")
        if spec is None or holds_symbolic(list(key) if isinstance(key, tuple) else [key]):
            raise self._reader.fail(node, "an index is made of integers, slices, ... and None.")
        return self._operated(spec, {"x": tensor, "key": key}, node)


def _has_shape(model: ModelValue) -> bool:
    """Return whether a Sequential says on what it is called."""
    first = model.layers[0] if model.layers else None
    if isinstance(first, ModelValue):
        return not first.is_sequential or _has_shape(first)
    return first is not None and (first.is_input or "batch_input_shape" in first.config)


def as_text(value: Any) -> Any:
    """Return an argument of a layer that is not in the catalog: code as its text, which is kept and never run."""
    match value:
        case Function(definition=definition):
            return ast.unparse(definition)[:2_000]
        case Unknown(text=text):
            return text
        case list() | tuple():
            return [as_text(item) for item in value]
        case dict():
            return {key: as_text(item) for key, item in value.items()}
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
