"""Signing in, sessions and links. Tokens are 256 random bits; the database holds only their SHA-256."""

import hashlib
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import repository
from app.accounts.principal import Principal, Role
from app.accounts.tables import Grant, Membership, Session, ShareLink, SignInLink, User, Workspace
from app.shared.clock import now
from app.shared.errors import Conflict, Invalid, NotFound, NotSignedIn
from app.shared.ids import new_id, new_secret

SESSION_LIFETIME = timedelta(days=30)
LINK_SESSION_LIFETIME = timedelta(days=7)
SIGN_IN_LINK_LIFETIME = timedelta(days=7)


def token_hash(token: str) -> str:
    """Return the SHA-256 of a token as 64 hexadecimal digits."""
    return hashlib.sha256(token.encode()).hexdigest()


async def ensure_local_owner(session: AsyncSession) -> User:
    """Return the first owner, made together with the first workspace when the database is new."""
    owner = await repository.find_first_owner(session)
    if owner is not None:
        return owner
    owner = User(id=new_id(), name="Owner")
    workspace = Workspace(id=new_id(), name="Workspace")
    session.add_all([owner, workspace])
    await session.flush()
    session.add(Membership(workspace_id=workspace.id, user_id=owner.id, role=Role.OWNER.word))
    await session.flush()
    return owner


async def add_user(session: AsyncSession, name: str) -> User:
    """Add a teammate to the workspace; raise `Invalid` for an empty name, `Conflict` for one that is taken."""
    name = name.strip()
    if not name or len(name) > 200:
        raise Invalid("A person needs a name.", expected="1 to 200 characters", received=f"{len(name)} characters")
    await ensure_local_owner(session)
    if await repository.find_user_named(session, name) is not None:
        raise Conflict(
            f"There is already somebody called {name}.",
            expected="a name that nobody has",
            received=name,
            hint=f"Choose another name, or make a new link for them: layerloom user link {name!r}",
        )
    workspace = await repository.find_first_workspace(session)
    assert workspace is not None
    user = User(id=new_id(), name=name)
    session.add(user)
    await session.flush()
    session.add(Membership(workspace_id=workspace.id, user_id=user.id, role=Role.EDITOR.word))
    await session.flush()
    return user


async def get_user_named(session: AsyncSession, name: str) -> User:
    user = await repository.find_user_named(session, name)
    if user is None:
        raise NotFound(f"There is nobody called {name}.", hint=f"Add them: layerloom user add {name!r}")
    return user


async def set_may_run_code(
    session: AsyncSession, user_id: str, allowed: bool, *, principal: Principal | None = None
) -> None:
    """Grant or revoke the permission to run own Python; raise `NotFound` for nobody of the principal's workspace.

    Without a principal the command line asks, on behalf of whoever runs the server.
    """
    membership = await repository.find_membership(session, user_id, principal.workspace_id if principal else None)
    if membership is None:
        raise NotFound("This person is not in the workspace.", hint="Add them: layerloom user add NAME")
    if not allowed and membership.role == Role.OWNER.word:
        raise Conflict(
            "Owners of the workspace may always run code.",
            expected="a member who is no owner",
            received="an owner",
        )
    membership.code = allowed


async def create_sign_in_token(session: AsyncSession, user: User) -> str:
    """Return a new one-time token for `user`; it is shown once and lives for seven days."""
    token = new_secret()
    session.add(SignInLink(user_id=user.id, token_hash=token_hash(token), expires_at=now() + SIGN_IN_LINK_LIFETIME))
    await session.flush()
    return token


async def sign_in(session: AsyncSession, token: str) -> str:
    """Exchange a one-time token for the token of a new session; raise `NotSignedIn` when it no longer works."""
    user_id = await repository.use_sign_in_link(session, token_hash(token), now())
    if user_id is None:
        raise NotSignedIn(
            "This sign-in link was used before or has expired.",
            expected="a fresh link; each works once",
            hint="Make a new one where the server runs: layerloom link",
        )
    return await open_session(session, user_id)


async def open_session(session: AsyncSession, user_id: str) -> str:
    """Return the token of a new session of a user."""
    return await _add_session(session, SESSION_LIFETIME, user_id=user_id)


