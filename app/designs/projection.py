"""What the list of designs shows, read from a document."""

from typing import Any, Final

from app.catalog.model import Kind
from app.catalog.registry import find_spec
from app.designs.schemas import Thumbnail
from app.document.digest import digest
from app.document.model import GraphDocument, parse_edge_key
from app.shared.clock import now

THUMBNAIL_NODES: Final = 150

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
    """Return the first `THUMBNAIL_NODES` nodes, from left to right, and the edges between them."""
    shown = sorted(document.nodes.items(), key=lambda item: (item[1].x, item[1].y, item[0]))[:THUMBNAIL_NODES]
    index = {node_id: position for position, (node_id, _) in enumerate(shown)}
    ends = [parse_edge_key(key) for key in document.edges]
    return Thumbnail(
        nodes=[(round(node.x), round(node.y), _category(document, node.layer)) for _, node in shown],
        edges=sorted({(index[e.source], index[e.target]) for e in ends if e.source in index and e.target in index}),
    )


def _category(document: GraphDocument, layer_id: str) -> str:
    layer = document.layers.get(layer_id)
    spec = find_spec(Kind.LAYER, layer.class_name) if layer is not None else None
    if spec is None:
        return ""
    return ENDS if spec.marker else spec.category
