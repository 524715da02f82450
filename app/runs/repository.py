"""The SQL of runs."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Any, Final

from sqlalchemy import Executable, Row, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.accounts.principal import Principal
from app.accounts.tables import Grant, Membership, Session, ShareLink, User
from app.designs.repository import visible_to
from app.designs.tables import Design
from app.messages.events import ENDED
from app.runs.series import CHUNK, Chunk, Matrix, Segment, unpack
from app.runs.tables import Run, RunArtifact, RunAttempt, RunCommand, RunEvents, RunReport, SeriesChunk

ENDED_WORDS = frozenset(state.value for state in ENDED)


# --- runs as people ask for them -------------------------------------------------------------------------------------


async def find_run(session: AsyncSession, principal: Principal, run_id: str) -> Run | None:
    """Return a run of the principal's workspace; whether they may see its design is the policy's question."""
    return await session.scalar(select(Run).where(Run.id == run_id, Run.workspace_id == principal.workspace_id))


async def list_runs(session: AsyncSession, principal: Principal, design_id: str) -> list[tuple[Run, User]]:
    """Return the runs of a design, the newest first, with who started each."""
    rows = await session.execute(
        select(Run, User)
        .join(User, User.id == Run.created_by)
        .where(Run.design_id == design_id, Run.workspace_id == principal.workspace_id)
        .order_by(Run.number.desc())
    )
    return [(run, user) for run, user in rows]


async def list_latest_runs(session: AsyncSession, principal: Principal) -> Sequence[Row[str, str, int, str]]:
    """Return `design_id`, `id`, `number` and `state` of the newest run of each design that the principal may see."""
    other = aliased(Run)
    newest = select(func.max(other.number)).where(other.design_id == Design.id).scalar_subquery()
    return (
        await session.execute(
            select(Run.design_id, Run.id, Run.number, Run.state)
            .join(Design, Design.id == Run.design_id)
            .where(visible_to(principal), Run.number == newest)
            .order_by(Run.design_id)
        )
    ).all()


async def next_number(session: AsyncSession, design_id: str) -> int:
    """Return the number of the design's next run, from 1."""
    return (await session.scalar(select(func.max(Run.number)).where(Run.design_id == design_id)) or 0) + 1


async def rename_run(session: AsyncSession, principal: Principal, run_id: str, name: str) -> None:
    await session.execute(
        update(Run).where(Run.id == run_id, Run.workspace_id == principal.workspace_id).values(name=name)
    )


async def delete_run(session: AsyncSession, principal: Principal, run_id: str) -> None:
    """Delete a run with its events, curves, reports and commands."""
    await session.execute(delete(Run).where(Run.id == run_id, Run.workspace_id == principal.workspace_id))


async def uses_dataset(session: AsyncSession, principal: Principal, dataset: str) -> Run | None:
    """Return a run that is going on and reads `dataset`, if there is one."""
    return await session.scalar(
        select(Run)
        .where(Run.workspace_id == principal.workspace_id, Run.dataset == dataset, Run.state.not_in(ENDED_WORDS))
        .limit(1)
    )


async def find_person(session: AsyncSession, user_id: str) -> User | None:
    return await session.get(User, user_id)


async def list_reports(session: AsyncSession, run_id: str) -> list[str]:
    """Return the JSON of the run's reports: validation before test."""
    return list(
        await session.scalars(select(RunReport.body).where(RunReport.run_id == run_id).order_by(RunReport.split.desc()))
    )


async def list_artifacts(session: AsyncSession, run_id: str) -> list[RunArtifact]:
    return list(
        await session.scalars(select(RunArtifact).where(RunArtifact.run_id == run_id).order_by(RunArtifact.name))
    )


async def find_artifact(session: AsyncSession, principal: Principal, run_id: str, name: str) -> RunArtifact | None:
    return await session.scalar(
        select(RunArtifact)
        .join(Run, Run.id == RunArtifact.run_id)
        .where(RunArtifact.run_id == run_id, RunArtifact.name == name, Run.workspace_id == principal.workspace_id)
    )


# --- runs as the server and its workers know them ---------------------------------------------------------------------


async def find_live_runs(session: AsyncSession) -> list[Run]:
    """Return every run that has not ended: for the watcher, which serves nobody."""
    return list(await session.scalars(select(Run).where(Run.state.not_in(ENDED_WORDS))))


async def find_state(session: AsyncSession, run_id: str) -> Row[str, int, str, str] | None:
    """Return `state`, `last_seq`, `workspace_id` and `design_id` of a run whose viewers passed its policy."""
    return (
        await session.execute(select(Run.state, Run.last_seq, Run.workspace_id, Run.design_id).where(Run.id == run_id))
    ).first()


async def get_watched_run(session: AsyncSession, run_id: str) -> Run:
    """Return a run for those viewers."""
    return await session.get_one(Run, run_id)


