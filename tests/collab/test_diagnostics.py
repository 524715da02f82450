"""What Keras says reaches everybody who has the design open, and only when the design means something else."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pycrdt import Map
from websockets.asyncio.client import ClientConnection, connect

from tests.collab.browser import Replica, cookie_of, socket_url
from tests.server import Server

DENSE: dict[str, Any] = {
    "layers": {
        "i": {"class_name": "InputLayer", "name": "i", "params": {"shape": [4]}},
        "d": {"class_name": "Dense", "name": "d", "params": {"units": 3}},
        "o": {"class_name": "Output", "name": "o"},
    },
    "nodes": {"i": {"layer": "i"}, "d": {"layer": "d"}, "o": {"layer": "o"}},
    "edges": {"i:output->d:input": {}, "d:output->o:input": {}},
}


@pytest.fixture(scope="module")
def owner(server: Server) -> Iterator[httpx.Client]:
    with server.client(server.link) as client:
        yield client


async def analysed(socket: ClientConnection, but: str = "") -> dict[str, Any]:
    """Return the next diagnostics that are complete and of another digest than `but`."""
    async with asyncio.timeout(120):
        while True:
            diagnostics: dict[str, Any] = json.loads(await socket.recv())
            if diagnostics["analysis"] is not None and diagnostics["digest"] != but:
                return diagnostics


async def test_shapes_follow_every_edit_that_matters(server: Server, owner: httpx.Client) -> None:
    design = str(owner.post("/api/designs", json={"document": DENSE}).json()["id"])
    headers = {"cookie": cookie_of(owner)}
    address = socket_url(server.url, design, "diagnostics")
    async with (
        connect(address, additional_headers=headers, origin=server.url) as socket,  # type: ignore[arg-type]
        Replica(server.url, design, cookie_of(owner)) as ada,
    ):
        first = await analysed(socket)
        assert first["analysis"]["total_params"] == 4 * 3 + 3
        assert first["analysis"]["problems"] == []
        await ada.edit(lambda doc: doc.get("nodes", type=Map)["d"].__setitem__("x", 300))
        await ada.edit(lambda doc: doc.get("layers", type=Map)["d"]["params"].__setitem__("units", 5))
        second = await analysed(socket, but=first["digest"])
        assert second["analysis"]["total_params"] == 4 * 5 + 5
        outputs = {node["id"]: node["output_shapes"] for node in second["analysis"]["nodes"]}
        assert outputs["d"] == {"output": [None, 5]}
    assert owner.get(f"/api/designs/{design}/diagnostics").json() == second
    listed = next(each for each in owner.get("/api/designs").json() if each["id"] == design)
    assert listed["parameters"] == 25


async def test_moving_a_node_asks_nobody(server: Server, owner: httpx.Client) -> None:
    design = str(owner.post("/api/designs", json={"document": DENSE}).json()["id"])
    address = socket_url(server.url, design, "diagnostics")
    async with (
        connect(address, additional_headers={"cookie": cookie_of(owner)}, origin=server.url) as socket,  # type: ignore[arg-type]
        Replica(server.url, design, cookie_of(owner)) as ada,
    ):
        first = await analysed(socket)
        await ada.edit(lambda doc: doc.get("nodes", type=Map)["d"].__setitem__("x", 300))
        async with asyncio.timeout(30):
            while owner.get(f"/api/designs/{design}/document").json()["nodes"]["d"]["x"] != 300 or not _moved(
                owner, design
            ):
                await asyncio.sleep(0.05)
        await ada.edit(lambda doc: doc.get("layers", type=Map)["d"]["params"].__setitem__("units", 7))
        # The very next message is about the new width: the move before it was saved and said nothing.
        assert json.loads(await socket.recv())["digest"] != first["digest"]


def _moved(owner: httpx.Client, design: str) -> bool:
    """Whether the snapshot with the moved node has reached the list."""
    listed = next(each for each in owner.get("/api/designs").json() if each["id"] == design)
    return [300, 0, "core"] in listed["thumbnail"]["nodes"]


async def test_a_fault_comes_with_its_fix(server: Server, owner: httpx.Client) -> None:
    document = {**DENSE, "edges": {"i:output->d:input": {}}, "nodes": {"i": {"layer": "i"}, "d": {"layer": "d"}}}
    document["layers"] = {key: DENSE["layers"][key] for key in "id"}
    design = str(owner.post("/api/designs", json={"document": document}).json()["id"])
    address = socket_url(server.url, design, "diagnostics")
    async with connect(address, additional_headers={"cookie": cookie_of(owner)}, origin=server.url) as socket:  # type: ignore[arg-type]
        problems = {each["code"]: each for each in (await analysed(socket))["analysis"]["problems"]}
        assert problems["missing_output"]["fix"]["title"]
