"""What is wrong with a design before Keras is asked: names, parameters, ports, wires, cycles, missing ends."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from pydantic import JsonValue

from app.catalog.model import Catalog, Kind, ObjectSpec, PortSpec
from app.catalog.ports import input_ports, output_ports
from app.catalog.validate import Fault, validate_params
from app.document.edits import RemoveValue
from app.document.model import GraphDocument, Layer
from app.graph import fixes
from app.graph.model import Fix, Problem
from app.graph.ports import find_port, first_key
from app.graph.topology import (
    Topology,
    Wire,
    calls_by_layer,
    downstream_of,
    find_cycles,
    read_topology,
    upstream_of,
)

PLACEHOLDER: Final = "Placeholder"
"""The class of a layer that an import could not translate; its params keep what the file said."""

CALL_ARGUMENTS: Final = ("training", "use_causal_mask")
"""The call arguments that a node may set; all are booleans, and none changes which outputs there are."""

_CALLABLE: Final = frozenset({"duplicate_name", "invalid_name", "dangling_edge"})
"""Faults that keep a model from being built, but not a node from being analysed."""

_REMEMBERED: Final = 50_000
_validated: dict[tuple[str, str, str], list[Fault]] = {}

_DEFAULT_SHAPE: Final[JsonValue] = [8]


@dataclass
class Survey:
    """A document read against the catalog: what check, plan and analysis have in common.

    `specs`, `configs` (the parameters as canonical JSON), `inputs` and `outputs` describe layers of known class, by
    layer id. `faulty` are the nodes that cannot
    be called; `built` are those that lead to an Output, and make the model.
    """

    document: GraphDocument
    topology: Topology
    calls: Mapping[str, list[str]]
    specs: dict[str, ObjectSpec] = field(default_factory=dict)
    configs: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, Sequence[PortSpec]] = field(default_factory=dict)
    outputs: dict[str, Sequence[PortSpec]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    faulty: set[str] = field(default_factory=set)
    built: set[str] = field(default_factory=set)

    def layer_of(self, node: str) -> Layer:
        return self.document.layers[self.document.nodes[node].layer]

    def name_of(self, node: str) -> str:
        layer = self.document.layers.get(self.document.nodes[node].layer)
        return layer.name if layer else node

    def spec_of(self, node: str) -> ObjectSpec | None:
        return self.specs.get(self.document.nodes[node].layer)

    def marker_of(self, node: str) -> str:
        spec = self.spec_of(node)
        return spec.marker if spec else ""

    def is_lone(self, node: str) -> bool:
        return not self.topology.incoming[node] and not self.topology.outgoing[node]

    def report(self, *problems: Problem) -> None:
        self.problems += problems
        self.faulty.update(
            problem.node for problem in problems if problem.severity == "error" and problem.code not in _CALLABLE
        )


def check(document: GraphDocument, catalog: Catalog) -> list[Problem]:
    """Return what is wrong with `document`, worst first; never raises. Shapes are for the analysis to judge.

    What does not lead to an Output is left out of the model, so that its errors are warnings.
    """
    return survey(document, catalog).problems


def survey(document: GraphDocument, catalog: Catalog) -> Survey:
    """Read `document` against `catalog`; its `problems` are those of `check`."""
    found = Survey(document, read_topology(document), calls_by_layer(document))
    for layer_id, nodes in found.calls.items():
        _read_layer(found, catalog, layer_id, nodes[0])
    for node in sorted(document.nodes):
        found.report(*_node_problems(found, node))
    found.report(*_name_problems(found))
    found.report(*_wire_problems(found))
    found.report(*_cycle_problems(found))
    found.report(*_end_problems(found))
    ends = [node for node in document.nodes if _is_connected_output(found, node)]
    found.built = upstream_of(ends, found.topology.incoming)
    found.problems = settle(found, found.problems)
    return found


def settle(found: Survey, problems: list[Problem]) -> list[Problem]:
    """Return `problems` with errors outside the model as warnings, in reading order, worst first."""
    settled = [
        problem.model_copy(update={"severity": "warning"})
        if problem.severity == "error" and found.built and problem.node and problem.node not in found.built
        else problem
        for problem in problems
    ]
    rank = {"error": 0, "warning": 1, "info": 2}
    return sorted(settled, key=lambda problem: rank[problem.severity])


def _is_connected_output(found: Survey, node: str) -> bool:
    return found.marker_of(node) == "output" and bool(found.topology.incoming[node])


def _read_layer(found: Survey, catalog: Catalog, layer_id: str, node: str) -> None:
    layer = found.document.layers.get(layer_id)
    if layer is None:
        for caller in found.calls[layer_id]:
            found.report(_missing_layer(found, caller))
        return
    spec = catalog.objects[Kind.LAYER].get(layer.class_name)
    if spec is None:
        for caller in found.calls[layer_id]:
            found.report(_unknown_class(found, layer, caller))
        return
    found.specs[layer_id] = spec
    config = found.configs[layer_id] = json.dumps(layer.params, sort_keys=True, separators=(",", ":"))
    sound = _sound.get((catalog.version, spec.name, config))
    if sound is not None and sound.spec is spec:
        found.inputs[layer_id], found.outputs[layer_id] = sound.inputs, sound.outputs
        return
    found.inputs[layer_id] = input_ports(spec, layer.params)
    found.outputs[layer_id] = output_ports(spec, layer.params)
    problems = list(_param_problems(found, catalog, layer_id, node))
    found.report(*problems)
    if problems:
        found.faulty.update(found.calls[layer_id])
        return
    if len(_sound) >= _REMEMBERED:
        _sound.clear()
    _sound[catalog.version, spec.name, config] = _Sound(spec, found.inputs[layer_id], found.outputs[layer_id])


class _Sound(NamedTuple):
    """The ports of a layer whose parameters were found in order."""

    spec: ObjectSpec
    inputs: Sequence[PortSpec]
    outputs: Sequence[PortSpec]


_sound: dict[tuple[str, str, str], _Sound] = {}


def _missing_layer(found: Survey, node: str) -> Problem:
    return Problem(
        code="missing_layer",
        node=node,
        message="This node calls a layer that is not there.",
        expected="the id of a layer",
        received=found.document.nodes[node].layer,
        hint="Remove the node.",
        fix=fixes.remove_node(found.document, node, "Remove this node"),
    )


def _unknown_class(found: Survey, layer: Layer, node: str) -> Problem:
    if layer.class_name == PLACEHOLDER:
        original = layer.params.get("class_name")
        return Problem(
            code="placeholder",
            node=node,
            message=f"{layer.name} stands for a layer that Layerloom could not import.",
            expected="a layer of the catalog",
            received=original if isinstance(original, str) else "unknown",
            hint="Put a layer of the catalog in its place, or remove it.",
        )
    return Problem(
        code="unknown_class",
        node=node,
        message=f"{layer.name} is of a class that the catalog does not have.",
        expected="a layer of the catalog",
        received=layer.class_name,
        hint="Replace it; the palette lists every layer.",
        fix=fixes.remove_node(found.document, node, f"Remove {layer.name}"),
    )


def _param_problems(found: Survey, catalog: Catalog, layer_id: str, node: str) -> Iterator[Problem]:
    layer, spec = found.document.layers[layer_id], found.specs[layer_id]
    known = {param.name: param for param in spec.params}
    for fault in _faults(found, catalog, layer_id):
        fix: Fix | None = None
        param = known.get(fault.param)
        if fault.code == "missing_param" and fault.param in spec.sample:
            fix = fixes.set_param(found.document, node, fault.param, spec.sample[fault.param])
        elif param is None and fault.param in layer.params:
            title = f"Remove {fault.param}"
            fix = fixes.unset_param(found.document, layer_id, fault.param, title)
        elif param is not None and not param.required and fault.param in layer.params:
            title = f"Reset {fault.param} of {layer.name}"
            fix = fixes.unset_param(found.document, layer_id, fault.param, title)
        elif param is not None and fault.param in spec.sample:
            fix = fixes.set_param(found.document, node, fault.param, spec.sample[fault.param])
        yield Problem(
            code=fault.code,
            node=node,
            param=fault.param,
            message=f"{layer.name}: {fault.message}",
            expected=fault.expected,
            received=fault.received,
            hint=fault.hint,
            fix=fix,
        )


def _faults(found: Survey, catalog: Catalog, layer_id: str) -> list[Fault]:
    """Return what `validate_params` says, remembered: an edit leaves most layers as they were."""
    layer = found.document.layers[layer_id]
    key = (catalog.version, layer.class_name, found.configs[layer_id])
    faults = _validated.get(key)
    if faults is None:
        if len(_validated) >= _REMEMBERED:
            _validated.clear()
        faults = _validated[key] = validate_params(found.specs[layer_id], layer.params, catalog)
    return faults


def _node_problems(found: Survey, node: str) -> Iterator[Problem]:
    yield from _argument_problems(found, node)
    spec = found.spec_of(node)
    if spec is None:
        return
    layer_id = found.document.nodes[node].layer
    if found.is_lone(node):
        yield Problem(
            code="unconnected",
            severity="warning",
            node=node,
            message=f"{found.name_of(node)} is connected to nothing and left out.",
            hint="Draw a wire to it, or remove it.",
        )
        found.faulty.add(node)
        return
    if spec.marker and len(found.calls[layer_id]) > 1:
        yield Problem(
            code="shared_end",
            node=node,
            message=f"{found.name_of(node)} is an end of the model, and drawn more than once.",
            expected="one node",
            received=f"{len(found.calls[layer_id])} nodes",
            hint="Remove the others; one Input may feed many layers.",
        )
    yield from _port_problems(found, node)


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
                fix=Fix(title=f"Remove {name}", edits=(_remove_argument(node, name),)),
            )


def _remove_argument(node: str, name: str) -> RemoveValue:
    return RemoveValue(path=["nodes", node, "arguments", name])


def _port_problems(found: Survey, node: str) -> Iterator[Problem]:
    layer_id = found.document.nodes[node].layer
    ports, taken = found.inputs[layer_id], dict[str, Wire]()
    for wire in found.topology.incoming[node]:
        if find_port(ports, wire.target_port) is None:
            yield _unknown_port(found, node, wire, wire.target_port, "input", ports)
        elif wire.target_port in taken:
            yield _port_taken(found, node, wire, taken[wire.target_port])
        taken.setdefault(wire.target_port, wire)
    outputs = found.outputs[layer_id]
    for wire in found.topology.outgoing[node]:
        if find_port(outputs, wire.source_port) is None:
            yield _unknown_port(found, node, wire, wire.source_port, "output", outputs)
    reached = {key.partition(".")[0] for key in taken}
    for port in ports:
        if not port.optional and port.name not in reached:
            yield _port_unconnected(found, node, port)


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
    """Offer the one loose output there is, if using it makes no cycle."""
    topology = found.topology
    loose = [
        other
        for other in found.document.nodes
        if not topology.outgoing[other] and found.outputs.get(found.document.nodes[other].layer)
    ]
    if len(loose) != 1 or loose[0] in downstream_of([node], topology.outgoing):
        return None
    port = found.outputs[found.document.nodes[loose[0]].layer][0]
    return fixes.connect(found.document, (loose[0], first_key(port)), (node, key))


def _name_problems(found: Survey) -> Iterator[Problem]:
    first: dict[tuple[bool, str], str] = {}
    for layer_id, nodes in found.calls.items():
        layer = found.document.layers.get(layer_id)
        if layer is None or all(found.is_lone(node) for node in nodes):
            continue
        key = (found.marker_of(nodes[0]) == "output", layer.name)
        if key in first:
            yield Problem(
                code="duplicate_name",
                node=nodes[0],
                param="name",
                upstream=first[key],
                message=f"Two layers are called {layer.name}.",
                expected="a name of its own for every layer",
                received=layer.name,
                hint="Rename one of them.",
                fix=fixes.rename(found.document, layer_id, layer.name[:180]),
            )
        elif "/" in layer.name:
            yield Problem(
                code="invalid_name",
                node=nodes[0],
                param="name",
                message=f"Keras does not take the name {layer.name}.",
                expected="a name without /",
                received=layer.name,
                hint="Rename the layer.",
                fix=fixes.rename(found.document, layer_id, layer.name.replace("/", "_")),
            )
        first.setdefault(key, nodes[0])


def _wire_problems(found: Survey) -> Iterator[Problem]:
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


def _cycle_problems(found: Survey) -> Iterator[Problem]:
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


def _end_problems(found: Survey) -> Iterator[Problem]:
    markers = {found.marker_of(node) for node in found.document.nodes}
    if "input" not in markers:
        target, shape = _first_open_port(found)
        yield Problem(
            code="missing_input",
            message="The design has no Input.",
            expected="an Input that says the shape of one sample",
            received="none",
            hint="Insert an Input and set its shape.",
            fix=fixes.insert_input(found.document, target, shape),
        )
    if "output" not in markers:
        yield Problem(
            code="missing_output",
            message="The design has no Output.",
            expected="an Output behind the last layer",
            received="none",
            hint="Insert an Output; what feeds it is what the model predicts.",
            fix=fixes.insert_output(found.document, _last_loose_output(found)),
        )


def _first_open_port(found: Survey) -> tuple[tuple[str, str] | None, JsonValue]:
    """Return the topmost required port that nothing feeds, and a shape that its layer takes."""
    document = found.document
    for node in sorted(document.nodes, key=lambda node: (document.nodes[node].y, node)):
        layer_id = document.nodes[node].layer
        fed = [wire.target_port for wire in found.topology.incoming[node]]
        for port in found.inputs.get(layer_id, []):
            if not port.optional and not any(find_port([port], key) for key in fed):
                key = first_key(port)
                sample = found.specs[layer_id].sample_inputs.get(key)
                return (node, key), sample if isinstance(sample, list) else _DEFAULT_SHAPE
    return None, _DEFAULT_SHAPE


def _last_loose_output(found: Survey) -> tuple[str, str] | None:
    """Return the last connected node whose output goes nowhere, else the last node, with its output port."""
    topology = found.topology
    loose = [
        node
        for node in topology.order
        if not topology.outgoing[node] and found.outputs.get(found.document.nodes[node].layer)
    ]
    if not loose:
        return None
    place = found.document.nodes
    last = max(loose, key=lambda node: (bool(topology.incoming[node]), place[node].y, node))
    return last, first_key(found.outputs[place[last].layer][0])
