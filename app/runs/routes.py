"""Runs over HTTP: the pre-flight, starting, watching, commanding, their curves and files; and the worker's door."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import FileResponse, Response
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.policy import CurrentPrincipal, PolicyFirst
from app.accounts.principal import Role
from app.accounts.schemas import Person
from app.designs import own_code
from app.designs.access import DesignAccess, DesignPolicy
from app.designs.files import export_model
from app.designs.routes import attachment
from app.designs.schemas import CodePiece
from app.designs.service import get_version, read_live_document
from app.designs.waiting import while_wanted
from app.document.read import read_document
from app.infra.services import Connected, Services, Transaction
from app.messages.exports import ExportFormat
from app.messages.jobs import BatchAnswer, Command, EventBatch
from app.runs import curves, ingest, launch, repository, service
from app.runs.access import RunAccess, RunPolicy, RunToken, authorize_attempt
from app.runs.preflight import preflight
from app.runs.schemas import (
    By,
    CommandQueued,
    EventPage,
    LatestRun,
    NotReadyBody,
    Preflight,
    RunDeleted,
    RunDetail,
    RunRename,
    RunSummary,
    SeriesAnswer,
)
from app.runs.socket import router as socket_router
from app.shared.errors import Invalid, TooLarge

router = APIRouter(prefix="/api", tags=["runs"], route_class=PolicyFirst)
router.include_router(socket_router)

DesignViewer = Annotated[DesignAccess, Depends(DesignPolicy(Role.VIEWER))]
DesignEditor = Annotated[DesignAccess, Depends(DesignPolicy(Role.EDITOR, member=True))]
RunViewer = Annotated[RunAccess, Depends(RunPolicy(Role.VIEWER))]
SignedInRunViewer = Annotated[RunAccess, Depends(RunPolicy(Role.VIEWER, member=True))]
RunEditor = Annotated[RunAccess, Depends(RunPolicy(Role.EDITOR))]
Name = Annotated[str, Path(max_length=200)]
Step = Annotated[float | None, Query(ge=0, le=2**53)]

MAX_BATCH_BYTES: Final = 32 * 2**20
"""Bytes of one batch of events; a launcher sends at most 5,000 events at once."""

_BATCH_BODY: Final[dict[str, Any]] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
}


@router.get("/designs/{design_id}/preflight")
async def read_preflight(access: DesignEditor, services: Connected) -> Preflight:
    """Say whether the design can be trained as it is now, and what does not fit, with fixes."""
    document = await read_live_document(services.rooms, access.design_id)
    return await preflight(services, access.principal, document, access.design_id)


@router.post(
    "/designs/{design_id}/runs",
    status_code=201,
    responses={422: {"model": NotReadyBody, "description": "The pre-flight found errors."}},
)
async def start_run(access: DesignEditor, services: Connected) -> RunDetail:
    """Freeze the design as it is now and train it. The answer comes as soon as the worker was started."""
    return await launch.start(services, access)


@router.get("/designs/{design_id}/runs")
async def list_runs(access: DesignViewer, transaction: Transaction) -> list[RunSummary]:
    """List the runs of a design, the newest first."""
    return [
        service.summarize(run, Person(id=user.id, name=user.name))
        for run, user in await repository.list_runs(transaction, access.principal, access.design_id)
    ]


@router.get("/runs/latest")
async def list_latest_runs(principal: CurrentPrincipal, transaction: Transaction) -> list[LatestRun]:
    """List the newest run of each design that one may see and that was trained."""
    rows = await repository.list_latest_runs(transaction, principal)
    return [LatestRun.model_validate(row, from_attributes=True) for row in rows]


@router.get("/runs/{run_id}/own-code")
async def list_run_code(access: RunViewer, transaction: Transaction) -> list[CodePiece]:
    """List the pieces of own code that the run executed, with their hashes and who wrote them."""
    version = await get_version(transaction, access.principal, access.run.design_id, access.run.version_id)
    return await own_code.describe(transaction, access.run.design_id, read_document(version.document))


@router.get("/runs/{run_id}")
async def read_run(access: RunViewer, transaction: Transaction) -> RunDetail:
    return await service.detail(transaction, access.run, access.role)


@router.patch("/runs/{run_id}")
async def rename_run(rename: RunRename, access: RunEditor, transaction: Transaction) -> RunDetail:
    await repository.rename_run(transaction, access.principal, access.run.id, rename.name)
    access.run.name = rename.name
    return await service.detail(transaction, access.run, access.role)


@router.delete("/runs/{run_id}")
async def delete_run(access: RunEditor, services: Connected) -> RunDeleted:
    """Delete a run with its curves and files; one that is going on is ended first."""
    await launch.delete(services, access)
    return RunDeleted()


@router.post("/runs/{run_id}/commands", status_code=202)
async def command_run(order: Command, access: RunEditor, transaction: Transaction) -> CommandQueued:
    """Queue a command; the worker fetches it with its next batch or heartbeat, within a second."""
    return CommandQueued(number=await service.command(transaction, access.principal, access.run, order))


@router.get("/runs/{run_id}/series", response_model=SeriesAnswer)
async def read_series(
    access: RunViewer,
    transaction: Transaction,
    metric: Annotated[list[str], Query(max_length=curves.MAX_CURVES)] = [],  # noqa: B006
    by: By = "batch",
    points: Annotated[int, Query(ge=1, le=curves.MAX_POINTS)] = 1_000,
    start: Step = None,
    end: Step = None,
) -> Response:
    """Return curves for a chart, thinned to `points` buckets with their minimum and maximum.

    `start` and `end` are steps (epochs with `by=epoch`), both included. Without `metric`, every curve.
    """
    series = await curves.read_series(
        transaction, access.run.id, metrics=metric, by=by, buckets=points, start=start, end=end
    )
    answer = SeriesAnswer.model_construct(series=series, last_seq=access.run.last_seq)
    return Response(answer.model_dump_json(), media_type="application/json")


@router.get("/runs/{run_id}/events", response_model=EventPage)
async def read_events(
    access: RunViewer,
    transaction: Transaction,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
) -> Response:
    """Return up to `limit` stored events after number `after`, as the worker sent them."""
    lines = await repository.read_events(transaction, access.run.id, after, limit)
    body = f'{{"events":[{",".join(lines)}],"last_seq":{access.run.last_seq}}}'
    return Response(body, media_type="application/json")


@router.get("/runs/{run_id}/artifacts/{name}", response_class=FileResponse)
async def download_artifact(
    name: Name, access: RunViewer, services: Connected, transaction: Transaction
) -> FileResponse:
    """Download a file of the run, such as `model.keras` or `model.py`."""
    artifact, path = await service.get_artifact(services, transaction, access.principal, access.run.id, name)
    return FileResponse(path, filename=artifact.name, media_type="application/octet-stream")


@router.get("/runs/{run_id}/export", response_class=FileResponse)
async def export_run(
    request: Request,
    access: SignedInRunViewer,
    services: Connected,
    export_format: Annotated[ExportFormat, Query(alias="format")],
    bundle: bool = False,
) -> Response:
    """Download the trained model of the run as a file that was read back and compared before it is offered.

    `bundle` brings a zip of the file and of what was compared.
    """
    async with services.database.session() as session:
        document, weights = await service.read_trained(services, session, access.principal, access.run)

    async def answer() -> Response:
        return attachment(
            await export_model(
                services, document, export_format, bundle=bundle, weights=weights, principal=access.principal
            )
        )

    return await while_wanted(request, answer())


@router.post("/worker/runs/{run_id}/events", openapi_extra=_BATCH_BODY, tags=["worker"])
async def receive_events(
    run_id: Annotated[str, Path(max_length=64)],
    token: Annotated[str, Depends(RunToken())],
    request: Request,
    services: Connected,
) -> BatchAnswer:
    """Store a batch (`EventBatch`) of a run's worker; 409 tells a worker whose attempt is over to end."""
    batch = await _read_batch(request)
    async with services.database.session() as session:
        stored = await _store(session, services, run_id, batch, token)
    if stored.news:
        await services.bus.publish(service.topic(run_id), str(stored.answer.acknowledged))
    return stored.answer


async def _store(
    session: AsyncSession, services: Services, run_id: str, batch: EventBatch, token: str
) -> ingest.Stored:
    if not await authorize_attempt(session, run_id, batch.attempt, token):
        raise ingest.fenced()
    return await ingest.store(session, run_id, batch)


async def _read_batch(request: Request) -> EventBatch:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BATCH_BYTES:
            raise TooLarge(
                "This batch of events is too large.",
                expected=f"at most {MAX_BATCH_BYTES // 2**20} MiB",
                received="more than that",
                hint="Send fewer events at once.",
            )
    try:
        return EventBatch.model_validate_json(bytes(body))
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        raise Invalid(
            f"The batch does not fit at {'.'.join(map(str, fault['loc'])) or 'its beginning'}.",
            expected=fault["msg"],
            received=repr(fault["input"])[:200],
        ) from error
