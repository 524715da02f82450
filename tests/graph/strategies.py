"""Random designs that are always in order, for laws: small, with everything that a graph can have.

`designs()` draws several inputs and outputs, shared layers, nested models (in one another too), wrappers, recurrent
layers with states, operations, merges and call arguments. Every node leads to an Output.
"""

from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

from app.document.model import GraphDocument
from app.document.read import validate_document

Shape = tuple[int, ...]
"""Of one sample, without the batch."""

Tensor = tuple[str, str, Shape]
"""Node, output port, shape."""

WIDTHS = (2, 3, 4)
STEPS = (3, 4)


@st.composite
def designs(draw: st.DrawFn, across: bool = False, references: bool = False) -> GraphDocument:
    """Draw a design without errors.

    With `across`, layers may be called in several graphs, and with `references`, wrappers may hold layers that the
    design calls elsewhere: a model file of Keras says neither.
    """
    sketch = _Sketch(draw, across, references)
    inner: list[_Inside] = []
    for number in range(draw(st.integers(0, 2))):
        graph = f"g{number}"
        sketch.document["graphs"][graph] = {"name": f"Inside {number}", "model_class": draw(_model_classes)}
        inner.append(sketch.graph(graph, inner, draw(st.integers(1, 4))))
    sketch.document["meta"] = {"name": "Drawn", "model_class": draw(_model_classes), "model_name": draw(_model_names)}
    sketch.graph("", inner, draw(st.integers(1, 7)))
    return validate_document(sketch.document)


_model_classes = st.sampled_from(["auto", "Functional"])
_model_names = st.sampled_from(["", "network", "a_b"])


class _Inside:
    """A graph that was drawn: its id, and the shapes of its ports."""

    def __init__(self, graph: str, inputs: list[Shape], outputs: list[Shape]) -> None:
        self.graph, self.inputs, self.outputs = graph, inputs, outputs


