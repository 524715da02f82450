"""How nodes hang together: wires by their ends, an order in which every source comes first, cycles, reach."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from app.document.model import GraphDocument, parse_edge_key


@dataclass(frozen=True, slots=True)
class Wire:
    """An edge with its ends taken apart; `key` is its key in the document."""

    key: str
    source: str
    source_port: str
    target: str
    target_port: str


@lru_cache(maxsize=200_000)
def read_wire(key: str) -> Wire:
    """Return the wire of a validated edge key, `source:port->target:port`."""
    source, target = key.split("->", 1)
    return Wire(key, *source.split(":", 1), *target.split(":", 1))


def port_order(port: str) -> tuple[str, int]:
    """Return what sorts ports: `inputs.2` stands before `inputs.10`."""
    name, _, index = port.partition(".")
    return name, int(index or 0)


@dataclass(frozen=True)
class Topology:
    """The wires whose two ends exist, by target and by source, and the other ones as `dangling`.

    A wire joins nodes of one graph; those that lead from one graph into another are `crossing`, and join nothing.
    `order` holds every node that is not on a cycle or behind one, sources first, then by node id, so that equal
    documents give equal plans. `tangled` are the remaining nodes.
    """

    incoming: Mapping[str, list[Wire]]
    outgoing: Mapping[str, list[Wire]]
    dangling: list[str]
    crossing: list[str]
    order: list[str]
    tangled: set[str]


def read_topology(document: GraphDocument) -> Topology:
    """Return the topology of `document`; wires into one node are in port order.

    That of a few designs is remembered: most edits join nothing anew.
    """
    return _topology(tuple((node, call.graph) for node, call in document.nodes.items()), tuple(document.edges))


@lru_cache(maxsize=8)
def _topology(nodes: tuple[tuple[str, str], ...], edges: tuple[str, ...]) -> Topology:
    graphs = dict(nodes)
    incoming: dict[str, list[Wire]] = {node: [] for node in graphs}
    outgoing: dict[str, list[Wire]] = {node: [] for node in graphs}
    dangling, crossing = [], []
    for key in sorted(edges):
        wire = read_wire(key)
        if wire.source in outgoing and wire.target in incoming:
            if graphs[wire.source] != graphs[wire.target]:
                crossing.append(key)
                continue
            outgoing[wire.source].append(wire)
            incoming[wire.target].append(wire)
        else:
            dangling.append(key)
    for wires in incoming.values():
        if len(wires) > 1:
            wires.sort(key=lambda wire: (port_order(wire.target_port), wire.key))
    order = _sorted(incoming, outgoing)
    return Topology(incoming, outgoing, dangling, crossing, order, incoming.keys() - set(order))


def forget_topologies() -> None:
    """Forget the topologies that are remembered."""
    _topology.cache_clear()


def _sorted(incoming: Mapping[str, list[Wire]], outgoing: Mapping[str, list[Wire]]) -> list[str]:
    """Return nodes by their longest way from a node without sources, which is the order that Keras lists layers in."""
    missing = {node: len(wires) for node, wires in incoming.items()}
    level = sorted(node for node, count in missing.items() if count == 0)
    order: list[str] = []
    while level:
        order += level
        following = []
        for node in level:
            for wire in outgoing[node]:
                missing[wire.target] -= 1
                if missing[wire.target] == 0:
                    following.append(wire.target)
        level = sorted(following)
    return order


def find_cycles(topology: Topology) -> list[list[Wire]]:
    """Return cycles that have no wire in common, until none is left without them.

    Removing one wire of each makes the graph acyclic, or less cyclic: a wire may lie on cycles not listed.
    """
    outgoing = _within_components({node: topology.outgoing[node] for node in sorted(topology.tangled)})
    cycles = []
    for start in list(outgoing):
        while cycle := _cycle_from(start, outgoing):
            cycles.append(cycle)
            used = {wire.key for wire in cycle}
            for wire in cycle:
                outgoing[wire.source] = [kept for kept in outgoing[wire.source] if kept.key not in used]
        if outgoing[start]:  # It leads to cycles that it is not on: no other node is to be followed there in vain.
            outgoing = _within_components(outgoing)
    return cycles


def _within_components(outgoing: Mapping[str, list[Wire]]) -> dict[str, list[Wire]]:
    """Return the wires that lie on a cycle: those that join two nodes of one strongly connected component."""
    component = _components(outgoing)
    return {
        node: [wire for wire in wires if component.get(wire.target) == component[node]]
        for node, wires in outgoing.items()
    }


def _components(outgoing: Mapping[str, list[Wire]]) -> dict[str, int]:
    """Return a number for each node, the same for those that reach one another (Tarjan, 1972, without recursion)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    component: dict[str, int] = {}
    open_nodes: list[str] = []
    for root in outgoing:
        way = [] if root in index else [(root, iter(outgoing[root]))]
        while way:
            node, wires = way[-1]
            if node not in index:
                index[node] = low[node] = len(index)
                open_nodes.append(node)
            deeper = None
            for wire in wires:
                if wire.target not in outgoing:
                    continue
                if wire.target not in index:
                    deeper = wire.target
                    break
                if wire.target not in component:
                    low[node] = min(low[node], index[wire.target])
            if deeper is not None:
                way.append((deeper, iter(outgoing[deeper])))
                continue
            way.pop()
            if way:
                low[way[-1][0]] = min(low[way[-1][0]], low[node])
            if low[node] == index[node]:
                while component.get(node) is None:
                    component[open_nodes.pop()] = index[node]
    return component


