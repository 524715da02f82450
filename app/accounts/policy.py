"""Deny by default: every route and every socket depends on exactly one `Policy`.

`app.web.application` refuses to start when a route has none. A route writes
`principal: Annotated[Principal, Depends(SignedIn())]`; slices derive policies of their own (`DesignPolicy`).
A policy runs before a WebSocket is accepted; long-lived sockets call `authorize` again when access may have changed.
It runs before the body of a request is read: every router is made with `route_class=PolicyFirst`.
"""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import Depends
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from app.accounts import service
from app.accounts.principal import Principal, Role
from app.infra.services import services_of
from app.shared.errors import Forbidden, NotSignedIn

Result = TypeVar("Result")

_ANSWERS: Final = "layerloom.policies"
"""Where the scope of a connection keeps what policies have answered."""


async def find_connection_principal(connection: HTTPConnection, session: AsyncSession) -> Principal | None:
    """Return who the session cookie of a request or a WebSocket belongs to."""
    token = connection.cookies.get(services_of(connection).cookie)
    return await service.find_principal(session, token) if token else None


async def get_connection_principal(connection: HTTPConnection, session: AsyncSession) -> Principal:
    """Return the principal; raise `NotSignedIn` when there is none."""
    principal = await find_connection_principal(connection, session)
    if principal is None:
        raise NotSignedIn(
            "You are not signed in.",
            expected="a signed-in browser",
            hint="Open the sign-in link that `layerloom serve` printed, or make a new one: layerloom link",
        )
    return principal


class Policy(Generic[Result]):
    """Who may pass a door. Called by FastAPI with the connection, it answers what `authorize` returns.

    A connection is asked about once, however often the policy is called with it. `describe` names the rule for the
    generated matrix of doors and principals.
    """

    describe: str = ""

    async def __call__(self, connection: HTTPConnection) -> Result:
        return await self.answer(connection)

    async def answer(self, connection: HTTPConnection) -> Result:
        """Return what `authorize` says of the connection, asked when it is not known yet."""
        answers: dict[Policy[Result], Result] = connection.scope.setdefault(_ANSWERS, {})
        if self not in answers:
            async with services_of(connection).database.session() as session:
                answers[self] = await self.authorize(connection, session)
        return answers[self]

    async def authorize(self, connection: HTTPConnection, session: AsyncSession) -> Result:
        """Return the result when the connection may pass; raise `NotSignedIn`, `Forbidden` or `NotFound` if not."""
        raise NotImplementedError


def policies_of(dependant: Dependant) -> list[Policy[Any]]:
    """Return the policies that a route depends on, at any remove."""
    found = [dependant.call] if isinstance(dependant.call, Policy) else []
    for dependency in dependant.dependencies:
        found += policies_of(dependency)
    return found


class PolicyFirst(APIRoute):
    """A route that asks its policy before a byte of the body is read: FastAPI by itself reads the body first."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        policies = policies_of(self.dependant)

        async def handle_behind_policy(request: Request) -> Response:
            for policy in policies:
                await policy.answer(request)
            return await handle(request)

        return handle_behind_policy


class Public(Policy[None]):
    """Open to everybody: the door shows nothing of anybody's."""

    describe = "public"

    async def authorize(self, connection: HTTPConnection, session: AsyncSession) -> None:
        return None


class AnySession(Policy[Principal | None]):
    """Open to everybody, and told who is asking, if anybody."""

    describe = "any session"

    async def authorize(self, connection: HTTPConnection, session: AsyncSession) -> Principal | None:
        return await find_connection_principal(connection, session)


class SignedIn(Policy[Principal]):
    """Users, and holders of a share link too: the door shows nothing that belongs to anybody."""

    describe = "signed in, or by a link"

    async def authorize(self, connection: HTTPConnection, session: AsyncSession) -> Principal:
        return await get_connection_principal(connection, session)


class Member(Policy[Principal]):
    """Users with at least `role` in the workspace; never the holder of a share link."""

    def __init__(self, role: Role = Role.VIEWER) -> None:
        self.role = role
        self.describe = f"member of the workspace, at least {role.word}"

    async def authorize(self, connection: HTTPConnection, session: AsyncSession) -> Principal:
        principal = await get_connection_principal(connection, session)
        if principal.user_id is None:
            raise Forbidden(
                "A share link opens its design only.",
                expected="a member of the workspace",
                received="the holder of a share link",
                hint="Ask for an account: layerloom user add NAME",
            )
        if principal.workspace_role < self.role:
            raise Forbidden(
                "Your role in the workspace does not allow this.",
                expected=self.role.word,
                received=principal.workspace_role.word,
                hint="Ask an owner of the workspace for another role.",
            )
        return principal


CurrentMember = Annotated[Principal, Depends(Member())]
CurrentPrincipal = Annotated[Principal, Depends(SignedIn())]
PUBLIC = Depends(Public())
"""For `dependencies=[PUBLIC]` on a route that needs to know nobody."""
