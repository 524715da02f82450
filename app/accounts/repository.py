"""The SQL of accounts."""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.principal import Principal
from app.accounts.tables import Grant, Membership, Session, ShareLink, SignInLink, User, Workspace


async def find_first_owner(session: AsyncSession) -> User | None:
    return await session.scalar(
        select(User)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.role == "owner")
        .order_by(User.created_at)
        .limit(1)
    )


async def find_first_workspace(session: AsyncSession) -> Workspace | None:
    return await session.scalar(select(Workspace).order_by(Workspace.created_at).limit(1))


async def get_workspace(session: AsyncSession, principal: Principal) -> Workspace:
    """Return the principal's own workspace."""
    return await session.get_one(Workspace, principal.workspace_id)


async def find_user_named(session: AsyncSession, name: str) -> User | None:
    """Return who is called `name`, in small or capital letters, which databases know of some alphabets only."""
    users = await session.scalars(select(User).order_by(User.created_at))
    return next((user for user in users if user.name.casefold() == name.casefold()), None)


async def find_membership(session: AsyncSession, user_id: str, workspace_id: str | None) -> Membership | None:
    """Return a user's membership, in one workspace or in the one that they have."""
    query = select(Membership).where(Membership.user_id == user_id)
    if workspace_id is not None:
        query = query.where(Membership.workspace_id == workspace_id)
    return await session.scalar(query.limit(1))


async def list_members(session: AsyncSession, principal: Principal) -> list[tuple[User, Membership]]:
    """Return the users of the principal's workspace with their memberships, by name."""
    rows = await session.execute(
        select(User, Membership)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.workspace_id == principal.workspace_id)
        .order_by(User.name)
    )
    return [(user, membership) for user, membership in rows]


async def find_session(
    session: AsyncSession, token_hash: str, at: datetime
) -> tuple[Session, User | None, Membership | None, ShareLink | None] | None:
    """Return the live session with its user, membership and link; None when it ended, expired or was revoked."""
    row = (
        await session.execute(
            select(Session, User, Membership, ShareLink)
            .outerjoin(User, User.id == Session.user_id)
            .outerjoin(Membership, Membership.user_id == User.id)
            .outerjoin(ShareLink, ShareLink.id == Session.share_link_id)
            .where(Session.token_hash == token_hash, Session.ended_at.is_(None), Session.expires_at > at)
            .limit(1)
        )
    ).first()
    return tuple(row) if row is not None else None  # type: ignore[return-value]


async def end_session(session: AsyncSession, principal: Principal, at: datetime) -> None:
    await session.execute(update(Session).where(Session.id == principal.session_id).values(ended_at=at))


async def delete_expired_sessions(session: AsyncSession, at: datetime) -> None:
    await session.execute(delete(Session).where(Session.expires_at <= at))


async def use_sign_in_link(session: AsyncSession, token_hash: str, at: datetime) -> str | None:
    """Mark the link as used and return its user's id; None when it is unknown, expired or was used before."""
    return await session.scalar(
        update(SignInLink)
        .where(SignInLink.token_hash == token_hash, SignInLink.used_at.is_(None), SignInLink.expires_at > at)
        .values(used_at=at)
        .returning(SignInLink.user_id)
    )


async def find_share_link(session: AsyncSession, token_hash: str, at: datetime) -> ShareLink | None:
    """Return the link when it is neither revoked nor expired."""
    return await session.scalar(
        select(ShareLink).where(
            ShareLink.token_hash == token_hash,
            ShareLink.revoked_at.is_(None),
            (ShareLink.expires_at.is_(None)) | (ShareLink.expires_at > at),
        )
    )


async def find_grant(session: AsyncSession, principal: Principal, design_id: str) -> Grant | None:
    """Return the principal's own grant on a design."""
    return await session.scalar(select(Grant).where(Grant.design_id == design_id, Grant.user_id == principal.user_id))


async def list_granted_designs(session: AsyncSession, principal: Principal) -> dict[str, str]:
    """Return the role words of the designs shared with the principal, by design id."""
    rows = await session.execute(select(Grant.design_id, Grant.role).where(Grant.user_id == principal.user_id))
    return {row.design_id: row.role for row in rows}


async def list_grants(session: AsyncSession, principal: Principal, design_id: str) -> list[tuple[Grant, User]]:
    rows = await session.execute(
        select(Grant, User)
        .join(User, User.id == Grant.user_id)
        .where(Grant.design_id == design_id, Grant.workspace_id == principal.workspace_id)
        .order_by(User.name)
    )
    return [(grant, user) for grant, user in rows]


async def delete_grant(session: AsyncSession, principal: Principal, design_id: str, user_id: str) -> None:
    await session.execute(
        delete(Grant).where(
            Grant.design_id == design_id,
            Grant.user_id == user_id,
            Grant.workspace_id == principal.workspace_id,
        )
    )


async def list_share_links(session: AsyncSession, principal: Principal, design_id: str) -> list[ShareLink]:
    return list(
        await session.scalars(
            select(ShareLink)
            .where(ShareLink.design_id == design_id, ShareLink.workspace_id == principal.workspace_id)
            .order_by(ShareLink.created_at.desc())
        )
    )


async def revoke_share_link(
    session: AsyncSession, principal: Principal, design_id: str, link_id: str, at: datetime
) -> bool:
    """Revoke the link; return whether there was one to revoke."""
    revoked = await session.scalar(
        update(ShareLink)
        .where(
            ShareLink.id == link_id,
            ShareLink.design_id == design_id,
            ShareLink.workspace_id == principal.workspace_id,
            ShareLink.revoked_at.is_(None),
        )
        .values(revoked_at=at)
        .returning(ShareLink.id)
    )
    return revoked is not None
