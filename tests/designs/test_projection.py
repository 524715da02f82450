"""Pictures of designs: a long one is folded, and what joins its layers stays."""

from app.designs.projection import THUMBNAIL_NODES, thumbnail
from app.document.model import GraphDocument


def chain(length: int) -> GraphDocument:
    """Return layers one below the other, each wired to the next."""
    return GraphDocument.model_validate(
        {
            "layers": {"d": {"class_name": "Dense", "name": "dense"}},
            "nodes": {f"n{number:04}": {"layer": "d", "y": 100.0 * number} for number in range(length)},
            "edges": {f"n{number - 1:04}:output->n{number:04}:input": {} for number in range(1, length)},
        }
    )


def test_a_short_chain_stands_as_it_is() -> None:
    assert thumbnail(chain(3)).model_dump() == {
        "nodes": [(0, 0, "core"), (0, 100, "core"), (0, 200, "core")],
        "edges": [(0, 1), (1, 2)],
    }


def test_a_long_chain_is_folded_and_stays_one_chain() -> None:
    picture = thumbnail(chain(100))
    places = [(x, y) for x, y, _ in picture.nodes]
    assert len({x for x, _ in places}) == 7
    assert picture.edges == [(number - 1, number) for number in range(1, 100)]
    steps = [abs(places[to][1] - places[start][1]) for start, to in picture.edges]
    assert max(steps) == 100, "the strip turns where it is folded"


def test_of_many_layers_some_are_shown_and_the_ways_between_them() -> None:
    picture = thumbnail(chain(2 * THUMBNAIL_NODES))
    assert len(picture.nodes) == THUMBNAIL_NODES
    assert picture.edges == [(number - 1, number) for number in range(1, THUMBNAIL_NODES)]
