"""What the native decoder never gets to see."""

import contextlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, Text, XmlFragment

from app.messages.lib0 import Malformed, varbytes, varuint
from app.rooms.structure import Gap, check_update, read_state_vector


def written() -> tuple[Doc, bytes]:
    """A document with every kind of content that passes, and some of it deleted again."""
    doc: Doc = Doc()
    root = doc.get("layers", type=Map)
    root["a"] = Map({"class_name": "Dense", "params": Map({"units": 5, "rate": 0.5, "list": [1, None, {"b": True}]})})
    root["a"]["params"]["units"] = 6
    root["text"] = Text("héllo 😀")
    root["list"] = Array([1, "two", b"three", 2**60])
    del root["list"]
    return doc, doc.get_update()


def test_an_update_that_the_library_wrote_passes_and_gives_its_clocks() -> None:
    doc, update = written()
    assert check_update(update, {}) == read_state_vector(doc.get_state())


def test_the_same_update_again_changes_no_clock() -> None:
    doc, update = written()
    state = read_state_vector(doc.get_state())
    assert check_update(update, state) == state


def test_an_edit_needs_what_came_before() -> None:
    doc, _ = written()
    before = doc.get_state()
    doc.get("layers", type=Map)["b"] = 1
    edit = doc.get_update(before)
    with pytest.raises(Gap):
        check_update(edit, {})
    assert check_update(edit, read_state_vector(before)) == read_state_vector(doc.get_state())


def test_an_edit_inside_something_unknown_is_a_gap() -> None:
    _doc, update = written()
    other: Doc = Doc()
    other.apply_update(update)
    before = other.get_state()
    other.get("layers", type=Map)["a"]["params"]["more"] = 1
    with pytest.raises(Gap):
        check_update(other.get_update(before), {})


def test_a_deletion_of_something_unknown_is_a_gap() -> None:
    doc, _ = written()
    before = doc.get_state()
    del doc.get("layers", type=Map)["a"]
    deletion = doc.get_update(before)
    with pytest.raises(Gap):
        check_update(deletion, {})


def one_struct(info: int, content: bytes, *, clock: int = 0) -> bytes:
    """An update of one client with one struct in the root `meta`."""
    parent = varuint(1) + varbytes(b"meta") + varbytes(b"key")
    return varuint(1) + varuint(1) + varuint(7) + varuint(clock) + bytes([info | 0x20]) + parent + content + b"\0"


ANY, TYPE, DOC = 8, 7, 9


@pytest.mark.parametrize(
    ("update", "why"),
    [
        (b"", "nothing at all"),
        (b"\x01", "ends early"),
        (b"\x00\x00\x00", "something follows"),
        (varuint(2**40) + b"\0", "more is announced than follows"),
        (varuint(1) + varuint(2**30) + varuint(7) + varuint(0), "a billion structs in four bytes"),
        (one_struct(ANY, varuint(1) + bytes([117, 1]) * 5_000 + bytes([126])), "nested five thousand deep"),
        (one_struct(ANY, varuint(1) + bytes([99])), "an unknown value"),
        (one_struct(ANY, varuint(1) + bytes([119, 2, 0xFF, 0xFE])), "a text that is no UTF-8"),
        (one_struct(TYPE, varuint(4)), "XML"),
        (one_struct(TYPE, varuint(7)), "a weak link"),
        (one_struct(DOC, varbytes(b"guid") + bytes([126])), "a document within"),
        (one_struct(5, varbytes(b"{}")), "an embed"),
        (one_struct(31, b""), "an unknown content"),
        (one_struct(1, varuint(0)), "a struct of length 0"),
        (one_struct(1, varuint(2**40)), "a struct of a trillion ticks"),
        (varuint(0) + varuint(1) + varuint(7) + varuint(1) + varuint(0) + varuint(2**50), "deletes for ever"),
        (b"\x00\x00" + b"\xff" * 12, "a number without end"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_nonsense_is_refused(update: bytes, why: str) -> None:
    with pytest.raises(Malformed):
        check_update(update, {})


def test_a_struct_that_builds_on_itself_is_refused() -> None:
    itself = varuint(1) + varuint(1) + varuint(7) + varuint(0) + bytes([ANY | 0x80]) + varuint(7) + varuint(0)
    with pytest.raises(Malformed):
        check_update(itself + varuint(1) + bytes([126]) + b"\0", {})


def test_xml_that_the_library_wrote_is_refused() -> None:
    doc: Doc = Doc()
    doc["x"] = XmlFragment()
    doc["x"].children.append("text")
    with pytest.raises(Malformed):
        check_update(doc.get_update(), {})


@given(st.binary(max_size=200))
def test_random_bytes_are_an_update_or_refused(data: bytes) -> None:
    with contextlib.suppress(Malformed, Gap):
        check_update(data, {})


@given(st.integers(0, 2**32), st.integers(1, 6))
def test_a_damaged_update_is_an_update_or_refused(seed: int, damages: int) -> None:
    _, update = written()
    data = bytearray(update)
    chance = random.Random(seed)
    for _ in range(damages):
        data[chance.randrange(len(data))] = chance.randrange(256)
    with contextlib.suppress(Malformed, Gap):
        check_update(bytes(data), {})


@given(st.binary(max_size=60))
def test_random_bytes_are_a_state_vector_or_refused(data: bytes) -> None:
    with contextlib.suppress(Malformed):
        assert all(clock >= 0 for clock in read_state_vector(data).values())
