"""The editing socket of a real server, with real clients."""

import asyncio
import contextlib
import json
import os
import random
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from pycrdt import Map
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from app.collab import protocol
from tests.collab.browser import Replica, cookie_of, socket_url
from tests.server import Server

FRONTEND = Path(__file__).resolve().parents[2] / "frontend"


@pytest.fixture(scope="module")
def owner(server: Server) -> Iterator[httpx.Client]:
    with server.client(server.link) as client:
        yield client


@pytest.fixture(scope="module")
def teammate(server: Server, owner: httpx.Client) -> Iterator[httpx.Client]:
    with server.client(server.sign_in_link("Bob")) as client:
        yield client


@pytest.fixture
def design(owner: httpx.Client) -> str:
    created = owner.post("/api/designs", json={"name": "Shared"})
    created.raise_for_status()
    return str(created.json()["id"])


def share(owner: httpx.Client, teammate: httpx.Client, design: str, role: str) -> None:
    person = teammate.get("/api/session").json()["user"]["id"]
    owner.put(f"/api/designs/{design}/shares/people/{person}", json={"role": role}).raise_for_status()


def unshare(owner: httpx.Client, teammate: httpx.Client, design: str) -> None:
    person = teammate.get("/api/session").json()["user"]["id"]
    owner.delete(f"/api/designs/{design}/shares/people/{person}").raise_for_status()


def document(client: httpx.Client, design: str) -> dict[str, Any]:
    answer = client.get(f"/api/designs/{design}/document")
    answer.raise_for_status()
    content: dict[str, Any] = answer.json()
    return content


async def test_two_people_edit_different_fields_of_one_node(
    server: Server, owner: httpx.Client, teammate: httpx.Client, design: str
) -> None:
    share(owner, teammate, design, "editor")
    async with Replica(server.url, design, cookie_of(owner)) as ada:
        await ada.set("a", Map({"class_name": "Dense", "name": "a", "params": Map()}))
        async with Replica(server.url, design, cookie_of(teammate)) as bob:
            await bob.until(lambda: "a" in bob.content)
            await asyncio.gather(
                ada.edit(lambda doc: doc.get("layers", type=Map)["a"]["params"].__setitem__("units", 5)),
                bob.edit(lambda doc: doc.get("layers", type=Map)["a"]["params"].__setitem__("activation", "relu")),
            )
            await ada.saved()
            await bob.saved()
            both = {"class_name": "Dense", "name": "a", "params": {"units": 5, "activation": "relu"}}
            await ada.until(lambda: ada.content == {"a": both})
            await bob.until(lambda: bob.content == {"a": both})
    assert document(owner, design)["layers"] == {"a": {**both, "weights": None}}


async def test_the_list_shows_what_was_edited(server: Server, owner: httpx.Client, design: str) -> None:
    async with Replica(server.url, design, cookie_of(owner)) as ada:
        await ada.set("name", "Edited", root="meta")
        await ada.set("a", Map({"class_name": "Dense", "name": "a"}))
        await ada.set("n", Map({"layer": "a", "x": 10, "y": 20}), root="nodes")
        await ada.saved()

        def listed() -> dict[str, Any]:
            designs = owner.get("/api/designs").json()
            return next(each for each in designs if each["id"] == design)  # type: ignore[no-any-return]

        async with asyncio.timeout(30):
            while listed()["name"] != "Edited" or listed()["nodes"] != 1:
                await asyncio.sleep(0.05)
    assert listed()["thumbnail"] == {"nodes": [[10, 20, "core"]], "edges": []}


async def test_a_viewer_reads_and_is_refused_when_it_writes(
    server: Server, owner: httpx.Client, teammate: httpx.Client, design: str
) -> None:
    share(owner, teammate, design, "viewer")
    async with (
        Replica(server.url, design, cookie_of(owner)) as ada,
        Replica(server.url, design, cookie_of(teammate)) as bob,
    ):
        await ada.set("a", 1)
        await bob.until(lambda: bob.content == {"a": 1})
        await bob.set("a", 2)
        await bob.until(lambda: bob.closed is not None)
        assert bob.closed == (4403, "You may look at this design, not change it.")
        await ada.set("b", 3)
        await ada.saved()
        assert ada.content == {"a": 1, "b": 3}


