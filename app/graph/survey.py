"""A document read against the catalog: what check, plan and analysis have in common."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Final, NamedTuple

from pydantic import JsonValue

from app.catalog.model import Catalog, Kind, ObjectSpec, PortSpec
from app.catalog.ports import input_ports, output_ports
from app.catalog.validate import Fault, validate_params
from app.document.model import GraphDocument, Layer
from app.graph import fixes
from app.graph.model import Fix, Problem
from app.graph.nesting import NOTHING, Ends, Held, Nesting, follow, read_held, read_nesting, with_references
from app.graph.ports import find_port
from app.graph.topology import (
    Topology,
    Wire,
    calls_by_layer,
    forget_topologies,
    read_topology,
    read_wire,
    upstream_of,
)

_CALLABLE: Final = frozenset({"duplicate_name", "invalid_name", "dangling_edge", "wire_between_graphs"})
"""Faults that keep a model from being built, but not a node from being analysed."""

_REMEMBERED: Final = 50_000

_canonical: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


@dataclass
class Survey:
    """A document read against the catalog.

    `specs`, `configs` (the parameters as canonical JSON), `faults`, `inputs` and `outputs` describe layers of known
    class, by layer id; `markers` has those that stand for something other than a layer of Keras, `held` those that hold
    other layers, graphs or own code. `ends` and `nodes` (sources first) are by graph. `nesting` is how graphs hold one
    another, `building` the same of what is built. `faulty` are the nodes that cannot be called; `built` are those that
    lead to an Output, in the design or in a nested model that it uses.
    """

    document: GraphDocument
    catalog: Catalog
    topology: Topology
    calls: Mapping[str, list[str]]
    nesting: Nesting = field(default_factory=Nesting)
    building: Nesting = field(default_factory=Nesting)
    ends: dict[str, Ends] = field(default_factory=dict)
    nodes: dict[str, list[str]] = field(default_factory=dict)
    specs: dict[str, ObjectSpec] = field(default_factory=dict)
    markers: dict[str, str] = field(default_factory=dict)
    configs: dict[str, str] = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    inputs: dict[str, Sequence[PortSpec]] = field(default_factory=dict)
    outputs: dict[str, Sequence[PortSpec]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    faulty: set[str] = field(default_factory=set)
    built: set[str] = field(default_factory=set)
    _live: dict[str, set[str]] = field(default_factory=dict)
    _loose: dict[str, list[str]] = field(default_factory=dict)
    _above: dict[str, set[str]] = field(default_factory=dict)

    def layer_of(self, node: str) -> Layer:
        return self.document.layers[self.document.nodes[node].layer]

    def name_of(self, node: str) -> str:
        layer = self.document.layers.get(self.document.nodes[node].layer)
        return layer.name if layer else node

    def graph_of(self, node: str) -> str:
        return self.document.nodes[node].graph

    def spec_of(self, node: str) -> ObjectSpec | None:
        return self.specs.get(self.document.nodes[node].layer)

    def marker_of(self, node: str) -> str:
        return self.markers.get(self.document.nodes[node].layer, "")

    def inputs_of(self, node: str) -> Sequence[PortSpec]:
        return self._ports_of(node, self.inputs, input_ports)

    def outputs_of(self, node: str) -> Sequence[PortSpec]:
        """Return the output ports of a call: its arguments may add some (`return_attention_scores`)."""
        return self._ports_of(node, self.outputs, output_ports)

    def _ports_of(self, node: str, ports: Mapping[str, Sequence[PortSpec]], read: Any) -> Sequence[PortSpec]:
        call = self.document.nodes[node]
        spec = self.specs.get(call.layer) if call.arguments else None
        if spec is None or spec.marker:
            return ports.get(call.layer, ())
        params = {**self.document.layers[call.layer].params, **call.arguments}
        found: Sequence[PortSpec] = read(spec, params, partial(follow, self.document))
        return found

    def wires_of(self, node: str) -> list[Wire]:
        """Return the wires into ports that `node` has, in the order of its ports."""
        ports = self.inputs_of(node)
        positions = {port.name: index for index, port in enumerate(ports)}
        wires = [
            (positions[port.name], index, wire)
            for index, wire in enumerate(self.topology.incoming[node])
            if (port := find_port(ports, wire.target_port))
        ]
        return [wire for _, _, wire in sorted(wires, key=lambda item: item[:2])]

    def is_lone(self, node: str) -> bool:
        return not self.topology.incoming[node] and not self.topology.outgoing[node]

    def live(self, graph: str) -> set[str]:
        """Return what leads to an Output of `graph`.

        The ends of a nested model are its ports, and belong to it even where nothing leads to them.
        """
        if graph not in self._live:
            ends, incoming = self.ends.get(graph, Ends()), self.topology.incoming
            outputs = [node for node in ends.outputs if graph or incoming[node]]
            self._live[graph] = upstream_of([*outputs, *(ends.inputs if graph else ())], incoming)
        return self._live[graph]

    def loose_in(self, graph: str) -> list[str]:
        """Return the nodes of `graph` whose outputs go nowhere."""
        if graph not in self._loose:
            outgoing = self.topology.outgoing
            nodes = self.nodes.get(graph, ())
            self._loose[graph] = [node for node in nodes if not outgoing[node] and self.outputs_of(node)]
        return self._loose[graph]

    def above(self, node: str) -> set[str]:
        """Return `node` and everything that leads to it."""
        if node not in self._above:
            self._above = {node: upstream_of([node], self.topology.incoming)}
        return self._above[node]

    @cached_property
    def edges_at(self) -> Mapping[str, list[str]]:
        """The keys of all wires by the nodes that they name, those too that join nothing."""
        found: dict[str, list[str]] = {}
        for key in self.document.edges:
            wire = read_wire(key)
            for node in {wire.source, wire.target}:
                found.setdefault(node, []).append(key)
        return found

    def removal_of(self, node: str, title: str = "") -> Fix:
        """Return the fix that removes `node`."""
        alone = len(self.calls[self.document.nodes[node].layer]) == 1
        title = title or f"Remove {self.name_of(node)}"
        return fixes.remove_node(self.document, node, title, self.edges_at.get(node, ()), alone=alone)

    def callers_of(self, layer: str) -> list[str]:
        """Return the nodes that call `layer`, or else those that call a layer which refers to it."""
        if layer in self.calls:
            return self.calls[layer]
        users = [user for user in self.held if user in self.calls and layer in with_references([user], self.held)]
        return [node for user in users for node in self.calls[user]]

    def reached_graphs(self, layer: str) -> set[str]:
        """Return the graphs that `layer` names, itself or through the layers that it refers to."""
        if layer not in self.held:
            return set()
        layers = with_references([layer], self.held)
        return {graph for each in layers for graph in self.held.get(each, NOTHING).graphs}

    def report(self, *problems: Problem) -> None:
        self.problems += problems
        self.faulty.update(
            problem.node for problem in problems if problem.severity == "error" and problem.code not in _CALLABLE
        )


def read_survey(document: GraphDocument, catalog: Catalog) -> Survey:
    """Read `document`: the layers that it uses, their ports, how its graphs hold one another. Looks for no problems."""
    found = Survey(document, catalog, read_topology(document), calls_by_layer(document))
    remembered = _memory_of(document, catalog)
    waiting = list(found.calls)
    while waiting:
        layer_id = waiting.pop()
        if layer_id in found.specs or layer_id not in document.layers:
            continue
        spec = catalog.find(Kind.LAYER, document.layers[layer_id].class_name)
        if spec is None:
            continue
        config = _canonical(document.layers[layer_id].params)
        known = _known(remembered, spec, config, document.layers[layer_id].params, catalog)
        found.specs[layer_id] = spec
        if spec.marker:
            found.markers[layer_id] = spec.marker
        found.configs[layer_id] = config
        found.inputs[layer_id], found.outputs[layer_id] = known.inputs, known.outputs
        if known.faults:
            found.faults[layer_id] = known.faults
        if known.held is not NOTHING:
            found.held[layer_id] = known.held
            waiting += known.held.layers
    found.nesting = read_nesting(document, found.held, document.nodes)
    for node in [*found.topology.order, *sorted(found.topology.tangled)]:
        found.nodes.setdefault(document.nodes[node].graph, []).append(node)
    _read_ends(found)
    for layer_id in found.held:
        _read_ports(found, layer_id)
    return found


class _Known(NamedTuple):
    """What a class and its parameters say by themselves."""

    spec: ObjectSpec
    inputs: Sequence[PortSpec]
    outputs: Sequence[PortSpec]
    held: Held
    faults: list[Fault]


_memories: dict[Any, dict[tuple[str, str], _Known]] = {}


def _memory_of(document: GraphDocument, catalog: Catalog) -> dict[tuple[str, str], _Known]:
    """Return what is remembered of layers in `catalog`, which a design's own code adds to."""
    own = tuple((key, code.kind, code.name, code.source) for key, code in sorted(document.code.items()))
    if len(_memories) > 64 or sum(map(len, _memories.values())) > _REMEMBERED:
        _memories.clear()
    return _memories.setdefault((catalog.version, hash(own) if own else 0), {})