class _Sketch:
    def __init__(self, draw: st.DrawFn, across: bool, references: bool) -> None:
        self.draw = draw
        self.across = across
        self.references = references
        self.document: dict[str, Any] = {"graphs": {}, "layers": {}, "nodes": {}, "edges": {}}
        self.graph_id = ""
        self.inner: list[_Inside] = []
        self.tensors: list[Tensor] = []
        self.shareable: list[tuple[str, Shape, Shape, str]] = []

    def graph(self, graph: str, inner: list[_Inside], steps: int) -> _Inside:
        """Draw one graph; every tensor that nothing takes becomes an output."""
        self.graph_id, self.inner, self.tensors = graph, list(inner), []
        if not self.across:
            self.shareable = []
        shapes = self.draw(st.lists(_shapes, min_size=1, max_size=2))
        for position, shape in enumerate(shapes):
            params = {"shape": list(shape), "position": position}
            self.tensors.append((self.node(self.layer("InputLayer", params)), "output", shape))
        for tensor in list(self.tensors):
            self.dense(tensor)
        for _ in range(steps):
            self.draw(st.sampled_from(_STEPS))(self)
        outputs = []
        for position, (node, port, shape) in enumerate(self.loose()):
            end = self.node(self.layer("Output", {"position": position}))
            self.wire((node, port, shape), end, "input")
            outputs.append(shape)
        return _Inside(graph, shapes, outputs)

    def layer(self, class_name: str, params: dict[str, Any]) -> str:
        number = len(self.document["layers"])
        layer = f"l{number}"
        name = f"{class_name.lower().replace('.', '_')}_{number}"
        self.document["layers"][layer] = {"class_name": class_name, "name": name, "params": params}
        return layer

    def node(self, layer: str, arguments: dict[str, Any] | None = None) -> str:
        node = f"n{len(self.document['nodes'])}"
        self.document["nodes"][node] = {"layer": layer, "graph": self.graph_id, "arguments": arguments or {}}
        return node

    def wire(self, tensor: Tensor, node: str, port: str) -> None:
        self.document["edges"][f"{tensor[0]}:{tensor[1]}->{node}:{port}"] = {}

    def loose(self) -> list[Tensor]:
        taken = {edge.split("->")[0] for edge in self.document["edges"]}
        return [tensor for tensor in self.tensors if f"{tensor[0]}:{tensor[1]}" not in taken]

    def pick(self, tensors: Iterable[Tensor] | None = None) -> Tensor:
        """Draw a tensor, a loose one sooner than others."""
        offered = list(self.tensors if tensors is None else tensors)
        loose = [tensor for tensor in self.loose() if tensor in offered]
        return self.draw(st.sampled_from([*loose, *offered]))

    def sequence(self) -> Tensor:
        """Draw a sequence; without one, make it of a vector."""
        found = [tensor for tensor in self.tensors if len(tensor[2]) == 2]
        if found:
            return self.pick(found)
        tensor = self.pick()
        steps = self.draw(st.sampled_from(STEPS))
        return self.call("RepeatVector", {"n": steps}, [("input", tensor)], [("output", (steps, *tensor[2]))])[0]

    def call(
        self,
        class_name: str,
        params: dict[str, Any],
        inputs: list[tuple[str, Tensor]],
        outputs: list[tuple[str, Shape]],
        arguments: dict[str, Any] | None = None,
    ) -> list[Tensor]:
        layer = self.layer(class_name, params)
        if len(inputs) == len(outputs) == 1 and not class_name.startswith("ops."):
            self.shareable.append((layer, inputs[0][1][2], outputs[0][1], inputs[0][0]))
        return self.call_layer(layer, inputs, outputs, arguments)

    def call_layer(
        self,
        layer: str,
        inputs: list[tuple[str, Tensor]],
        outputs: list[tuple[str, Shape]],
        arguments: dict[str, Any] | None = None,
    ) -> list[Tensor]:
        node = self.node(layer, arguments)
        for port, tensor in inputs:
            self.wire(tensor, node, port)
        made = [(node, port, shape) for port, shape in outputs]
        self.tensors += made
        return made

    def one(self, class_name: str, params: dict[str, Any], tensor: Tensor, shape: Shape, **arguments: Any) -> None:
        self.call(class_name, params, [("input", tensor)], [("output", shape)], arguments)

    def width(self) -> int:
        return self.draw(st.sampled_from(WIDTHS))

    def dense(self, tensor: Tensor | None = None) -> None:
        tensor = tensor or self.pick()
        units = self.width()
        params: dict[str, Any] = {"units": units}
        if self.draw(st.booleans()):
            params["activation"] = self.draw(st.sampled_from(["relu", "tanh"]))
        if self.draw(st.booleans()):
            params["kernel_regularizer"] = {"class_name": "L2", "config": {"l2": 0.5}}
        self.one("Dense", params, tensor, (*tensor[2][:-1], units))

    def same_shape(self) -> None:
        tensor = self.pick()
        class_name, params = self.draw(
            st.sampled_from(
                [
                    ("LayerNormalization", {}),
                    ("BatchNormalization", {"momentum": 0.5}),
                    ("Dropout", {"rate": 0.25}),
                    ("Activation", {"activation": "gelu"}),
                    ("LeakyReLU", {"negative_slope": 0.125}),
                    ("GaussianNoise", {"stddev": 0.5}),
                ]
            )
        )
        arguments = {"training": False} if class_name == "Dropout" and self.draw(st.booleans()) else {}
        self.one(class_name, dict(params), tensor, tensor[2], **arguments)

    def frozen(self) -> None:
        tensor = self.pick()
        self.one("Dense", {"units": 2, "trainable": False}, tensor, (*tensor[2][:-1], 2))

    def recurrent(self) -> None:
        tensor, units = self.sequence(), self.width()
        class_name = self.draw(st.sampled_from(["LSTM", "GRU", "SimpleRNN"]))
        sequences, states = self.draw(st.booleans()), self.draw(st.booleans())
        params = {"units": units, "return_sequences": sequences, "return_state": states}
        outputs: list[tuple[str, Shape]] = [("output", (tensor[2][0], units) if sequences else (units,))]
        if states:
            outputs.append(("state_h", (units,)))
            outputs += [("state_c", (units,))] if class_name == "LSTM" else []
        inputs = [("input", tensor)]
        fitting = [each for each in self.tensors if each[2] == (units,)]
        if fitting and self.draw(st.booleans()):
            count = 2 if class_name == "LSTM" else 1
            inputs += [(f"initial_state.{index}", self.pick(fitting)) for index in range(count)]
        self.call(class_name, params, inputs, outputs)

    def cells(self) -> None:
        tensor, units = self.sequence(), self.width()
        last = {"class_name": "GRUCell", "config": {"units": units}}
        cells = [{"class_name": "LSTMCell", "config": {"units": 3}}, last]
        cell = self.draw(st.sampled_from([last, {"class_name": "StackedRNNCells", "config": {"cells": cells}}]))
        self.one("RNN", {"cell": cell}, tensor, (units,))

    def both_ways(self) -> None:
        tensor, units = self.sequence(), self.width()
        params: dict[str, Any] = {"layer": {"class_name": "GRU", "config": {"units": units}}}
        if self.draw(st.booleans()):
            config = {"units": units, "go_backwards": True, "activation": "relu"}
            params["backward_layer"] = {"class_name": "GRU", "config": config}
        if self.draw(st.booleans()):
            self.one("Bidirectional", params, tensor, (2 * units,))
            return
        outputs: list[tuple[str, Shape]] = [("output", (units,)), ("backward_output", (units,))]
        self.call("Bidirectional", {**params, "merge_mode": None}, [("input", tensor)], outputs)

    def each_step(self) -> None:
        tensor, units = self.sequence(), self.width()
        inside: dict[str, Any] = {"class_name": "Dense", "config": {"units": units}}
        shape: Shape = (tensor[2][0], units)
        models = [each for each in self.inner if each.inputs == [tensor[2][1:]] and len(each.outputs) == 1]
        known = [each for each in self.shareable if each[1] == tensor[2][1:] and each[3] == "input"]
        if models and self.draw(st.booleans()):
            model = self.draw(st.sampled_from(models))
            inside = {"class_name": "Model", "config": {"graph": model.graph, "name": "each"}}
            shape = (tensor[2][0], *model.outputs[0])
        elif self.references and known and self.draw(st.booleans()):
            layer, _, given, _ = self.draw(st.sampled_from(known))
            inside = {"layer": layer}
            shape = (tensor[2][0], *given)
        self.one("TimeDistributed", {"layer": inside}, tensor, shape)

    def spectral(self) -> None:
        tensor, units = self.pick(), self.width()
        inside = {"class_name": "Dense", "config": {"units": units}}
        self.one("SpectralNormalization", {"layer": inside}, tensor, (*tensor[2][:-1], units))

    def over_steps(self) -> None:
        tensor, filters = self.sequence(), self.width()
        if self.draw(st.booleans()):
            self.one("GlobalAveragePooling1D", {}, tensor, tensor[2][1:])
        else:
            params = {"filters": filters, "kernel_size": 2, "padding": "same"}
            self.one("Conv1D", params, tensor, (tensor[2][0], filters))

    def flatten(self) -> None:
        tensor = self.sequence()
        self.one("Flatten", {}, tensor, (tensor[2][0] * tensor[2][1],))

    def attention(self) -> None:
        query = self.sequence()
        value = self.pick([each for each in self.tensors if len(each[2]) == 2 and each[2][1] == query[2][1]])
        inputs = [("query", query), ("value", value)]
        if self.draw(st.booleans()):
            self.call("Attention", {}, inputs, [("output", query[2])])
        else:
            arguments = {"use_causal_mask": True} if self.draw(st.booleans()) else {}
            params = {"num_heads": 2, "key_dim": 2}
            self.call("MultiHeadAttention", params, inputs, [("output", query[2])], arguments)

    def merge(self) -> None:
        first = self.pick()
        others = [each for each in self.tensors if each[2] == first[2]]
        class_name = self.draw(st.sampled_from(["Add", "Multiply", "Average", "Maximum", "Minimum", "Subtract"]))
        count = 2 if class_name == "Subtract" else self.draw(st.integers(2, 3))
        tensors = [first, *(self.pick(others) for _ in range(count - 1))]
        inputs = [(f"inputs.{index}", tensor) for index, tensor in enumerate(tensors)]
        self.call(class_name, {}, inputs, [("output", first[2])])

    def concatenate(self) -> None:
        first = self.pick()
        other = self.pick([each for each in self.tensors if each[2][:-1] == first[2][:-1]])
        inputs = [("inputs.0", first), ("inputs.1", other)]
        self.call("Concatenate", {}, inputs, [("output", (*first[2][:-1], first[2][-1] + other[2][-1]))])

    def again(self) -> None:
        """Call a layer once more, on a tensor of the shape that it knows."""
        shapes = {tensor[2] for tensor in self.tensors}
        known = [each for each in self.shareable if each[1] in shapes]
        if not known:
            self.dense()
            return
        layer, taken, given, port = self.draw(st.sampled_from(known))
        tensor = self.pick([each for each in self.tensors if each[2] == taken])
        self.call_layer(layer, [(port, tensor)], [("output", given)])

    def model(self) -> None:
        """Call a nested model: a new instance, or one that was called before."""
        shapes = {tensor[2] for tensor in self.tensors}
        fitting = [each for each in self.inner if set(each.inputs) <= shapes]
        if not fitting:
            self.dense()
            return
        model = self.draw(st.sampled_from(fitting))
        layers, nodes = self.document["layers"], self.document["nodes"]
        instances = [
            key
            for key, layer in layers.items()
            if layer["params"].get("graph") == model.graph
            and any(node["layer"] == key and node["graph"] == self.graph_id for node in nodes.values())
        ]
        if instances and self.draw(st.booleans()):
            layer = self.draw(st.sampled_from(instances))
        else:
            frozen = {"trainable": False} if self.draw(st.booleans()) else {}
            layer = self.layer("Model", {"graph": model.graph, **frozen})
        inputs = [
            (f"inputs.{index}", self.pick([each for each in self.tensors if each[2] == shape]))
            for index, shape in enumerate(model.inputs)
        ]
        self.call_layer(layer, inputs, [(f"outputs.{index}", shape) for index, shape in enumerate(model.outputs)])

    def operation(self) -> None:
        tensor = self.pick()
        shape = tensor[2]
        same = [each for each in self.tensors if each[2] == shape]
        kind = self.draw(st.sampled_from(["unary", "constant", "pair", "mean", "item", "join"]))
        if kind == "unary":
            function = self.draw(st.sampled_from(["ops.tanh", "ops.exp", "ops.relu", "ops.square"]))
            self.call(function, {}, [("x", tensor)], [("output", shape)])
        elif kind == "constant":
            function = self.draw(st.sampled_from(["ops.add", "ops.multiply", "ops.subtract", "ops.maximum"]))
            port, other = self.draw(st.permutations(["x1", "x2"]))
            self.call(function, {other: 1.5}, [(port, tensor)], [("output", shape)])
        elif kind == "pair":
            function = self.draw(st.sampled_from(["ops.add", "ops.multiply", "ops.subtract"]))
            self.call(function, {}, [("x1", tensor), ("x2", self.pick(same))], [("output", shape)])
        elif kind == "mean":
            params = {"axis": -1, "keepdims": True}
            self.call("ops.mean", params, [("x", tensor)], [("output", (*shape[:-1], 1))])
        elif kind == "item":
            self.call(
                "ops.getitem", {"key": "..., :2"}, [("x", tensor)], [("output", (*shape[:-1], min(shape[-1], 2)))]
            )
        else:
            inputs = [("xs.0", tensor), ("xs.1", self.pick(same))]
            self.call("ops.concatenate", {"axis": -1}, inputs, [("output", (*shape[:-1], 2 * shape[-1]))])


_shapes = st.one_of(st.tuples(st.sampled_from(WIDTHS)), st.tuples(st.sampled_from(STEPS), st.sampled_from(WIDTHS)))

_STEPS = [
    _Sketch.dense,
    _Sketch.same_shape,
    _Sketch.frozen,
    _Sketch.recurrent,
    _Sketch.cells,
    _Sketch.both_ways,
    _Sketch.each_step,
    _Sketch.spectral,
    _Sketch.over_steps,
    _Sketch.flatten,
    _Sketch.attention,
    _Sketch.merge,
    _Sketch.concatenate,
    _Sketch.again,
    _Sketch.model,
    _Sketch.model,
    _Sketch.operation,
    _Sketch.operation,
]
