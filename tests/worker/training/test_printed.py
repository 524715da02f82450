"""What is printed while training, as events of the log."""

import sys
from pathlib import Path
from typing import Any

from app.worker.training.callbacks import Control
from app.worker.training.printed import MAX_LOG_LINES, printed_to
from app.worker.training.session import Session
from tests.worker.designs import job


def printed(*texts: str) -> list[tuple[str, str]]:
    """Return level and text of the events for what is printed, the last one to the error stream."""
    events: list[dict[str, Any]] = []
    with printed_to(Session(job(Path("unused")), events.append, Control(), Path("unused"))):
        for text in texts[:-1]:
            print(text, end="")
        print(texts[-1], end="", file=sys.stderr)
    return [(event["level"], event["text"]) for event in events]


def test_every_line_is_told_the_last_one_without_an_end_too() -> None:
    assert printed("one\ntw", "o\n  \nthree", "four") == [
        *(("info", "one"), ("info", "two"), ("info", "three"), ("warning", "four")),
    ]


def test_the_front_of_a_long_text_is_told() -> None:
    lines = [f"{number:0100}" for number in range(500)]
    assert printed("\n".join(lines), "") == [("info", line) for line in lines]


def test_lines_without_end_are_told_up_to_a_limit() -> None:
    assert len(printed("line\n" * (MAX_LOG_LINES + 10), "")) == MAX_LOG_LINES
