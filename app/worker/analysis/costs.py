"""What a whole design costs: the sums over its calls, nested models and wrappers included."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

from app.graph.cost import BYTES, training_bytes
from app.graph.survey import Survey
from app.messages.analysis import Costs, NodeAnalysis
from app.worker.analysis.counts import Counts

Sums = tuple[int, int]
"""Operations, and bytes of activations."""


def with_nested_costs(found: Survey, nodes: Sequence[NodeAnalysis]) -> tuple[list[NodeAnalysis], dict[str, Sums]]:
    """Return `nodes` in which calls of nested models cost what is inside, and the sums of each graph.

    A `TimeDistributed` model costs as much at every time step.
    """
    if not found.document.graphs:
        return list(nodes), {"": _sum(found, nodes)}
    by_graph: dict[str, list[NodeAnalysis]] = defaultdict(list)
    for node in nodes:
        by_graph[node.graph].append(node)
    sums: dict[str, Sums] = {}
    replaced: dict[str, NodeAnalysis] = {}
    for graph in dict.fromkeys([*found.nesting.order, *by_graph]):
        members = [_with_inside(found, node, sums) for node in by_graph.get(graph, ())]
        replaced.update((node.id, node) for node in members)
        sums[graph] = _sum(found, members)
    return [replaced[node.id] for node in nodes], sums


def _sum(found: Survey, nodes: Iterable[NodeAnalysis]) -> Sums:
    counted = [node for node in nodes if node.id in found.built or not found.built]
    return sum(node.flops for node in counted), sum(node.activation_bytes for node in counted)


def _with_inside(found: Survey, node: NodeAnalysis, sums: dict[str, Sums]) -> NodeAnalysis:
    held = found.held.get(found.document.nodes[node.id].layer)
    inside = [sums[graph] for graph in held.graphs if graph in sums] if held else []
    if not inside:
        return node
    times = _steps(node.input_shapes.values()) if node.class_name == "TimeDistributed" else 1
    return node.model_copy(
        update={
            "flops": times * sum(flops for flops, _ in inside),
            "activation_bytes": times * sum(size for _, size in inside),
        }
    )


def _steps(shapes: Iterable[Sequence[int | None]]) -> int:
    return math.prod(shape[1] or 1 for shape in shapes if len(shape) > 1)


def total_costs(found: Survey, counts: Counts, sums: dict[str, Sums]) -> Costs:
    """Return what the design costs, with memory of training at its batch size and optimizer."""
    flops, activations = sums.get("", (0, 0))
    weights, trainable = counts.total
    training = found.document.training
    optimizer = training.optimizer.class_name if training.optimizer else "Adam"
    return Costs(
        flops=flops,
        weights_bytes=weights * BYTES.get(training.config.dtype_policy, 4),
        activation_bytes=activations,
        training_bytes=training_bytes(weights, trainable, activations, training.fit.batch_size, optimizer),
    )
