"""Graphs of nested models that are equal, made one graph with several instances."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from app.document.model import Edge, GraphDocument, Layer, Node
from app.graph.nesting import dependencies_first
from app.graph.references import graphs_named, layers_named, with_ids
from app.graph.topology import read_wire

_OPERATION = "ops."


def join_equal_graphs(document: GraphDocument) -> GraphDocument:
    """Return `document` with one graph where several hold the same: layers, names, parameters, calls and wires.

    The order of nodes is that of building, as readers of files make it. Names of operations do not count: Keras numbers
    them through a whole process. What a model file or a script says twice comes back as two instances of one graph,
    each with weights of its own, and the first of the graphs stays. A layer that several graphs share keeps them apart
    where as one graph each instance would get its own.
    """
    if len(document.graphs) < 2:
        return document
    reading = _Reading(document)
    first: dict[str, list[str]] = {}
    same: dict[str, str] = {}
    for graph in dependencies_first(reading.holds):
        if not graph:
            continue
        alike = first.setdefault(reading.signature(graph, same), [])
        kept = next((other for other in alike if reading.may_be_one(other, graph, same)), None)
        if kept is None:
            alike.append(graph)
        else:
            same[graph] = kept
    return _joined(document, same) if same else document


class _Reading:
    """Which graphs use which layers, and what each graph is but for the ids in it."""

    def __init__(self, document: GraphDocument) -> None:
        self.document = document
        self.nodes: dict[str, list[str]] = {graph: [] for graph in ("", *document.graphs)}
        self.layers: dict[str, list[str]] = {graph: [] for graph in self.nodes}
        self.users: dict[str, set[str]] = defaultdict(set)
        for key, node in document.nodes.items():
            self.nodes[node.graph].append(key)
            self._use(node.graph, node.layer)
        self.holds = {
            graph: {inner for layer in layers for inner in graphs_named(document.layers[layer].params)}
            & document.graphs.keys()
            for graph, layers in self.layers.items()
        }
        self.wires: dict[str, list[str]] = defaultdict(list)
        for key in document.edges:
            self.wires[document.nodes[read_wire(key).target].graph].append(key)

    def _use(self, graph: str, layer: str) -> None:
        """Note that a graph uses a layer, and those that it refers to."""
        waiting = [layer]
        while waiting:
            each = waiting.pop()
            if each in self.document.layers and graph not in self.users[each]:
                self.users[each].add(graph)
                self.layers[graph].append(each)
                waiting += layers_named(self.document.layers[each].params)

    def signature(self, graph: str, same: Mapping[str, str]) -> str:
        """Return a text that is equal for graphs that are; a layer that other graphs use too stands for itself."""
        own = [layer for layer in self.layers[graph] if self.users[layer] == {graph}]
        layers = {layer: f" {number}" for number, layer in enumerate(own)}
        nodes = {node: number for number, node in enumerate(self.nodes[graph])}
        wires = [read_wire(key) for key in self.wires[graph]]
        return json.dumps(
            [
                self.document.graphs[graph].model_class,
                [_anonymous(self.document.layers[layer], layers, same) for layer in own],
                [
                    [layers.get(call.layer, call.layer), call.arguments]
                    for call in (self.document.nodes[node] for node in nodes)
                ],
                sorted([nodes[wire.source], wire.source_port, nodes[wire.target], wire.target_port] for wire in wires),
            ],
            sort_keys=True,
        )

    def may_be_one(self, kept: str, graph: str, same: Mapping[str, str]) -> bool:
        """Say whether two equal graphs, joined, still share the layers that they share now."""
        inside, other = self._reach(kept, same), self._reach(graph, same)
        shared = self._deep(inside) & self._deep(other)
        users = ({same.get(user, user) for user in self.users[layer]} for layer in shared)
        return all(len(each) == 1 or not each <= inside | other for each in users)

    def _reach(self, graph: str, same: Mapping[str, str]) -> set[str]:
        reached = {graph}
        waiting = [graph]
        while waiting:
            new = {same.get(inner, inner) for inner in self.holds[waiting.pop()]} - reached
            reached |= new
            waiting += new
        return reached

    def _deep(self, graphs: set[str]) -> set[str]:
        return {layer for graph in graphs for layer in self.layers[graph]}


def _anonymous(layer: Layer, layers: Mapping[str, str], graphs: Mapping[str, str]) -> dict[str, Any]:
    found = layer.model_dump(mode="json")
    if layer.class_name.startswith(_OPERATION):
        del found["name"]
    return {**found, "params": with_ids(found["params"], layers, graphs)}


def _joined(document: GraphDocument, same: Mapping[str, str]) -> GraphDocument:
    nodes = {key: node for key, node in document.nodes.items() if node.graph not in same}
    gone = _only_used_by(document, document.nodes.keys() - nodes.keys(), nodes)
    edges: dict[str, Edge] = {key: edge for key, edge in document.edges.items() if read_wire(key).target in nodes}
    return document.model_copy(
        update={
            "graphs": {key: graph for key, graph in document.graphs.items() if key not in same},
            "layers": {
                key: layer.model_copy(update={"params": with_ids(layer.params, {}, same)})
                for key, layer in document.layers.items()
                if key not in gone
            },
            "nodes": nodes,
            "edges": edges,
        }
    )


def _only_used_by(document: GraphDocument, removed: set[str], kept: Mapping[str, Node]) -> set[str]:
    """Return the layers that the nodes `removed` use, themselves or through others, and those `kept` do not."""

    def used(layers: Iterator[str]) -> set[str]:
        reached: set[str] = set()
        waiting = list(layers)
        while waiting:
            each = waiting.pop()
            if each in document.layers and each not in reached:
                reached.add(each)
                waiting += layers_named(document.layers[each].params)
        return reached

    return used(document.nodes[key].layer for key in removed) - used(node.layer for node in kept.values())
