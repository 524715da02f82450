"""A design resolved into what to build, in which order."""

from collections.abc import Mapping
from functools import lru_cache

from pydantic import JsonValue

from app.catalog.model import Catalog, ObjectSpec
from app.document.model import GraphDocument, Layer
from app.graph.check import Survey, survey
from app.graph.model import Call, LayerInstance, Plan, PlannedInput, PlannedOutput, Source
from app.graph.ports import find_port

OWN_PARAMS = frozenset({"position", "name"})
"""Parameters of a document's layer that Keras' constructor does not get from `params`."""


def make_plan(document: GraphDocument, catalog: Catalog) -> Plan:
    """Return the plan of what leads to an Output; never raises on a document that `check` finds without errors."""
    return plan_of(survey(document, catalog))


def plan_of(found: Survey) -> Plan:
    """Return the plan of a survey that was made already."""
    order = [node for node in found.topology.order if node in found.built and found.spec_of(node)]
    inputs = _ends(found, order, "input")
    outputs = _ends(found, order, "output")
    calls = tuple(call_of(found, node) for node in order if not found.marker_of(node))
    layer_ids = {found.document.nodes[node].layer for node in order if found.marker_of(node) != "output"}
    layers = {layer_id: _instance(layer_id, found.document.layers[layer_id]) for layer_id in sorted(layer_ids)}
    planned_outputs = tuple(
        PlannedOutput(node=node, name=found.name_of(node), source=_source(found, node)) for node in outputs
    )
    return Plan(
        name=found.document.meta.name,
        catalog=found.document.catalog,
        layers=layers,
        inputs=tuple(PlannedInput(node=node, layer=found.document.nodes[node].layer) for node in inputs),
        calls=calls,
        outputs=planned_outputs,
        sequential=_is_sequential(found, inputs, calls, planned_outputs),
    )


def call_of(found: Survey, node: str) -> Call:
    """Return the call that `node` stands for, its arguments in the order of Keras' `call`."""
    layer_id = found.document.nodes[node].layer
    spec, ports = found.specs[layer_id], found.inputs[layer_id]
    sources: dict[str, list[Source]] = {port.argument: [] for port in ports}
    positions = {port.name: index for index, port in enumerate(ports)}
    wires = [
        (positions[port.name], index, port, wire)
        for index, wire in enumerate(found.topology.incoming[node])
        if (port := find_port(ports, wire.target_port))
    ]
    for _, _, port, wire in sorted(wires, key=lambda item: item[:2]):
        sources[port.argument].append(_at(wire.source, wire.source_port))
    return Call(
        node=node,
        layer=layer_id,
        arguments={
            argument: tuple(found_sources) if _takes_list(spec, argument) else found_sources[0]
            for argument, found_sources in sources.items()
            if found_sources
        },
        outputs=tuple(port.name for port in found.outputs[layer_id]),
        constants=found.document.nodes[node].arguments,
    )


@lru_cache(maxsize=50_000)
def _at(node: str, port: str) -> Source:
    return Source(node=node, port=port)


def _takes_list(spec: ObjectSpec, argument: str) -> bool:
    ports = [port for port in spec.inputs if port.argument == argument]
    return len(ports) > 1 or ports[0].variadic


def _instance(layer_id: str, layer: Layer) -> LayerInstance:
    params = {name: value for name, value in layer.params.items() if name not in OWN_PARAMS}
    return LayerInstance(id=layer_id, class_name=layer.class_name, name=layer.name, params=params)


def _ends(found: Survey, order: list[str], marker: str) -> list[str]:
    """Return the Input or Output nodes in `order` by their `position`, then by id."""
    nodes = [node for node in order if found.marker_of(node) == marker]
    return sorted(nodes, key=lambda node: (_position(found.layer_of(node).params), node))


def _position(params: Mapping[str, JsonValue]) -> float:
    position = params.get("position")
    return position if isinstance(position, int | float) else 0


def _source(found: Survey, node: str) -> Source:
    wire = found.topology.incoming[node][0]
    return Source(node=wire.source, port=wire.source_port)


def _is_sequential(
    found: Survey, inputs: list[str], calls: tuple[Call, ...], outputs: tuple[PlannedOutput, ...]
) -> bool:
    """Return whether the graph is one chain from one input to one output in which no layer is called twice."""
    if len(inputs) != 1 or len(outputs) != 1 or not calls:
        return False
    if len({call.layer for call in calls}) != len(calls):
        return False
    previous = Source(node=inputs[0], port="output")
    for call in calls:
        first = found.inputs[call.layer][0].argument
        if call.arguments != {first: previous} or call.constants or len(call.outputs) != 1:
            return False
        previous = Source(node=call.node, port=call.outputs[0])
    return outputs[0].source == previous
