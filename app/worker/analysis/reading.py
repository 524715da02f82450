"""A design as Keras reads it: every node called dry, in an order in which its sources come first.

What came out of a call is remembered by class, parameters without name, and input specs: after one edit only the nodes
that it touches are called again. A nested model is read by itself, on the tensors of its own Inputs; a call of it gives
what is at its Outputs, and where other shapes come in, its nodes are called on those.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from pydantic import JsonValue

from app.catalog.model import Catalog
from app.document.model import GraphDocument, KerasConfig
from app.graph.calls import call_of
from app.graph.check import Survey, survey
from app.graph.model import Call, Source
from app.graph.nesting import NOTHING, Ends, reach, with_references
from app.graph.ownership import Ownership, layers_around, read_ownership
from app.graph.plan import graph_plan, instance_of, layer_instances
from app.graph.ports import output_keys
from app.graph.survey import forget as forget_survey
from app.worker.analysis.dry import Arguments, Outcome, Spec, Subject, dry_call, forget_layers, received_inside
from app.worker.analysis.known import as_json, from_json, is_loaded, key_of
from app.worker.building.build import Parts
from app.worker.building.keras_config import configured

MEMORY: Final = 50_000
"""Dry calls remembered; all are forgotten when there are more."""

Specs = dict[tuple[str, str], Spec]

_remembered: dict[Any, Outcome] = {}
_calls: dict[Any, Call] = {}
_UNFED: Final = Outcome(fault="The wire comes from a port that gave no tensor.")


@dataclass(frozen=True)
class Reading:
    """A survey with what Keras said: specs by node and port, outcomes by node, and nodes blocked by another one.

    What blocks a call of a nested model is the node inside it. `known` has outcomes of own code that was executed
    elsewhere, `learned` those of code executed here, by key; `not_run` are the nodes for which there is
    neither, with the names of the code that they need.
    """

    catalog: Catalog
    found: Survey
    specs: Specs
    outcomes: dict[str, Outcome]
    blocked: dict[str, str]
    first_calls: dict[str, Arguments] = field(default_factory=dict)
    inside: dict[tuple[str, tuple[Spec, ...]], Outcome] = field(default_factory=dict)
    ownerships: list[Ownership] = field(default_factory=list)
    variant: Any = None
    known: Mapping[str, JsonValue] = field(default_factory=dict)
    learned: dict[str, JsonValue] = field(default_factory=dict)
    not_run: dict[str, list[str]] = field(default_factory=dict)


def read(document: GraphDocument, catalog: Catalog, known: Mapping[str, JsonValue] | None = None) -> Reading:
    """Call every node whose inputs are known, in order, under the design's `keras.config`.

    Own code is executed in a process that has loaded it; elsewhere its calls have the outcomes in `known`.
    """
    found = survey(document, catalog)
    config = document.training.config
    if config == _DEFAULT:
        return _read(Reading(catalog, found, {}, {}, {}, known=known or {}))
    variant = (config.dtype_policy, config.floatx, config.image_data_format)
    with configured(config):
        return _read(Reading(catalog, found, {}, {}, {}, variant=variant, known=known or {}))


_DEFAULT: Final = KerasConfig()


def _read(reading: Reading) -> Reading:
    found = reading.found
    graphs = [*found.nesting.order, *(graph for graph in found.nodes if graph and graph not in found.document.graphs)]
    for graph in graphs:
        for node in found.nodes.get(graph, ()):
            if node not in found.topology.tangled:
                _read_node(reading, node)
    for node in sorted(found.topology.tangled - found.faulty):
        reading.blocked[node] = next(
            wire.source for wire in found.topology.incoming[node] if wire.source in found.topology.tangled
        )
    return reading


def _read_node(reading: Reading, node: str) -> None:
    found = reading.found
    if node in found.faulty:
        return
    for wire in found.topology.incoming[node]:
        source = wire.source
        if source in reading.blocked or source not in reading.outcomes or reading.outcomes[source].fault:
            reading.blocked[node] = reading.blocked.get(source, source)
            return
    if found.marker_of(node) == "output":
        reading.outcomes[node] = Outcome()
        return
    if found.document.nodes[node].layer in found.held:
        graphs = found.reached_graphs(found.document.nodes[node].layer)
        cause = next((cause for graph in sorted(graphs) if (cause := _cause_inside(reading, graph))), None)
        if cause is not None:
            reading.blocked[node] = cause
            return
    outcome = _called(reading, reading.specs, node)
    if outcome is None:
        pieces = code_in(found, found.document.nodes[node].layer)
        reading.not_run[node] = sorted(found.document.code[piece].name for piece in pieces)
    else:
        reading.outcomes[node] = outcome


def _cause_inside(reading: Reading, graph: str) -> str | None:
    """Return a node that keeps a nested model from being called; all of it was read before."""
    for node in reading.found.nodes.get(graph, ()):
        if node in reading.blocked and node in reading.found.live(graph):
            return reading.blocked[node]
        if node in reading.found.live(graph) and (node not in reading.outcomes or reading.outcomes[node].fault):
            return node
    return None


def _called(reading: Reading, specs: Specs, node: str) -> Outcome | None:
    """Return what a call gives for the tensors in `specs`, and add its own to them; None for code that was not run."""
    found = reading.found
    layer_id = found.document.nodes[node].layer
    call = _call_of(found, node)
    arguments = _argument_specs(specs, call)
    if arguments is None:
        return _UNFED
    first = reading.first_calls.setdefault(layer_id, arguments)
    outcome: Outcome | None
    if found.specs[layer_id].marker == "model":
        outcome = _model_outcome(reading, layer_id, arguments)
    else:
        outcome = _layer_outcome(reading, layer_id, first, arguments, call)
    if outcome is None:
        return None
    keys = output_keys(found.outputs_of(node), len(outcome.outputs))
    for port, spec in zip(keys, outcome.outputs, strict=False):
        if spec is not None:
            specs[node, port] = spec
    return outcome


def _layer_outcome(
    reading: Reading, layer_id: str, first: Arguments, arguments: Arguments, call: Call
) -> Outcome | None:
    found = reading.found
    layer = found.document.layers[layer_id]
    scope = _scope_of(reading, layer_id) if layer_id in found.held else None
    constants = tuple(sorted(call.constants.items())) if call.constants else ()
    key: Any = (
        *(layer.class_name, found.configs[layer_id], first, arguments),
        *(constants, scope and scope.key, reading.variant),
    )
    code = code_in(found, layer_id) if found.document.code and layer_id in found.held else set()
    if code:
        key = key_of(found.document, code, key)
        if not is_loaded(found.document, code):
            return from_json(reading.known.get(key))
    outcome = _remembered.get(key)
    if outcome is None:
        if len(_remembered) >= MEMORY:
            forget()
        instance, variant = instance_of(layer_id, layer), key if code else reading.variant
        subject = Subject(instance, reading.catalog, *((scope.parts, scope.around) if scope else ()))
        outcome = _remembered[key] = dry_call(subject, first, arguments, call.constants, variant)
    if code:
        reading.learned[key] = as_json(outcome)
    return outcome


def code_in(found: Survey, layer_id: str) -> set[str]:
    """Return the pieces of own code that constructing a layer executes, with all that is inside it."""
    layers = with_references([layer_id], found.held)
    reached: set[str] = set()
    for graph in {graph for layer in layers for graph in found.reached_graphs(layer)}:
        reached |= {graph, *reach(graph, found.nesting.holds)}
    for graph in reached:
        layers |= found.nesting.layers.get(graph, set())
    return {piece for layer in layers for piece in found.held.get(layer, NOTHING).code}


class _Scope(NamedTuple):
    """What is inside a wrapper by reference; `key` tells two of them apart."""

    parts: Parts
    around: tuple[str, ...]
    key: str


def _scope_of(reading: Reading, layer_id: str) -> _Scope | None:
    """Return the layers and graphs of the design that are inside a layer; None for a layer that holds only code."""
    found = reading.found
    graphs = found.reached_graphs(layer_id)
    if not graphs and not found.held[layer_id].layers:
        return None
    nesting = found.building if _is_built(found, layer_id) else found.nesting
    if not reading.ownerships:
        reading.ownerships.extend([read_ownership(found, found.building), read_ownership(found, found.nesting)])
    ownership = reading.ownerships[0 if nesting is found.building else 1]
    for graph in list(graphs):
        graphs |= reach(graph, found.nesting.holds)
    around = layers_around(found, ownership, layer_id)
    plans = {graph: graph_plan(found, graph, ownership) for graph in sorted(graphs & ownership.owns.keys())}
    layers = layer_instances(found, {*around, *(layer for plan in plans.values() for layer in plan.owns)})
    shown = [[key, each.class_name, each.params] for key, each in layers.items()]
    key = f"{shown} {[(graph, plan.model_dump_json()) for graph, plan in plans.items()]} {around}"
    return _Scope(Parts(layers, plans, reading.catalog), around, key)


def _is_built(found: Survey, layer_id: str) -> bool:
    return any(node in found.built for node in found.callers_of(layer_id)) or not found.built


def _model_outcome(reading: Reading, layer_id: str, arguments: Arguments) -> Outcome | None:
    """Return what a nested model gives: what is at its Outputs, for the tensors that come in."""
    found = reading.found
    graph = str(found.document.layers[layer_id].params["graph"])
    ends = found.ends[graph]
    declared = tuple(reading.specs[node, "output"] for node in ends.inputs)
    given = dict(arguments)["inputs"]
    given = (given,) if isinstance(given, Spec) else given
    if [spec.shape for spec in given] == [spec.shape for spec in declared]:
        return _masked(Outcome(_results(found, reading.specs, ends)), given)
    key = ("Model", declared, given, reading.variant)
    entered = _remembered.get(key)
    if entered is None:
        entered = _remembered[key] = received_inside(declared, given)
    if entered.fault:
        return entered
    outcome = _inside(reading, graph, tuple(spec for spec in entered.outputs if spec is not None))
    return None if outcome is None else _masked(outcome, given)


def _inside(reading: Reading, graph: str, given: tuple[Spec, ...]) -> Outcome | None:
    """Call the nodes of a nested model for other tensors than its Inputs say; None where code was not run on them."""
    found = reading.found
    known = reading.inside.get((graph, given))
    if known is not None:
        return known
    ends = found.ends[graph]
    specs: Specs = {(node, "output"): spec for node, spec in zip(ends.inputs, given, strict=True)}
    outcome = Outcome()
    for node in found.nodes[graph]:
        if node in found.live(graph) and found.marker_of(node) not in {"input", "output"}:
            each = _called(reading, specs, node)
            if each is None:
                return None
            if each.fault:
                outcome = Outcome(fault=each.fault, inside=each.inside or node)
                break
    else:
        outcome = Outcome(_results(found, specs, ends))
    reading.inside[graph, given] = outcome
    return outcome


def _results(found: Survey, specs: Specs, ends: Ends) -> tuple[Spec | None, ...]:
    wires = [found.topology.incoming[node][0] for node in ends.outputs]
    return tuple(specs.get((wire.source, wire.source_port)) for wire in wires)


def _masked(outcome: Outcome, given: Iterable[Spec]) -> Outcome:
    """Return `outcome` with the masks of a nested model: Keras hands those of its inputs on to its outputs."""
    masks = [spec.mask for spec in given]
    masks += [None] * (len(outcome.outputs) - len(masks))
    outputs = tuple(
        None if spec is None else spec._replace(mask=mask) for spec, mask in zip(outcome.outputs, masks, strict=False)
    )
    return Outcome(outputs, fault=outcome.fault, inside=outcome.inside)


def _call_of(found: Survey, node: str) -> Call:
    layer_id = found.document.nodes[node].layer
    if found.document.nodes[node].arguments or layer_id in found.held:
        return call_of(found, node)
    layer = found.document.layers[layer_id]
    key = (node, layer_id, layer.class_name, found.configs[layer_id], tuple(found.topology.incoming[node]))
    call = _calls.get(key)
    if call is None:
        if len(_calls) >= MEMORY:
            _calls.clear()
        call = _calls[key] = call_of(found, node)
    return call


def _argument_specs(specs: Specs, call: Call) -> Arguments | None:
    found: list[tuple[str, Spec | tuple[Spec, ...]]] = []
    try:
        for argument, source in call.arguments.items():
            if isinstance(source, Source):
                found.append((argument, specs[source.node, source.port]))
            else:
                found.append((argument, tuple(specs[one.node, one.port] for one in source)))
    except KeyError:
        return None
    return tuple(found)


def forget() -> None:
    """Forget what is remembered, so that the next reading is cold."""
    _remembered.clear()
    _calls.clear()
    forget_layers()
    forget_survey()
