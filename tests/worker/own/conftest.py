"""The sandbox that this machine has, and the launchers that a test starts."""

import shutil
import subprocess
from collections.abc import Iterator

import pytest

from app.worker.sandbox import landlock


@pytest.fixture(scope="module")
def tier() -> str:
    if shutil.which("bwrap"):
        return "bubblewrap"
    if landlock.version():
        return "landlock"
    pytest.skip("this machine has no sandbox: install bubblewrap (Debian, Ubuntu: apt install bubblewrap)")


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