async def find_attempt(session: AsyncSession, run_id: str, attempt: int) -> RunAttempt | None:
    return await session.get(RunAttempt, (run_id, attempt))


async def list_token_hashes(session: AsyncSession, run_id: str) -> list[str]:
    """Return the hashes of the tokens of a run's attempts; none when there is no such run."""
    return list(await session.scalars(select(RunAttempt.token_hash).where(RunAttempt.run_id == run_id)))


async def hear(session: AsyncSession, run_id: str, attempt: int, at: datetime) -> Run | None:
    """Note that the worker of `attempt` was heard and lock the run; None when that is not the present attempt."""
    return await session.scalar(
        update(Run).where(Run.id == run_id, Run.attempt == attempt).values(last_heard=at).returning(Run)
    )


async def end_silent_run(session: AsyncSession, run: Run, **values: Any) -> bool:
    """Set `values` unless the run was heard or ended since `run` was read; return whether that was done."""
    changed = await session.scalar(
        update(Run)
        .where(Run.id == run.id, Run.last_heard == run.last_heard, Run.state == run.state)
        .values(**values)
        .returning(Run.id)
        .execution_options(synchronize_session=False)
    )
    return changed is not None


# --- events -----------------------------------------------------------------------------------------------------------


def add_events(session: AsyncSession, run_id: str, first_seq: int, lines: Sequence[str]) -> None:
    """Store a batch of events as it came, one JSON object a line."""
    session.add(
        RunEvents(run_id=run_id, first_seq=first_seq, last_seq=first_seq + len(lines) - 1, lines="\n".join(lines))
    )


async def read_events(session: AsyncSession, run_id: str, after: int, limit: int) -> list[str]:
    """Return up to `limit` events after number `after`, in order, each as JSON."""
    rows = await session.stream(
        select(RunEvents.first_seq, RunEvents.lines)
        .where(RunEvents.run_id == run_id, RunEvents.last_seq > after)
        .order_by(RunEvents.first_seq)
        .limit(limit)
        .execution_options(yield_per=20)
    )
    found: list[str] = []
    async for first_seq, lines in rows:
        found += lines.split("\n")[max(0, after + 1 - first_seq) :]
        if len(found) >= limit:
            break
    await rows.close()
    return found[:limit]


# --- curves -----------------------------------------------------------------------------------------------------------


_CHUNKS: Final = SeriesChunk.__table__.c
_TAILS: Final = select(
    _CHUNKS.kind, _CHUNKS.metric, _CHUNKS.level, _CHUNKS.position, _CHUNKS.count, _CHUNKS.data
).where(_CHUNKS.run_id == bindparam("run"), _CHUNKS.tail.is_(True))


async def read_tails(session: AsyncSession, run_id: str) -> dict[tuple[str, str], dict[int, Chunk]]:
    """Return the last chunks of every curve of a run, by kind and metric and then by level."""
    tails: dict[tuple[str, str], dict[int, Chunk]] = {}
    for kind, metric, level, position, count, data in await session.execute(_TAILS, {"run": run_id}):
        chunk = Chunk(level, position, unpack(level, count, data), tail=True)
        tails.setdefault((kind, metric), {})[level] = chunk
    return tails


async def write_chunks(session: AsyncSession, run_id: str, changed: Iterable[tuple[str, str, Chunk]]) -> None:
    """Insert the chunks, each with its kind and metric, or put them in the place of their earlier state."""
    rows = [_chunk_row(run_id, kind, metric, chunk) for kind, metric, chunk in changed]
    if rows:
        await session.execute(_replace_chunk(session.get_bind().dialect.name), rows)


@cache
def _replace_chunk(dialect: str) -> Executable:
    # Imported when first used: the other dialect's module would make every start slower.
    insert = import_module(f"sqlalchemy.dialects.{dialect}").insert(SeriesChunk.__table__)
    replaced = ("tail", "count", "last_step", "minimum", "maximum", "data")
    statement: Executable = insert.on_conflict_do_update(
        index_elements=["run_id", "kind", "metric", "level", "position"],
        set_={name: insert.excluded[name] for name in replaced},
    )
    return statement


def _chunk_row(run_id: str, kind: str, metric: str, chunk: Chunk) -> dict[str, Any]:
    minimum, maximum = chunk.extent or (None, None)
    return {
        "run_id": run_id,
        "kind": kind,
        "metric": metric,
        "level": chunk.level,
        "position": chunk.position,
        "tail": chunk.tail,
        "count": chunk.count,
        "last_step": chunk.last_step,
        "minimum": minimum,
        "maximum": maximum,
        "data": chunk.pack(),
    }


