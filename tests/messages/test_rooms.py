"""Frames between the web process and the room process."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.messages.rooms import Frames, Request, frame

requests = st.builds(Request, id=st.integers(1, 2**60), op=st.sampled_from(["apply", "sync"]), design=st.text())


@given(st.lists(st.tuples(requests, st.binary(max_size=50)), max_size=5), st.integers(1, 40))
def test_frames_come_out_whole_however_they_are_cut(sent: list[tuple[Request, bytes]], size: int) -> None:
    stream = b"".join(frame(request, body) for request, body in sent)
    frames = Frames()
    received = [
        (Request.model_validate(header), body)
        for start in range(0, len(stream), size)
        for header, body in frames.feed(stream[start : start + size])
    ]
    assert received == sent


@pytest.mark.parametrize("data", [b"\xff" * 8, b"\0\0\0\x05\0\0\0\x09x"])
def test_a_frame_that_cannot_be_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="is none"):
        list(Frames().feed(data))
