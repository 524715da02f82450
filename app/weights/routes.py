"""Weights over HTTP: files to start from."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from app.accounts.policy import CurrentMember, Member, PolicyFirst
from app.accounts.principal import Principal, Role
from app.accounts.schemas import Person
from app.infra.multipart import FILE_FORM, NO_LIMIT, UploadedFile, refuse_size
from app.infra.services import Connected, Transaction
from app.weights import repository, service
from app.weights.schemas import WeightsDeleted, WeightsFileView, WeightsUser

router = APIRouter(prefix="/api/weights", tags=["weights"], route_class=PolicyFirst)

Editor = Annotated[Principal, Depends(Member(Role.EDITOR))]
Id = Annotated[str, Path(max_length=64)]


@router.get("")
async def list_weights(principal: CurrentMember, transaction: Transaction) -> list[WeightsFileView]:
    """List the weights files and word vectors that were uploaded to this workspace, the newest first."""
    return [
        service.view(file, Person(id=user.id, name=user.name))
        for file, user in await repository.list_files(transaction, principal)
    ]


@router.post("/uploads", status_code=201, openapi_extra=FILE_FORM, max_body_size=NO_LIMIT)
async def upload_weights(request: Request, principal: Editor, services: Connected) -> WeightsFileView:
    """Take a `.weights.h5`, `.keras` or `.h5` file, or word vectors as text (GloVe, word2vec); only weights are kept.

    The file is the field `file` of a multipart form. The sandbox reads it and rewrites it without anything else.
    """
    refuse_size(request, services.upload_limit_bytes)
    file = await service.receive(services, principal, UploadedFile(request))
    async with services.database.session() as session:
        session.add(file)
    assert principal.user_id is not None
    return service.view(file, Person(id=principal.user_id, name=principal.user_name))


@router.get("/{file_id}")
async def read_weights(file_id: Id, principal: CurrentMember, transaction: Transaction) -> WeightsFileView:
    """Say what a weights file holds."""
    file, user = await service.get_file(transaction, principal, file_id)
    return service.view(file, Person(id=user.id, name=user.name))


@router.get("/{file_id}/designs")
async def list_users(file_id: Id, principal: CurrentMember, transaction: Transaction) -> list[WeightsUser]:
    """List the designs that start from a weights file, of those that you may see."""
    file, _ = await service.get_file(transaction, principal, file_id)
    designs = await repository.list_users(transaction, principal, file.id)
    return [WeightsUser(id=design.id, name=design.name) for design in designs]


@router.delete("/{file_id}")
async def delete_weights(
    file_id: Id, principal: Editor, services: Connected, transaction: Transaction
) -> WeightsDeleted:
    """Delete a weights file; designs that name it cannot be trained until they name another one."""
    file, _ = await service.get_file(transaction, principal, file_id)
    await repository.delete_file(transaction, principal, file.id)
    await services.artifacts.remove(file.artifact)
    return WeightsDeleted()
