"""The SQL of datasets."""

from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.principal import Principal
from app.datasets.tables import Upload


async def find_upload(session: AsyncSession, principal: Principal, upload_id: str) -> Upload | None:
    return await session.scalar(
        select(Upload).where(Upload.id == upload_id, Upload.workspace_id == principal.workspace_id)
    )


async def find_any_upload(session: AsyncSession, upload_id: str) -> Upload | None:
    """Return an upload of any workspace: for who holds the database."""
    return await session.get(Upload, upload_id)


async def list_uploads(session: AsyncSession, principal: Principal) -> list[Upload]:
    """Return the uploads of the principal's workspace, the newest first."""
    return list(
        await session.scalars(
            select(Upload)
            .where(Upload.workspace_id == principal.workspace_id)
            .order_by(Upload.created_at.desc(), Upload.id)
        )
    )


async def keep_description(session: AsyncSession, upload: Upload, description: dict[str, Any]) -> None:
    """Keep what was said of a table that was read as `upload` says, unless it is gone or read in another way by now."""
    locked = update(Upload).where(Upload.id == upload.id).values(filename=Upload.filename).returning(Upload)
    present = await session.scalar(locked)
    if present is not None and present.options == upload.options:
        present.description = description


async def delete_upload(session: AsyncSession, principal: Principal, upload_id: str) -> None:
    await session.execute(delete(Upload).where(Upload.id == upload_id, Upload.workspace_id == principal.workspace_id))