def _cycle_from(start: str, outgoing: Mapping[str, list[Wire]]) -> list[Wire]:
    """Return the wires of a shortest cycle through `start`, or an empty list."""
    reached: dict[str, Wire] = {}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        for wire in outgoing[node]:
            if wire.target == start:
                return _trail(start, wire, reached)
            if wire.target not in reached:
                reached[wire.target] = wire
                queue.append(wire.target)
    return []


def _trail(start: str, last: Wire, reached: Mapping[str, Wire]) -> list[Wire]:
    trail = [last]
    while trail[-1].source != start:
        trail.append(reached[trail[-1].source])
    return trail[::-1]


def upstream_of(nodes: Iterable[str], incoming: Mapping[str, list[Wire]]) -> set[str]:
    """Return `nodes` and everything that leads to them."""
    found = set(nodes)
    queue = list(found)
    while queue:
        for wire in incoming[queue.pop()]:
            if wire.source not in found:
                found.add(wire.source)
                queue.append(wire.source)
    return found


def nearest_above(document: GraphDocument, node: str) -> Iterator[str]:
    """Yield the nodes from which something reaches `node`, the nearest first."""
    sources: dict[str, list[str]] = {}
    for key in document.edges:
        ends = parse_edge_key(key)
        sources.setdefault(ends.target, []).append(ends.source)
    waiting, seen = [node], {node}
    while waiting:
        for source in sources.get(waiting.pop(0), []):
            if source not in seen and source in document.nodes:
                seen.add(source)
                waiting.append(source)
                yield source


def downstream_of(nodes: Iterable[str], outgoing: Mapping[str, list[Wire]]) -> set[str]:
    """Return `nodes` and everything that they lead to."""
    found = set(nodes)
    queue = list(found)
    while queue:
        for wire in outgoing[queue.pop()]:
            if wire.target not in found:
                found.add(wire.target)
                queue.append(wire.target)
    return found


def calls_by_layer(document: GraphDocument) -> Mapping[str, list[str]]:
    """Return, for every layer that is called, the nodes that call it, by id."""
    calls: dict[str, list[str]] = defaultdict(list)
    for node_id in sorted(document.nodes):
        calls[document.nodes[node_id].layer].append(node_id)
    return calls