def forget() -> None:
    """Forget what is remembered of layers and of how nodes hang together."""
    _memories.clear()
    forget_topologies()


def _known(
    remembered: dict[tuple[str, str], _Known],
    spec: ObjectSpec,
    config: str,
    params: Mapping[str, JsonValue],
    catalog: Catalog,
) -> _Known:
    known = remembered.get((spec.name, config))
    if known is None or known.spec is not spec:
        known = remembered[spec.name, config] = _Known(
            spec,
            input_ports(spec, params),
            output_ports(spec, params),
            read_held(spec, params, catalog),
            validate_params(spec, params, catalog),
        )
    return known


def _read_ends(found: Survey) -> None:
    ends: dict[str, tuple[list[str], list[str]]] = {}
    for node, call in found.document.nodes.items():
        marker = found.marker_of(node)
        if marker in {"input", "output"}:
            inputs, outputs = ends.setdefault(call.graph, ([], []))
            (inputs if marker == "input" else outputs).append(node)
    found.ends = {graph: Ends(_by_position(found, one), _by_position(found, two)) for graph, (one, two) in ends.items()}


def _by_position(found: Survey, nodes: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(nodes, key=lambda node: (_position(found.layer_of(node).params), node)))


def _position(params: Mapping[str, JsonValue]) -> float:
    position = params.get("position")
    return position if isinstance(position, int | float) else 0


def _read_ports(found: Survey, layer_id: str) -> None:
    spec, params = found.specs[layer_id], found.document.layers[layer_id].params
    if spec.marker == "model":
        graph = params.get("graph")
        ends = found.ends.get(graph, Ends()) if isinstance(graph, str) else Ends()
        found.inputs[layer_id] = _ports(found, "inputs", ends.inputs)
        found.outputs[layer_id] = _ports(found, "outputs", ends.outputs)
    elif found.held[layer_id].layers:
        refer = partial(follow, found.document)
        found.inputs[layer_id] = input_ports(spec, params, refer)
        found.outputs[layer_id] = output_ports(spec, params, refer)


def _ports(found: Survey, name: str, nodes: Sequence[str]) -> tuple[PortSpec, ...]:
    """Return a port for each end of a nested model; its help is the name of that end."""
    return tuple(
        PortSpec(name=f"{name}.{index}", argument="inputs", help=found.name_of(node))
        for index, node in enumerate(nodes)
    )
