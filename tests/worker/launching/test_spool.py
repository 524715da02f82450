"""The spool numbers what it is given and gives back what it holds, also after a crash."""

import resource
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.messages.events import LogEvent, run_event
from app.worker.launching.spool import Spool


def event(text: str = "a") -> LogEvent:
    return LogEvent(time=1.0, text=text)


@given(st.lists(st.lists(st.text(max_size=30), max_size=6), max_size=8), st.integers(1, 5), st.integers(1, 400))
@settings(max_examples=60, deadline=None)
def test_whatever_is_appended_is_read_in_order(
    tmp_path_factory: pytest.TempPathFactory, groups: list[list[str]], limit: int, size: int
) -> None:
    path = tmp_path_factory.mktemp("spool") / "events.spool"
    spool = Spool(path)
    for group in groups:
        spool.append([event(text) for text in group])
    texts = [text for group in groups for text in group]
    assert spool.last == len(texts)
    read = []
    while lines := spool.read(len(read), limit, size):
        assert len(lines) <= limit
        read += [run_event.validate_json(line) for line in lines]
    assert [(one.seq, one.text) for one in read if isinstance(one, LogEvent)] == list(enumerate(texts, start=1))
    spool.close()


def test_what_a_full_disk_did_not_take_leaves_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "events.spool"
    spool = Spool(path)
    spool.append([event("first")])
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            spool.append([event("x" * 60), event("y" * 60)])
        assert path.read_bytes() == before
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    spool.append([event("last")])
    texts = [run_event.validate_json(line) for line in spool.read(0)]
    assert [(one.seq, one.text) for one in texts if isinstance(one, LogEvent)] == [(1, "first"), (2, "last")]
    spool.close()


def test_a_reopened_spool_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "events.spool"
    first = Spool(path)
    first.append([event(), event()])
    first.close()
    with path.open("ab") as file:
        file.write(b'{"seq":3,"event":"log","te')
    second = Spool(path)
    assert second.last == 2
    second.append([event("after")])
    second.close()
    events = [run_event.validate_json(line) for line in path.read_bytes().splitlines()]
    assert [one.seq for one in events] == [1, 2, 3]


def test_nothing_comes_after_the_last(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "events.spool")
    assert spool.read(0) == []
    spool.append([event()])
    assert spool.read(1) == []
    assert spool.read(7) == []
    spool.close()
