"""What a worker sends, stored first: events as they came, the run's state, curves, reports, artifacts.

Everything of one batch is one transaction, and the key `(run, seq)` makes sending anything twice harmless.
"""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias, assert_never

from pydantic import ConfigDict, TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from app.messages.events import (
    ENDED,
    ArtifactEvent,
    BatchEvent,
    EpochEvent,
    LogEvent,
    ProgressEvent,
    ReportEvent,
    RunEvent,
    RunState,
    StartedEvent,
    StateEvent,
)
from app.messages.jobs import BatchAnswer, EventBatch, NumberedCommand
from app.runs import curve_repository, repository
from app.runs.series import Chunk, append, points
from app.runs.tables import Run, RunArtifact
from app.shared.clock import now
from app.shared.errors import Conflict

METRIC_LENGTH: Final = 200
"""Characters of a metric's name that are kept."""

RUNS_KEPT: Final = 32
"""Runs whose curves' ends are kept in memory: at most some 40 KB a curve."""

UNHEARD: Final = frozenset({RunState.STALLED.value, RunState.LOST.value})
"""States that the server gave a run because its worker was silent."""

Columns: TypeAlias = "tuple[array[float], array[float]]"
"""The steps and the values of points."""

logs_adapter: Final = TypeAdapter(dict[str, float], config=ConfigDict(ser_json_inf_nan="strings"))


@dataclass(frozen=True)
class Stored:
    """What became of a batch: the answer to it, and whether viewers have something new to see."""

    answer: BatchAnswer
    news: bool


def fenced() -> Conflict:
    """Return the 409 that tells a worker to stop sending and end."""
    return Conflict(
        "This attempt at the run is over.",
        expected="the present attempt of a run that exists",
        hint="Another attempt has taken its place, or the run was deleted: stop sending.",
    )


async def store(session: AsyncSession, run_id: str, batch: EventBatch) -> Stored:
    """Store what is new in `batch`; raise `Conflict` when it comes from an attempt that is over."""
    run = await repository.hear(session, run_id, batch.attempt, now())
    if run is None:
        raise fenced()
    revived = run.state in UNHEARD
    if revived:
        _revive(run)
    events = contiguous(batch.events, run.last_seq)
    if events:
        repository.add_events(session, run_id, events[0].seq, [event.model_dump_json() for event in events])
        await _apply(session, run, events)
        run.last_seq = events[-1].seq
    if batch.carried:
        await repository.mark_carried(session, run_id, batch.carried, now())
    waiting = await repository.list_commands(session, run_id, batch.carried)
    commands = [NumberedCommand.model_validate({"number": row.number, "command": row.command}) for row in waiting]
    return Stored(BatchAnswer(acknowledged=run.last_seq, commands=commands), news=bool(events) or revived)


def contiguous(events: Iterable[RunEvent], last_seq: int) -> list[RunEvent]:
    """Return the events that follow `last_seq` without a gap; known ones and those behind a gap are left out."""
    accepted: list[RunEvent] = []
    for event in sorted(events, key=lambda event: event.seq):
        expected = last_seq + len(accepted) + 1
        if event.seq > expected:
            break
        if event.seq == expected:
            accepted.append(event)
    return accepted


def _revive(run: Run) -> None:
    """Take back what was said of a run while it was silent."""
    run.state = run.reported_state
    run.reason = run.code = run.hint = ""
    run.ended_at = None


async def _apply(session: AsyncSession, run: Run, events: Sequence[RunEvent]) -> None:
    for event in events:
        match event:
            case StateEvent():
                _enter(run, event)
            case StartedEvent():
                run.started = event.model_dump_json()
                run.epochs = event.epochs
            case BatchEvent():
                run.epoch = event.epoch
            case EpochEvent():
                run.epoch = event.epoch
                run.logs = logs_adapter.dump_json(event.logs).decode()
            case ProgressEvent():
                run.progress = event.model_dump_json()
            case ReportEvent():
                await repository.put_report(session, run.id, event.split, event.model_dump_json())
            case ArtifactEvent():
                await repository.put_artifact(session, _artifact(run.id, event))
            case LogEvent():
                pass
            case _:
                assert_never(event)
    await append_points(session, run.id, curves(events), after=run.last_seq, last=events[-1].seq)


