"""Runs: starting one, and what people may do with it."""

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.principal import Principal, Role
from app.accounts.schemas import Person
from app.accounts.service import token_hash
from app.datasets.usage import declare_usage
from app.designs.access import DesignAccess
from app.designs.service import get_version
from app.document.model import GraphDocument
from app.document.read import read_document
from app.infra.services import Services
from app.messages.data import DataSource
from app.messages.events import ProgressEvent, ReportEvent, RunState, StartedEvent
from app.messages.jobs import Command, JobSpec, SandboxOrder
from app.runs import repository
from app.runs.schemas import (
    ArtifactView,
    RunDetail,
    RunSummary,
    VersionReference,
)
from app.runs.tables import Run, RunArtifact, RunAttempt
from app.shared.clock import now
from app.shared.errors import Conflict, NotFound
from app.shared.ids import new_id, new_secret


def topic(run_id: str) -> str:
    """Return the bus topic on which a run's news are told."""
    return f"run:{run_id}"


def run_folder(services: Services, run_id: str) -> Path:
    return services.folder / "runs" / run_id


# --- starting ---------------------------------------------------------------------------------------------------------


async def create(
    session: AsyncSession,
    access: DesignAccess,
    *,
    version: VersionReference,
    document: GraphDocument,
    run_id: str | None = None,
) -> tuple[Run, str]:
    """Add a queued run of a frozen version; return it and the token of its first attempt, which is kept nowhere."""
    number = await repository.next_number(session, access.design_id)
    moment = now()
    run = Run(
        id=run_id or new_id(),
        workspace_id=access.principal.workspace_id,
        design_id=access.design_id,
        version_id=version.id,
        version_number=version.number,
        created_by=access.user_id,
        created_at=moment,
        number=number,
        name=f"Run {number}",
        dataset=document.training.dataset,
        epochs=document.training.fit.epochs,
        state=RunState.QUEUED.value,
        reported_state=RunState.QUEUED.value,
        reason="",
        code="",
        node="",
        hint="",
        attempt=1,
        last_heard=moment,
        last_seq=0,
    )
    session.add(run)
    await session.flush()
    token = new_secret()
    session.add(RunAttempt(run_id=run.id, attempt=1, token_hash=token_hash(token)))
    return run, token


def job_of(
    services: Services,
    run: Run,
    token: str,
    document: GraphDocument,
    data: DataSource,
    *,
    weights: dict[str, str],
    sandbox: SandboxOrder | None,
) -> JobSpec:
    """Return what the worker of a run's present attempt needs."""
    return JobSpec(
        run_id=run.id,
        attempt=run.attempt,
        document=document,
        data=data,
        folder=str(run_folder(services, run.id)),
        address_file=str(services.address_file),
        token=token,
        egress_hosts=services.egress_hosts,
        weights=weights,
        sandbox=sandbox,
    )


# --- what people see --------------------------------------------------------------------------------------------------


def summarize(run: Run, person: Person | None) -> RunSummary:
    return RunSummary(**_summary(run, person))


def _summary(run: Run, person: Person | None) -> dict[str, Any]:
    return {
        "id": run.id,
        "number": run.number,
        "name": run.name,
        "state": run.state,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "dataset": run.dataset,
        "epochs": run.epochs,
        "epoch": run.epoch,
        "logs": json.loads(run.logs) if run.logs else None,
        "created_by": person,
        "version": VersionReference(id=run.version_id, number=run.version_number),
    }


async def detail(session: AsyncSession, run: Run, role: Role) -> RunDetail:
    """Return everything about a run but its events and curves."""
    user = await repository.find_person(session, run.created_by)
    artifacts = await repository.list_artifacts(session, run.id)
    return RunDetail(
        **_summary(run, Person(id=user.id, name=user.name) if user else None),
        design_id=run.design_id,
        role=role.word,
        reason=run.reason,
        code=run.code,
        node=run.node,
        hint=run.hint,
        started=StartedEvent.model_validate_json(run.started) if run.started else None,
        progress=ProgressEvent.model_validate_json(run.progress) if run.progress else None,
        last_seq=run.last_seq,
        reports=[ReportEvent.model_validate_json(body) for body in await repository.list_reports(session, run.id)],
        artifacts=[ArtifactView(name=row.name, bytes=row.bytes, sha256=row.sha256) for row in artifacts],
        duration_seconds=_duration(run.started_at, run.ended_at),
    )


def _duration(started: datetime | None, ended: datetime | None) -> float | None:
    return None if started is None else ((ended or now()) - started).total_seconds()


async def command(session: AsyncSession, principal: Principal, run: Run, order: Command) -> int:
    """Queue a command for the worker; raise `Conflict` when the run has ended."""
    if run.state in repository.ENDED_WORDS:
        raise Conflict(
            f"This run has ended; it is {run.state}.",
            expected="a run that is going on",
            received=run.state,
            hint="Start another run.",
        )
    return await repository.add_command(session, principal, run.id, order.model_dump(mode="json"))


async def get_artifact(
    services: Services, session: AsyncSession, principal: Principal, run_id: str, name: str
) -> tuple[RunArtifact, Path]:
    """Return a file of the run by its label and where it lies; raise `NotFound` when it is not there."""
    artifact = await repository.find_artifact(session, principal, run_id, name)
    folder = run_folder(services, run_id).resolve()
    path = (folder / artifact.path).resolve() if artifact is not None else folder
    if artifact is None or not path.is_relative_to(folder) or not path.is_file():
        raise NotFound(
            f"This run has no file named {name[:80]}.",
            expected="one of the files in its list",
            hint="The model is written when the run ends or is stopped.",
        )
    return artifact, path


async def read_trained(
    services: Services, session: AsyncSession, principal: Principal, run: Run
) -> tuple[GraphDocument, Path]:
    """Return the design as the run trained it, and its trained model; raise `NotFound` before that is written."""
    _, weights = await get_artifact(services, session, principal, run.id, "model.keras")
    version = await get_version(session, principal, run.design_id, run.version_id)
    return read_document(version.document), weights


async def find_weights(services: Services, session: AsyncSession, principal: Principal, run_id: str) -> Path:
    """Return where the trained `model.keras` of a run lies; raise `NotFound` when there is none (yet)."""
    return (await get_artifact(services, session, principal, run_id, "model.keras"))[1]


def remove_folder(services: Services, run_id: str) -> None:
    """Remove the run's files; it is fine when there are none."""
    shutil.rmtree(run_folder(services, run_id), ignore_errors=True)


async def _running_reader(session: AsyncSession, principal: Principal, dataset: str) -> str | None:
    run = await repository.uses_dataset(session, principal, dataset)
    return f"run {run.number}, {run.name}" if run is not None else None


declare_usage(_running_reader)
