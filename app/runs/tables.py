"""Runs, their attempts, events, curves, reports, artifacts and commands."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Float, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.database import Base, Dated, Identified


def _run_key() -> Mapped[str]:
    return mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)


class Run(Identified, Dated, Base):
    """One training of one version of a design.

    `reported_state` is what the worker said last; `state` is what is true as far as the server knows: the same, or
    `stalled` or `lost` while the worker is not heard. `last_heard` is renewed by every batch and heartbeat of
    the present `attempt`; `last_seq` is the number of the last stored event.
    """

    __tablename__ = "runs"
    __table_args__ = (UniqueConstraint("design_id", "number"),)

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    design_id: Mapped[str] = mapped_column(String(32))
    version_id: Mapped[str] = mapped_column(String(32))
    version_number: Mapped[int]
    created_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    number: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))
    dataset: Mapped[str] = mapped_column(String(200))
    epochs: Mapped[int]

    state: Mapped[str] = mapped_column(String(16), index=True)
    reported_state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text, default="")
    code: Mapped[str] = mapped_column(String(100), default="")
    node: Mapped[str] = mapped_column(String(100), default="")
    hint: Mapped[str] = mapped_column(Text, default="")

    attempt: Mapped[int] = mapped_column(default=1)
    last_heard: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    last_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    epoch: Mapped[int | None]
    logs: Mapped[str | None] = mapped_column(Text)
    started: Mapped[str | None] = mapped_column(Text)
    progress: Mapped[str | None] = mapped_column(Text)


class RunAttempt(Dated, Base):
    """One try at a run, with the SHA-256 of its token: what fences older tries off."""

    __tablename__ = "run_attempts"

    run_id: Mapped[str] = _run_key()
    attempt: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64))


class RunEvents(Base):
    """A batch of events as it came, one JSON object a line, numbered `first_seq` to `last_seq` without a gap."""

    __tablename__ = "run_events"

    run_id: Mapped[str] = _run_key()
    first_seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    last_seq: Mapped[int] = mapped_column(BigInteger)
    lines: Mapped[str] = mapped_column(Text)


class SeriesChunk(Base):
    """Up to 1,000 consecutive entries of one curve at one level, packed as float64 (see `app.runs.series`).

    Level 0 holds the points; an entry of level n sums up 10**n points. The last chunk of a level is its `tail`.
    """

    __tablename__ = "run_series"
    __table_args__ = (
        Index("ix_run_series_last_step", "run_id", "kind", "metric", "level", "last_step"),
        Index("ix_run_series_tail", "run_id", "tail"),
    )

    run_id: Mapped[str] = _run_key()
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    metric: Mapped[str] = mapped_column(String(200), primary_key=True)
    level: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    tail: Mapped[bool] = mapped_column(Boolean)
    count: Mapped[int]
    last_step: Mapped[float] = mapped_column(Float(53))
    minimum: Mapped[float | None] = mapped_column(Float(53))
    maximum: Mapped[float | None] = mapped_column(Float(53))
    data: Mapped[bytes] = mapped_column(LargeBinary)


class RunReport(Base):
    """The closing report on one split; validation and test are two rows and never meet."""

    __tablename__ = "run_reports"

    run_id: Mapped[str] = _run_key()
    split: Mapped[str] = mapped_column(String(16), primary_key=True)
    body: Mapped[str] = mapped_column(Text)


class RunArtifact(Base):
    """A file of a run: `name` is its label, `path` its place inside the run's folder."""

    __tablename__ = "run_artifacts"

    run_id: Mapped[str] = _run_key()
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    path: Mapped[str] = mapped_column(String(500))
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))


class RunCommand(Dated, Base):
    """A command for the worker, numbered from 1 in its run; it stays until a batch says that it was carried out."""

    __tablename__ = "run_commands"

    run_id: Mapped[str] = _run_key()
    number: Mapped[int] = mapped_column(primary_key=True)
    command: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    carried_at: Mapped[datetime | None]
