"""Starting and ending what trains: each in short transactions, since a worker reports as soon as it lives."""

import asyncio
import contextlib
import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from app.collab import own_code
from app.collab.hub import hub_of
from app.datasets import service as datasets
from app.designs.access import DesignAccess, require_code_permission
from app.designs.service import freeze_version, read_live_document
from app.document.digest import digest
from app.document.model import GraphDocument
from app.document.read import read_document
from app.infra.jobs import JOB_FILE
from app.infra.services import Services
from app.messages.events import RunEvent, RunState, run_event
from app.messages.jobs import EventBatch, JobSpec, SandboxOrder
from app.runs import ingest, repository, service
from app.runs.access import RunAccess
from app.runs.preflight import NotReady, preflight
from app.runs.schemas import RunDetail, VersionReference
from app.runs.starting import starting_weights
from app.runs.tables import Run
from app.shared.clock import now
from app.shared.errors import AppError, Conflict, Unavailable
from app.shared.ids import new_id

SPOOL_FILE: Final = "events.spool"
RECOVERED_EVENTS: Final = 2_000
"""Events that are read and stored at once."""

_starting: Final[set[str]] = set()


def is_starting(run_id: str) -> bool:
    """Whether this server is just about to start the worker of the run."""
    return run_id in _starting


async def start(services: Services, access: DesignAccess) -> RunDetail:
    """Check, freeze and train the design; raise `NotReady` with the problems when it cannot be trained.

    A design with code of its own is trained in the sandbox, for somebody who may run code: `CodeForbidden` and
    `SandboxOff` are raised otherwise. A run whose worker could not be started is `failed`, and says why.
    """
    document = await read_live_document(services.rooms, access.design_id)
    sandbox = await _sandbox_for(services, access, document)
    checked = await preflight(services, access.principal, document, access.design_id)
    if not checked.ready:
        raise NotReady(checked.problems)
    run_id = new_id()
    folder = service.run_folder(services, run_id)
    _starting.add(run_id)
    try:
        weights = await starting_weights(services, access.principal, document, folder)
        return await _start(services, access, document, run_id, weights, sandbox)
    except BaseException:
        if not (folder / JOB_FILE).exists():
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        raise
    finally:
        _starting.discard(run_id)


async def _sandbox_for(services: Services, access: DesignAccess, document: GraphDocument) -> SandboxOrder | None:
    """Return how the training of `document` is confined; None where it executes nobody's Python.

    Its own code is executed once here, so that the pre-flight knows its shapes.
    """
    if not document.code:
        return None
    require_code_permission(access.principal)
    status = await services.sandbox.require()
    assert status.tier != "none"
    await own_code.run(services, access.design_id)
    return SandboxOrder(
        tier=status.tier,
        memory_bytes=services.sandbox.limits.run_memory_bytes,
        disk_bytes=services.sandbox.limits.run_disk_bytes,
        seconds=services.sandbox.limits.run_seconds,
        keras_home=str(services.keras_home),
    )


async def _start(
    services: Services,
    access: DesignAccess,
    document: GraphDocument,
    run_id: str,
    weights: dict[str, str],
    sandbox: SandboxOrder | None,
) -> RunDetail:
    with hub_of(services).at_desk(access.design_id) as desk:
        await desk.snapshot()
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
        run, token = await service.create(session, access, version=reference, document=frozen, run_id=run_id)
        job = service.job_of(services, run, token, frozen, dataset.source, weights=weights, sandbox=sandbox)
    await _submit(services, run, job)
    async with services.database.session() as session:
        present = await repository.find_run(session, access.principal, run.id)
        assert present is not None
        return await service.detail(session, present, access.role)


async def _submit(services: Services, run: Run, job: JobSpec) -> None:
    """Start the worker of a run; a run whose worker cannot be started has failed."""
    try:
        await services.jobs.submit(job)
    except (AppError, OSError) as failure:
        error = failure if isinstance(failure, AppError) else Unavailable(f"Its worker cannot be started: {failure}")
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
    spooled = _spooled(service.run_folder(services, run.id) / SPOOL_FILE, run.last_seq)
    last = 0
    while events := await asyncio.to_thread(next, spooled, None):
        async with services.database.session() as session:
            await ingest.store(session, run.id, EventBatch(attempt=run.attempt, events=events))
        last = events[-1].seq
    if last:
        await services.bus.publish(service.topic(run.id), str(last))
    return last > 0


def _spooled(path: Path, after: int) -> Iterator[list[RunEvent]]:
    """Yield the events of a spool with a number over `after`, so many at once; a line that was cut off ends it."""
    events: list[RunEvent] = []
    with contextlib.suppress(FileNotFoundError, ValidationError), path.open("rb") as file:
        for line in islice(file, after, None):
            events.append(run_event.validate_json(line))
            if len(events) == RECOVERED_EVENTS:
                yield events
                events = []
    if events:
        yield events
