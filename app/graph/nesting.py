"""What layers hold: other layers, by value or by reference, and the graphs of nested models."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from app.catalog.model import Catalog, Kind, ObjectSpec, ParamKind
from app.catalog.validate import layer_reference
from app.document.model import GraphDocument

MAX_NESTING: Final = 32
"""How deep models may stand in models: Keras calls itself for each level."""

MAX_CALLS: Final = 20_000
"""Calls of a whole model, those in nested models counted once for each of their instances."""


class Held(NamedTuple):
    """What the parameters of one layer name: layers by reference, graphs, and pieces of the design's own code."""

    layers: tuple[str, ...] = ()
    graphs: tuple[str, ...] = ()
    code: tuple[str, ...] = ()


NOTHING: Final = Held()


def read_held(spec: ObjectSpec, params: Mapping[str, Any], catalog: Catalog) -> Held:
    """Return what `params` of an object described by `spec` name, at any depth, each once and sorted."""
    layers, graphs, code = set[str](), set[str](), set[str]()
    waiting: list[tuple[ObjectSpec, Mapping[str, Any]]] = [(spec, params)]
    while waiting:
        each, values = waiting.pop()
        if each.code:
            code.add(each.code)
        for param in each.params:
            value = values.get(param.name)
            if value is None:
                continue
            if param.kind is ParamKind.GRAPH:
                if isinstance(value, str):
                    graphs.add(value)
                continue
            kind = Kind.LAYER if param.kind in {ParamKind.LAYER, ParamKind.LAYERS} else param.object_kind
            if kind is None:
                continue
            for item in value if isinstance(value, list) else [value]:
                if kind is Kind.LAYER and (reference := layer_reference(item)) is not None:
                    layers.add(reference)
                    continue
                name, config = _named(item)
                found = catalog.find(kind, name) if name else None
                if found is not None:
                    waiting.append((found, config))
    if not (layers or graphs or code):
        return NOTHING
    return Held(tuple(sorted(layers)), tuple(sorted(graphs)), tuple(sorted(code)))


def _named(value: Any) -> tuple[str, Mapping[str, Any]]:
    if isinstance(value, str):
        return value, {}
    if isinstance(value, Mapping) and isinstance(value.get("class_name"), str):
        config = value.get("config")
        return value["class_name"], config if isinstance(config, Mapping) else {}
    return "", {}


def follow(document: GraphDocument, value: Any) -> Any:
    """Return the class and parameters of the layer that `value` refers to; `value` itself where it refers to none."""
    layer = document.layers.get(layer_reference(value) or "")
    return value if layer is None else {"class_name": layer.class_name, "config": layer.params}


class Ends(NamedTuple):
    """The Input and Output nodes of a graph by position, then by id; of a nested one, its ports in order."""

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


@dataclass
class Nesting:
    """How the graphs of a design hold one another.

    `layers` are the layers called in each graph and those that they refer to, `holds` the graphs that those name.
    `order` has every graph after those that it holds, the design itself ("") last; graphs that hold themselves stand
    anywhere. `used` are those that the design is built from. `dominators` are, for each of them, the graphs without
    whose instances there is none of it: itself, "", and what lies between.
    """

    layers: dict[str, set[str]] = field(default_factory=dict)
    holds: dict[str, set[str]] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    recursive: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    dominators: dict[str, frozenset[str]] = field(default_factory=dict)
    depth: int = 0

    def owner(self, layer: str) -> str:
        """Return the innermost graph that is around every use of `layer`.

        Each instance of that graph has an instance of the layer of its own, and all uses in there share it.
        """
        if len(self.used) == 1:
            return ""
        around = [self.dominators[graph] for graph in self.used if layer in self.layers[graph]]
        if not around:
            return ""
        return max(frozenset.intersection(*around), key=lambda graph: len(self.dominators[graph]))


def read_nesting(document: GraphDocument, held: Mapping[str, Held], nodes: Iterable[str]) -> Nesting:
    """Return how the graphs of `nodes` hold one another; `held` has the layers that hold anything."""
    found = Nesting()
    graphs = {"", *document.graphs}
    found.layers = {graph: set() for graph in graphs}
    for node in nodes:
        call = document.nodes[node]
        if call.graph in graphs:
            found.layers[call.graph].add(call.layer)
    if held:
        for layers in found.layers.values():
            layers.update(with_references(layers, held))
    found.holds = {
        graph: {inner for layer in layers if layer in held for inner in held[layer].graphs if inner in graphs}
        for graph, layers in found.layers.items()
    }
    sound = dependencies_first(found.holds)
    rest = found.holds.keys() - set(sound)
    found.order = [*(graph for graph in [*sound, *sorted(rest)] if graph), ""]
    found.recursive = {graph for graph in rest if graph in reach(graph, found.holds)}
    _read_used(found)
    return found


def with_references(layers: Iterable[str], held: Mapping[str, Held]) -> set[str]:
    """Return `layers` and those that they refer to, at any remove."""
    reached = set(layers)
    waiting = [layer for layer in reached if layer in held]
    while waiting:
        for other in held.get(waiting.pop(), NOTHING).layers:
            if other not in reached:
                reached.add(other)
                waiting.append(other)
    return reached


def dependencies_first(needs: Mapping[str, set[str]]) -> list[str]:
    """Return the keys of `needs` with what each needs before it; those on a circle, or behind one, are left out."""
    users: dict[str, set[str]] = {key: set() for key in needs}
    for key, needed in needs.items():
        for each in needed:
            users[each].add(key)
    missing = {key: len(needed) for key, needed in needs.items()}
    ready = sorted(key for key, count in missing.items() if count == 0)
    order: list[str] = []
    while ready:
        order += ready
        following = []
        for key in ready:
            for user in users[key]:
                missing[user] -= 1
                if missing[user] == 0:
                    following.append(user)
        ready = sorted(following)
    return order


def reach(graph: str, holds: Mapping[str, set[str]]) -> set[str]:
    """Return the graphs that `graph` holds, at any depth."""
    reached: set[str] = set()
    waiting = [graph]
    while waiting:
        for inner in holds[waiting.pop()] - reached:
            reached.add(inner)
            waiting.append(inner)
    return reached


def _read_used(found: Nesting) -> None:
    """Note the graphs that the design is built from, with their dominators and how deep they go."""
    found.used = {"", *reach("", found.holds)}
    depths = {"": 0}
    found.dominators = {"": frozenset({""})}
    for graph in reversed(found.order):
        if graph not in found.used or graph == "":
            continue
        holders = [holder for holder in found.dominators if graph in found.holds[holder]]
        around = [found.dominators[holder] for holder in holders]
        found.dominators[graph] = frozenset({graph, *(frozenset.intersection(*around) if around else {""})})
        depths[graph] = 1 + max((depths[holder] for holder in holders), default=0)
    found.depth = max(depths.values())
