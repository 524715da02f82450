"""What the list of designs shows, read from a document."""

import math
from collections.abc import Mapping
from typing import Any, Final

from app.catalog.model import Kind
from app.catalog.registry import find_spec
from app.designs.schemas import Thumbnail
from app.document.digest import digest
from app.document.model import GraphDocument, parse_edge_key
from app.shared.clock import now

THUMBNAIL_NODES: Final = 150

_CARD: Final = 320.0
"""Pixels that a card takes with the space beside it."""
_FOLDED_FROM: Final = 44
"""So many nodes stand side by side in the width of a picture."""
_MOST_WAYS: Final = 3
"""To each shown node, on average."""
_ASPECT: Final = 0.6
"""Height to width of the picture."""

_MARKED: Final = {"input": "ends", "output": "ends", "model": "model"}
_OPERATIONS: Final = "operations"
"""Categories in pictures of what the palette and the canvas show apart from other layers."""


def project(document: GraphDocument) -> dict[str, Any]:
    """Return the columns of a design's row that follow from its document."""
    return {
        "document": document.model_dump_json(),
        "digest": digest(document),
        "name": document.meta.name.replace("\0", ""),
        "nodes": len(document.nodes),
        "thumbnail": thumbnail(document).model_dump(mode="json"),
        "updated_at": now(),
    }


def thumbnail(document: GraphDocument) -> Thumbnail:
    """Return the outermost graph in `THUMBNAIL_NODES` nodes at most, from left to right, and the wires between those.

    Of a larger graph every nth node stands, in reading order, and a wire stands for the way between two of them. A long
    column is folded like a strip of paper: down, up beside it, and down again.
    """
    nodes = [(name, node) for name, node in document.nodes.items() if not node.graph]
    nodes.sort(key=lambda item: (item[1].y, item[1].x, item[0]))
    shown = nodes[:: max(1, -(-len(nodes) // THUMBNAIL_NODES))]
    shown.sort(key=lambda item: (item[1].x, item[1].y, item[0]))
    index = {node_id: position for position, (node_id, _) in enumerate(shown)}
    places, bands = _folded([(node.x, node.y) for _, node in shown])
    return Thumbnail(
        nodes=[
            (round(x), round(y), _category(document, node.layer))
            for (x, y), (_, node) in zip(places, shown, strict=True)
        ],
        edges=sorted(pair for pair in _ways(document, index) if abs(bands[pair[0]] - bands[pair[1]]) <= 1),
    )


def _ways(document: GraphDocument, index: Mapping[str, int]) -> set[tuple[int, int]]:
    """Return the pairs of shown nodes that a wire joins, or wires that pass hidden nodes only; `index` numbers them.

    Where so many ways would blacken the picture, only the wires themselves.
    """
    below: dict[str, list[str]] = {}
    for key in document.edges:
        ends = parse_edge_key(key)
        below.setdefault(ends.source, []).append(ends.target)
    wires, ways = set[tuple[int, int]](), set[tuple[int, int]]()
    for name, number in index.items():
        wires |= {(number, index[node]) for node in below.get(name, ()) if node in index}
        waiting, seen = list(below.get(name, ())), {name}
        while waiting:
            node = waiting.pop()
            if node in seen:
                continue
            seen.add(node)
            if node in index:
                ways.add((number, index[node]))
            else:
                waiting += below.get(node, ())
    return ways if len(ways) <= _MOST_WAYS * len(index) else wires


def _folded(places: list[tuple[float, float]]) -> tuple[list[tuple[float, float]], list[int]]:
    """Return `places` with a tall drawing folded into bands that stand side by side, and the band of each."""
    if not places:
        return [], []
    left, top = min(x for x, _ in places), min(y for _, y in places)
    width = max(x for x, _ in places) - left + _CARD
    height = max(y for _, y in places) - top + _CARD
    count = max(1, round(math.sqrt(height / (width * _ASPECT)))) if len(places) > _FOLDED_FROM else 1
    if count == 1:
        return places, [0] * len(places)
    band = height / count
    bands = [min(int((y - top) / band), count - 1) for _, y in places]
    folded = []
    for (x, y), number in zip(places, bands, strict=True):
        down = y - top - number * band
        folded.append((x - left + number * width, band - down if number % 2 else down))
    return folded, bands


def _category(document: GraphDocument, layer_id: str) -> str:
    layer = document.layers.get(layer_id)
    spec = find_spec(Kind.LAYER, layer.class_name) if layer is not None else None
    if spec is None:
        return ""
    if spec.kind is Kind.OPERATION:
        return _OPERATIONS
    return _MARKED.get(spec.marker, spec.category)