async def count_points(session: AsyncSession, run_id: str, kind: str) -> dict[str, int]:
    """Return the number of points of each curve of a kind, by metric."""
    rows = await session.execute(
        select(SeriesChunk.metric, SeriesChunk.position, SeriesChunk.count).where(
            SeriesChunk.run_id == run_id,
            SeriesChunk.kind == kind,
            SeriesChunk.level == 0,
            SeriesChunk.tail.is_(True),
        )
    )
    return {metric: position * CHUNK + count for metric, position, count in rows}


async def find_chunk_at(
    session: AsyncSession, run_id: str, kind: str, metric: str, step: float, *, after: bool
) -> tuple[int, Matrix] | None:
    """Return the position and points of the first chunk whose last step is at least `step` (or, `after`, above it)."""
    beyond = SeriesChunk.last_step > step if after else SeriesChunk.last_step >= step
    row = (
        await session.execute(
            select(SeriesChunk.position, SeriesChunk.count, SeriesChunk.data)
            .where(
                SeriesChunk.run_id == run_id,
                SeriesChunk.kind == kind,
                SeriesChunk.metric == metric,
                SeriesChunk.level == 0,
                beyond,
            )
            .order_by(SeriesChunk.last_step, SeriesChunk.position)
            .limit(1)
        )
    ).first()
    if row is None:
        return None
    position, count, data = row
    return position, unpack(0, count, data)


async def read_chunks(
    session: AsyncSession, run_id: str, kind: str, metric: str, segments: Sequence[Segment]
) -> dict[tuple[int, int], Matrix]:
    """Return the chunks that hold the entries of `segments`, by level and position."""
    if not segments:
        return {}
    wanted = [
        and_(
            SeriesChunk.level == segment.level,
            SeriesChunk.position.between(segment.positions.start, segment.positions.stop - 1),
        )
        for segment in segments
    ]
    rows = await session.execute(
        select(SeriesChunk.level, SeriesChunk.position, SeriesChunk.count, SeriesChunk.data).where(
            SeriesChunk.run_id == run_id, SeriesChunk.kind == kind, SeriesChunk.metric == metric, or_(*wanted)
        )
    )
    return {(level, position): unpack(level, count, data) for level, position, count, data in rows}


# --- reports, artifacts, commands -------------------------------------------------------------------------------------


async def put_report(session: AsyncSession, run_id: str, split: str, body: str) -> None:
    await session.merge(RunReport(run_id=run_id, split=split, body=body))


async def put_artifact(session: AsyncSession, artifact: RunArtifact) -> None:
    await session.merge(artifact)


async def add_command(session: AsyncSession, principal: Principal, run_id: str, command: dict[str, Any]) -> int:
    """Queue a command for the worker; return its number."""
    latest = await session.scalar(select(func.max(RunCommand.number)).where(RunCommand.run_id == run_id))
    number = (latest or 0) + 1
    session.add(RunCommand(run_id=run_id, number=number, command=command, created_by=principal.user_id or ""))
    await session.flush()
    return number


async def list_commands(session: AsyncSession, run_id: str, after: int) -> list[RunCommand]:
    """Return the commands with a number over `after` that were not carried out, in order."""
    return list(
        await session.scalars(
            select(RunCommand)
            .where(RunCommand.run_id == run_id, RunCommand.number > after, RunCommand.carried_at.is_(None))
            .order_by(RunCommand.number)
        )
    )


async def mark_carried(session: AsyncSession, run_id: str, number: int, at: datetime) -> None:
    """Note that the commands up to `number` were carried out."""
    await session.execute(
        update(RunCommand)
        .where(RunCommand.run_id == run_id, RunCommand.number <= number, RunCommand.carried_at.is_(None))
        .values(carried_at=at)
    )


async def find_waiting_stop(session: AsyncSession, run_id: str) -> RunCommand | None:
    """Return the oldest stop command that was not carried out."""
    waiting = await list_commands(session, run_id, 0)
    return next((row for row in waiting if row.command.get("command") == "stop"), None)


# --- access -----------------------------------------------------------------------------------------------------------


async def access_fingerprint(session: AsyncSession, workspace_id: str, design_id: str) -> tuple[Any, ...]:
    """Return a value that changes whenever somebody's access to a design may have changed.

    One cheap question for all viewers of a run; only when the answer differs is each of them asked again.
    """
    grants = await session.execute(
        select(Grant.user_id, Grant.role).where(Grant.design_id == design_id).order_by(Grant.user_id)
    )
    members = await session.execute(
        select(Membership.user_id, Membership.role)
        .where(Membership.workspace_id == workspace_id)
        .order_by(Membership.user_id)
    )
    links = await session.execute(
        select(ShareLink.id, ShareLink.revoked_at).where(ShareLink.design_id == design_id).order_by(ShareLink.id)
    )
    ended = await session.scalar(select(func.max(Session.ended_at)))
    deleted = await session.scalar(select(Design.deleted_at).where(Design.id == design_id))
    return tuple(grants.all()), tuple(members.all()), tuple(links.all()), ended, deleted
