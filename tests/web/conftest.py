"""One real server for the tests of this folder."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server import Server
from tests.web.visitors import Scene, prepare
from tests.worker.own.designs import cell_design


@pytest.fixture(scope="package")
def server() -> Iterator[Server]:
    """A server that the tests of this folder share; around its data folder is nothing but its temporary one."""
    around = Path(tempfile.mkdtemp(prefix="ll-"))
    data, temporary = around / "data", around / "tmp"
    for folder in (data, temporary):
        folder.mkdir()
    with Server(data, TMPDIR=str(temporary)) as server:
        yield server
    shutil.rmtree(around, ignore_errors=True)


@pytest.fixture(scope="package")
def scene(server: Server) -> Scene:
    """A design with own code, its run, and everybody who may come to see them."""
    return asyncio.run(prepare(server, cell_design([None, 5]).model_dump(mode="json")))
