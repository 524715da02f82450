"""The SQL of weights."""

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.principal import Principal
from app.accounts.tables import User
from app.designs.repository import visible_to
from app.designs.tables import Design
from app.weights.tables import WeightsFile


async def find_file(session: AsyncSession, principal: Principal, file_id: str) -> tuple[WeightsFile, User] | None:
    row = (
        await session.execute(
            select(WeightsFile, User)
            .join(User, User.id == WeightsFile.created_by)
            .where(WeightsFile.id == file_id, WeightsFile.workspace_id == principal.workspace_id)
        )
    ).first()
    return (row[0], row[1]) if row is not None else None


async def list_files(session: AsyncSession, principal: Principal) -> list[tuple[WeightsFile, User]]:
    """Return the weights files of the principal's workspace, the newest first."""
    rows = await session.execute(
        select(WeightsFile, User)
        .join(User, User.id == WeightsFile.created_by)
        .where(WeightsFile.workspace_id == principal.workspace_id)
        .order_by(WeightsFile.created_at.desc(), WeightsFile.id)
    )
    return [(file, user) for file, user in rows]


async def delete_file(session: AsyncSession, principal: Principal, file_id: str) -> None:
    await session.execute(
        delete(WeightsFile).where(WeightsFile.id == file_id, WeightsFile.workspace_id == principal.workspace_id)
    )


async def list_users(session: AsyncSession, principal: Principal, file_id: str) -> list[Design]:
    """Return the designs that the principal may see and that name the file, as they were last stored."""
    return list(
        await session.scalars(
            select(Design)
            .where(visible_to(principal), Design.document.contains(f'"{file_id}"', autoescape=True))
            .order_by(Design.updated_at.desc(), Design.id)
        )
    )
