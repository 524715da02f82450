"""Which instance of a graph a layer belongs to, where graphs stand in graphs."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.graph.nesting import NOTHING, Nesting, dependencies_first
from app.graph.survey import Survey


@dataclass(frozen=True)
class Ownership:
    """By graph: the layers that each of its instances constructs for itself, those first that others need, and the
    layers that it takes from an instance around it."""

    owns: dict[str, tuple[str, ...]]
    takes: dict[str, frozenset[str]]


def read_ownership(found: Survey, nesting: Nesting) -> Ownership:
    """Return who owns what in the graphs that `nesting` says are used.

    A layer belongs to the innermost graph that is around all of its uses, so that a layer that is called inside a
    nested model only is one of each instance of that, and a layer that is called outside too is shared by all.
    """
    layers = {graph: _constructed(found, nesting, graph) for graph in nesting.used}
    everything = {layer for each in layers.values() for layer in each}
    if not found.held:
        return Ownership({"": tuple(sorted(everything))}, {"": frozenset()})
    owners = {layer: nesting.owner(layer) for layer in everything}
    owned: dict[str, set[str]] = {graph: set() for graph in nesting.used}
    for layer, owner in owners.items():
        owned[owner].add(layer)
    owns: dict[str, tuple[str, ...]] = {}
    takes: dict[str, frozenset[str]] = {}
    for graph in nesting.order:
        if graph in nesting.used:
            inside = {layer for inner in nesting.holds[graph] for layer in takes.get(inner, ())}
            takes[graph] = frozenset(layer for layer in {*layers[graph], *inside} if owners[layer] != graph)
            owns[graph] = _in_order(found, owned[graph], takes)
    return Ownership(owns, takes)


def _constructed(found: Survey, nesting: Nesting, graph: str) -> set[str]:
    """Return the layers that a graph uses; an Output is none."""
    layers = nesting.layers[graph]
    return {layer for layer in layers if layer in found.specs and found.specs[layer].marker != "output"}


def _in_order(found: Survey, layers: set[str], takes: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """Return `layers` such that each comes after those that it needs."""
    return tuple(dependencies_first({layer: layers & _needs(found, layer, takes) for layer in layers}))


def _needs(found: Survey, layer: str, takes: Mapping[str, frozenset[str]]) -> set[str]:
    """Return what must be constructed before `layer`: what it refers to, and what a nested model in it takes."""
    held = found.held.get(layer, NOTHING)
    return {*held.layers, *(taken for graph in held.graphs for taken in takes.get(graph, ()))}


def layers_around(found: Survey, ownership: Ownership, layer: str) -> tuple[str, ...]:
    """Return all that must be constructed before `layer`, at any remove, in order."""
    reached: set[str] = set()
    waiting = [layer]
    while waiting:
        new = _needs(found, waiting.pop(), ownership.takes) - reached
        reached |= new
        waiting += new
    return _in_order(found, reached - {layer}, ownership.takes)
