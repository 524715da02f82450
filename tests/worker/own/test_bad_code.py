"""Own code that misbehaves, in an analysis and in a run: it hurts that one only, says why, and leaves no process.

What each tier of the sandbox holds, with a plain interpreter, is in `tests/worker/sandbox`; here it is the real thing.
"""

import asyncio
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil
import pytest

from app.document.model import GraphDocument
from app.infra.sandbox import Sandboxes
from app.messages.analysis import Analysis, AnalyzeRequest, Refusal
from app.messages.jobs import SandboxOrder
from app.messages.sandbox import SandboxLimits
from tests.worker.own.designs import everything
from tests.worker.own.test_runs import events_of, start, with_callback

SECONDS: Final = 240.0
ANALYSIS_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Bad:
    """What own code does, and the code and a part of the reason that a person then sees: of an analysis, of a run."""

    body: str
    analysis: tuple[str, str]
    run: tuple[str, str]
    order: dict[str, Any] = field(default_factory=dict)


KINDS: Final = {
    "out of memory": Bad(
        "kept = bytearray(8 * 2**30)",
        ("own_code_failed", "MemoryError"),
        ("own_code", "MemoryError"),
    ),
    "memory that no limit of the kernel counts": Bad(
        "import mmap\nshared = mmap.mmap(-1, 5 * 2**30)\nwhile True:\n    shared.write(b'x' * 2**24)",
        ("out_of_memory", "more memory than the sandbox allows"),
        ("out_of_memory", "more memory than the sandbox allows"),
    ),
    "a crash of native code": Bad(
        "import ctypes\nctypes.string_at(0)",
        ("own_code_died", "signal 11"),
        ("crashed", "SIGSEGV"),
    ),
    "an exit": Bad("os._exit(3)", ("own_code_died", "status 3"), ("crashed", "status 3")),
    "a fork bomb": Bad(
        "while True:\n    os.fork()",
        ("own_code_failed", "PermissionError"),
        ("own_code", "PermissionError"),
    ),
    "a full disk": Bad(
        "for number in range(4_000):\n    open(f'file{number}', 'wb').write(b'x' * 2**21)\ntime.sleep(600)",
        ("disk_full", "wrote more than the sandbox allows"),
        ("disk_full", "wrote more than the sandbox allows"),
        {"disk_bytes": 256 * 2**20},
    ),
    "figures without end": Bad(
        "while True:\n    print('x' * 100_000)",
        ("own_code_timeout", "did not come to an end"),
        ("told_too_much", "told of more than the sandbox allows"),
        {"told_bytes": 2**20},
    ),
    "a log of 10 GB": Bad(
        "for _ in range(10_000):\n    os.write(1, b'x' * 2**20)\nos._exit(4)",
        ("own_code_died", "status 4"),
        ("crashed", "status 4"),
    ),
}

SELDOM: Final = [name for name in KINDS if name not in ("out of memory", "a full disk")]
"""Those that only the long runs try."""

BOTH: Final = [
    name if name not in SELDOM else pytest.param(name, marks=pytest.mark.soak)  # each is an interpreter with Keras
    for name in KINDS
]


def wait_until_nobody_works_in(folder: Path) -> None:
    deadline = time.monotonic() + 60
    while any(str(folder) in " ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])):
        assert time.monotonic() < deadline, "a process was left"
        time.sleep(0.1)


@pytest.mark.parametrize("name", BOTH)
def test_a_run_with_bad_code_fails_and_says_why(
    name: str, tier: str, tmp_path: Path, processes: list[subprocess.Popen[bytes]]
) -> None:
    bad = KINDS[name]
    order = SandboxOrder.model_validate({"tier": tier, "memory_bytes": 4 * 2**30, **bad.order})
    processes.append(start(tmp_path, tier, with_callback(bad.body), order=order))
    processes[0].wait(SECONDS)
    last = events_of(tmp_path)[-1]
    code, words = bad.run
    assert (last["event"], last["state"], last["code"]) == ("state", "failed", code), last
    assert words in last["reason"]
    assert (tmp_path / "log.txt").stat().st_size < 11 * 2**20
    wait_until_nobody_works_in(tmp_path)


def with_layer_code(body: str) -> GraphDocument:
    document = everything()
    document.code["cell"].source = f"import os, time\n\n{body}\n"
    return document


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.soak) for name in KINDS])
def test_an_analysis_of_bad_code_is_refused_with_words_and_the_next_one_answers(
    name: str, tier: str, tmp_path: Path
) -> None:
    bad = KINDS[name]

    async def ask() -> tuple[Refusal, Any]:
        limits = SandboxLimits(analysis_memory_bytes=3 * 2**30)
        sandboxes = Sandboxes(tmp_path / "sandboxes", limits)
        await sandboxes.start()
        try:
            request = AnalyzeRequest(document=with_layer_code(bad.body))
            seconds = ANALYSIS_SECONDS if bad.analysis[0] == "own_code_timeout" else SECONDS
            first = await sandboxes.ask(request, key="bad", timeout=seconds)
            return first, await sandboxes.ask(AnalyzeRequest(document=everything()), key="good", timeout=SECONDS)
        finally:
            await sandboxes.close()

    refused, answered = asyncio.run(ask())
    code, words = bad.analysis
    assert isinstance(refused, Refusal)
    assert refused.code == code, refused
    assert words in f"{refused.message} {refused.received}"
    assert isinstance(answered, Analysis)
    wait_until_nobody_works_in(tmp_path)