async def get_share_link(session: AsyncSession, token: str) -> ShareLink:
    """Return the share link of a token; raise `NotFound` when it was revoked, has expired or never was."""
    link = await repository.find_share_link(session, token_hash(token), now())
    if link is None:
        raise dead_link()
    return link


def dead_link() -> NotFound:
    """Return what is said of a share link that leads nowhere."""
    return NotFound(
        "This link does not work any more.",
        expected="a link that was neither revoked nor expired",
        hint="Ask whoever sent it for a new one.",
    )


async def open_link_session(session: AsyncSession, link: ShareLink) -> str:
    """Return the token of a new session of somebody who came by a share link."""
    return await _add_session(session, LINK_SESSION_LIFETIME, share_link_id=link.id)


async def _add_session(session: AsyncSession, lifetime: timedelta, **whose: str) -> str:
    """Return the token of a new session; those that have expired are forgotten."""
    moment, token = now(), new_secret()
    await repository.delete_expired_sessions(session, moment)
    session.add(Session(token_hash=token_hash(token), expires_at=moment + lifetime, **whose))
    await session.flush()
    return token


async def find_principal(session: AsyncSession, session_token: str) -> Principal | None:
    """Return who holds this session's token; None when the session ended, expired or its link was revoked."""
    moment = now()
    found = await repository.find_session(session, token_hash(session_token), moment)
    if found is None:
        return None
    row, user, membership, link = found
    if user is not None and membership is not None:
        return Principal(
            session_id=row.id,
            workspace_id=membership.workspace_id,
            workspace_role=Role.of(membership.role),
            user_id=user.id,
            user_name=user.name,
            may_run_code=membership.may_run_code,
        )
    if link is not None and link.revoked_at is None and (link.expires_at is None or link.expires_at > moment):
        return Principal(
            session_id=row.id,
            workspace_id=link.workspace_id,
            workspace_role=Role.VIEWER,
            link_id=link.id,
            link_design_id=link.design_id,
            link_role=Role.of(link.role),
        )
    return None


async def find_design_role(
    session: AsyncSession, principal: Principal, *, design_id: str, workspace_id: str, owner_id: str
) -> Role | None:
    """Return what the principal may do with a design; None when it is none of their business.

    The owner of the design and the owners of its workspace own it; others have what was granted to them; the holder
    of a link has the link's role on the link's design.
    """
    if principal.workspace_id != workspace_id:
        return None
    if principal.user_id is None:
        return principal.link_role if principal.link_design_id == design_id else None
    if principal.user_id == owner_id or principal.workspace_role is Role.OWNER:
        return Role.OWNER
    grant = await repository.find_grant(session, principal, design_id)
    return Role.of(grant.role) if grant is not None else None


async def set_grant(session: AsyncSession, principal: Principal, *, design_id: str, user_id: str, role: Role) -> None:
    """Give a member of the workspace a role on a design; raise `NotFound` for somebody else."""
    members = {user.id for user, _ in await repository.list_members(session, principal)}
    if user_id not in members:
        raise NotFound("This person is not in the workspace.", hint="Add them: layerloom user add NAME")
    for grant, user in await repository.list_grants(session, principal, design_id):
        if user.id == user_id:
            grant.role = role.word
            return
    assert principal.user_id is not None
    session.add(
        Grant(
            workspace_id=principal.workspace_id,
            design_id=design_id,
            user_id=user_id,
            role=role.word,
            created_by=principal.user_id,
        )
    )
    await session.flush()


async def create_share_link(session: AsyncSession, principal: Principal, *, design_id: str) -> tuple[ShareLink, str]:
    """Return a new view-only link to a design and its token, which is shown once."""
    assert principal.user_id is not None
    token = new_secret()
    link = ShareLink(
        id=new_id(),
        workspace_id=principal.workspace_id,
        design_id=design_id,
        token_hash=token_hash(token),
        role=Role.VIEWER.word,
        created_by=principal.user_id,
        created_at=now(),
    )
    session.add(link)
    await session.flush()
    return link, token
