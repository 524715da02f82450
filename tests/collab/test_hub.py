"""Desks: one for each design while somebody is at it, and none afterwards; what they snapshot."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select, text

from app.accounts.tables import User, Workspace
from app.collab.hub import hub_of
from app.designs.tables import CodeAuthor, Design
from app.document.edits import SetValue
from app.document.model import Code, GraphDocument
from app.infra.services import Services
from app.main import compose
from app.settings import Settings
from app.shared.ids import new_id
from tests.conftest import URL

DEADLINE = 60.0


@pytest.fixture
async def services(settings: Settings) -> AsyncIterator[Services]:
    """The parts of a server of which only the rooms run."""
    services = compose(settings, URL)
    await services.rooms.start()
    await services.rooms.ready()
    yield services
    await hub_of(services).close()
    await services.rooms.close()
    await services.database.close()


async def test_whoever_waits_to_join_is_at_the_same_desk_as_who_comes_later(services: Services) -> None:
    hub = hub_of(services)
    with hub.at_desk("design") as waiting:
        with hub.at_desk("design") as leaving:
            assert leaving is waiting
        with hub.at_desk("design") as later:
            assert later is waiting


async def test_a_desk_is_cleared_when_nobody_is_there(services: Services) -> None:
    hub = hub_of(services)
    with hub.at_desk("design") as desk:
        gone = weakref.ref(desk)
    del desk
    gc.collect()
    assert gone() is None


async def test_a_closed_hub_is_forgotten(settings: Settings) -> None:
    services = compose(settings, URL)
    hub = hub_of(services)
    await hub.close()
    gone = weakref.ref(hub)
    del hub
    gc.collect()
    assert gone() is None
    await services.database.close()


async def test_a_snapshot_that_failed_is_taken_again_and_knows_its_writers(
    services: Services, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.collab.desk.RETRY_SECONDS", 0.1)
    design, writer = new_id(), new_id()
    snapshot = await services.rooms.create(design, GraphDocument().model_dump(mode="json"))
    async with services.database.session() as session:
        session.add_all([User(id=writer, name="Ada"), Workspace(id="space", name="Space")])
        await session.flush()
        row = {"name": "x", "epoch": snapshot.epoch, "document": "{}", "digest": ""}
        session.add(Design(id=design, workspace_id="space", owner_id=writer, **row))
    piece = Code(kind="functions", name="scaled", source="def scaled(x):\n    return x\n").model_dump(mode="json")
    with hub_of(services).at_desk(design) as desk:
        async with services.database.session() as session:
            await session.execute(text("ALTER TABLE code_authors RENAME TO elsewhere"))
        await services.rooms.apply_edits(design, [SetValue(path=["code", "a"], value=piece)], writer)
        desk.touch(writer)
        async with asyncio.timeout(DEADLINE):
            while "is tried again" not in caplog.text:
                await asyncio.sleep(0.02)
            async with services.database.session() as session:
                await session.execute(text("ALTER TABLE elsewhere RENAME TO code_authors"))
            found: list[str] = []
            while not found:
                await asyncio.sleep(0.02)
                async with services.database.session() as session:
                    found = list(await session.scalars(select(CodeAuthor.user_id)))
    assert found == [writer]
