"""The application: routers, errors, doors."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, APIWebSocketRoute, iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from app.accounts.policy import Policy, PolicyFirst, policies_of
from app.shared.errors import AppError
from app.web import errors, pages
from app.web.security import SameOrigin

MAX_BODY_BYTES = 32 * 2**20
"""The largest request; routes that take uploads set a limit of their own."""

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_application(routers: Sequence[APIRouter], *, url: str, lifespan: Lifespan | None = None) -> FastAPI:
    """Assemble the application that is reached at `url`.

    Raises `UnguardedDoor` when a route declares no policy, or would read a body before it asks it.
    """
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
    _refuse_unguarded(application)
    return application


def _refuse_unguarded(application: FastAPI) -> None:
    unguarded = [door for door, policies in doors(application) if len(policies) != 1]
    if unguarded:
        raise UnguardedDoor(f"These routes do not declare exactly one policy: {', '.join(unguarded)}")
    routes = [context.original_route for context in iter_route_contexts(application.routes)]
    late = [route.path for route in routes if isinstance(route, APIRoute) and not isinstance(route, PolicyFirst)]
    if late:
        raise UnguardedDoor(f"These routes ask their policy last, for want of PolicyFirst: {', '.join(late)}")


class _Application(FastAPI):
    def build_middleware_stack(self) -> ASGIApp:
        """Stand before the body limit, which itself stands before every middleware that can be added."""
        return errors.ReadableLimit(super().build_middleware_stack())


class UnguardedDoor(RuntimeError):
    """A route without a policy, or with two, or one that would ask it last."""


def doors(application: FastAPI) -> Iterator[tuple[str, list[Policy[Any]]]]:
    """Yield every route as `METHOD path` with the policies it declares; static files are no doors."""
    for context in iter_route_contexts(application.routes):
        route = context.original_route
        if isinstance(route, APIRoute):
            yield f"{'/'.join(sorted(context.methods or ()))} {context.path}", policies_of(context.dependant)
        elif isinstance(route, APIWebSocketRoute):
            yield f"WEBSOCKET {context.path}", policies_of(context.dependant)
        elif not (isinstance(route, Mount) and isinstance(route.app, StaticFiles)):
            yield f"{type(route).__name__} {context.path}", []
