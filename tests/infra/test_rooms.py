"""The real room process: what it acknowledged is there, whatever dies; what is hostile hurts only its sender."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Doc, Map
from sqlalchemy import Engine, func, select

from app.collab.tables import RoomUpdate
from app.document.edits import RemoveValue, SetValue
from app.document.model import GraphDocument
from app.infra.database import create_blocking_engine
from app.infra.rooms import (
    Applied,
    Listener,
    RoomClient,
    RoomCrashed,
    RoomReplaced,
    UpdateGap,
    UpdateMalformed,
)
from app.settings import Settings
from app.shared.errors import NotFound, TooLarge, Unavailable

EMPTY = GraphDocument().model_dump(mode="json")
DEADLINE = 30.0


@pytest.fixture
async def rooms(both_settings: Settings) -> AsyncIterator[RoomClient]:
    """A room process on each shipped database in turn."""
    client = RoomClient(both_settings.folder / "rooms.sock", both_settings.database)
    await client.start()
    await client.ready()
    yield client
    await client.close()


@pytest.fixture
def engine(both_settings: Settings) -> Iterator[Engine]:
    engine = create_blocking_engine(both_settings.database)
    yield engine
    engine.dispose()


@pytest.fixture
async def sqlite_rooms(settings: Settings) -> AsyncIterator[RoomClient]:
    client = RoomClient(settings.folder / "rooms.sock", settings.database)
    await client.start()
    await client.ready()
    yield client
    await client.close()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition; fail when it does not come true before the deadline."""
    async with asyncio.timeout(DEADLINE):
        while not condition():
            await asyncio.sleep(0.005)


class Replica:
    """A browser's document that talks to the room client directly."""

    def __init__(self, rooms: RoomClient, design: str, epoch: str) -> None:
        self.rooms, self.design, self.epoch = rooms, design, epoch
        self.doc: Doc[Any] = Doc()

    async def pull(self) -> None:
        self.doc.apply_update(await self.rooms.sync(self.design, self.epoch, self.doc.get_state()))

    def change(self, key: str, value: Any) -> bytes:
        before = self.doc.get_state()
        self.doc.get("layers", type=Map)[key] = value
        return self.doc.get_update(before)

    async def push(self, update: bytes) -> Applied:
        return await self.rooms.apply(self.design, self.epoch, update, "user")

    @property
    def content(self) -> dict[str, Any]:
        return self.doc.get("layers", type=Map).to_py() or {}


async def opened(rooms: RoomClient, design: str = "design") -> Replica:
    snapshot = await rooms.create(design, EMPTY)
    replica = Replica(rooms, design, snapshot.epoch)
    await replica.pull()
    return replica


async def test_a_room_begins_with_its_document(rooms: RoomClient) -> None:
    document = {
        **EMPTY,
        "catalog": "3.15.1",
        "layers": {"a": {"class_name": "Dense", "name": "a", "params": {}, "weights": None}},
    }
    created = await rooms.create("design", document)
    assert created.document == document
    assert created == await rooms.snapshot("design")
    assert (await rooms.open("design")).epoch == created.epoch


async def test_there_is_no_room_without_a_design(rooms: RoomClient) -> None:
    with pytest.raises(NotFound):
        await rooms.open("nothing")


async def test_an_answered_update_is_in_the_database(rooms: RoomClient, engine: Engine) -> None:
    replica = await opened(rooms)
    for number in range(5):
        applied = await replica.push(replica.change(f"k{number}", number))
        with engine.connect() as connection:
            newest = connection.execute(
                select(RoomUpdate.seq, RoomUpdate.user_id, RoomUpdate.payload).order_by(RoomUpdate.seq.desc()).limit(1)
            ).one()
        assert tuple(newest) == (applied.seq, "user", applied.change)
    assert applied.seq == 6


