"""A design that was read anew laid over the one that people see: ids, places, colours and notes stay."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel

from app.document.model import Edge, GraphDocument, Layer, Meta, Node, Training
from app.graph.layout import CARD_HEIGHT, CARD_WIDTH, COLUMN_GAP, ROW_GAP
from app.graph.topology import port_order, read_topology, read_wire

_Part = TypeVar("_Part", bound=BaseModel)


def merge_design(old: GraphDocument, new: GraphDocument, before: GraphDocument | None = None) -> GraphDocument:
    """Return `new` in the ids of `old`, with what only `old` knows: places, colours, notes, weights, data, own code.

    Layers are matched by name, else by class and by what they are wired to. `before` is what was read before the edit:
    what is equal in it and in `new` was not edited and stays as `old` has it, and so do nodes of `old` that are not in
    it (code does not show what leads to no output). Without it, `new` says everything.
    """
    aligned = _aligned(old, new)
    base = _aligned(old, before) if before is not None else old
    return _Merge(old, aligned, base).document()


def _aligned(old: GraphDocument, other: GraphDocument) -> GraphDocument:
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
            mine, inner = self.layers.get(layer), _graph_of(self.other.layers[layer])
            held = _graph_of(self.old.layers[mine]) if mine is not None else None
            if inner and held and inner not in self.graphs and held not in self.graphs.values():
                self.graph(held, inner)

    def rest(self) -> None:
        """Match graphs that no layer of both designs names, by their own names."""
        names = {graph.name: key for key, graph in self.old.graphs.items() if key not in self.graphs.values()}
        for key, graph in self.other.graphs.items():
            if key not in self.graphs and graph.name in names:
                self.graph(names.pop(graph.name), key)

    def _by_name(self, free: dict[str, None], waiting: list[str]) -> None:
        names = {_key(self.old.layers[layer]): layer for layer in free}
        for layer in waiting:
            mine = names.get(_key(self.other.layers[layer]))
            if mine is not None and mine in free:
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
                    if score > 0 or one.class_name == "Output":
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
        """Match the calls of matched layers, sources first: by what feeds them, else in their order."""
        for node in self._other.order[theirs]:
            mine = self.layers.get(self.other.nodes[node].layer)
            if mine is None or node in self.nodes:
                continue
            taken = set(self.nodes.values())
            free = [kept for kept in self._old.calls[ours, mine] if kept not in taken]
            fed = {(self.nodes.get(source or ""), out, into) for source, out, into in self._other.fed[node]}
            kept = next((kept for kept in free if self._old.fed[kept] == fed), free[0] if free else None)
            if kept is not None:
                self.nodes[node] = kept


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


def _key(layer: Layer) -> tuple[str, bool]:
    return layer.name, layer.class_name == "Output"


def _graph_of(layer: Layer) -> str | None:
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
                layers[key]: layer.model_copy(update={"params": _referring(layer.params, layers, graphs)})
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


def _referring(value: Any, layers: Mapping[str, str], graphs: Mapping[str, str]) -> Any:
    """Return parameters with the ids of the layers and graphs that they name renamed."""
    if isinstance(value, dict):
        renamed = {key: _referring(item, layers, graphs) for key, item in value.items()}
        for name, ids in (("graph", graphs), ("layer", layers)):
            if isinstance(value.get(name), str) and (name == "graph" or len(value) == 1):
                renamed[name] = ids.get(value[name], value[name])
        return renamed
    if isinstance(value, list):
        return [_referring(item, layers, graphs) for item in value]
    return value


@dataclass
class _Merge:
    """Three designs in one set of ids: what people see, what the code says now, and what it said before."""

    old: GraphDocument
    new: GraphDocument
    base: GraphDocument

    def document(self) -> GraphDocument:
        layers = {key: self._layer(key, layer) for key, layer in self.new.layers.items()}
        hidden = {key for key in self.old.nodes if key not in self.base.nodes and key not in self.new.nodes}
        nodes = {key: self._node(key, node) for key, node in self.new.nodes.items()}
        nodes |= {key: self.old.nodes[key] for key in hidden}
        _place_new(nodes, [key for key in self.new.nodes if key not in self.old.nodes], self.new.edges)
        kept = {self.old.nodes[key].layer for key in hidden} | (self.old.layers.keys() - self.base.layers.keys())
        layers |= {key: self.old.layers[key] for key in sorted(kept - layers.keys()) if key in self.old.layers}
        edges = dict(self.new.edges)
        for key, edge in self.old.edges.items():
            wire = read_wire(key)
            if {wire.source, wire.target} & hidden and {wire.source, wire.target} <= nodes.keys():
                edges[key] = edge
        used = {_graph_of(layer) for layer in layers.values()} | {node.graph for node in nodes.values()}
        graphs = {key: graph for key, graph in self.old.graphs.items() if key in used} | {
            key: _kept(self.old.graphs.get(key), self.base.graphs.get(key), graph)
            for key, graph in self.new.graphs.items()
        }
        return self.old.model_copy(
            update={
                "meta": self._meta(),
                "graphs": graphs,
                "layers": layers,
                "nodes": nodes,
                "edges": edges,
                "training": self._training(nodes),
            }
        )

    def _meta(self) -> Meta:
        new = self.new.meta.model_copy(update=self.old.meta.model_dump(include={"name", "description"}))
        base = self.base.meta.model_copy(update=self.old.meta.model_dump(include={"name", "description"}))
        return _kept(self.old.meta, base, new)

    def _layer(self, key: str, new: Layer) -> Layer:
        old, base = self.old.layers.get(key), self.base.layers.get(key)
        if old is None:
            return new
        same_class = old.class_name == new.class_name
        params = dict(new.params)
        if base is not None and same_class and base.class_name == new.class_name:
            names = old.params.keys() | base.params.keys() | new.params.keys()
            unedited = [name for name in names if _of(base, name) == _of(new, name)]
            for name in unedited:
                params.pop(name, None)
                if name in old.params:
                    params[name] = old.params[name]
        name = old.name if base is not None and base.name == new.name else new.name
        return Layer(class_name=new.class_name, name=name, params=params, weights=old.weights if same_class else None)

    def _node(self, key: str, new: Node) -> Node:
        old, base = self.old.nodes.get(key), self.base.nodes.get(key)
        if old is None:
            return new
        said = base.note if base is not None else ""
        note = old.note if _words(new.note) in (_words(old.note), _words(said)) else new.note
        unedited = base is not None and base.arguments == new.arguments
        return new.model_copy(
            update={
                "x": old.x,
                "y": old.y,
                "color": old.color,
                "note": note,
                "arguments": old.arguments if unedited else new.arguments,
            }
        )

    def _training(self, nodes: Mapping[str, Node]) -> Training:
        old, base, new = self.old.training, self.base.training, self.new.training
        update: dict[str, Any] = {
            name: _kept(getattr(old, name), getattr(base, name), getattr(new, name))
            for name in ("fit", "compile", "config")
        }
        if _plain(new.optimizer) != _plain(base.optimizer):
            update["optimizer"] = new.optimizer
        for name in ("losses", "metrics"):
            was, now = getattr(base, name), getattr(new, name)
            held = {
                key: value
                for key, value in getattr(old, name).items()
                if key in nodes and _values(was.get(key)) == _values(now.get(key))
            }
            changed = {key: value for key, value in now.items() if _values(was.get(key)) != _values(value)}
            update[name] = held | changed
        if _values(base.callbacks) != _values(new.callbacks):
            update["callbacks"] = new.callbacks
        return old.model_copy(update=update)


def _of(layer: Layer, name: str) -> tuple[bool, Any]:
    return name in layer.params, layer.params.get(name)


def _words(text: str) -> list[str]:
    return text.split()


def _plain(value: BaseModel | None) -> Any:
    return value.model_dump() if value is not None else None


def _values(found: Any) -> Any:
    """Return losses, metrics or callbacks without their ids, in order."""
    if isinstance(found, Mapping):
        return [_plain(value) for value in sorted(found.values(), key=lambda each: getattr(each, "position", 0))]
    return _plain(found)


def _kept(old: _Part | None, base: _Part | None, new: _Part) -> _Part:
    """Return `old` with those fields of `new` that differ from `base`."""
    if old is None or base is None:
        return new
    changed = {name: getattr(new, name) for name in type(new).model_fields if getattr(new, name) != getattr(base, name)}
    return old.model_copy(update=changed)


def _place_new(nodes: dict[str, Node], added: list[str], edges: Iterable[str]) -> None:
    """Give nodes that are new a free place below what feeds them, else above what they feed."""
    sources: dict[str, list[str]] = defaultdict(list)
    targets: dict[str, list[str]] = defaultdict(list)
    for key in sorted(edges, key=lambda key: port_order(read_wire(key).target_port)):
        wire = read_wire(key)
        sources[wire.target].append(wire.source)
        targets[wire.source].append(wire.target)
    waiting = set(added)
    taken = [(node.graph, node.x, node.y) for key, node in nodes.items() if key not in waiting]
    for key in added:
        node = nodes[key]
        above = [nodes[source] for source in sources[key] if source not in waiting]
        below = [nodes[target] for target in targets[key] if target not in waiting]
        x, y = node.x, node.y
        if above:
            x, y = above[0].x, max(each.y for each in above) + CARD_HEIGHT + ROW_GAP
        elif below:
            x, y = below[0].x, min(each.y for each in below) - CARD_HEIGHT - ROW_GAP
        while any(
            graph == node.graph and abs(x - left) < CARD_WIDTH and abs(y - top) < CARD_HEIGHT
            for graph, left, top in taken
        ):
            x += CARD_WIDTH + COLUMN_GAP
        nodes[key] = node.model_copy(update={"x": x, "y": y})
        taken.append((node.graph, x, y))
        waiting.discard(key)
