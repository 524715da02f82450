"""Starting and ending what trains: each in short transactions, since a worker reports as soon as it lives."""

import asyncio
import contextlib
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from app.datasets import service as datasets
from app.designs.access import DesignAccess
from app.designs.service import freeze_version, read_live_document
from app.document.digest import digest
from app.document.read import read_document
from app.infra.services import Services
from app.messages.events import RunEvent, RunState, run_event
from app.messages.jobs import EventBatch, JobSpec
from app.runs import ingest, repository, service
from app.runs.access import RunAccess
from app.runs.schemas import RunDetail, VersionReference
from app.runs.tables import Run
from app.shared.clock import now
from app.shared.errors import AppError, Conflict

SPOOL_FILE: Final = "events.spool"
RECOVERED_EVENTS: Final = 2_000

_starting: Final[set[str]] = set()


def is_starting(run_id: str) -> bool:
    """Whether this server is just about to start the worker of the run."""
    return run_id in _starting


async def start(services: Services, access: DesignAccess) -> RunDetail:
    """Check, freeze and train the design; raise `NotReady` with the problems when it cannot be trained.

    A run whose worker could not be started is `failed`, and says why.
    """
    document = await read_live_document(services.rooms, access.design_id)
    async with services.database.session() as session:
        checked = await service.preflight(services, session, access.principal, document, access.design_id)
    if not checked.ready:
        raise service.NotReady(checked.problems)
    async with services.database.session() as session:
        version = await freeze_version(session, services.rooms, access.principal, access.design_id, reuse=True)
        if version.digest != digest(document):
            raise Conflict(
                "The design was changed while it was being checked.",
                hint="Press Train again.",
            )
        frozen = read_document(version.document)
        assert frozen.training.dataset is not None
        dataset = await datasets.get_dataset(session, services, access.principal, frozen.training.dataset)
        reference = VersionReference(id=version.id, number=version.number)
        run, token = await service.create(session, access, version=reference, document=frozen)
        job = service.job_of(services, run, token, frozen, dataset.source)
        _starting.add(run.id)
    try:
        await _submit(services, run, job)
    finally:
        _starting.discard(run.id)
    async with services.database.session() as session:
        present = await repository.find_run(session, access.principal, run.id)
        assert present is not None
        return await service.detail(session, present, access.role)


async def _submit(services: Services, run: Run, job: JobSpec) -> None:
    try:
        await services.jobs.submit(job)
    except AppError as error:
        async with services.database.session() as session:
            await repository.end_silent_run(
                session,
                run,
                state=RunState.FAILED.value,
                reported_state=RunState.FAILED.value,
                reason=error.message,
                code=error.code,
                hint=error.hint,
                ended_at=now(),
            )


async def delete(services: Services, access: RunAccess) -> None:
    """Delete a run, its worker first, its files last."""
    await services.jobs.cancel(access.run.id)
    async with services.database.session() as session:
        await repository.delete_run(session, access.principal, access.run.id)
    await services.bus.publish(service.topic(access.run.id), "deleted")
    await asyncio.to_thread(service.remove_folder, services, access.run.id)


async def recover(services: Services, run: Run) -> bool:
    """Store what a worker that was killed had written but not sent; return whether there was anything."""
    path = service.run_folder(services, run.id) / SPOOL_FILE
    events = await asyncio.to_thread(_read_spool, path, run.last_seq)
    for start in range(0, len(events), RECOVERED_EVENTS):
        batch = EventBatch(attempt=run.attempt, events=events[start : start + RECOVERED_EVENTS])
        async with services.database.session() as session:
            await ingest.store(session, run.id, batch)
    if events:
        await services.bus.publish(service.topic(run.id), str(events[-1].seq))
    return bool(events)


def _read_spool(path: Path, after: int) -> list[RunEvent]:
    """Return the events of a spool with a number over `after`; a line that was cut off is left out."""
    events: list[RunEvent] = []
    with contextlib.suppress(FileNotFoundError, ValidationError), path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if number > after:
                events.append(run_event.validate_json(line))
    return events
