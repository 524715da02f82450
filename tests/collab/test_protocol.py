"""The messages of the editing socket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.collab import protocol
from app.collab.protocol import Awareness, Presence, QueryAwareness, Step1, Update, read_message
from app.messages.lib0 import Malformed, Reader

presences = st.builds(Presence, st.integers(0, 2**53 - 1), st.integers(0, 2**32), st.text(max_size=20))


@given(st.binary(max_size=40))
def test_step_1_comes_back(vector: bytes) -> None:
    assert read_message(protocol.step_1(vector)) == Step1(vector)


@given(st.binary(min_size=1, max_size=40))
def test_updates_come_back(change: bytes) -> None:
    assert read_message(protocol.update(change)) == Update(change)
    assert read_message(protocol.step_2(change)) == Update(change, answer=True)


@given(st.lists(presences, max_size=4))
def test_presences_come_back(several: list[Presence]) -> None:
    assert read_message(protocol.awareness(several)) == Awareness(tuple(several))


def test_the_question_who_is_here() -> None:
    assert read_message(bytes([protocol.QUERY_AWARENESS])) == QueryAwareness()


@given(st.integers(0, 2**53 - 1), st.text(max_size=30))
def test_our_own_messages_are_readable(count: int, name: str) -> None:
    acknowledged, epoch = Reader(protocol.acknowledged(count)), Reader(protocol.epoch(name))
    assert (acknowledged.varuint(), acknowledged.varuint()) == (100, count)
    assert (epoch.varuint(), epoch.string()) == (101, name)


@pytest.mark.parametrize(
    ("change", "has_changes"),
    [(b"\0\0", False), (b"\0\x01\x07\x01\0\x01", False), (b"\x01\x01\x07\0\0\x01\0", True)],
)
def test_an_answer_that_only_deletes_brings_no_content(change: bytes, has_changes: bool) -> None:
    assert Update(change, answer=True).has_changes is has_changes


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x02",
        b"\x7f",
        b"\0\x03\0",
        b"\0\0\x05ab",
        b"\0\x02\0",
        protocol.step_1(b"x") + b"y",
        protocol.awareness([Presence(1, 1, "x" * 17_000)]),
        protocol.awareness([Presence(number, 1, "{}") for number in range(65)]),
    ],
)
def test_nonsense_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        read_message(data)


@given(st.binary(max_size=60))
def test_random_bytes_are_a_message_or_refused(data: bytes) -> None:
    try:
        message = read_message(data)
    except Malformed:
        return
    assert isinstance(message, Step1 | Update | Awareness | QueryAwareness)
