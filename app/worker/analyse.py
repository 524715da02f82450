"""Shapes, dtypes, parameter counts and errors of a design, asked of Keras itself.

Every layer is constructed and called on symbolic tensors without its weights being allocated, and what came out is
remembered by (class, parameters without name, input specs): after one edit only the nodes it touches are called
again. ADR 0021 has the reasons and the figures.
"""

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import keras
from keras.src.backend.common import global_state
from pydantic import JsonValue

from app.catalog.model import Catalog
from app.document.model import GraphDocument
from app.graph import fixes
from app.graph.check import Survey, settle, survey
from app.graph.model import Call, Fix, Problem, Source
from app.graph.plan import OWN_PARAMS, call_of
from app.graph.ports import output_keys
from app.graph.topology import Wire, upstream_of
from app.messages.analysis import Analysis, NodeAnalysis
from app.worker.explain import RECURRENT, Site, explain, shown
from app.worker.faults.latent import latent_problems
from app.worker.resolve import build_layer

MEMORY: Final = 50_000
"""Dry calls remembered; all are forgotten when there are more."""


class Spec(NamedTuple):
    """What is known of a tensor before there is one. The shape includes the batch axis."""

    shape: tuple[int | None, ...]
    dtype: str
    sparse: bool = False


_MAKES_STATE: Final = "attempting to create a variable while in a stateless scope"

_HEAD: Final = frozenset({"Dense", "Activation", "Softmax", "ReLU", "Dropout", "BatchNormalization"})
_SEQUENCES: Final = RECURRENT | {"Attention", "MultiHeadAttention", "TimeDistributed"}