def _enter(run: Run, event: StateEvent) -> None:
    at = datetime.fromtimestamp(event.time, UTC)
    run.state = run.reported_state = event.state.value
    run.reason, run.code, run.node, run.hint = event.reason, event.code[:100], event.node[:100], event.hint
    if run.started_at is None and event.state is not RunState.QUEUED:
        run.started_at = at
    run.ended_at = at if event.state in ENDED else None


def _artifact(run_id: str, event: ArtifactEvent) -> RunArtifact:
    return RunArtifact(
        run_id=run_id, name=event.name[:200], path=event.path[:500], bytes=event.bytes, sha256=event.sha256[:64]
    )


def curves(events: Iterable[RunEvent]) -> dict[tuple[str, str], Columns]:
    """Return the points that events hold, by kind (`batch` or `epoch`) and metric.

    Beside Keras' logs, an epoch gives `learning_rate` and `seconds`; progress gives speed and load by step.
    """
    found: dict[tuple[str, str], Columns] = {}
    for event in events:
        kind, step, values = _measured(event)
        for metric, value in values.items():
            if value is not None:
                steps, known = found.setdefault((kind, metric[:METRIC_LENGTH]), (array("d"), array("d")))
                steps.append(step)
                known.append(value)
    return found


def _measured(event: RunEvent) -> tuple[str, int, dict[str, float | None]]:
    match event:
        case BatchEvent():
            return "batch", event.step, dict(event.logs)
        case EpochEvent():
            return (
                "epoch",
                event.epoch,
                {"learning_rate": event.learning_rate, "seconds": event.seconds, **event.logs},
            )
        case ProgressEvent():
            return (
                "batch",
                event.step,
                {
                    "step_ms": event.step_ms,
                    "samples_per_second": event.samples_per_second,
                    "learning_rate": event.learning_rate,
                    "cpu_percent": event.cpu_percent,
                    "memory_bytes": event.memory_bytes,
                },
            )
        case _:
            return "", 0, {}


async def append_points(
    session: AsyncSession, run_id: str, new: dict[tuple[str, str], Columns], *, after: int, last: int
) -> None:
    """Put the points of the events after number `after`, up to `last`, at the ends of their curves.

    The run must be locked (`repository.hear`), and its last stored event must be `after`.
    """
    tails = _tails.take(run_id, after)
    if tails is None:
        tails = await curve_repository.read_tails(session, run_id)
    changed = [
        (key, chunk)
        for key, (steps, values) in new.items()
        for chunk in append(tails.get(key, {}), points(steps, values))
    ]
    await curve_repository.write_chunks(session, run_id, [(*key, chunk) for key, chunk in changed])
    for key, chunk in changed:
        if chunk.tail:
            tails.setdefault(key, {})[chunk.level] = chunk
    _tails.keep(run_id, last, tails)


Tails = dict[tuple[str, str], dict[int, Chunk]]


class _Tails:
    """The ends of the curves of runs that were heard last, so that they need not be read for each batch.

    What a run's curves are after event n follows from its events alone; so what was kept for n holds whenever
    n is the run's last stored event, whatever became of the transaction and whichever process stored the rest.
    """

    def __init__(self) -> None:
        self._kept: dict[str, tuple[int, Tails]] = {}

    def take(self, run_id: str, seq: int) -> Tails | None:
        """Take out what was kept for the run's event `seq`; None when that is not known."""
        kept = self._kept.pop(run_id, None)
        return kept[1] if kept is not None and kept[0] == seq else None

    def keep(self, run_id: str, seq: int, tails: Tails) -> None:
        self._kept[run_id] = seq, tails
        if len(self._kept) > RUNS_KEPT:
            del self._kept[next(iter(self._kept))]


_tails: Final = _Tails()
