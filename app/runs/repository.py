"""The SQL of runs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.accounts.principal import Principal
from app.accounts.tables import Grant, Membership, Session, ShareLink, User
from app.designs.repository import visible_to
from app.designs.tables import Design
from app.messages.events import ENDED
from app.runs.tables import Run, RunArtifact, RunAttempt, RunCommand, RunEvents, RunReport

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