Arguments = tuple[tuple[str, Spec | tuple[Spec, ...]], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a dry call gave: output specs and counts, or the error that Keras raised."""

    outputs: tuple[Spec | None, ...] = ()
    params: int = 0
    trainable_params: int = 0
    fault: str = ""


@dataclass(frozen=True)
class Reading:
    """A survey with what Keras said: specs by node and port, outcomes by node, and nodes blocked by an upstream one."""

    catalog: Catalog
    found: Survey
    specs: dict[tuple[str, str], Spec]
    outcomes: dict[str, Outcome]
    blocked: dict[str, str]


_remembered: dict[Any, Outcome] = {}
_described: dict[Any, NodeAnalysis] = {}
_calls: dict[Any, Call] = {}
_reusable: dict[tuple[str, str], Any] = {}


def analyse(document: GraphDocument, catalog: Catalog) -> Analysis:
    """Check `document` and dry-call every layer that can be; an error in one leaves the others analysed."""
    return analysis_of(read(document, catalog))


def read(document: GraphDocument, catalog: Catalog) -> Reading:
    """Call every node whose inputs are known, in order."""
    found = survey(document, catalog)
    reading = Reading(catalog, found, {}, {}, {})
    first_calls: dict[str, Arguments] = {}
    for node in found.topology.order:
        _read_node(reading, node, first_calls)
    for node in sorted(found.topology.tangled - found.faulty):
        reading.blocked[node] = next(
            wire.source for wire in found.topology.incoming[node] if wire.source in found.topology.tangled
        )
    return reading


def _read_node(reading: Reading, node: str, first_calls: dict[str, Arguments]) -> None:
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
    layer_id = found.document.nodes[node].layer
    layer = found.document.layers[layer_id]
    call = _call_of(found, node)
    arguments = _argument_specs(reading, call)
    if arguments is None:
        reading.outcomes[node] = Outcome(fault="The wire comes from a port that gave no tensor.")
        return
    first = first_calls.setdefault(layer_id, arguments)
    key = (layer.class_name, found.configs[layer_id], first, arguments, tuple(sorted(call.constants.items())))
    outcome = _remembered.get(key)
    if outcome is None:
        if len(_remembered) >= MEMORY:
            _remembered.clear()
            _reusable.clear()
        outcome = _remembered[key] = dry_call(layer.class_name, layer.params, first, arguments, call.constants)
    reading.outcomes[node] = outcome
    keys = output_keys(found.outputs[layer_id], len(outcome.outputs))
    for port, spec in zip(keys, outcome.outputs, strict=False):
        if spec is not None:
            reading.specs[node, port] = spec


def _call_of(found: Survey, node: str) -> Call:
    layer_id = found.document.nodes[node].layer
    if found.document.nodes[node].arguments:
        return call_of(found, node)
    layer = found.document.layers[layer_id]
    key = (node, layer_id, layer.class_name, found.configs[layer_id], tuple(found.topology.incoming[node]))
    call = _calls.get(key)
    if call is None:
        if len(_calls) >= MEMORY:
            _calls.clear()
        call = _calls[key] = call_of(found, node)
    return call


def _argument_specs(reading: Reading, call: Call) -> Arguments | None:
    found: list[tuple[str, Spec | tuple[Spec, ...]]] = []
    try:
        for argument, source in call.arguments.items():
            if isinstance(source, Source):
                found.append((argument, reading.specs[source.node, source.port]))
            else:
                found.append((argument, tuple(reading.specs[one.node, one.port] for one in source)))
    except KeyError:
        return None
    return tuple(found)


def dry_call(
    class_name: str,
    params: Mapping[str, JsonValue],
    first: Arguments,
    arguments: Arguments,
    constants: Mapping[str, JsonValue],
) -> Outcome:
    """Construct a layer and call it on symbolic tensors; no weight is allocated, and no error leaves.

    A layer is built for its `first` call; a later call of a shared layer must fit that.
    """
    own = {name: value for name, value in params.items() if name not in OWN_PARAMS}
    try:
        with _without_weights():
            layer = _constructed(class_name, own)
            if class_name == "InputLayer":
                return Outcome(outputs=(_spec_of(layer.output),))
            outputs = _call(layer, first, constants)
            if arguments != first:
                outputs = _call(layer, arguments, constants)
            return Outcome(
                outputs=tuple(_spec_of(output) for output in keras.tree.flatten(outputs)),
                params=_count(layer.weights),
                trainable_params=_count(layer.trainable_weights),
            )
    except Exception as error:
        if _MAKES_STATE in str(error) and (calmer := _without_state(own)) != own:
            return dry_call(class_name, calmer, first, arguments, constants)
        return Outcome(fault=f"{type(error).__name__}: {error}"[:20_000])


def _constructed(class_name: str, params: dict[str, JsonValue]) -> Any:
    """Return a layer to call; one that keeps nothing of its inputs is constructed once and called again.

    Such a layer has neither variables nor a `build` of its own: to call it on other shapes is what Keras itself does
    with a shared layer.
    """
    key = (class_name, json.dumps(params, sort_keys=True))
    layer = _reusable.get(key)
    if layer is None:
        layer = build_layer(class_name, params, "layer")
        if type(layer).build is keras.Layer.build and not layer.variables and class_name != "InputLayer":
            _reusable[key] = layer
    return layer


def _without_state(value: Any) -> Any:
    """Return parameters with `stateful` off, also in inner layers.

    A stateful layer makes its states with values at once, which no stateless scope allows; its shapes and its
    weights, which states are not among, are the same without.
    """
    if isinstance(value, Mapping):
        return {key: _without_state(item) for key, item in value.items() if key != "stateful"}
    return [_without_state(item) for item in value] if isinstance(value, list) else value


@contextmanager
def _without_weights() -> Iterator[None]:
    """Create variables without values, and forget that Keras meant to give them some."""
    waiting = list(global_state.get_global_attribute("uninitialized_variables", []))
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        global_state.set_global_attribute("uninitialized_variables", waiting)


def _call(layer: Any, arguments: Arguments, constants: Mapping[str, JsonValue]) -> Any:
    tensors = {
        name: _tensor(spec) if isinstance(spec, Spec) else [_tensor(one) for one in spec] for name, spec in arguments
    }
    first, *rest = tensors.items()
    outputs = layer(first[1], **dict(rest), **constants)
    given = {id(tensor) for tensor in keras.tree.flatten(tensors)}
    if any(id(output) in given for output in keras.tree.flatten(outputs)):
        raise ValueError("Keras returns the input tensor itself, and cannot put that into a model.")
    return outputs


def _tensor(spec: Spec) -> Any:
    return keras.KerasTensor(spec.shape, spec.dtype, sparse=spec.sparse)


def _spec_of(tensor: Any) -> Spec | None:
    if not isinstance(tensor, keras.KerasTensor):
        return None
    return Spec(tuple(tensor.shape), str(tensor.dtype), bool(tensor.sparse))


def _count(weights: list[Any]) -> int:
    return sum(math.prod(weight.shape) for weight in weights)


def analysis_of(reading: Reading) -> Analysis:
    """Return what the editor shows: figures by node, totals, and every problem."""
    found = reading.found
    counted: set[str] = set()
    nodes, total, trainable = [], 0, 0
    for node in [*found.topology.order, *sorted(found.topology.tangled)]:
        if found.document.nodes[node].layer not in found.document.layers:
            continue
        layer_id = found.document.nodes[node].layer
        outcome = reading.outcomes.get(node, Outcome()) if layer_id not in counted else Outcome()
        counts = (outcome.params, outcome.trainable_params)
        if any(counts):
            counted.add(layer_id)
        nodes.append(_node_analysis(reading, node, *counts))
        if node in found.built or not found.built:
            total += counts[0]
            trainable += counts[1]
    return Analysis.model_construct(
        nodes=nodes,
        total_params=total,
        trainable_params=trainable,
        problems=settle(found, [*found.problems, *_problems(reading)]),
    )


def _node_analysis(reading: Reading, node: str, params: int, trainable: int) -> NodeAnalysis:
    found, specs = reading.found, reading.specs
    layer_id = found.document.nodes[node].layer
    layer = found.document.layers[layer_id]
    inputs = tuple(
        [
            (wire.target_port, spec.shape)
            for wire in found.topology.incoming[node]
            if (spec := specs.get((wire.source, wire.source_port)))
        ]
    )
    outcome = reading.outcomes.get(node)
    results = outcome.outputs if outcome else ()
    keys = tuple(output_keys(found.outputs[layer_id], len(results))) if results else ()
    key = (node, layer.name, layer.class_name, inputs, keys, results, params, trainable)
    known = _described.get(key)
    if known is None:
        if len(_described) >= MEMORY:
            _described.clear()
        known = _described[key] = _described_as(*key)
    return known


def _described_as(
    node: str,
    name: str,
    class_name: str,
    inputs: tuple[tuple[str, tuple[int | None, ...]], ...],
    keys: tuple[str, ...],
    results: tuple[Spec | None, ...],
    params: int,
    trainable: int,
) -> NodeAnalysis:
    outputs = [(key, spec) for key, spec in zip(keys, results, strict=False) if spec is not None]
    return NodeAnalysis(
        id=node,
        name=name,
        class_name=class_name,
        input_shapes={port: list(shape) for port, shape in inputs},
        output_shapes={key: list(spec.shape) for key, spec in outputs},
        output_dtypes={key: spec.dtype for key, spec in outputs},
        params=params,
        trainable_params=trainable,
    )


def _problems(reading: Reading) -> Iterator[Problem]:
    for node, outcome in reading.outcomes.items():
        if outcome.fault:
            yield explain(site_of(reading, node), outcome.fault)
    for node, cause in reading.blocked.items():
        yield Problem(
            code="blocked",
            severity="info",
            node=node,
            upstream=cause,
            message=f"{reading.found.name_of(node)} waits for {reading.found.name_of(cause)} to be mended.",
        )
    yield from latent_problems(reading.found, reading.specs, lambda node, fix: _mends_latent(reading, node, fix))
    yield from _flatten_suggestions(reading)


def site_of(reading: Reading, node: str) -> Site:
    """Return what an explanation needs to know of the place where Keras raised an error."""
    shapes = {f"{source}:{port}": spec.shape for (source, port), spec in reading.specs.items()}

    def works(fix: Fix) -> bool:
        return _mends(reading, node, fix)

    return Site(reading.found, node, shapes, works)


def _mends(reading: Reading, node: str, fix: Fix) -> bool:
    """Try `fix` on a copy: the node is in order again, and nothing else has broken."""
    document = fixes.applied(reading.found.document, fix)
    if document is None:
        return False
    after = read(document, reading.catalog)
    before = sum(problem.severity == "error" for problem in reading.found.problems)
    errors = sum(problem.severity == "error" for problem in after.found.problems)
    outcome = after.outcomes.get(node)
    broken = {other for other, outcome in after.outcomes.items() if outcome.fault}
    known = {other for other, outcome in reading.outcomes.items() if outcome.fault} | reading.blocked.keys()
    return outcome is not None and not outcome.fault and broken <= known and errors <= before


def _mends_latent(reading: Reading, node: str, fix: Fix) -> bool:
    document = fixes.applied(reading.found.document, fix)
    if document is None or not _mends(reading, node, fix):
        return False
    after = read(document, reading.catalog)
    return node not in {found.node for found in latent_problems(after.found, after.specs, lambda *_: False)}


def _flatten_suggestions(reading: Reading) -> Iterator[Problem]:
    """A Dense that runs along the axes of an image, up to the Output, was probably meant to see it flat."""
    found = reading.found
    for output in sorted(found.built):
        if found.marker_of(output) != "output":
            continue
        wire = find_unflattened(reading, output)
        if wire is None or not _is_picture(reading, wire):
            continue
        shape = reading.specs[wire.source, wire.source_port].shape
        yield Problem(
            code="flatten_suggested",
            severity="warning",
            node=wire.target,
            port=wire.target_port,
            upstream=wire.source,
            message=f"{found.name_of(wire.target)} works on each position of {shown(shape)} by itself.",
            expected="a flat input, (None, features), to predict one thing for a sample",
            received=f"{shown(shape)} from {found.name_of(wire.source)}",
            hint="Insert Flatten, or global pooling, before it.",
            fix=fixes.insert_layer(found.document, found.topology, wire, "Flatten", {}),
        )


def find_unflattened(reading: Reading, output: str) -> Wire | None:
    """Return the wire above an Output where a Flatten is missing: into the first Dense of its last Dense layers."""
    found, missing = reading.found, None
    wires = found.topology.incoming[output]
    while len(wires) == 1:
        spec = reading.specs.get((wires[0].source, wires[0].source_port))
        layer = found.layer_of(wires[0].source)
        if spec is None or len(spec.shape) < 3 or layer.class_name not in _HEAD:
            break
        wires = found.topology.incoming[wires[0].source]
        if layer.class_name == "Dense" and len(wires) == 1:
            missing = wires[0]
    return missing


def _is_picture(reading: Reading, wire: Wire) -> bool:
    """Return whether the tensor on `wire` has axes of space, rather than of time steps."""
    found = reading.found
    if len(reading.specs[wire.source, wire.source_port].shape) > 3:
        return True
    above = {found.layer_of(node).class_name for node in upstream_of([wire.source], found.topology.incoming)}
    return "Conv1D" in above and not above & _SEQUENCES


def forget() -> None:
    """Forget what is remembered, so that the next analysis is cold."""
    _remembered.clear()
    _described.clear()
    _calls.clear()
    _reusable.clear()
