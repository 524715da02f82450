"""Designs and their immutable versions."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.database import Base, Dated, Identified
from app.shared.clock import now


class Design(Identified, Dated, Base):
    """A design as it was at its last snapshot.

    `document` is the JSON of its `GraphDocument`; the truth in the meantime is the log of its room. `name`, `nodes`
    and `thumbnail` are read from the document for the list; `parameters` is what the last analysis counted.
    """

    __tablename__ = "designs"

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    owner_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    epoch: Mapped[str] = mapped_column(String(32))
    document: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    nodes: Mapped[int] = mapped_column(default=0)
    parameters: Mapped[int | None] = mapped_column(BigInteger)
    thumbnail: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    updated_at: Mapped[datetime] = mapped_column(default=now)
    deleted_at: Mapped[datetime | None]


class Version(Identified, Dated, Base):
    """A design frozen at a moment: never changed afterwards. `number` counts from 1 within its design."""

    __tablename__ = "design_versions"
    __table_args__ = (UniqueConstraint("design_id", "number"),)

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    design_id: Mapped[str] = mapped_column(ForeignKey("designs.id", ondelete="CASCADE"))
    number: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))
    document: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    created_by: Mapped[str] = mapped_column(ForeignKey("users.id"))


class CodeAuthor(Dated, Base):
    """Who wrote a piece of a design's own code: whoever was editing when this text of it first appeared.

    `sha256` is that of the text (`app.document.own_code.piece_hash`), so that what came back is whose it was.
    """

    __tablename__ = "code_authors"

    design_id: Mapped[str] = mapped_column(ForeignKey("designs.id", ondelete="CASCADE"), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)


class KnownOutcome(Dated, Base):
    """What the sandbox said of one call of own code in a design, by the digest of all that it depends on.

    It is what analyses and viewers are told without anything being executed.
    """

    __tablename__ = "known_outcomes"

    design_id: Mapped[str] = mapped_column(ForeignKey("designs.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    outcome: Mapped[dict[str, Any]] = mapped_column(JSON)
