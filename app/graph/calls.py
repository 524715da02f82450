"""Calls of layers: which tensor goes to which argument, and whether they follow one another in a chain."""

from functools import lru_cache

from app.catalog.model import Kind
from app.graph.model import Call, Source
from app.graph.nesting import Ends
from app.graph.ports import find_port
from app.graph.survey import Survey


def call_of(found: Survey, node: str) -> Call:
    """Return the call that `node` stands for, its arguments in the order of Keras' `call`."""
    layer_id = found.document.nodes[node].layer
    ports = found.inputs_of(node)
    sources: dict[str, list[Source]] = {port.argument: [] for port in ports}
    for wire in found.wires_of(node):
        port = find_port(ports, wire.target_port)
        if port is not None:
            sources[port.argument].append(_at(wire.source, wire.source_port))
    return Call(
        node=node,
        layer=layer_id,
        arguments={
            argument: tuple(found_sources) if _takes_list(found, layer_id, argument) else found_sources[0]
            for argument, found_sources in sources.items()
            if found_sources
        },
        outputs=tuple(port.name for port in found.outputs_of(node)),
        constants=found.document.nodes[node].arguments,
    )


@lru_cache(maxsize=50_000)
def _at(node: str, port: str) -> Source:
    return Source(node=node, port=port)


def _takes_list(found: Survey, layer_id: str, argument: str) -> bool:
    """Return whether Keras wants a list of tensors; a nested model with one input is called on the tensor itself."""
    spec = found.specs[layer_id]
    ports = [port for port in (found.inputs[layer_id] if spec.marker else spec.inputs) if port.argument == argument]
    return len(ports) > 1 or ports[0].variadic


def source_of(found: Survey, output: str) -> Source:
    """Return where the tensor of an Output node comes from."""
    wire = found.topology.incoming[output][0]
    return _at(wire.source, wire.source_port)


def is_chain(found: Survey, graph: str) -> bool:
    """Return whether what is built of `graph` is one chain of layers, no operations, from one Input to one Output."""
    ends = found.ends.get(graph, Ends())
    live = found.live(graph)
    inputs = [node for node in ends.inputs if node in live]
    outputs = [node for node in ends.outputs if node in live]
    if len(inputs) != 1 or len(outputs) != 1:
        return False
    seen, node = set[str](), outputs[0]
    while len(wires := found.topology.incoming[node]) == 1:
        node = wires[0].source
        if node == inputs[0]:
            return bool(seen)
        layer_id = found.document.nodes[node].layer
        if layer_id in seen or not _is_step(found, node):
            return False
        seen.add(layer_id)
    return False


def _is_step(found: Survey, node: str) -> bool:
    """Return whether `node` calls a layer on one tensor, which gives one tensor."""
    call, spec, ports = found.document.nodes[node], found.spec_of(node), found.inputs_of(node)
    if spec is None or spec.kind is Kind.OPERATION or call.arguments or len(found.outputs_of(node)) != 1:
        return False
    wires = found.topology.incoming[node]
    return (
        len(wires) == 1
        and find_port(ports, wires[0].target_port) is ports[0]
        and not _takes_list(found, call.layer, ports[0].argument)
    )
