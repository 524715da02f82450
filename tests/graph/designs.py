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
