"""Errors of the framework are told in the same words as ours."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from app.infra.database import Database
from app.main import create_app
from app.settings import Settings
from app.web.application import MAX_BODY_BYTES
from tests.conftest import URL, signed_in


@pytest.fixture
async def application(settings: Settings) -> AsyncIterator[FastAPI]:
    """The application without the processes beside it."""
    application = create_app(settings, URL)
    yield application
    await application.state.services.database.close()


async def test_a_body_over_the_limit_is_refused_in_words(application: FastAPI, database: Database) -> None:
    json = {"content-type": "application/json"}
    async with signed_in(application, database) as client:
        answer = await client.post("/api/designs", content=b" " * (MAX_BODY_BYTES + 1), headers=json)
        page = await client.post("/", content=b" " * (MAX_BODY_BYTES + 1), headers={"accept": "text/html"})
    assert (answer.status_code, answer.json()) == (
        413,
        {
            "code": "too_large",
            "message": "This request is too large.",
            "expected": "at most 32 MiB",
            "received": "32.0 MiB",
            "hint": "Send less at once.",
        },
    )
    assert (page.status_code, page.headers["content-type"]) == (413, "text/html; charset=utf-8")


async def test_a_body_that_does_not_tell_its_length_is_refused_too(application: FastAPI, database: Database) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(MAX_BODY_BYTES // 2**20 + 1):
            yield b" " * 2**20

    async with signed_in(application, database) as client:
        answer = await client.post("/api/designs", content=pieces(), headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"], answer.json()["received"]) == (413, "too_large", "more")


@pytest.mark.parametrize("params", [b'{"x": "\\ud800"}', b'{"\\ud800": 1}', b'{"x": {"\\udc00": 1}}'])
async def test_text_that_is_none_is_refused_and_named(application: FastAPI, database: Database, params: bytes) -> None:
    layer = b'{"class_name": "Dense", "name": "d", "params": ' + params + b"}"
    async with signed_in(application, database) as client:
        answer = await client.post(
            "/api/designs",
            content=b'{"document": {"layers": {"a": ' + layer + b"}}}",
            headers={"content-type": "application/json"},
        )
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert "body.document.layers.a.params" in answer.json()["message"]
