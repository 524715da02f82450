"""Sandboxed processes as the server asks them: one for each code, whoever asks, and none that nobody closes."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from app.infra.sandbox import Sandboxes
from app.messages.analysis import Analysis, AnalyzeRequest
from app.messages.sandbox import SandboxLimits
from tests.worker.own.designs import cell_design

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap (apt install bubblewrap)")

SECONDS = 120.0
TURNS = (2, 3, 4, 5, 6, 8, 12, 20)
"""After how many turns of the loop somebody goes: some fall into each step of a start."""


def test_somebody_may_go_at_any_moment_of_a_start(tmp_path: Path) -> None:
    request = AnalyzeRequest(document=cell_design([None, 5]))

    async def story() -> dict[int, tuple[int, list[str], list[Path]]]:
        sandboxes = Sandboxes(tmp_path, SandboxLimits())
        await sandboxes.start()
        try:
            await sandboxes.require()
            open_before = len(os.listdir("/proc/self/fd"))
            left = {}
            for turns in TURNS:
                asked = asyncio.create_task(sandboxes.ask(request, key="code", timeout=SECONDS))
                for _ in range(turns):
                    await asyncio.sleep(0)
                asked.cancel()
                await asyncio.gather(asked, return_exceptions=True)
                children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
                left[turns] = (len(os.listdir("/proc/self/fd")) - open_before, children, list(tmp_path.iterdir()))
            return left
        finally:
            await sandboxes.close()

    children_before = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    assert asyncio.run(story()) == dict.fromkeys(TURNS, (0, children_before, []))


def test_many_may_ask_about_one_code_at_once_and_somebody_may_go(tmp_path: Path) -> None:
    request = AnalyzeRequest(document=cell_design([None, 5]))

    async def story() -> list[object]:
        sandboxes = Sandboxes(tmp_path, SandboxLimits())
        await sandboxes.start()
        try:
            asked = [sandboxes.ask(request, key="code", timeout=SECONDS) for _ in range(3)]
            answers: list[object] = list(await asyncio.gather(*asked))
            (kept,) = tmp_path.iterdir()

            gone = asyncio.create_task(sandboxes.ask(request, key="other code", timeout=SECONDS))
            async with asyncio.timeout(SECONDS):
                while len(list(tmp_path.iterdir())) < 2:
                    await asyncio.sleep(0.01)
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)
            assert list(tmp_path.iterdir()) == [kept]

            return [*answers, await sandboxes.ask(request, key="code", timeout=SECONDS)]
        finally:
            await sandboxes.close()

    answers = asyncio.run(story())
    shapes = [
        [node.output_shapes for node in answer.nodes if node.id == "rnn"]
        for answer in answers
        if isinstance(answer, Analysis)
    ]
    assert shapes == [[{"output": [None, 64]}]] * 4
    assert list(tmp_path.iterdir()) == []


def test_the_probe_ends_with_the_server(tmp_path: Path) -> None:
    def children() -> set[str]:
        return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())

    async def story() -> None:
        sandboxes = Sandboxes(tmp_path, SandboxLimits())
        await sandboxes.start()
        async with asyncio.timeout(SECONDS):
            while not children() - before:
                await asyncio.sleep(0)
        await sandboxes.close()

    before = children()
    asyncio.run(story())
    assert children() == before


def test_no_more_work_at_once_than_may(tmp_path: Path) -> None:
    """Two ask about codes of their own, where one may work and none stays warm: one folder is there at any time."""
    request = AnalyzeRequest(document=cell_design([None, 5]))

    async def story() -> tuple[int, list[type]]:
        sandboxes = Sandboxes(tmp_path, SandboxLimits(), at_once=1, kept=0)
        await sandboxes.start()
        try:
            asked = [asyncio.create_task(sandboxes.ask(request, key=key, timeout=SECONDS)) for key in "ab"]
            most = 0
            while not all(task.done() for task in asked):
                most = max(most, len(list(tmp_path.glob("*"))))
                await asyncio.sleep(0.01)
            return most, [type(task.result()) for task in asked]
        finally:
            await sandboxes.close()

    assert asyncio.run(story()) == (1, [Analysis, Analysis])
