"""Who may watch and command a run: whoever may see its design; and how a worker shows that it is the run's own."""

import hmac
from dataclasses import dataclass

from fastapi import Path
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection

from app.accounts.policy import Policy, get_connection_principal
from app.accounts.principal import Principal, Role
from app.accounts.service import token_hash
from app.designs.access import require_design_role
from app.runs import repository
from app.runs.ingest import fenced
from app.runs.tables import Run
from app.shared.errors import NotFound, NotSignedIn


@dataclass(frozen=True)
class RunAccess:
    """A door that opened: who came, to which run, and what they may do with its design."""

    principal: Principal
    role: Role
    run: Run


class RunPolicy(Policy[RunAccess]):
    """Whoever has at least `role` on the design of the run `{run_id}` of the path.

    404 when the run does not exist or its design is none of one's business, 403 when the role is too small. With
    `member`, holders of a share link are refused.
    """

    def __init__(self, role: Role, *, member: bool = False) -> None:
        self.role = role
        self.member = member
        self.describe = f"{role.word} of the design of the run" + (", signed in" if member else "")

    async def __call__(self, connection: HTTPConnection, run_id: str = Path(max_length=64)) -> RunAccess:
        return await super().__call__(connection)

    async def authorize(self, connection: HTTPConnection, session: AsyncSession) -> RunAccess:
        principal = await get_connection_principal(connection, session)
        run = await repository.find_run(session, principal, connection.path_params["run_id"])
        if run is None:
            raise _no_run()
        try:
            access = await require_design_role(session, principal, run.design_id, self.role, member=self.member)
        except NotFound as error:
            raise _no_run() from error
        return RunAccess(principal, access.role, run)


def _no_run() -> NotFound:
    return NotFound(
        "There is no such run, or its design is not shared with you.",
        expected="a run of a design that you may see",
        hint="It may have been deleted.",
    )


class RunToken(Policy[str]):
    """The worker of the run `{run_id}` of the path, by the bearer token of one of its attempts.

    Answers the token's SHA-256. Which attempt it belongs to is part of the message, so `authorize_attempt` has the
    last word. A run that is not there (any more) is a conflict, which tells its worker to end.
    """

    describe = "the run's own worker"

    async def authorize(self, connection: HTTPConnection, session: AsyncSession) -> str:
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _no_worker()
        presented = token_hash(token)
        known = await repository.list_token_hashes(session, connection.path_params["run_id"])
        if not known:
            raise fenced()
        if not any(hmac.compare_digest(each, presented) for each in known):
            raise _no_worker()
        return presented


async def authorize_attempt(session: AsyncSession, run_id: str, attempt: int, presented: str) -> bool:
    """Whether the run has that attempt; raise `NotSignedIn` when the token is not the attempt's own."""
    row = await repository.find_attempt(session, run_id, attempt)
    if row is None:
        return False
    if not hmac.compare_digest(row.token_hash, presented):
        raise _no_worker()
    return True


def _no_worker() -> NotSignedIn:
    return NotSignedIn(
        "Only the worker of a run may send its events.",
        expected="Authorization: Bearer <the run's token>",
        received="another token, or none",
    )
