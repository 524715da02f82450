"""Every door declares a policy; the test enumerates the application's own routes."""

import json
import re
import socket

import pytest
from fastapi import APIRouter, WebSocket

from app.accounts.policy import PUBLIC
from app.main import openapi, routers
from app.web.application import UnguardedDoor, create_application, doors
from tests.server import Server

URL = "http://127.0.0.1:8000"


def test_every_route_and_socket_declares_exactly_one_policy() -> None:
    declared = dict(doors(create_application(routers(), url=URL)))
    assert len(declared) > 40
    assert {door for door, policies in declared.items() if len(policies) != 1} == set()
    assert all(policy.describe for (policy,) in declared.values())


def test_public_doors_are_these_and_no_others() -> None:
    """A new public door must be added here, on purpose."""
    declared = dict(doors(create_application(routers(), url=URL)))
    public = {door for door, policies in declared.items() if policies[0].describe in {"public", "any session"}}
    assert public == {
        "GET /",
        "GET /designs",
        "GET /designs/{path:path}",
        "GET /gallery",
        "GET /datasets",
        "GET /datasets/{path:path}",
        "GET /sign-in",
        "GET /share/{token}",
        "GET /api/session",
    }


def test_a_route_without_policy_is_refused_at_start() -> None:
    router = APIRouter()

    @router.get("/api/unguarded")
    def unguarded() -> None: ...

    with pytest.raises(UnguardedDoor, match="GET /api/unguarded"):
        create_application([router], url=URL)


def test_a_socket_without_policy_is_refused_at_start() -> None:
    router = APIRouter()

    @router.websocket("/api/unguarded")
    async def unguarded(socket: WebSocket) -> None: ...

    with pytest.raises(UnguardedDoor, match="WEBSOCKET /api/unguarded"):
        create_application([router], url=URL)


def test_a_route_that_reads_before_its_policy_is_refused_at_start() -> None:
    router = APIRouter(dependencies=[PUBLIC])

    @router.post("/api/hasty")
    def hasty() -> None: ...

    with pytest.raises(UnguardedDoor, match="PolicyFirst: /api/hasty"):
        create_application([router], url=URL)


def test_no_byte_of_a_body_is_waited_for_before_the_policy(server: Server) -> None:
    """Nobody in particular announces a large body, and is answered without having sent any of it."""
    asked = 0
    for path, item in json.loads(openapi())["paths"].items():
        for method, operation in item.items():
            if "requestBody" in operation:
                asked += 1
                status = _announce_body(server, method.upper(), re.sub(r"{\w+}", "nobody", path))
                assert status in {401, 403, 404, 409}, f"{method} {path}: {status}"
    assert asked > 10


def _announce_body(server: Server, method: str, path: str) -> int:
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        head = [
            f"{method} {path} HTTP/1.1",
            f"host: 127.0.0.1:{server.port}",
            "content-type: application/json",
            f"content-length: {3 * 2**20}",
            "connection: close",
        ]
        connection.sendall("\r\n".join([*head, "", ""]).encode())
        return int(connection.recv(65_536).split(b" ", 2)[1])


def test_every_part_of_a_path_is_a_declared_parameter() -> None:
    for path, item in json.loads(openapi())["paths"].items():
        for method, operation in item.items():
            declared = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
            assert declared == set(re.findall(r"{(\w+)", path)), f"{method} {path}"


def test_the_openapi_description_is_the_same_each_time() -> None:
    assert openapi() == openapi()
