"""Signing in and out, and who is here."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import repository, service
from app.accounts.policy import PUBLIC, AnySession, CurrentMember, CurrentPrincipal, PolicyFirst
from app.accounts.policy import Member as MemberPolicy
from app.accounts.principal import Principal, Role
from app.accounts.schemas import CodePermission, LinkView, Member, Person, SessionView, SignedOut, WorkspaceView
from app.infra.services import Connected, Services, Transaction
from app.messages.sandbox import SandboxStatus
from app.shared.clock import now

router = APIRouter(tags=["accounts"], route_class=PolicyFirst)

Owner = Annotated[Principal, Depends(MemberPolicy(Role.OWNER))]


def set_session_cookie(response: Response, services: Services, token: str) -> None:
    """Have the browser that gets `response` be signed in by the session of `token`."""
    response.set_cookie(
        services.cookie,
        token,
        max_age=int(service.SESSION_LIFETIME.total_seconds()),
        httponly=True,
        secure=services.secure,
        samesite="lax",
        path="/",
    )


@router.get("/sign-in", dependencies=[PUBLIC], include_in_schema=False)
async def sign_in(token: str, services: Connected, transaction: Transaction) -> RedirectResponse:
    """Exchange the one-time link for a session, so that its token leaves the address bar."""
    response = RedirectResponse("/", status_code=303)
    set_session_cookie(response, services, await service.sign_in(transaction, token))
    return response


@router.get("/api/session")
async def read_session(
    principal: Annotated[Principal | None, Depends(AnySession())], transaction: Transaction
) -> SessionView:
    """Say who this browser is signed in as; all three fields are null when it is not."""
    if principal is None:
        return SessionView(user=None, workspace=None, link=None)
    if principal.user_id is None:
        assert principal.link_design_id is not None
        assert principal.link_role is not None
        link = LinkView(design_id=principal.link_design_id, role=principal.link_role.word)
        return SessionView(user=None, workspace=None, link=link)
    workspace = await repository.get_workspace(transaction, principal)
    return SessionView(
        user=Person(id=principal.user_id, name=principal.user_name),
        workspace=WorkspaceView(
            id=workspace.id,
            name=workspace.name,
            role=principal.workspace_role.word,
            may_run_code=principal.may_run_code,
        ),
        link=None,
    )


@router.post("/api/session/sign-out")
async def sign_out(
    principal: CurrentPrincipal, services: Connected, transaction: Transaction, response: Response
) -> SignedOut:
    await repository.end_session(transaction, principal, now())
    response.delete_cookie(services.cookie, path="/", secure=services.secure, httponly=True, samesite="lax")
    return SignedOut()


@router.get("/api/people")
async def list_people(principal: CurrentMember, transaction: Transaction) -> list[Member]:
    """List the members of the workspace, by name."""
    return await _members(transaction, principal)


@router.put("/api/people/{user_id}/code")
async def set_code_permission(
    user_id: Annotated[str, Path(max_length=64)], body: CodePermission, principal: Owner, transaction: Transaction
) -> list[Member]:
    """Let a member run Python that somebody wrote for a design, or no longer; the owners always may."""
    await service.set_may_run_code(transaction, user_id, body.allowed, principal=principal)
    await transaction.flush()
    return await _members(transaction, principal)


@router.get("/api/sandbox")
async def read_sandbox(principal: CurrentMember, services: Connected) -> SandboxStatus:
    """Say what confines the Python that people write on this server, as its start-up probe found."""
    return await services.sandbox.status()


async def _members(session: AsyncSession, principal: Principal) -> list[Member]:
    return [
        Member.model_validate(
            {"id": user.id, "name": user.name, "role": membership.role, "may_run_code": membership.may_run_code}
        )
        for user, membership in await repository.list_members(session, principal)
    ]
