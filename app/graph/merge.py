"""A design that was read anew laid over the one that people see: ids, places, colours and notes stay."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel

from app.document.model import GraphDocument, Layer, Meta, Node, Training
from app.graph.layout import CARD_HEIGHT, CARD_WIDTH, COLUMN_GAP, ROW_GAP
from app.graph.matching import aligned, graph_of, is_output
from app.graph.topology import port_order, read_wire

_Part = TypeVar("_Part", bound=BaseModel)


def merge_design(old: GraphDocument, new: GraphDocument, before: GraphDocument | None = None) -> GraphDocument:
    """Return `new` in the ids of `old`, with what only `old` knows: places, colours, notes, weights, data, own code.

    Layers are matched by name, else by class and by what they are wired to. `before` is what was read before the edit:
    what is equal in it and in `new` was not edited and stays as `old` has it, and so do nodes of `old` that are not in
    it (code does not show what leads to no output). Without it, `new` says everything.
    """
    base = aligned(old, before) if before is not None else old
    return _Merge(old, aligned(old, new), base).document()


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
        used = {graph_of(layer) for layer in layers.values()} | {node.graph for node in nodes.values()}
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
        unnamed = is_output(old) and base is not None and old.name != base.name
        name = old.name if unnamed or (base is not None and base.name == new.name) else new.name
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
