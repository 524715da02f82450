"""Where the layers of a design stand in its model: by names from the outside in, as Keras writes them to a file."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from app.document.model import GraphDocument

MAX_PATHS: Final = 10_000
"""Models in models multiply; no model that can be trained has a layer at more places."""


def paths_of(document: GraphDocument, layer_id: str) -> list[str]:
    """Return where a layer or a nested model is called: `dense`, or `encoder/dense` for each instance of a model.

    A name is unique in its graph only, so that the name alone does not tell two layers apart.
    """
    return list(islice(_paths(document, layer_id, ()), MAX_PATHS))


def _paths(document: GraphDocument, layer_id: str, around: tuple[str, ...]) -> Iterator[str]:
    name = document.layers[layer_id].name
    for graph in dict.fromkeys(node.graph for node in document.nodes.values() if node.layer == layer_id):
        if not graph:
            yield name
            continue
        for key, layer in document.layers.items():
            if layer.class_name == "Model" and layer.params.get("graph") == graph and key not in around:
                yield from (f"{outer}/{name}" for outer in _paths(document, key, (*around, layer_id)))