async def test_a_link_shows_the_design_and_refuses_edits_by_raw_socket(
    server: Server, owner: httpx.Client, design: str
) -> None:
    made = owner.post(f"/api/designs/{design}/shares/links").json()
    with httpx.Client(headers={"origin": server.url}, follow_redirects=True) as visitor:
        visitor.get(made["url"]).raise_for_status()
        async with Replica(server.url, design, cookie_of(visitor)) as guest:
            assert guest.root("meta").to_py()["name"] == "Shared"  # type: ignore[index]
            await guest.set("name", "Mine now", root="meta")
            await guest.until(lambda: guest.closed is not None)
            assert guest.closed is not None
            assert guest.closed[0] == 4403
        async with Replica(server.url, design, cookie_of(visitor)) as guest:
            owner.delete(f"/api/designs/{design}/shares/links/{made['link']['id']}").raise_for_status()
            async with asyncio.timeout(5):
                await guest.until(lambda: guest.closed is not None)
            assert guest.closed is not None
            assert guest.closed[0] == 4401
        with pytest.raises(InvalidStatus):
            await Replica(server.url, design, cookie_of(visitor)).__aenter__()
    assert document(owner, design)["meta"]["name"] == "Shared"


async def test_a_role_that_is_taken_away_closes_the_socket(
    server: Server, owner: httpx.Client, teammate: httpx.Client, design: str
) -> None:
    share(owner, teammate, design, "editor")
    async with Replica(server.url, design, cookie_of(teammate)) as bob:
        await bob.set("a", 1)
        await bob.saved()
        share(owner, teammate, design, "viewer")
        async with asyncio.timeout(5):
            await bob.until(lambda: bob.closed is not None)
        assert bob.closed is not None
        assert bob.closed[0] == 4403
    async with Replica(server.url, design, cookie_of(teammate)) as bob:
        unshare(owner, teammate, design)
        async with asyncio.timeout(5):
            await bob.until(lambda: bob.closed is not None)
        assert bob.closed is not None
        assert bob.closed[0] == 4401


async def test_strangers_and_other_origins_never_get_in(
    server: Server, teammate: httpx.Client, owner: httpx.Client, design: str
) -> None:
    for cookie, origin in ((cookie_of(teammate), ""), ("", ""), (cookie_of(owner), "http://evil.example")):
        with pytest.raises(InvalidStatus) as refused:
            await Replica(server.url, design, cookie, origin=origin).__aenter__()
        assert refused.value.response.status_code == 403


async def test_a_restored_version_sends_everybody_to_the_new_epoch(
    server: Server, owner: httpx.Client, design: str
) -> None:
    version = owner.post(f"/api/designs/{design}/versions", json={"name": "Before"}).json()
    async with Replica(server.url, design, cookie_of(owner)) as ada:
        await ada.set("a", 1)
        await ada.saved()
        restored = owner.post(f"/api/designs/{design}/versions/{version['id']}/restore")
        assert (restored.status_code, restored.json()["number"]) == (201, 2)
        await ada.until(lambda: ada.closed is not None)
        assert ada.closed is not None
        assert ada.closed[0] == 4409
        old = ada.epoch
    async with Replica(server.url, design, cookie_of(owner)) as ada:
        assert ada.epoch != old
        assert ada.epoch == owner.get(f"/api/designs/{design}").json()["epoch"]
        assert ada.content == {}


async def test_who_joins_while_the_last_one_leaves_sees_the_edits_of_who_comes_later(
    server: Server, owner: httpx.Client, design: str
) -> None:
    """The room process stands still while one browser goes and another one waits for its greeting."""
    assert server.process is not None
    rooms = [
        child
        for child in psutil.Process(server.process.pid).children(recursive=True)
        if "app.rooms" in " ".join(child.cmdline())
    ]
    assert rooms
    cookie = cookie_of(owner)
    waiting = Replica(server.url, design, cookie)
    async with Replica(server.url, design, cookie):
        for child in rooms:
            child.suspend()
        try:
            joining = asyncio.create_task(waiting.__aenter__())
            await waiting.connected.wait()
        except BaseException:
            for child in rooms:
                child.resume()
            raise
    for child in rooms:
        child.resume()
    await joining
    try:
        async with Replica(server.url, design, cookie) as later:
            await later.set("name", "Seen by both", root="meta")
            await waiting.until(lambda: waiting.root("meta").get("name") == "Seen by both")
    finally:
        await waiting.__aexit__(None, None, None)


