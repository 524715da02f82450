"""Which parts of a design that was read anew are which of the one that people see."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from app.document.model import Edge, GraphDocument, Layer
from app.graph.references import with_ids
from app.graph.topology import read_topology, read_wire


def aligned(old: GraphDocument, other: GraphDocument) -> GraphDocument:
    """Return `other` with the ids of `old` for what is the same, and ids that `old` does not use for the rest."""
    match = _Match(old, other)
    match.graph("", "")
    match.rest()
    return _renamed(other, match, old)


@dataclass
class _Match:
    """Which layers, nodes and graphs of `other` are which of `old`; the maps go from `other` to `old`."""

    old: GraphDocument
    other: GraphDocument
    layers: dict[str, str] = field(default_factory=dict)
    nodes: dict[str, str] = field(default_factory=dict)
    graphs: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._old = _Index(self.old)
        self._other = _Index(self.other)

    def graph(self, ours: str, theirs: str) -> None:
        """Match what is in the graph `theirs` of `other` with what is in `ours` of `old`, and so on inside."""
        self.graphs[theirs] = ours
        taken = set(self.layers.values())
        left, right = self._old.layers[ours], self._other.layers[theirs]
        free = {layer: None for layer in left if layer not in taken}
        waiting = [layer for layer in right if layer not in self.layers]
        self._by_name(free, waiting)
        self._calls(ours, theirs)
        self._by_place(ours, theirs, free, [layer for layer in waiting if layer not in self.layers])
        for layer in right:
            mine, inner = self.layers.get(layer), graph_of(self.other.layers[layer])
            held = graph_of(self.old.layers[mine]) if mine is not None else None
            if inner and held and inner not in self.graphs and held not in self.graphs.values():
                self.graph(held, inner)

    def rest(self) -> None:
        """Match graphs that no layer of both designs names, by their own names."""
        names = {graph.name: key for key, graph in self.old.graphs.items() if key not in self.graphs.values()}
        for key, graph in self.other.graphs.items():
            if key not in self.graphs and graph.name in names:
                self.graph(names.pop(graph.name), key)

    def _by_name(self, free: dict[str, None], waiting: list[str]) -> None:
        """Match layers by name; Outputs have none in code."""
        names = {self.old.layers[layer].name: layer for layer in free if not is_output(self.old.layers[layer])}
        for layer in waiting:
            mine = names.get(self.other.layers[layer].name)
            if mine is not None and mine in free and not is_output(self.other.layers[layer]):
                self.layers[layer] = mine
                del free[mine]

    def _by_place(self, ours: str, theirs: str, free: dict[str, None], waiting: list[str]) -> None:
        """Match layers of one class by the wires that they have in common, the most first; Outputs by order."""
        scores = []
        for index, layer in enumerate(waiting):
            for order, mine in enumerate(free):
                one, other = self.old.layers[mine], self.other.layers[layer]
                if one.class_name == other.class_name:
                    score = self._shared_wires(mine, layer) + 0.5 * (one.params == other.params)
                    if score > 0 or is_output(one):
                        scores.append((-score, index, order, layer, mine))
        for _, _, _, layer, mine in sorted(scores):
            if mine in free and layer not in self.layers:
                self.layers[layer] = mine
                del free[mine]
        self._calls(ours, theirs)

    def _shared_wires(self, mine: str, layer: str) -> int:
        ends = {
            (self.nodes.get(node), here, there) for node, here, there in self._other.around[layer] if node in self.nodes
        }
        return len(ends & self._old.around[mine])

    def _calls(self, ours: str, theirs: str) -> None:
        """Match calls of matched layers, sources first: by what feeds them, by what they lead to, else in order."""
        waiting = [node for node in self._other.order[theirs] if node not in self.nodes]
        if not any(self.other.nodes[node].layer in self.layers for node in waiting):
            return
        matched = set(self.layers.values())
        mine = self._old.surroundings(ours, lambda layer: layer if layer in matched else None)
        other = self._other.surroundings(theirs, self.layers.get)
        for node in waiting:
            layer = self.layers.get(self.other.nodes[node].layer)
            if layer is None or node in self.nodes:
                continue
            taken = set(self.nodes.values())
            free = [kept for kept in self._old.calls[ours, layer] if kept not in taken]
            alike = [
                each
                for each in self._other.calls[theirs, self.other.nodes[node].layer]
                if each not in self.nodes and self._other.fed[each] == self._other.fed[node]
            ]
            pairs = [(self._likeness(mine[kept], other[each]), each, kept) for each in alike for kept in free]
            for _, each, kept in sorted(pairs, key=lambda pair: pair[0], reverse=True):
                if each not in self.nodes and kept in free:
                    self.nodes[each] = kept
                    free.remove(kept)

    def _likeness(self, mine: "_Surroundings", other: "_Surroundings") -> tuple[bool, int, bool, int]:
        """Return how much a call of `old` is like one of `other`: their sources first, then what they lead to."""
        fed = {(self.nodes.get(source or ""), out, into) for source, out, into in other.fed}
        return (
            fed == mine.fed,
            len(fed & mine.fed),
            mine.following == other.following,
            len(mine.users & other.users),
        )


class _Surroundings(NamedTuple):
    """What a call is fed by and what takes its results, and a digest of all that follows it."""

    fed: set[tuple[str | None, str, str]]
    users: set[tuple[str, str, str]]
    following: int


class _Index:
    """A design by graph: its layers in building order, their calls, and what those are wired to."""

    def __init__(self, document: GraphDocument) -> None:
        self.layers: dict[str, list[str]] = defaultdict(list)
        self.calls: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.around: dict[str, set[tuple[str | None, str, str]]] = defaultdict(set)
        self.order: dict[str, list[str]] = defaultdict(list)
        self.fed: dict[str, set[tuple[str | None, str, str]]] = defaultdict(set)
        topology = read_topology(document)
        for node in [*topology.order, *sorted(topology.tangled)]:
            call = document.nodes[node]
            if call.layer not in document.layers:
                continue
            if call.layer not in self.layers[call.graph]:
                self.layers[call.graph].append(call.layer)
            self.calls[call.graph, call.layer].append(node)
            self.order[call.graph].append(node)
        for key in document.edges:
            wire = read_wire(key)
            ends = (document.nodes.get(wire.source), document.nodes.get(wire.target))
            if ends[0] is not None and ends[1] is not None:
                self.fed[wire.target].add((wire.source, wire.source_port, wire.target_port))
                self.around[ends[0].layer].add((wire.target, wire.source_port, wire.target_port))
                self.around[ends[1].layer].add((wire.source, wire.source_port, wire.target_port))
        called = {node.layer for node in document.nodes.values()}
        self.layers[""] += [layer for layer in document.layers if layer not in called]
        self._document, self._topology = document, topology

    def surroundings(self, graph: str, known: Callable[[str], str | None]) -> dict[str, _Surroundings]:
        """Return what is around each node of a graph; `known` gives the layers that both designs have one name."""
        names: dict[str, str] = {}
        before: dict[str, int] = {}
        for node in self.order[graph]:
            layer = self._document.layers[self._document.nodes[node].layer]
            place = str(layer.params.get("position", 0)) if is_output(layer) else ""
            names[node] = known(self._document.nodes[node].layer) or f"{layer.class_name} {place}"
            fed = {(before.get(source or "", 0), out, into) for source, out, into in self.fed[node]}
            before[node] = hash((names[node], frozenset(fed)))
        found: dict[str, _Surroundings] = {}
        for node in reversed(self.order[graph]):
            wires = [wire for wire in self._topology.outgoing[node] if wire.target in names]
            after = [
                (found[wire.target].following, wire.source_port, wire.target_port)
                for wire in wires
                if wire.target in found
            ]
            found[node] = _Surroundings(
                self.fed[node],
                {(names[wire.target], wire.source_port, wire.target_port) for wire in wires},
                hash((before[node], tuple(sorted(after)))),
            )
        return found


def is_output(layer: Layer) -> bool:
    return layer.class_name == "Output"


def graph_of(layer: Layer) -> str | None:
    found = layer.params.get("graph")
    return found if isinstance(found, str) else None


def _renamed(other: GraphDocument, match: _Match, old: GraphDocument) -> GraphDocument:
    layers = _with_free_ids(other.layers, match.layers, old.layers)
    nodes = _with_free_ids(other.nodes, match.nodes, old.nodes)
    graphs = _with_free_ids(other.graphs, match.graphs, old.graphs) | {"": ""}
    edges = {}
    for key in other.edges:
        wire = read_wire(key)
        source, target = nodes.get(wire.source, wire.source), nodes.get(wire.target, wire.target)
        edges[f"{source}:{wire.source_port}->{target}:{wire.target_port}"] = Edge()
    training = other.training
    return other.model_copy(
        update={
            "graphs": {graphs[key]: graph for key, graph in other.graphs.items()},
            "layers": {
                layers[key]: layer.model_copy(update={"params": with_ids(layer.params, layers, graphs)})
                for key, layer in other.layers.items()
            },
            "nodes": {
                nodes[key]: node.model_copy(
                    update={"layer": layers.get(node.layer, node.layer), "graph": graphs.get(node.graph, node.graph)}
                )
                for key, node in other.nodes.items()
            },
            "edges": edges,
            "training": training.model_copy(
                update={
                    "losses": {nodes.get(key, key): loss for key, loss in training.losses.items()},
                    "metrics": {nodes.get(key, key): metrics for key, metrics in training.metrics.items()},
                }
            ),
        }
    )


def _with_free_ids(keys: Iterable[str], matched: Mapping[str, str], taken: Iterable[str]) -> dict[str, str]:
    """Return the id for each key: that of its match, else its own where it is free, else a numbered one."""
    used = {*taken, *matched.values()}
    found = {}
    for key in keys:
        if key in matched:
            found[key] = matched[key]
            continue
        candidate, number = key, 1
        while candidate in used:
            number += 1
            candidate = f"{key[:56]}_{number}"
        used.add(candidate)
        found[key] = candidate
    return found