async def test_two_replicas_converge(rooms: RoomClient) -> None:
    ada = await opened(rooms)
    bob = Replica(rooms, ada.design, ada.epoch)
    await bob.pull()
    pushed = await asyncio.gather(*(one.push(one.change(key, 1)) for one, key in ((ada, "a"), (bob, "b"), (ada, "c"))))
    assert sorted(applied.seq for applied in pushed) == [2, 3, 4]
    await ada.pull()
    await bob.pull()
    assert ada.content == bob.content == {"a": 1, "b": 1, "c": 1}


async def test_the_servers_own_edits_reach_listeners(rooms: RoomClient) -> None:
    replica = await opened(rooms)
    heard: list[tuple[str, str, bytes]] = []
    rooms.listeners.append(Listener(on_change=lambda *news: heard.append(news)))
    edits = [
        SetValue(path=["meta", "name"], value="New"),
        SetValue(path=["layers", "a", "x"], value={"y": [1, {"z": None}]}),
        RemoveValue(path=["meta", "description"]),
    ]
    applied = await rooms.apply_edits("design", edits, "user")
    assert heard == [("design", replica.epoch, applied.change)]
    replica.doc.apply_update(applied.change)
    assert replica.doc.get("meta", type=Map).to_py() == {"name": "New", "model_class": "auto", "model_name": ""}
    assert replica.content == {"a": {"x": {"y": [1, {"z": None}]}}}


async def test_a_rebuilt_room_refuses_the_old_epoch(rooms: RoomClient) -> None:
    replica = await opened(rooms)
    replaced: list[tuple[str, str]] = []
    rooms.listeners.append(Listener(on_replaced=lambda *news: replaced.append(news)))
    rebuilt = await rooms.rebuild("design", {**EMPTY, "meta": {"name": "Old", "description": ""}})
    assert replaced == [("design", rebuilt.epoch)]
    assert rebuilt.epoch != replica.epoch
    with pytest.raises(RoomReplaced):
        await replica.push(replica.change("a", 1))
    with pytest.raises(RoomReplaced):
        await replica.pull()
    assert (await rooms.snapshot("design")).document["meta"]["name"] == "Old"


async def test_an_update_out_of_order_is_a_gap_and_changes_nothing(rooms: RoomClient) -> None:
    replica = await opened(rooms)
    first, second = replica.change("a", 1), replica.change("b", 2)
    with pytest.raises(UpdateGap):
        await replica.push(second)
    assert (await rooms.snapshot("design")).seq == 1
    await replica.push(first)
    await replica.push(second)
    other = Replica(rooms, "design", replica.epoch)
    await other.pull()
    assert other.content == {"a": 1, "b": 2}


async def test_an_update_over_a_mebibyte_is_too_large(rooms: RoomClient) -> None:
    replica = await opened(rooms)
    with pytest.raises(TooLarge):
        await replica.push(replica.change("a", "x" * 2**20))
    assert (await rooms.snapshot("design")).seq == 1


async def test_a_long_log_is_merged_and_says_the_same(rooms: RoomClient, engine: Engine) -> None:
    replica = await opened(rooms)
    await asyncio.gather(*(replica.push(replica.change(f"k{number % 40}", number)) for number in range(520)))
    before = await rooms.snapshot("design")
    rows = select(func.count()).select_from(RoomUpdate)

    def merged() -> bool:
        with engine.connect() as connection:
            return connection.scalar(rows) == 1

    await until(merged)
    assert rooms.pid is not None
    os.kill(rooms.pid, signal.SIGKILL)
    assert await rooms.snapshot("design") == before
    other = Replica(rooms, "design", replica.epoch)
    await other.pull()
    assert other.content == replica.content
    assert (await other.push(other.change("after", 1))).seq == before.seq + 1


