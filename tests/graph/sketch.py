"""A design while it is drawn: its document so far, and the tensors that the next step may take."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from hypothesis import strategies as st

Shape = tuple[int, ...]
"""Of one sample, without the batch."""

Tensor = tuple[str, str, Shape]
"""Node, output port, shape."""

WIDTHS = (2, 3, 4)
STEPS = (3, 4)


class Inside(NamedTuple):
    """A nested graph that was drawn: its id, and the shapes of its ports."""

    graph: str
    inputs: list[Shape]
    outputs: list[Shape]


class Shareable(NamedTuple):
    """A layer that takes one tensor and gives one: its id, the two shapes, and the port that it takes it at."""

    layer: str
    taken: Shape
    given: Shape
    port: str


class Sketch:
    """One design; `graph_id` is the graph that is drawn, `tensors` are those in it.

    With `across`, a layer of one graph may be called in another; with `references`, wrappers may hold layers of the
    design. With a batch size, every input has it, and layers may be stateful.
    """

    def __init__(self, draw: st.DrawFn, across: bool, references: bool) -> None:
        self.draw = draw
        self.across = across
        self.references = references
        self.batch_size = draw(st.sampled_from([None, None, None, 2]))
        self.document: dict[str, Any] = {"graphs": {}, "layers": {}, "nodes": {}, "edges": {}}
        self.graph_id = ""
        self.inner: list[Inside] = []
        self.tensors: list[Tensor] = []
        self.shareable: list[Shareable] = []

    def begin(self, graph: str, inner: list[Inside]) -> None:
        self.graph_id, self.inner, self.tensors = graph, list(inner), []
        if not self.across:
            self.shareable = []

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

    def input(self, shape: Shape, position: int, **params: Any) -> Tensor:
        batch = {} if self.batch_size is None else {"batch_size": self.batch_size}
        layer = self.layer("InputLayer", {"shape": list(shape), "position": position, **batch, **params})
        return self.node(layer), "output", shape

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
            self.shareable.append(Shareable(layer, inputs[0][1][2], outputs[0][1], inputs[0][0]))
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

    def one(self, class_name: str, params: dict[str, Any], tensor: Tensor, shape: Shape, **arguments: Any) -> Tensor:
        return self.call(class_name, params, [("input", tensor)], [("output", shape)], arguments)[0]

    # Choices

    def chance(self) -> bool:
        return self.draw(st.booleans())

    def width(self) -> int:
        return self.draw(st.sampled_from(WIDTHS))

    def loose(self) -> list[Tensor]:
        """Return the tensors that nothing takes yet."""
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
        return self.pick(found) if found else self.fitted((self.draw(st.sampled_from(STEPS)), self.width()))

    def fitted(self, shape: Shape) -> Tensor:
        """Draw a tensor of this shape; without one, make it of another."""
        found = [tensor for tensor in self.tensors if tensor[2] == shape]
        if found:
            return self.pick(found)
        tensor = self.pick()
        if len(tensor[2]) > 1:
            tensor = self.one("Flatten", {}, tensor, (_size(tensor[2]),))
        if len(shape) == 2:
            repeated = self.one("RepeatVector", {"n": shape[0]}, tensor, (shape[0], *tensor[2]))
            return self.one("Dense", {"units": shape[1]}, repeated, shape)
        flat = self.one("Dense", {"units": _size(shape)}, tensor, (_size(shape),))
        return flat if len(shape) == 1 else self.one("Reshape", {"target_shape": list(shape)}, flat, shape)


def _size(shape: Shape) -> int:
    size = 1
    for each in shape:
        size *= each
    return size
