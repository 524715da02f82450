"""Every door declares a policy; the test enumerates the application's own routes."""

import json
import re

import pytest
from fastapi import APIRouter, WebSocket

from app.main import openapi, routers
from app.web.application import UnguardedDoor, create_application, doors

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


def test_every_part_of_a_path_is_a_declared_parameter() -> None:
    for path, item in json.loads(openapi())["paths"].items():
        for method, operation in item.items():
            declared = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
            assert declared == set(re.findall(r"{(\w+)", path)), f"{method} {path}"


def test_the_openapi_description_is_the_same_each_time() -> None:
    assert openapi() == openapi()
