"""The run socket over real sockets: replay, then live, for as long as one may watch, and no viewer costs another."""

import asyncio
import json
import time
from typing import Any

import httpx
import pytest
from sqlalchemy import update
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from app.accounts import service as accounts
from app.accounts.principal import Role
from app.accounts.tables import Session, ShareLink
from app.designs.tables import Design
from app.infra.database import Database
from app.messages.events import RunState
from app.runs.socket import RECHECK_SECONDS
from app.shared.clock import now
from tests.runs.conftest import Live, Worker, batch, state

DEADLINE = 20.0


async def receive(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(DEADLINE):
        message: dict[str, Any] = json.loads(await socket.recv())
        return message


async def receive_until(socket: ClientConnection, last_seq: int) -> list[dict[str, Any]]:
    """Return the events that come until number `last_seq` has."""
    events: list[dict[str, Any]] = []
    while not events or events[-1]["seq"] < last_seq:
        message = await receive(socket)
        if message["type"] == "events":
            assert message["events"][-1]["seq"] == message["last_seq"]
            events += message["events"]
    return events


async def receive_state(socket: ClientConnection, wanted: str) -> dict[str, Any]:
    """Return the run as it is told once its state is `wanted`."""
    while True:
        message = await receive(socket)
        if message["type"] == "run" and message["run"]["state"] == wanted:
            run: dict[str, Any] = message["run"]
            return run


def events_path(worker: Worker, after: int = 0) -> str:
    return f"/api/runs/{worker.run_id}/events?after={after}"


async def test_replay_then_live_each_event_once_and_in_order(live: Live, live_worker: Worker) -> None:
    await live_worker.send([batch(seq, loss=seq) for seq in range(1, 2_501)])
    async with live.socket(events_path(live_worker, after=10)) as socket:
        replayed = await receive_until(socket, 2_500)
        for seq in range(2_501, 2_521):
            await live_worker.send([batch(seq, loss=seq)])
        lived = await receive_until(socket, 2_520)
    assert [event["seq"] for event in replayed + lived] == list(range(11, 2_521))
    assert replayed[0] == {**replayed[0], "event": "batch", "step": 11, "logs": {"loss": 11.0}}


async def test_a_change_of_state_is_told_with_the_whole_run(live: Live, live_worker: Worker) -> None:
    async with live.socket(events_path(live_worker)) as socket:
        assert (await receive_state(socket, "queued"))["id"] == live_worker.run_id
        await live_worker.send([state(1, RunState.RUNNING)])
        run = await receive_state(socket, "running")
    async with httpx.AsyncClient(base_url=live.url, cookies={"layerloom": live.token}) as client:
        asked = (await client.get(f"/api/runs/{live_worker.run_id}")).json()
    assert {**run, "duration_seconds": 0} == {**asked, "duration_seconds": 0}


async def test_frames_are_few_however_many_batches_come(live: Live, live_worker: Worker) -> None:
    async with live.socket(events_path(live_worker)) as socket:
        await receive(socket)
        begun = time.monotonic()

        async def send() -> None:
            for seq in range(1, 41):
                await live_worker.send([batch(seq, loss=seq)])

        sending = asyncio.create_task(send())
        frames, last = 0, 0
        while last < 40:
            message = await receive(socket)
            frames += message["type"] == "events"
            last = message.get("last_seq", last)
        await sending
    assert frames <= 10 * (time.monotonic() - begun) + 2


async def test_a_hundred_viewers_hear_all_while_one_does_not_read(live: Live, live_worker: Worker) -> None:
    total = 400
    text = "x" * 5_000
    async with live.socket(events_path(live_worker)) as slow:
        slow.transport.pause_reading()
        sockets = [await live.socket(events_path(live_worker)).__aenter__() for _ in range(99)]
        try:
            reading = [asyncio.create_task(receive_until(socket, total)) for socket in sockets]
            for first in range(1, total + 1, 20):
                events = [batch(seq, **{f"loss{text}": seq}) for seq in range(first, first + 20)]
                await live_worker.send(events)
            heard = await asyncio.gather(*reading)
            assert {tuple(event["seq"] for event in events) for events in heard} == {tuple(range(1, total + 1))}
            slow.transport.resume_reading()
            assert [event["seq"] for event in await receive_until(slow, total)] == list(range(1, total + 1))
        finally:
            await asyncio.gather(*(socket.close() for socket in sockets))


async def link_session(database: Database, worker: Worker) -> str:
    """Return the session token of somebody who came by a view-only link."""
    async with database.session() as session:
        user = await accounts.ensure_local_owner(session)
        token = await accounts.open_session(session, user.id)
    async with database.session() as session:
        principal = await accounts.find_principal(session, token)
        assert principal is not None
        link, _ = await accounts.create_share_link(session, principal, design_id=worker.design_id)
        return await accounts.open_link_session(session, link)


async def expect_closed(socket: ClientConnection, code: int) -> float:
    """Wait until the server closes with `code`; return how many seconds it took."""
    begun = time.monotonic()
    with pytest.raises(ConnectionClosed):
        while True:
            await receive(socket)
    assert socket.close_code == code
    return time.monotonic() - begun


async def test_a_view_only_link_watches_and_is_cut_off_when_revoked(
    live: Live, live_worker: Worker, database: Database
) -> None:
    token = await link_session(database, live_worker)
    async with live.socket(events_path(live_worker), token=token) as socket:
        assert (await receive_state(socket, "queued"))["role"] == "viewer"
        await live_worker.send([batch(1, loss=1.0)])
        assert (await receive_until(socket, 1))[0]["logs"] == {"loss": 1.0}
        async with database.session() as session:
            await session.execute(update(ShareLink).values(revoked_at=now()))
        await expect_closed(socket, 4401)


async def test_signing_out_closes_the_socket(live: Live, live_worker: Worker, database: Database) -> None:
    async with live.socket(events_path(live_worker)) as socket:
        await receive(socket)
        async with database.session() as session:
            await session.execute(
                update(Session).where(Session.token_hash == accounts.token_hash(live.token)).values(ended_at=now())
            )
        await expect_closed(socket, 4401)


async def test_a_design_that_is_deleted_is_no_longer_watched(
    live: Live, live_worker: Worker, database: Database
) -> None:
    async with live.socket(events_path(live_worker)) as socket:
        await receive(socket)
        async with database.session() as session:
            await session.execute(update(Design).where(Design.id == live_worker.design_id).values(deleted_at=now()))
        assert await expect_closed(socket, 4401) < RECHECK_SECONDS


async def test_losing_the_grant_closes_the_socket(live: Live, live_worker: Worker, database: Database) -> None:
    async with database.session() as session:
        teammate = await accounts.add_user(session, "Ada")
        token = await accounts.open_session(session, teammate.id)
        owner = await accounts.find_principal(session, live.token)
        assert owner is not None
        await accounts.set_grant(session, owner, design_id=live_worker.design_id, user_id=teammate.id, role=Role.VIEWER)
    async with live.socket(events_path(live_worker), token=token) as socket:
        assert (await receive_state(socket, "queued"))["role"] == "viewer"
        async with database.session() as session:
            await accounts.repository.delete_grant(session, owner, live_worker.design_id, teammate.id)
        await expect_closed(socket, 4401)


async def test_doors_that_stay_shut(live: Live, live_worker: Worker, database: Database) -> None:
    path = events_path(live_worker)
    async with database.session() as session:
        stranger = await accounts.open_session(session, (await accounts.add_user(session, "Eve")).id)
    refused = [
        live.socket(path, token="nobody"),
        live.socket(path, token=stranger),
        live.socket(path, origin="https://elsewhere.example"),
        live.socket(f"/api/runs/{'x' * 22}/events"),
    ]
    for socket in refused:
        with pytest.raises(InvalidStatus):
            async with socket:
                pass


async def test_a_viewer_has_nothing_to_say(live: Live, live_worker: Worker) -> None:
    async with live.socket(events_path(live_worker)) as socket:
        await receive(socket)
        await socket.send('{"command": "stop"}')
        await expect_closed(socket, 4400)


async def test_deleting_the_run_closes_its_sockets(live: Live, live_worker: Worker) -> None:
    async with live.socket(events_path(live_worker)) as socket:
        await receive(socket)
        async with httpx.AsyncClient(base_url=live.url, cookies={"layerloom": live.token}) as client:
            deleted = await client.delete(f"/api/runs/{live_worker.run_id}", headers={"origin": live.url})
            assert deleted.json() == {"deleted": True}
            assert (await client.get(f"/api/runs/{live_worker.run_id}")).status_code == 404
        await expect_closed(socket, 4404)
    assert (await live_worker.post([batch(1, loss=1.0)])).status_code == 409
