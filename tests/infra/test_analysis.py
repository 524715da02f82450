import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from app.infra.analysis import AnalysisClient
from app.infra.zygote import AnalysisChild, Zygote
from app.messages.analysis import (
    Analysis,
    AnalyzeRequest,
    DescribeDataRequest,
    ExportedModel,
    ExportModelRequest,
    ImportedModel,
    ImportModelRequest,
    InspectTableRequest,
    Refusal,
)
from app.messages.data import BundledSource, DatasetDescription
from tests.graph.designs import classifier
from tests.infra.test_zygote import is_gone, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

DESIGN = classifier(("flatten", "Flatten", {}), shape=[8, 8, 1])


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def client() -> AsyncIterator[AnalysisClient]:
    with tempfile.TemporaryDirectory(prefix="ll-") as folder:
        zygote = Zygote(Path(folder) / "z.sock")
        client = AnalysisClient(zygote, processes=1)
        await zygote.start()
        await client.start()
        yield client
        await client.close()
        await zygote.close()


async def children(client: AnalysisClient) -> list[AnalysisChild]:
    """Return the idle processes, once all are there."""
    await until(lambda: client._free.qsize() == client.processes + 1)
    return list(client._free._queue)  # type: ignore[attr-defined]


async def test_every_request_gets_its_answer(client: AnalysisClient, folder: Path) -> None:
    analysis = await client.ask(AnalyzeRequest(document=DESIGN))
    assert isinstance(analysis, Analysis)
    assert analysis.total_params == 650

    data = await client.ask(DescribeDataRequest(data=BundledSource(name="digits")), timeout=60)
    assert isinstance(data, DatasetDescription)
    ready = await client.ask(AnalyzeRequest(document=DESIGN, data=data))
    assert isinstance(ready, Analysis)
    assert ready.problems == []

    (folder / "t.csv").write_text("a,b\n1,2\n3,4\n")
    table = await client.ask(InspectTableRequest(path=str(folder / "t.csv")), timeout=60)
    assert isinstance(table, dict)

    path = folder / "m.keras"
    exported = await client.ask(ExportModelRequest(document=DESIGN, format="keras", path=str(path)), timeout=60)
    assert isinstance(exported, ExportedModel)
    imported = await client.ask(ImportModelRequest(path=str(path), filename="m.keras"))
    assert isinstance(imported, ImportedModel)
    assert [report.outcome for report in imported.layers] == ["ok", "ok", "ok"]


async def test_a_refusal_of_the_worker_arrives_as_one(client: AnalysisClient, folder: Path) -> None:
    (folder / "x").write_bytes(b"no model")

    answer = await client.ask(ImportModelRequest(path=str(folder / "x"), filename="x.keras"))

    assert isinstance(answer, Refusal)
    assert answer.code == "not_a_model"


async def test_a_process_that_hangs_is_replaced_and_the_spare_goes_on(client: AnalysisClient) -> None:
    stopped = (await children(client))[0]
    os.kill(stopped.pid, signal.SIGSTOP)

    answer = await client.ask(AnalyzeRequest(document=DESIGN), timeout=0.3)

    assert isinstance(answer, Refusal)
    assert answer.code == "analysis_timeout"
    await until(lambda: is_gone(stopped.pid))
    assert isinstance(await client.ask(AnalyzeRequest(document=DESIGN)), Analysis)
    assert stopped.pid not in {child.pid for child in await children(client)}


async def test_a_process_that_died_idle_is_noticed(client: AnalysisClient) -> None:
    for child in await children(client):
        os.kill(child.pid, signal.SIGKILL)
        await until(child.reader.at_eof)

    assert isinstance(await client.ask(AnalyzeRequest(document=DESIGN)), Analysis)


async def test_a_process_that_dies_at_work_gives_a_refusal(client: AnalysisClient) -> None:
    child = (await children(client))[0]
    os.kill(child.pid, signal.SIGSTOP)
    asked = asyncio.create_task(client.ask(AnalyzeRequest(document=DESIGN), timeout=60))
    await until(lambda: client._free.qsize() == client.processes)

    os.kill(child.pid, signal.SIGKILL)

    answer = await asked
    assert isinstance(answer, Refusal)
    assert answer.code == "analysis_died"


async def test_of_the_waiting_requests_of_a_design_only_the_newest_is_answered(client: AnalysisClient) -> None:
    child = (await children(client))[0]
    os.kill(child.pid, signal.SIGSTOP)
    first, second, other, third = (
        asyncio.create_task(client.ask(AnalyzeRequest(document=DESIGN), timeout=30, key=key))
        for key in ("a", "b", "c", "b")
    )
    answer = await second
    os.kill(child.pid, signal.SIGCONT)

    assert isinstance(answer, Refusal)
    assert answer.code == "superseded"
    assert all(isinstance(found, Analysis) for found in await asyncio.gather(first, other, third))
