"""The SQL of designs and versions."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.accounts.principal import Principal, Role
from app.accounts.tables import Grant, ShareLink, User
from app.designs.tables import Design, Version


async def find_design(session: AsyncSession, principal: Principal, design_id: str) -> Design | None:
    """Return a design of the principal's workspace, deleted ones included; says nothing of their role."""
    return await session.scalar(
        select(Design).where(Design.id == design_id, Design.workspace_id == principal.workspace_id)
    )


async def find_linked_design(session: AsyncSession, link: ShareLink) -> Design | None:
    """Return the design that a share link shows; None when it was deleted."""
    return await session.scalar(
        select(Design).where(
            Design.id == link.design_id, Design.workspace_id == link.workspace_id, Design.deleted_at.is_(None)
        )
    )


async def get_design(session: AsyncSession, principal: Principal, design_id: str) -> tuple[Design, User]:
    """Return a design that a policy has let the principal see, with its owner."""
    row = (
        await session.execute(
            select(Design, User)
            .join(User, User.id == Design.owner_id)
            .where(Design.id == design_id, Design.workspace_id == principal.workspace_id)
            .execution_options(populate_existing=True)
        )
    ).one()
    return row[0], row[1]


def visible_to(principal: Principal) -> ColumnElement[bool]:
    """Return the condition on `Design` for what the principal may see: own and shared ones, or that of their link."""
    present = (Design.workspace_id == principal.workspace_id) & Design.deleted_at.is_(None)
    if principal.user_id is None:
        return present & (Design.id == principal.link_design_id)
    if principal.workspace_role is Role.OWNER:
        return present
    grant = aliased(Grant)
    granted = select(grant.design_id).where(grant.user_id == principal.user_id)
    return present & or_(Design.owner_id == principal.user_id, Design.id.in_(granted))


async def list_designs(session: AsyncSession, principal: Principal) -> list[tuple[Design, User, str | None]]:
    """Return the designs that a user may see, last changed first, with owner and the role word granted to them."""
    query = (
        select(Design, User, Grant.role)
        .join(User, User.id == Design.owner_id)
        .outerjoin(Grant, (Grant.design_id == Design.id) & (Grant.user_id == principal.user_id))
        .where(visible_to(principal))
        .order_by(Design.updated_at.desc(), Design.id)
    )
    return [(design, owner, role) for design, owner, role in await session.execute(query)]


async def find_shared_design(session: AsyncSession, principal: Principal) -> tuple[Design, User] | None:
    """Return the one design that the holder of a share link may see."""
    row = (
        await session.execute(select(Design, User).join(User, User.id == Design.owner_id).where(visible_to(principal)))
    ).first()
    return (row[0], row[1]) if row is not None else None


async def save_snapshot(session: AsyncSession, design_id: str, values: dict[str, Any]) -> None:
    """Write what a snapshot of the room read; the caller is the server itself, on behalf of nobody."""
    await session.execute(update(Design).where(Design.id == design_id).values(**values))


async def save_parameters(session: AsyncSession, design_id: str, digest: str, parameters: int) -> None:
    """Write what Keras counted, unless the design has changed since; the caller is the server itself."""
    await session.execute(
        update(Design).where(Design.id == design_id, Design.digest == digest).values(parameters=parameters)
    )


async def set_deleted(session: AsyncSession, principal: Principal, design_id: str, at: datetime | None) -> None:
    await session.execute(
        update(Design)
        .where(Design.id == design_id, Design.workspace_id == principal.workspace_id)
        .values(deleted_at=at)
    )


async def list_versions(session: AsyncSession, principal: Principal, design_id: str) -> list[tuple[Version, User]]:
    """Return the versions of a design, newest first, with who made them."""
    rows = await session.execute(
        select(Version, User)
        .join(User, User.id == Version.created_by)
        .where(Version.design_id == design_id, Version.workspace_id == principal.workspace_id)
        .order_by(Version.number.desc())
    )
    return [(version, user) for version, user in rows]


async def find_version(session: AsyncSession, principal: Principal, design_id: str, version_id: str) -> Version | None:
    return await session.scalar(
        select(Version).where(
            Version.id == version_id,
            Version.design_id == design_id,
            Version.workspace_id == principal.workspace_id,
        )
    )


async def find_last_version(session: AsyncSession, principal: Principal, design_id: str) -> Version | None:
    return await session.scalar(
        select(Version)
        .where(Version.design_id == design_id, Version.workspace_id == principal.workspace_id)
        .order_by(Version.number.desc())
        .limit(1)
    )


async def names_of(session: AsyncSession, user_ids: set[str]) -> dict[str, str]:
    """Return the names of users, by id."""
    rows = await session.execute(select(User.id, User.name).where(User.id.in_(user_ids)))
    return {row.id: row.name for row in rows}
