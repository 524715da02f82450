"""The place of an error, and what a rule makes of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from app.graph.check import Survey
from app.graph.model import Fix
from app.graph.topology import Wire

Shape = tuple[int | None, ...]

RECURRENT: Final = frozenset(
    {"LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"}
)


@dataclass(frozen=True)
class Site:
    """The place of an error: the design as read, the node, shapes by `node:port`, and a way to try a fix."""

    found: Survey
    node: str
    shapes: Mapping[str, Shape]
    works: Callable[[Fix], bool]

    @property
    def name(self) -> str:
        return self.found.name_of(self.node)

    @property
    def wires(self) -> list[Wire]:
        """The wires that end here, in the order in which Keras receives their tensors."""
        return self.found.wires_of(self.node)

    @property
    def params(self) -> dict[str, JsonValue]:
        return self.found.layer_of(self.node).params

    @property
    def class_name(self) -> str:
        return self.found.layer_of(self.node).class_name

    def shape_of(self, wire: Wire) -> Shape:
        """Return the shape that flows through `wire`, batch axis included; nothing where it is not known."""
        return self.shapes.get(f"{wire.source}:{wire.source_port}", ())


@dataclass
class Account:
    """What a rule makes of a message; `explain` turns it into a `Problem`."""

    code: str
    message: str
    wire: Wire | None = None
    upstream: str = ""
    param: str = ""
    expected: str = ""
    received: str = ""
    hint: str = ""
    fixes: Iterable[Fix] = field(default_factory=tuple)


def shown(shape: Iterable[int | None]) -> str:
    """Return a shape as Keras prints it: `(None, 8, 8, 1)`, `(10,)`."""
    sizes = [str(size) for size in shape]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"


def received_from(site: Site, wire: Wire | None) -> str:
    """Return what comes through `wire` and from where, or nothing where that is not known."""
    if wire is None or not site.shape_of(wire):
        return ""
    return f"{shown(site.shape_of(wire))} from {site.found.name_of(wire.source)}"
