"""Uploaded weights. A native parser reads them once, in the sandbox; what is kept needs no trust."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.principal import Principal
from app.accounts.schemas import Person
from app.accounts.tables import User
from app.datasets.multipart import UploadedFile
from app.datasets.service import Refused, label
from app.infra.artifacts import StoredFile
from app.infra.services import Services
from app.messages.analysis import Refusal
from app.messages.weights import ConvertWeightsRequest, LayerWeights, WeightsContents, WordVectors
from app.shared.errors import NotFound
from app.shared.ids import new_id
from app.weights import repository
from app.weights.schemas import WeightsFileView
from app.weights.tables import WeightsFile

CONVERT_SECONDS: Final = 300.0
_READ_BYTES: Final = 2**20

_contents: Final[TypeAdapter[LayerWeights | WordVectors]] = TypeAdapter(WeightsContents)


async def receive(services: Services, principal: Principal, file: UploadedFile) -> WeightsFile:
    """Store an uploaded file in the safe form; raise `TooLarge`, `SandboxOff` or `Refused`, leaving nothing behind."""
    await services.sandbox.require()
    received = await services.artifacts.write(file.content(), limit=services.upload_limit_bytes)
    try:
        stored, contents = await convert(services, Path(services.artifacts.url(received.key)), file.filename)
    finally:
        await services.artifacts.remove(received.key)
    assert principal.user_id is not None
    return WeightsFile(
        id=new_id(),
        workspace_id=principal.workspace_id,
        created_by=principal.user_id,
        filename=label(file.filename),
        artifact=stored.key,
        sha256=received.sha256,
        bytes=received.bytes,
        contents=contents.model_dump(mode="json"),
    )


async def convert(services: Services, path: Path, filename: str) -> tuple[StoredFile, LayerWeights | WordVectors]:
    """Have the weights at `path` rewritten by the sandbox; return the artifact that holds them and what they are."""
    folder = services.sandbox.folder / new_id()
    target = folder / "weights"
    try:
        request = ConvertWeightsRequest(path=str(path.resolve()), filename=label(filename), target=str(target))
        answer = await services.sandbox.work(
            request, timeout=CONVERT_SECONDS, folder=folder, readable=[path], task="convert"
        )
        if isinstance(answer, Refusal):
            raise Refused(answer)
        limit = 4 * services.upload_limit_bytes
        return await services.artifacts.write(_read_regular(target), limit=limit), _contents.validate_python(answer)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def _read_regular(path: Path) -> AsyncIterator[bytes]:
    """Yield a file that the sandbox has left, its process having ended; a link is no file."""
    if path.is_symlink() or not path.is_file():
        raise Refused(Refusal(code="bad_weights", message="The sandbox left no weights behind."))
    with await asyncio.to_thread(path.open, "rb") as file:
        while piece := await asyncio.to_thread(file.read, _READ_BYTES):
            yield piece


async def get_file(session: AsyncSession, principal: Principal, file_id: str) -> tuple[WeightsFile, User]:
    """Return an uploaded weights file with who uploaded it; raise `NotFound`."""
    found = await repository.find_file(session, principal, file_id)
    if found is None:
        raise NotFound(
            "There is no such weights file.",
            expected="the id of a weights file that was uploaded to this workspace",
            received=file_id[:64],
            hint="Upload it again, or choose another one.",
        )
    return found


def contents_of(file: WeightsFile) -> LayerWeights | WordVectors:
    return _contents.validate_python(file.contents)


def view(file: WeightsFile, author: Person | None) -> WeightsFileView:
    return WeightsFileView(
        id=file.id,
        filename=file.filename,
        bytes=file.bytes,
        sha256=file.sha256,
        created_at=file.created_at,
        created_by=author,
        contents=contents_of(file),
    )