async def test_a_rename_reaches_open_editors(server: Server, owner: httpx.Client, design: str) -> None:
    async with Replica(server.url, design, cookie_of(owner)) as ada:
        owner.patch(f"/api/designs/{design}", json={"name": "Renamed"}).raise_for_status()
        await ada.until(lambda: ada.root("meta").to_py()["name"] == "Renamed")  # type: ignore[index]


async def test_an_edit_before_what_it_builds_on_waits_for_it(server: Server, owner: httpx.Client, design: str) -> None:
    async with Replica(server.url, design, cookie_of(owner)) as ada:
        updates: list[bytes] = []
        for key in "abc":
            before = ada.doc.get_state()
            ada.root()[key] = 1
            updates.append(ada.doc.get_update(before))
        ada._changes.clear()
        for update in (updates[1], updates[2], updates[0]):
            await ada.socket.send(protocol.update(update))
        await ada.until(lambda: ada.acknowledged == 3)
    assert document(owner, design)["layers"] == {}
    async with Replica(server.url, design, cookie_of(owner)) as again:
        assert again.content == {"a": 1, "b": 1, "c": 1}


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"", 1007),
        (b"\x63", 1007),
        (b"\0\x02\x05ab", 1007),
        (protocol.update(b"\x01\x01\x07\x00\x09"), 1007),
        (protocol.step_1(b"\xff\xff\xff"), 1007),
        (protocol.update(b"\0" * (2**20 + 100)), 1009),
        ("text", 1007),
    ],
    ids=["empty", "unknown", "cut short", "no update", "no state vector", "too large", "text"],
)
async def test_nonsense_closes_the_socket_of_its_sender_only(
    server: Server, owner: httpx.Client, design: str, frame: bytes | str, code: int
) -> None:
    async with Replica(server.url, design, cookie_of(owner)) as ada:
        address = socket_url(server.url, design, "sync")
        async with connect(address, additional_headers={"cookie": cookie_of(owner)}, origin=server.url) as mallory:  # type: ignore[arg-type]
            await mallory.send(frame)
            with pytest.raises(ConnectionClosed):
                while True:
                    await asyncio.wait_for(mallory.recv(), 30)
            assert mallory.close_code == code
        await ada.set("a", 1)
        await ada.saved()


async def test_presence_is_passed_on_and_ends_with_its_socket(server: Server, owner: httpx.Client, design: str) -> None:
    headers = {"cookie": cookie_of(owner)}
    address = socket_url(server.url, design, "sync")

    async def next_presence(socket: Any) -> tuple[protocol.Presence, ...]:
        async with asyncio.timeout(30):
            while True:
                message = protocol.read_message(await socket.recv())
                if isinstance(message, protocol.Awareness):
                    return message.presences

    here = protocol.Presence(7, 1, '{"user":"ada"}')
    async with connect(address, additional_headers=headers, origin=server.url) as bob:  # type: ignore[arg-type]
        async with connect(address, additional_headers=headers, origin=server.url) as ada:  # type: ignore[arg-type]
            await ada.send(protocol.awareness([here]))
            assert await next_presence(bob) == (here,)
            async with connect(address, additional_headers=headers, origin=server.url) as late:  # type: ignore[arg-type]
                assert await next_presence(late) == (here,)
        assert await next_presence(bob) == (protocol.Presence(7, 2, "null"),)


class Stock:
    """The stock y-websocket client in a process of its own."""

    def __init__(self, server: Server, design: str, cookie: str, mode: str) -> None:
        self.arguments = [
            str(Path(__file__).parent / "stock_client.mjs"),
            str(FRONTEND),
            f"{server.url.replace('http', 'ws', 1)}/api/designs/{design}",
            "sync",
            cookie,
            server.url,
            mode,
        ]

    async def __aenter__(self) -> "Stock":
        node = shutil.which("node", path=f"{FRONTEND.parent / '.node' / 'bin'}:{os.environ['PATH']}")
        assert node is not None, "Node is needed: make setup"
        self.process = await asyncio.create_subprocess_exec(node, *self.arguments, stdout=asyncio.subprocess.PIPE)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.process.returncode is None:
            self.process.terminate()
        await self.process.communicate()

    async def said(self, key: str) -> dict[str, Any]:
        assert self.process.stdout is not None
        async with asyncio.timeout(30):
            while True:
                line = await self.process.stdout.readline()
                assert line, "the client ended"
                message: dict[str, Any] = json.loads(line)
                if key in message:
                    return message


