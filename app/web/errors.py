"""Errors as HTTP answers: always JSON with `code`, `message`, `expected`, `received` and `hint` under /api."""

import json
import logging

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import MAX_BODY_SIZE_SCOPE_KEY
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from app.shared.errors import AppError, NotFound, TooLarge
from app.web.pages import error_page

log = logging.getLogger(__name__)

SOCKET_CODES = {401: 4401, 403: 4403, 404: 4404, 409: 4409}


def answer(request: Request, status: int, body: dict[str, object]) -> Response:
    """Return JSON for the API, a page for a person who followed a link."""
    if request.url.path.startswith("/api/") or "text/html" not in request.headers.get("accept", ""):
        return Response(json.dumps(body), status, media_type="application/json")  # In ASCII: it may quote any text.
    return error_page(request, status, str(body["message"]), str(body["hint"]))


async def on_app_error(connection: Request | WebSocket, error: Exception) -> Response | None:
    assert isinstance(error, AppError)
    if isinstance(connection, WebSocket):
        await connection.close(SOCKET_CODES.get(error.status, 4400), error.message[:120])
        return None
    return answer(connection, error.status, dict(error.as_dict()))


async def on_invalid_request(request: Request, error: Exception) -> Response:
    """Name the first field that does not fit, in the words of `AppError`."""
    assert isinstance(error, RequestValidationError)
    faults = error.errors()
    first = faults[0]
    place = ".".join(str(part) for part in first["loc"])
    body: dict[str, object] = {
        "code": "invalid_request",
        "message": f"The request does not fit at {place}.",
        "expected": str(first["msg"]),
        "received": repr(first.get("input"))[:200],
        "hint": f"{len(faults)} fields do not fit." if len(faults) > 1 else "Correct this field.",
    }
    return answer(request, 422, body)


async def on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return answer(request, 404, dict(NotFound("There is nothing at this address.").as_dict()))
    if error.status_code == 413:
        return too_large(request)
    message = str(error.detail)
    body: dict[str, object] = {
        "code": f"http_{error.status_code}",
        "message": message,
        "expected": "",
        "received": request.method,
        "hint": "",
    }
    response = answer(request, error.status_code, body)
    response.headers.update(error.headers or {})
    return response


def too_large(request: Request) -> Response:
    """Answer a request whose body is over the limit of its route."""
    limit = request.scope.get(MAX_BODY_SIZE_SCOPE_KEY)
    length = request.headers.get("content-length", "")
    error = TooLarge(
        "This request is too large.",
        expected=f"at most {limit / 2**20:g} MiB" if limit else "a smaller one",
        received=f"{int(length) / 2**20:.1f} MiB" if length.isdecimal() else "more",
        hint="Send less at once.",
    )
    return answer(request, error.status, dict(error.as_dict()))


class ReadableLimit:
    """Says in our own words what the body limit of Starlette, which no exception handler sees, says as plain text."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refused = False

        async def readable_send(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and message["status"] == 413:
                plain = dict(message["headers"]).get(b"content-type", b"").startswith(b"text/plain")
                refused = plain
                if plain:
                    await too_large(Request(scope))(scope, receive, send)
            if not refused:
                await send(message)

        await self.app(scope, receive, readable_send)


async def on_unexpected(request: Request, error: Exception) -> Response:
    """The last net: a fault of ours. Logged with its trace; the person learns that it is not their doing."""
    log.error("unexpected error at %s %s", request.method, request.url.path, exc_info=error)
    body: dict[str, object] = {
        "code": "internal_error",
        "message": "Layerloom made a mistake; nothing of yours was changed.",
        "expected": "",
        "received": type(error).__name__,
        "hint": "Try again; if it happens again, the server's log says where.",
    }
    return answer(request, 500, body)
