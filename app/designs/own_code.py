"""The own code of designs, as data: who wrote which piece, and what the sandbox has said of it."""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.schemas import Person
from app.accounts.tables import User
from app.designs.schemas import CodeAuthorship, CodePiece
from app.designs.tables import CodeAuthor, KnownOutcome
from app.document.model import GraphDocument
from app.document.own_code import piece_hash
from app.shared.clock import now

MAX_OUTCOMES: Final = 2_000
"""Outcomes kept for one design; the oldest are forgotten."""


async def attribute(session: AsyncSession, design_id: str, document: GraphDocument, writers: Iterable[str]) -> None:
    """Note `writers` (user ids) as who wrote the pieces of code that appear in the design for the first time."""
    hashes = {piece_hash(piece) for piece in document.code.values()}
    if not hashes:
        return
    known = set(await session.scalars(select(CodeAuthor.sha256).where(CodeAuthor.design_id == design_id)))
    session.add_all(
        CodeAuthor(design_id=design_id, sha256=sha256, user_id=writer)
        for sha256 in sorted(hashes - known)
        for writer in sorted(set(writers))
    )
    await session.flush()


async def copy_authors(session: AsyncSession, source_id: str, design_id: str) -> None:
    """Say of a copy of a design that its code is whose it was."""
    rows = await session.scalars(select(CodeAuthor).where(CodeAuthor.design_id == source_id))
    session.add_all(
        CodeAuthor(design_id=design_id, sha256=row.sha256, user_id=row.user_id, created_at=row.created_at)
        for row in rows.all()
    )
    await session.flush()


async def describe(session: AsyncSession, design_id: str, document: GraphDocument) -> list[CodePiece]:
    """Return the pieces of code in `document`, a state of the design, with their hashes and who wrote them."""
    if not document.code:
        return []
    rows = await session.execute(
        select(CodeAuthor, User)
        .join(User, User.id == CodeAuthor.user_id)
        .where(CodeAuthor.design_id == design_id)
        .order_by(CodeAuthor.created_at, User.name)
    )
    authors: dict[str, list[CodeAuthorship]] = {}
    for row, user in rows:
        authors.setdefault(row.sha256, []).append(
            CodeAuthorship(user=Person(id=user.id, name=user.name), at=row.created_at)
        )
    return [
        CodePiece(id=piece_id, kind=piece.kind, name=piece.name, sha256=sha256, authors=authors.get(sha256, []))
        for piece_id, piece in document.code.items()
        for sha256 in [piece_hash(piece)]
    ]


async def known_outcomes(session: AsyncSession, design_id: str, document: GraphDocument) -> dict[str, Any]:
    """Return what the sandbox has said of this design's code, by key; {} when it holds none."""
    if not document.code:
        return {}
    rows = await session.execute(
        select(KnownOutcome.key, KnownOutcome.outcome).where(KnownOutcome.design_id == design_id)
    )
    return {row.key: row.outcome for row in rows}


async def keep_outcomes(session: AsyncSession, design_id: str, outcomes: dict[str, Any]) -> None:
    """Store what the sandbox said of calls of own code; what was said of the same key before is replaced."""
    if not outcomes:
        return
    keys = list(outcomes)[:MAX_OUTCOMES]
    await session.execute(delete(KnownOutcome).where(KnownOutcome.design_id == design_id, KnownOutcome.key.in_(keys)))
    moment = now()
    session.add_all(
        KnownOutcome(design_id=design_id, key=key, outcome=outcomes[key], created_at=moment) for key in keys
    )
    await session.flush()
    surplus = (
        select(KnownOutcome.key)
        .where(KnownOutcome.design_id == design_id)
        .order_by(KnownOutcome.created_at.desc(), KnownOutcome.key)
        .offset(MAX_OUTCOMES)
    )
    await session.execute(
        delete(KnownOutcome).where(KnownOutcome.design_id == design_id, KnownOutcome.key.in_(surplus))
    )
