"""What the list of designs shows, read from a document."""

import math
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
_FOLDED_FROM: Final = 24
_ASPECT: Final = 0.6
"""Height to width of the picture."""

ENDS: Final = "ends"
"""The category of inputs and outputs in pictures: the palette and the canvas show them apart from other layers."""


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
    """Return the outermost graph in `THUMBNAIL_NODES` nodes at most, from left to right, and the edges between those.

    Of a larger graph every nth node stands, in reading order. A long column is folded into several, side by side.
    """
    nodes = [(name, node) for name, node in document.nodes.items() if not node.graph]
    nodes.sort(key=lambda item: (item[1].y, item[1].x, item[0]))
    shown = nodes[:: max(1, -(-len(nodes) // THUMBNAIL_NODES))]
    shown.sort(key=lambda item: (item[1].x, item[1].y, item[0]))
    index = {node_id: position for position, (node_id, _) in enumerate(shown)}
    places, bands = _folded([(node.x, node.y) for _, node in shown])
    ends = [parse_edge_key(key) for key in document.edges]
    pairs = {(index[e.source], index[e.target]) for e in ends if e.source in index and e.target in index}
    return Thumbnail(
        nodes=[
            (round(x), round(y), _category(document, node.layer))
            for (x, y), (_, node) in zip(places, shown, strict=True)
        ],
        edges=sorted(pair for pair in pairs if bands[pair[0]] == bands[pair[1]]),
    )


def _folded(places: list[tuple[float, float]]) -> tuple[list[tuple[float, float]], list[int]]:
    """Return `places` with a tall drawing cut into bands that stand side by side, and the band of each."""
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
    return [
        (x - left + number * width, y - top - number * band) for (x, y), number in zip(places, bands, strict=True)
    ], bands


def _category(document: GraphDocument, layer_id: str) -> str:
    layer = document.layers.get(layer_id)
    spec = find_spec(Kind.LAYER, layer.class_name) if layer is not None else None
    if spec is None:
        return ""
    return ENDS if spec.marker else spec.category
