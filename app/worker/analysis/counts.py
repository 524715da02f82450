"""How many weights a design has: those of each layer once, those of a nested model once for each instance of it."""

from dataclasses import dataclass, field

from app.graph.nesting import Nesting, reach
from app.graph.ownership import Ownership, read_ownership
from app.graph.survey import Survey
from app.worker.analysis.reading import Reading

Count = tuple[int, int]
"""Weights, and trainable ones."""

NONE: Count = (0, 0)


@dataclass
class Counts:
    """Weights of the whole design, of layers by id, and of nodes: those of a layer stand at its first call.

    Those of a nested model include the layers that it shares with what is around it.
    """

    total: Count = NONE
    layers: dict[str, Count] = field(default_factory=dict)
    nodes: dict[str, Count] = field(default_factory=dict)


def read_counts(reading: Reading) -> Counts:
    """Count what the dry calls of `reading` found; of a design without an Output, all that is drawn."""
    found = reading.found
    counts, own = Counts(), dict[str, Count]()
    for node, outcome in reading.outcomes.items():
        layer = found.document.nodes[node].layer
        if outcome.params and layer not in own:
            own[layer] = (outcome.params, outcome.trainable_params)
        if outcome.shared:
            for key, params, trainable in outcome.shared:
                own.setdefault(key, (params, trainable))
            parts = [own.get(layer, NONE), *(each[1:] for each in outcome.shared)]
            counts.layers[layer] = _sum(parts)
        if outcome.params or outcome.shared:
            counts.layers.setdefault(layer, own.get(layer, NONE))
    if not found.held:
        counts.total = _sum([own[layer] for layer in found.building.layers[""] if layer in own])
    else:
        _count_models(found, counts, own)
    counted: set[str] = set()
    for node in [*found.topology.order, *sorted(found.topology.tangled)]:
        layer = found.document.nodes[node].layer
        if layer in counts.layers and layer not in counted and node in reading.outcomes:
            counted.add(layer)
            counts.nodes[node] = counts.layers[layer]
    return counts


def weight_shapes(reading: Reading) -> dict[str, list[list[int]]]:
    """Return the shapes of the weights of layers, by id, in Keras' order; layers that hold others are left out."""
    found: dict[str, list[list[int]]] = {}
    for node, outcome in reading.outcomes.items():
        if outcome.weights and not outcome.shared:
            found.setdefault(reading.found.document.nodes[node].layer, [list(shape) for shape in outcome.weights])
    return found


def _count_models(found: Survey, counts: Counts, own: dict[str, Count]) -> None:
    whole = read_ownership(found, found.nesting)
    for graph, total in _by_graph(found, found.nesting, whole, own).items():
        for layer, spec in found.specs.items():
            if spec.marker == "model" and found.document.layers[layer].params.get("graph") == graph:
                taken = [own.get(each, NONE) for each in whole.takes[graph]]
                counts.layers[layer] = _frozen(found, layer, _sum([total, *taken]))
    totals = _by_graph(found, found.building, read_ownership(found, found.building), own)
    counts.total = totals.get("", NONE)


def _by_graph(found: Survey, nesting: Nesting, ownership: Ownership, own: dict[str, Count]) -> dict[str, Count]:
    """Return, for each graph, the weights that belong to one instance of it."""
    frozen = _frozen_from_inside(found, ownership)
    totals: dict[str, Count] = {}
    for graph in nesting.order:
        if graph not in ownership.owns:
            continue
        parts = []
        for layer in ownership.owns[graph]:
            count = own.get(layer, NONE)
            if found.specs[layer].marker == "model":
                inner = found.document.layers[layer].params.get("graph")
                count = _frozen(found, layer, totals.get(inner, NONE) if isinstance(inner, str) else NONE)
            parts.append((count[0], 0) if layer in frozen else count)
        totals[graph] = _sum(parts)
    return totals


def _frozen(found: Survey, layer: str, count: Count) -> Count:
    return (count[0], 0) if found.document.layers[layer].params.get("trainable") is False else count


def _frozen_from_inside(found: Survey, ownership: Ownership) -> set[str]:
    """Return layers that belong to a graph around a frozen model: Keras freezes all that a model calls."""
    frozen: set[str] = set()
    for layer, spec in found.specs.items():
        params = found.document.layers[layer].params
        if spec.marker == "model" and params.get("trainable") is False:
            for graph in found.held[layer].graphs:
                for inner in {graph, *(reach(graph, found.nesting.holds) if graph in found.nesting.holds else ())}:
                    frozen |= ownership.takes.get(inner, frozenset())
    return frozen


def _sum(counts: list[Count]) -> Count:
    return sum(count[0] for count in counts), sum(count[1] for count in counts)
