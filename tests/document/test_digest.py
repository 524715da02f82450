"""The digest: what a design means, and nothing of how it is drawn."""

import json

from hypothesis import given
from hypothesis import strategies as st

from app.document.digest import digest
from app.document.model import GraphDocument
from tests.document.strategies import documents


@given(documents(), st.floats(-1000, 1000), st.text(max_size=5))
def test_drawing_does_not_count(document: GraphDocument, x: float, text: str) -> None:
    drawn = document.model_copy(deep=True)
    drawn.meta.description = text
    for node in drawn.nodes.values():
        node.x, node.note, node.color = x, text, text
    assert digest(drawn) == digest(document)


@given(documents(), documents())
def test_equal_digests_mean_the_same(one: GraphDocument, other: GraphDocument) -> None:
    def meaning(document: GraphDocument) -> str:
        nodes = {key: (node.layer, node.arguments) for key, node in document.nodes.items()}
        rest = document.model_dump(mode="json", include={"layers", "edges", "training"})
        return json.dumps([nodes, rest], sort_keys=True)

    assert (digest(one) == digest(other)) == (meaning(one) == meaning(other))


def test_the_order_of_keys_does_not_count() -> None:
    layers = {"a": {"class_name": "Dense", "name": "a"}, "b": {"class_name": "Dense", "name": "b"}}
    one = GraphDocument.model_validate({"layers": layers})
    other = GraphDocument.model_validate({"layers": dict(reversed(layers.items()))})
    assert digest(one) == digest(other)
