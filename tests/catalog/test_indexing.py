"""The text of an index and its key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.indexing import Key, key_text, parse_key

NUMBERS = st.integers(-99, 99)
ENDS = st.none() | NUMBERS
ITEMS = NUMBERS | st.none() | st.just(...) | st.builds(slice, ENDS, ENDS, ENDS)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("0", 0),
        ("-1", -1),
        ("0,", (0,)),
        (":, 0", (slice(None), 0)),
        ("..., None", (..., None)),
        ("1:3", (slice(1, 3),)),
        ("None", (None,)),
        (" ::2 , -1: ", (slice(None, None, 2), slice(-1, None))),
    ],
)
def test_reading(text: str, key: Key) -> None:
    assert parse_key(text) == key


@given(key=NUMBERS | st.lists(ITEMS, min_size=1, max_size=5).map(tuple))
def test_what_is_written_reads_back(key: Key) -> None:
    assert parse_key(key_text(key)) == key


@pytest.mark.parametrize(
    "text", ["", "x", "0]", "__import__('os')", "x[0", "True", "1.5", "0; 1", "[0]", "0][1", "(" * 150, "0\x00", "a:b"]
)
def test_no_index(text: str) -> None:
    with pytest.raises(ValueError):
        parse_key(text)


@given(text=st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        key = parse_key(text)
    except ValueError:
        return
    assert parse_key(key_text(key)) == key


@pytest.mark.parametrize("key", [True, [[0]], "a", 1.5, (0, [1])])
def test_a_key_that_a_design_does_not_hold(key: object) -> None:
    with pytest.raises(ValueError):
        key_text(key)