async def test_a_stock_client_joins_and_syncs_both_ways(server: Server, owner: httpx.Client, design: str) -> None:
    async with Replica(server.url, design, cookie_of(owner)) as ada:
        await ada.set("doomed", 1)
        await ada.set("mine", {"plain": [1, None]})
        await ada.saved()
        async with Stock(server, design, cookie_of(owner), "write") as stock:
            assert await stock.said("synced") == {
                "synced": True,
                "content": {"doomed": 1, "mine": {"plain": [1, None]}},
            }
            dense = {"class_name": "Dense", "name": "stock", "params": {"units": 7}}
            await ada.until(lambda: ada.content == {"mine": {"plain": [1, None]}, "stock": dense})
            await ada.set("answer", 42)
            assert await stock.said("answer") == {"answer": 42}
    assert document(owner, design)["layers"] == {"stock": {**dense, "weights": None}}


async def test_a_stock_client_of_a_viewer_syncs_and_is_refused_when_it_writes(
    server: Server, owner: httpx.Client, teammate: httpx.Client, design: str
) -> None:
    share(owner, teammate, design, "viewer")
    async with Replica(server.url, design, cookie_of(owner)) as ada:
        await ada.set("doomed", 1)
        await ada.set("gone", 1)
        await ada.edit(lambda doc: doc.get("layers", type=Map).pop("gone"))
        await ada.saved()
        async with Stock(server, design, cookie_of(teammate), "write") as stock:
            assert (await stock.said("synced"))["content"] == {"doomed": 1}
            assert (await stock.said("closed"))["closed"] == 4403
        assert ada.content == {"doomed": 1}


@pytest.fixture
async def own_server() -> AsyncIterator[Server]:
    """A server that a test may kill."""
    path = Path(tempfile.mkdtemp(prefix="ll-"))
    with Server(path) as server:
        yield server
    shutil.rmtree(path, ignore_errors=True)


async def answering(server: Server) -> None:
    """Wait until the server takes connections."""
    async with asyncio.timeout(30), httpx.AsyncClient() as client:
        while True:
            with contextlib.suppress(httpx.TransportError):
                await client.get(f"{server.url}/api/session")
                return
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("kills", [6, pytest.param(100, marks=pytest.mark.soak)])
async def test_no_acknowledged_edit_is_lost_when_the_server_is_killed(own_server: Server, kills: int) -> None:
    """The web process is ended with kill -9, its room process with it, while two people edit."""
    server = own_server
    with server.client(server.link) as client:
        design = str(client.post("/api/designs", json={"name": "Killed"}).json()["id"])
        cookie = cookie_of(client)
    chance = random.Random(3)
    truth: dict[str, int] = {}
    for kill in range(kills):
        async with Replica(server.url, design, cookie) as ada, Replica(server.url, design, cookie) as bob:
            assert {key: ada.content.get(key) for key in truth} == truth
            for number in range(chance.randint(3, 25)):
                for name, replica in (("a", ada), ("b", bob)):
                    await replica.set(f"{name}{kill}-{number}", number)
            await ada.until(lambda replica=ada: replica.acknowledged >= 1)  # type: ignore[misc]
            server.kill()
            await ada.until(lambda replica=ada: replica.closed is not None)  # type: ignore[misc]
            await bob.until(lambda replica=bob: replica.closed is not None)  # type: ignore[misc]
            for name, replica in (("a", ada), ("b", bob)):
                truth |= {f"{name}{kill}-{number}": number for number in range(replica.acknowledged)}
        server.restart()
        await answering(server)
    async with Replica(server.url, design, cookie) as ada:
        assert {key: ada.content.get(key) for key in truth} == truth
