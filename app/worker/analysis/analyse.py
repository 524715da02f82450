"""Shapes, dtypes, parameter counts and errors of a design, asked of Keras itself.

Every layer is constructed and called on symbolic tensors without its weights being allocated
(`app.worker.analysis.reading`). ADR 0021 has the reasons and the figures.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import JsonValue

from app.catalog.model import Catalog
from app.document.model import GraphDocument
from app.graph import fixes
from app.graph.check import settle
from app.graph.cost import cost_of
from app.graph.model import Fix, Problem
from app.graph.ports import output_keys
from app.messages.analysis import Analysis, NodeAnalysis
from app.worker.analysis import reading as readings
from app.worker.analysis.costs import total_costs, with_nested_costs
from app.worker.analysis.counts import Counts, read_counts
from app.worker.analysis.dry import Outcome, Spec
from app.worker.analysis.explain import Site, explain, shown
from app.worker.analysis.reading import MEMORY, Reading, read
from app.worker.analysis.suggest import flatten_suggestions
from app.worker.faults.latent import latent_problems
from app.worker.faults.training_argument import training_arguments

__all__ = ["Reading", "analyse", "analysis_of", "forget", "read"]

_described: dict[Any, NodeAnalysis] = {}

Shapes = tuple[tuple[str, tuple[int | None, ...]], ...]


def analyse(document: GraphDocument, catalog: Catalog, known: Mapping[str, JsonValue] | None = None) -> Analysis:
    """Check `document` and dry-call every layer that can be; an error in one leaves the others analysed.

    `known` is what own code gave where it was executed (`Analysis.learned`).
    """
    return analysis_of(read(document, catalog, known))


def analysis_of(reading: Reading) -> Analysis:
    """Return what the editor shows: figures by node, totals, and every problem."""
    found = reading.found
    counts = read_counts(reading)
    nodes = [
        _node_analysis(reading, counts, node)
        for node in [*found.topology.order, *sorted(found.topology.tangled)]
        if found.document.nodes[node].layer in found.document.layers
    ]
    nodes, sums = with_nested_costs(found, nodes)
    return Analysis.model_construct(
        nodes=nodes,
        total_params=counts.total[0],
        trainable_params=counts.total[1],
        costs=total_costs(found, counts, sums),
        problems=settle(found, [*found.problems, *_problems(reading)]),
        learned=reading.learned,
    )


def _node_analysis(reading: Reading, counts: Counts, node: str) -> NodeAnalysis:
    found, specs = reading.found, reading.specs
    call = found.document.nodes[node]
    layer = found.document.layers[call.layer]
    inputs = tuple(
        [
            (wire.target_port, spec.shape)
            for wire in found.topology.incoming[node]
            if (spec := specs.get((wire.source, wire.source_port)))
        ]
    )
    outcome = reading.outcomes.get(node)
    results = outcome.outputs if outcome else ()
    keys = tuple(output_keys(found.outputs_of(node), len(results))) if results else ()
    config = found.configs.get(call.layer, "")
    key = (node, call.graph, layer.name, layer.class_name, config, inputs, keys, results, counts.nodes.get(node))
    known = _described.get(key)
    if known is None:
        if len(_described) >= MEMORY:
            _described.clear()
        known = _described[key] = _described_as(reading, node, inputs, keys, results, counts)
    return known


def _described_as(
    reading: Reading,
    node: str,
    inputs: Shapes,
    keys: tuple[str, ...],
    results: tuple[Spec | None, ...],
    counts: Counts,
) -> NodeAnalysis:
    call = reading.found.document.nodes[node]
    layer = reading.found.document.layers[call.layer]
    outputs = [(key, spec) for key, spec in zip(keys, results, strict=False) if spec is not None]
    params, trainable = counts.nodes.get(node, (0, 0))
    cost = cost_of(
        layer.class_name,
        layer.params,
        [shape for _, shape in inputs],
        [spec.shape for _, spec in outputs],
        counts.layers.get(call.layer, (0, 0))[0],
        [spec.dtype for _, spec in outputs],
    )
    return NodeAnalysis(
        id=node,
        graph=call.graph,
        name=layer.name,
        class_name=layer.class_name,
        input_shapes={port: list(shape) for port, shape in inputs},
        output_shapes={key: list(spec.shape) for key, spec in outputs},
        output_dtypes={key: spec.dtype for key, spec in outputs},
        params=params,
        trainable_params=trainable,
        flops=cost.flops,
        activation_bytes=cost.activation_bytes,
    )


def _problems(reading: Reading) -> Iterator[Problem]:
    found = reading.found
    for node, outcome in reading.outcomes.items():
        if outcome.inside:
            yield _nested_problem(reading, node, outcome)
        elif outcome.fault:
            yield explain(site_of(reading, node), outcome.fault)
        elif outcome.loses_mask:
            yield _lost_mask(reading, node)
    for node, pieces in reading.not_run.items():
        yield _not_run(reading, node, pieces)
    for node, cause in reading.blocked.items():
        yield Problem(
            code="blocked",
            severity="info",
            node=node,
            upstream=cause,
            message=f"{found.name_of(node)} waits for {found.name_of(cause)} to be mended.",
        )
    yield from latent_problems(found, reading.specs, lambda node, fix: _mends_latent(reading, node, fix))
    yield from training_arguments(found)
    yield from flatten_suggestions(reading)


def _nested_problem(reading: Reading, node: str, outcome: Outcome) -> Problem:
    """A nested model that is in order by itself does not take what this call gives it."""
    found = reading.found
    inside = explain(site_of(reading, outcome.inside), outcome.fault)
    graph = str(found.layer_of(node).params.get("graph", ""))
    declared = [reading.specs[end, "output"].shape for end in found.ends[graph].inputs]
    given = [
        spec.shape
        for wire in found.topology.incoming[node]
        if (spec := reading.specs.get((wire.source, wire.source_port)))
    ]
    return Problem(
        code="nested_fault",
        node=node,
        port=next((wire.target_port for wire in found.topology.incoming[node]), ""),
        upstream=outcome.inside,
        message=f"{found.name_of(node)} cannot be called on this; inside it, {inside.message}",
        expected=", ".join(map(shown, declared)),
        received=", ".join(map(shown, given)),
        hint="Set the Input of the nested model to this shape, and mend what it shows there.",
    )


def _not_run(reading: Reading, node: str, pieces: list[str]) -> Problem:
    return Problem(
        code="own_code_not_run",
        severity="warning",
        node=node,
        message=f"{reading.found.name_of(node)} needs code of this design, which has not been run on this input yet.",
        expected="a run of the code in the sandbox",
        received=", ".join(pieces),
        hint="Somebody who may run code can press Run check in the code editor; its shapes are stored then.",
    )


def _lost_mask(reading: Reading, node: str) -> Problem:
    found = reading.found
    wire = found.topology.incoming[node][0]
    return Problem(
        code="mask_lost",
        severity="info",
        node=node,
        port=wire.target_port,
        upstream=wire.source,
        message=f"{found.name_of(node)} does not work with masks, and drops the one that comes in.",
        expected="a layer that passes masks on",
        received=f"a mask from {found.name_of(wire.source)}",
        hint="Layers behind it see padded steps like any others.",
    )


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
    after = read(document, reading.catalog, reading.known)
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
    after = read(document, reading.catalog, reading.known)
    return node not in {found.node for found in latent_problems(after.found, after.specs, lambda *_: False)}


def forget() -> None:
    """Forget what is remembered, so that the next analysis is cold."""
    _described.clear()
    readings.forget()
