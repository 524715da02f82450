"""What is wrong with nodes and wires: call arguments, ports, circles."""

from collections.abc import Iterator, Sequence
from typing import Final

from app.catalog.model import PortSpec
from app.graph import fixes
from app.graph.model import Fix, Problem
from app.graph.ports import find_port, first_key
from app.graph.survey import Survey
from app.graph.topology import Wire, find_cycles, read_wire

CALL_ARGUMENTS: Final = ("training", "use_causal_mask", "return_attention_scores", "reverse")
"""The call arguments that a node may set; all are booleans. Which of them a layer takes, Keras says."""


_ENDS: Final = frozenset({"input", "output"})


def node_problems(found: Survey, node: str) -> Iterator[Problem]:
    """Yield what is wrong with `node`: its arguments, its ports, whether it is connected at all."""
    if found.document.nodes[node].arguments:
        yield from _argument_problems(found, node)
    spec = found.spec_of(node)
    if spec is None:
        return
    layer_id = found.document.nodes[node].layer
    if found.is_lone(node) and not (spec.marker == "output" and _is_nested(found, node)):
        yield Problem(
            code="unconnected",
            severity="warning",
            node=node,
            message=f"{found.name_of(node)} is connected to nothing and left out.",
            hint="Draw a wire to it, or remove it.",
        )
        if not (spec.marker == "input" and _is_nested(found, node)):
            found.faulty.add(node)
        return
    if spec.marker in _ENDS and len(found.calls[layer_id]) > 1:
        yield Problem(
            code="shared_end",
            node=node,
            message=f"{found.name_of(node)} is an end of the model, and drawn more than once.",
            expected="one node",
            received=f"{len(found.calls[layer_id])} nodes",
            hint="Remove the others; one Input may feed many layers.",
        )
    yield from _port_problems(found, node)


def _is_nested(found: Survey, node: str) -> bool:
    """Return whether `node` is inside a nested model that the design uses."""
    graph = found.graph_of(node)
    return graph != "" and graph in found.nesting.used


def _argument_problems(found: Survey, node: str) -> Iterator[Problem]:
    for name, value in found.document.nodes[node].arguments.items():
        if name not in CALL_ARGUMENTS or not isinstance(value, bool):
            yield Problem(
                code="invalid_argument",
                node=node,
                param=name,
                message=f"{found.name_of(node)} is called with an argument that Layerloom does not pass on.",
                expected=f"{' or '.join(CALL_ARGUMENTS)}: true or false",
                received=f"{name}: {value!r}"[:200],
                hint="Remove the argument.",
                fix=fixes.remove_argument(node, name),
            )


def _port_problems(found: Survey, node: str) -> Iterator[Problem]:
    ports, taken, fed = found.inputs_of(node), dict[str, Wire](), set[str]()
    for wire in found.topology.incoming[node]:
        port = find_port(ports, wire.target_port)
        if port is None:
            yield _unknown_port(found, node, wire, wire.target_port, "input", ports)
            continue
        if wire.target_port in taken:
            yield _port_taken(found, node, wire, taken[wire.target_port])
        taken.setdefault(wire.target_port, wire)
        fed.add(port.name)
    outputs = found.outputs_of(node)
    for wire in found.topology.outgoing[node]:
        if find_port(outputs, wire.source_port) is None:
            yield _unknown_port(found, node, wire, wire.source_port, "output", outputs)
    for port in ports:
        if port.name not in fed and _is_needed(found, node, port):
            yield _port_unconnected(found, node, port)


def _is_needed(found: Survey, node: str, port: PortSpec) -> bool:
    """Return whether a port needs a wire; one of an operation may have a value in its place."""
    if not port.optional:
        return True
    spec = found.spec_of(node)
    if spec is None or spec.operation is None or port.argument not in spec.operation.needed:
        return False
    return found.layer_of(node).params.get(port.argument) is None