@pytest.mark.parametrize("kills", [24, pytest.param(400, marks=pytest.mark.soak)])
async def test_no_acknowledged_update_is_lost_or_doubled_in_kills(sqlite_rooms: RoomClient, kills: int) -> None:
    """Bots edit without a pause while the process is killed again and again."""
    rooms = sqlite_rooms
    replicas = [await opened(rooms, f"design{number}") for number in range(3)]
    acknowledged: list[dict[str, int]] = [{} for _ in replicas]
    progress = [0]
    done = asyncio.Event()

    async def edit(replica: Replica, mine: dict[str, int]) -> None:
        number = 0
        while not done.is_set():
            key = f"k{number % 50}"
            update = replica.change(key, number)
            while mine.get(key) != number:
                try:
                    await replica.push(update)
                    mine[key] = number
                    progress[0] += 1
                except RoomCrashed:
                    # Killed twice at this very update. A browser comes back with all it has.
                    update = replica.doc.get_update()
            number += 1

    bots = [asyncio.create_task(edit(*pair)) for pair in zip(replicas, acknowledged, strict=True)]
    chance = random.Random(7)
    for kill in range(kills):
        seen = progress[0] + chance.randint(1, 60)
        await until(lambda seen=seen: progress[0] >= seen)  # type: ignore[misc]
        assert rooms.pid is not None
        os.kill(rooms.pid, signal.SIGKILL)
        await until(lambda kill=kill: rooms.restarts > kill)  # type: ignore[misc]
    done.set()
    await asyncio.gather(*bots)
    for replica, mine in zip(replicas, acknowledged, strict=True):
        fresh = Replica(rooms, replica.design, replica.epoch)
        await fresh.pull()
        assert mine
        assert fresh.content == mine == replica.content


@pytest.mark.parametrize("updates", [4_000, pytest.param(200_000, marks=pytest.mark.soak)])
async def test_hostile_updates_hurt_only_their_sender(sqlite_rooms: RoomClient, updates: int) -> None:
    """Damaged updates are refused or applied, and both designs are still whole."""
    rooms = sqlite_rooms
    victim, neighbour = await opened(rooms, "victim"), await opened(rooms, "neighbour")
    await neighbour.push(neighbour.change("a", 1))
    whole = [victim.change(f"k{number}", {"list": [1, "two", None], "n": number}) for number in range(6)]
    for update in whole:
        await victim.push(update)
    writer: Doc[Any] = Doc()
    writer.apply_update(victim.doc.get_update())
    before = writer.get_state()
    writer.get("layers", type=Map)["nested"] = Map({"class_name": "Dense", "params": Map({"units": 3})})
    seeds = [*whole, writer.get_update(before), writer.get_update()]
    chance = random.Random(11)
    refused = 0
    for number in range(updates):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 8)):
            match chance.randrange(4):
                case 0:
                    data[chance.randrange(len(data))] = chance.randrange(256)
                case 1:
                    del data[chance.randrange(len(data)) :]
                case 2:
                    place = chance.randrange(len(data))
                    data[place:place] = chance.randbytes(chance.randint(1, 9))
                case _:
                    data += chance.choice(seeds)
            data = data or bytearray(b"\0")
        try:
            await victim.push(bytes(data))
        except (UpdateMalformed, UpdateGap, RoomCrashed, Unavailable):
            refused += 1
        if number % 500 == 0:
            assert (await rooms.snapshot("neighbour")).seq == 2
    assert refused > updates / 2
    assert GraphDocument.model_validate((await rooms.snapshot("victim")).document)
    other = Replica(rooms, "neighbour", neighbour.epoch)
    await other.pull()
    assert other.content == {"a": 1}
    applied = await neighbour.push(neighbour.change("b", 2))
    assert applied.change


def large(nodes: int) -> dict[str, Any]:
    """A document that takes the process long enough to be caught at it."""
    layers = {
        f"n{number}": {"class_name": "Dense", "name": f"n{number}", "params": {"units": 1}} for number in range(nodes)
    }
    return {**EMPTY, "layers": layers, "nodes": {key: {"layer": key} for key in layers}}


async def caught_at_work(rooms: RoomClient, how: signal.Signals) -> None:
    """Send a signal to the process while it works on a request."""
    async with asyncio.timeout(DEADLINE):
        while rooms.working_on == 0:
            await asyncio.sleep(0)
    assert rooms.pid is not None
    os.kill(rooms.pid, how)


