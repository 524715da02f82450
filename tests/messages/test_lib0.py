"""The codec of lib0."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Decoder, Encoder

from app.messages.lib0 import MAX_INTEGER, Malformed, Reader, varbytes, varstring, varuint


@given(st.integers(0, MAX_INTEGER))
def test_integers_come_back(value: int) -> None:
    reader = Reader(varuint(value))
    assert reader.varuint() == value
    reader.end()


@given(st.lists(st.integers(0, 2**32) | st.text("abc", max_size=9), max_size=8))
def test_it_writes_what_another_implementation_writes(several: list[int | str]) -> None:
    encoder = Encoder()
    for value in several:
        if isinstance(value, int):
            encoder.write_var_uint(value)
        else:
            encoder.write_var_string(value)
    written = b"".join(varuint(value) if isinstance(value, int) else varstring(value) for value in several)
    assert written == encoder.to_bytes()
    decoder = Decoder(written)
    reader = Reader(written)
    for value in several:
        if isinstance(value, int):
            assert (reader.varuint(), decoder.read_var_uint()) == (value, value)
        else:
            assert (reader.string(), decoder.read_var_string()) == (value, value)
    reader.end()


@given(st.binary(max_size=40))
def test_bytes_come_back(value: bytes) -> None:
    assert Reader(varbytes(value)).bytes() == value


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff" * 9, b"\xff" * 7 + b"\x7f"])
def test_an_integer_that_is_none(data: bytes) -> None:
    with pytest.raises(Malformed):
        Reader(data).varuint()


def test_what_follows_the_end() -> None:
    with pytest.raises(Malformed, match="follows the end"):
        Reader(b"\0").end()


def test_an_integer_that_javascript_cannot_count() -> None:
    with pytest.raises(ValueError, match="expected"):
        varuint(MAX_INTEGER + 1)
