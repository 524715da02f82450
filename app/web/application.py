"""The application: routers, errors, doors."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, APIWebSocketRoute, RouteContext, iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from app.accounts.policy import Policy
from app.shared.errors import AppError
from app.web import errors, pages
from app.web.security import SameOrigin

MAX_BODY_BYTES = 32 * 2**20
"""The largest request; routes that take uploads set a limit of their own."""

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_application(routers: Sequence[APIRouter], *, url: str, lifespan: Lifespan | None = None) -> FastAPI:
    """Assemble the application that is reached at `url`; raise `UnguardedDoor` when a route declares no policy."""
    application = _Application(
        title="Layerloom",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        max_body_size=MAX_BODY_BYTES,
    )
    for router in [*routers, pages.router]:
        application.include_router(router)
    application.mount("/assets/app", StaticFiles(directory=pages.FRONTEND, check_dir=False), name="front end")
    application.mount("/assets", StaticFiles(directory=Path(__file__).parent / "static"), name="assets")
    application.add_exception_handler(AppError, errors.on_app_error)  # type: ignore[arg-type]
    application.add_exception_handler(RequestValidationError, errors.on_invalid_request)
    application.add_exception_handler(HTTPException, errors.on_http_error)
    application.add_exception_handler(Exception, errors.on_unexpected)
    application.add_middleware(SameOrigin, url=url)
    unguarded = [path for path, policies in doors(application) if len(policies) != 1]
    if unguarded:
        raise UnguardedDoor(f"These routes do not declare exactly one policy: {', '.join(unguarded)}")
    return application


class _Application(FastAPI):
    def build_middleware_stack(self) -> ASGIApp:
        """Stand before the body limit, which itself stands before every middleware that can be added."""
        return errors.ReadableLimit(super().build_middleware_stack())


class UnguardedDoor(RuntimeError):
    """A route without a policy, or with two."""


def doors(application: FastAPI) -> Iterator[tuple[str, list[Policy[Any]]]]:
    """Yield every route as `METHOD path` with the policies it declares; static files are no doors."""
    for context in iter_route_contexts(application.routes):
        route = context.original_route
        if isinstance(route, APIRoute):
            yield f"{'/'.join(sorted(context.methods or ()))} {context.path}", _policies(_dependant(context))
        elif isinstance(route, APIWebSocketRoute):
            yield f"WEBSOCKET {context.path}", _policies(_dependant(context))
        elif not (isinstance(route, Mount) and isinstance(route.app, StaticFiles)):
            yield f"{type(route).__name__} {context.path}", []


def _dependant(context: RouteContext) -> Dependant:
    dependant: Dependant = context.dependant
    return dependant


def _policies(dependant: Dependant) -> list[Policy[Any]]:
    found = [dependant.call] if isinstance(dependant.call, Policy) else []
    for dependency in dependant.dependencies:
        found += _policies(dependency)
    return found