def _unknown_port(found: Survey, node: str, wire: Wire, key: str, side: str, ports: Sequence[PortSpec]) -> Problem:
    names = ", ".join(f"{port.name}.0" if port.variadic else port.name for port in ports)
    return Problem(
        code="unknown_port",
        node=node,
        port=key,
        message=f"{found.name_of(node)} has no {side} port {key}.",
        expected=names or f"no {side} at all",
        received=key,
        hint="Remove the wire and draw it to a port that exists.",
        fix=fixes.remove_edge(wire.key),
    )


def _port_taken(found: Survey, node: str, wire: Wire, first: Wire) -> Problem:
    return Problem(
        code="port_taken",
        node=node,
        port=wire.target_port,
        upstream=wire.source,
        message=f"Two wires end at {wire.target_port} of {found.name_of(node)}.",
        expected="one wire",
        received=f"wires from {found.name_of(first.source)} and {found.name_of(wire.source)}",
        hint="Remove one of them, or merge the two with Concatenate or Add.",
        fix=fixes.remove_edge(wire.key, f"Remove the wire from {found.name_of(wire.source)}"),
    )


def _port_unconnected(found: Survey, node: str, port: PortSpec) -> Problem:
    key = first_key(port)
    return Problem(
        code="port_unconnected",
        node=node,
        port=key,
        message=f"Nothing is connected to {key} of {found.name_of(node)}.",
        expected="a wire",
        received="none",
        hint="Draw a wire from the layer that comes before it.",
        fix=_connect_only_candidate(found, node, key),
    )


def _connect_only_candidate(found: Survey, node: str, key: str) -> Fix | None:
    """Offer the one loose output that the graph has, if using it makes no cycle."""
    loose = found.loose_in(found.graph_of(node))
    if len(loose) != 1 or node in found.above(loose[0]):
        return None
    return fixes.connect(found.document, (loose[0], first_key(found.outputs_of(loose[0])[0])), (node, key))


def wire_problems(found: Survey) -> Iterator[Problem]:
    """Yield wires without two ends in one graph."""
    for key in found.topology.dangling:
        source, target = key.split("->", 1)
        ends = [end.split(":", 1)[0] for end in (source, target)]
        yield Problem(
            code="dangling_edge",
            node=next((end for end in reversed(ends) if end in found.document.nodes), ""),
            message="A wire leads to a node that is not there.",
            expected="a wire between two nodes",
            received=key,
            hint="Remove the wire.",
            fix=fixes.remove_edge(key),
        )
    for key in found.topology.crossing:
        wire = read_wire(key)
        yield Problem(
            code="wire_between_graphs",
            node=wire.target,
            port=wire.target_port,
            upstream=wire.source,
            message=f"A wire leads from {found.name_of(wire.source)} into another model.",
            expected="a wire between two nodes of one graph",
            received=key,
            hint="Give the nested model an Input, and draw the wire to its port.",
            fix=fixes.remove_edge(key),
        )


def cycle_problems(found: Survey) -> Iterator[Problem]:
    """Yield one problem for each circle of wires, at the end of the wire that runs up the canvas furthest."""
    for cycle in find_cycles(found.topology):
        back = max(cycle, key=lambda wire: (_rise(found, wire), wire.key))
        names = [found.name_of(wire.source) for wire in cycle]
        shown = " -> ".join([*names[:8], *(["..."] if len(names) > 8 else []), names[0]])
        yield Problem(
            code="cycle",
            node=back.target,
            port=back.target_port,
            upstream=back.source,
            message=f"These layers feed one another in a circle: {shown}.",
            expected="wires that lead from the Input to the Output",
            received=f"a circle of {len(cycle)} wires",
            hint="Remove one wire of the circle.",
            fix=fixes.remove_edge(
                back.key, f"Remove the wire from {found.name_of(back.source)} to {found.name_of(back.target)}"
            ),
        )
        found.faulty.update(wire.source for wire in cycle)


def _rise(found: Survey, wire: Wire) -> float:
    """Return how far `wire` runs up the canvas, against the reading direction."""
    return found.document.nodes[wire.source].y - found.document.nodes[wire.target].y
