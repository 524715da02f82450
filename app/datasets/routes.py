"""Data sets over HTTP: the list, what each holds, uploads and how they are read."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from app.accounts.policy import CurrentMember, Member, PolicyFirst
from app.accounts.principal import Principal, Role
from app.datasets import repository, service
from app.datasets.schemas import DatasetDeleted, DatasetSummary, UploadedTable
from app.datasets.usage import refuse_if_used
from app.infra.multipart import FILE_FORM, NO_LIMIT, UploadedFile, refuse_size
from app.infra.services import Connected, Transaction
from app.messages.data import CsvOptions, DatasetDescription

router = APIRouter(prefix="/api/datasets", tags=["datasets"], route_class=PolicyFirst)

Editor = Annotated[Principal, Depends(Member(Role.EDITOR))]
Name = Annotated[str, Path(max_length=200)]


@router.get("")
async def list_datasets(
    principal: CurrentMember, services: Connected, transaction: Transaction
) -> list[DatasetSummary]:
    """List what can be trained on: built-in sets, then the tables that were uploaded to this workspace."""
    return await service.list_datasets(transaction, services, principal)


@router.post("/uploads", status_code=201, openapi_extra=FILE_FORM, max_body_size=NO_LIMIT)
async def upload_table(request: Request, principal: Editor, services: Connected) -> UploadedTable:
    """Store a table and say what was found in it. The file is the field `file` of a multipart form."""
    refuse_size(request, services.upload_limit_bytes)
    upload, _ = await service.receive(services, UploadedFile(request))
    assert principal.user_id is not None
    upload.workspace_id, upload.created_by = principal.workspace_id, principal.user_id
    async with services.database.session() as session:
        session.add(upload)
    return service.table_view(upload)


@router.get("/{name}/description")
async def describe_dataset(name: Name, principal: CurrentMember, services: Connected) -> DatasetDescription:
    """Say what a data set holds: counts, columns, a preview and the label histogram."""
    async with services.database.session() as session:
        dataset = await service.get_dataset(session, services, principal, name)
    return await service.describe(services, dataset)


@router.get("/{name}/options")
async def read_options(name: Name, principal: CurrentMember, transaction: Transaction) -> CsvOptions:
    """Say how an uploaded table is read."""
    return CsvOptions.model_validate((await service.get_upload(transaction, principal, name)).options)


@router.put("/{name}/options")
async def write_options(name: Name, options: CsvOptions, principal: Editor, transaction: Transaction) -> CsvOptions:
    """Change how an uploaded table is read; runs that began before keep the way they were given."""
    return service.set_options(await service.get_upload(transaction, principal, name), options)


@router.delete("/{name}")
async def delete_dataset(name: Name, principal: Editor, services: Connected) -> DatasetDeleted:
    """Delete an uploaded table; refused with 409 while a run reads it."""
    async with services.database.session() as session:
        upload = await service.get_upload(session, principal, name)
        await refuse_if_used(session, principal, name)
        await repository.delete_upload(session, principal, upload.id)
    await services.artifacts.remove(upload.artifact)
    return DatasetDeleted()
