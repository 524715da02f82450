"""Designs written short, for tests."""

from itertools import pairwise
from typing import Any

from app.document.model import GraphDocument
from app.document.read import validate_document


def design(
    layers: dict[str, tuple[str, dict[str, Any]]],
    wires: list[str],
    calls: dict[str, str] | None = None,
    **more: Any,
) -> GraphDocument:
    """Return a design with a node for each layer, and one for each of `calls` (node id to layer id).

    A wire is `a->b`, or `a:port->b:port`; ports left out are `output` and `input`. Rows follow the order given.
    """
    nodes = {**{name: name for name in layers}, **(calls or {})}
    return validate_document(
        {
            "layers": {
                name: {"class_name": class_name, "name": name, "params": params}
                for name, (class_name, params) in layers.items()
            },
            "nodes": {node: {"layer": layer, "y": 130.0 * row} for row, (node, layer) in enumerate(nodes.items())},
            "edges": {edge(wire): {} for wire in wires},
            **more,
        }
    )


def edge(wire: str) -> str:
    """Return the edge key of a wire written short."""
    source, target = wire.split("->")
    return f"{source if ':' in source else source + ':output'}->{target if ':' in target else target + ':input'}"


def chain(*layers: tuple[str, str, dict[str, Any]], **more: Any) -> GraphDocument:
    """Return a design of layers `(id, class, params)` each wired to the next."""
    names = [name for name, _, _ in layers]
    return design(
        {name: (class_name, params) for name, class_name, params in layers},
        [f"{one}->{other}" for one, other in pairwise(names)],
        **more,
    )


def classifier(*hidden: tuple[str, str, dict[str, Any]], shape: list[int | None], units: int = 10) -> GraphDocument:
    """Return Input -> hidden layers -> Dense -> Output."""
    return chain(
        ("x", "InputLayer", {"shape": shape}),
        *hidden,
        ("dense", "Dense", {"units": units}),
        ("y", "Output", {}),
    )


def nested(
    graphs: dict[str, dict[str, tuple[str, dict[str, Any]]]],
    wires: list[str],
    calls: dict[str, tuple[str, str]] | None = None,
    **more: Any,
) -> GraphDocument:
    """Return a design of several graphs: "" is the design itself, the others are named after their id.

    Every layer has a node of its own name in its graph; `calls` adds nodes, `{node: (layer, graph)}`.
    """
    layers = {name: layer for inside in graphs.values() for name, layer in inside.items()}
    places = {name: (name, graph) for graph, inside in graphs.items() for name in inside} | (calls or {})
    return validate_document(
        {
            "graphs": {graph: {"name": graph} for graph in graphs if graph},
            "layers": {
                name: {"class_name": class_name, "name": name, "params": params}
                for name, (class_name, params) in layers.items()
            },
            "nodes": {
                node: {"layer": layer, "graph": graph, "y": 130.0 * row}
                for row, (node, (layer, graph)) in enumerate(places.items())
            },
            "edges": {edge(wire): {} for wire in wires},
            **more,
        }
    )
