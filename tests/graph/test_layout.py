"""Places for imported graphs."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.graph.layout import CARD_WIDTH, COLUMN_GAP, ROW_GAP, Box, lay_out


def test_a_chain_runs_straight_down() -> None:
    places = lay_out([Box("a"), Box("b", 72.0), Box("c")], [("a", "b"), ("b", "c")])

    assert places == {"a": (-118.0, 0.0), "b": (-118.0, 102.0), "c": (-118.0, 102.0 + 72.0 + ROW_GAP)}


def test_a_skip_connection_runs_beside_what_it_skips() -> None:
    places = lay_out([Box(name) for name in "abcd"], [("a", "b"), ("b", "c"), ("c", "d"), ("a", "d")])

    assert [places[name][1] for name in "abcd"] == [0.0, 102.0, 204.0, 306.0]
    assert places["b"][0] < places["a"][0]


def test_a_circle_has_places_too() -> None:
    places = lay_out([Box("a"), Box("b"), Box("c")], [("a", "b"), ("b", "a"), ("b", "c")])

    assert len(set(places.values())) == 3


@given(st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), max_size=40))
def test_no_two_cards_lie_on_one_another_and_wires_run_down(pairs: list[tuple[int, int]]) -> None:
    wires = [(str(min(pair)), str(max(pair))) for pair in pairs if pair[0] != pair[1]]
    boxes = [Box(str(number), 58.0 + 14.0 * (number % 3)) for number in range(15)]

    places = lay_out(boxes, wires)

    assert places.keys() == {box.id for box in boxes}
    for source, target in wires:
        assert places[source][1] < places[target][1]
    rows: dict[float, list[float]] = {}
    for x, y in places.values():
        rows.setdefault(y, []).append(x)
    for row in rows.values():
        row.sort()
        for left, right in pairwise(row):
            assert right - left >= CARD_WIDTH + COLUMN_GAP - 0.2