async def test_whoever_crashes_the_process_is_told_and_the_others_go_on(sqlite_rooms: RoomClient) -> None:
    rooms = sqlite_rooms
    replica = await opened(rooms)
    culprit = asyncio.create_task(rooms.create("culprit", large(3_000)))
    await asyncio.sleep(0)
    others = [asyncio.create_task(replica.push(replica.change(f"k{number}", number))) for number in range(20)]
    await asyncio.sleep(0)
    await caught_at_work(rooms, signal.SIGSEGV)
    with pytest.raises(RoomCrashed):
        await culprit
    assert [applied.seq for applied in await asyncio.gather(*others)] == list(range(2, 22))
    assert rooms.restarts == 1


async def test_a_fault_of_the_process_is_told_to_whoever_caused_it_and_to_nobody_again(
    sqlite_rooms: RoomClient,
) -> None:
    """A number that the native library cannot hold, which no design has: a fault that is no crash of the machine."""
    begun = sqlite_rooms.restarts
    with pytest.raises(RoomCrashed):
        await sqlite_rooms.create("design", {**EMPTY, "layers": {"a": {"params": {"x": 2**64}}}})
    assert sqlite_rooms.restarts == begun + 1
    assert (await sqlite_rooms.create("another", EMPTY)).document == EMPTY


async def test_a_hanging_request_is_ended_by_the_watchdog(sqlite_rooms: RoomClient) -> None:
    rooms = sqlite_rooms
    replica = await opened(rooms)
    culprit = asyncio.create_task(rooms.create("culprit", large(3_000)))
    await asyncio.sleep(0)
    await caught_at_work(rooms, signal.SIGSTOP)
    waiting = asyncio.create_task(replica.push(replica.change("a", 1)))
    with pytest.raises(RoomCrashed):
        await culprit
    assert (await waiting).seq == 2


async def test_a_design_that_crashes_again_and_again_rests(sqlite_rooms: RoomClient) -> None:
    rooms = sqlite_rooms
    await opened(rooms)
    for _ in range(3):
        culprit = asyncio.create_task(rooms.create("culprit", large(3_000)))
        await asyncio.sleep(0)
        await caught_at_work(rooms, signal.SIGSEGV)
        with pytest.raises(RoomCrashed):
            await culprit
        await until(lambda: rooms.pid is not None)
    with pytest.raises(Unavailable, match="several times"):
        await rooms.open("culprit")
    assert (await rooms.snapshot("design")).seq == 1


async def test_memory_is_limited(sqlite_rooms: RoomClient) -> None:
    limits = Path(f"/proc/{sqlite_rooms.pid}/limits")
    if not limits.exists():
        pytest.skip("no /proc on this system")
    line = next(line for line in limits.read_text().splitlines() if line.startswith("Max address space"))
    assert int(line.split()[3]) <= 3 * 2**30


PARENT = """
import asyncio, sys
from pathlib import Path
from app.infra.rooms import RoomClient

async def main():
    client = RoomClient(Path(sys.argv[1]), sys.argv[2])
    await client.start()
    await client.ready()
    print(client.pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def test_the_process_ends_with_its_parent(settings: Settings) -> None:
    arguments = [sys.executable, "-c", PARENT, str(settings.folder / "rooms.sock"), settings.database]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        os.kill(pid, 0)
        parent.kill()
    deadline = time.monotonic() + DEADLINE
    while _alive(pid):
        assert time.monotonic() < deadline, "the room process outlived its parent"
        time.sleep(0.01)


def _alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    if stat.parent.parent.exists():
        return stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_closed_client_starts_nothing_again(settings: Settings) -> None:
    client = RoomClient(settings.folder / "rooms.sock", settings.database)
    await client.start()
    await client.ready()
    pid = client.pid
    assert pid is not None
    await client.close()
    assert not _alive(pid)
    assert client.pid is None
    assert list(settings.folder.glob("rooms.sock*")) == []
