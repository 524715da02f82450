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
from app.datasets.service import label
from app.infra.analysis import Refused
from app.infra.multipart import UploadedFile
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
    folder = services.sandbox.folder / new_id()
    try:
        uploaded = Path(services.artifacts.url(received.key))
        converted, contents = await convert(services, uploaded, label(file.filename, "weights"), folder)
        stored = await services.artifacts.write(_read(converted), limit=4 * services.upload_limit_bytes)
    finally:
        await services.artifacts.remove(received.key)
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    assert principal.user_id is not None
    return WeightsFile(
        id=new_id(),
        workspace_id=principal.workspace_id,
        created_by=principal.user_id,
        filename=label(file.filename, "weights"),
        artifact=stored.key,
        sha256=received.sha256,
        bytes=received.bytes,
        contents=contents.model_dump(mode="json"),
    )


async def convert(
    services: Services, path: Path, filename: str, folder: Path
) -> tuple[Path, LayerWeights | WordVectors]:
    """Have the weights at `path` rewritten by the sandbox, into `folder`; return the file there and what it holds.

    Raises `Refused` with the words of the process that read it. The process has ended: the file changes no more.
    """
    target = folder / "weights"
    request = ConvertWeightsRequest(path=str(path.resolve()), filename=filename, target=str(target))
    answer = await services.sandbox.work(
        request, timeout=CONVERT_SECONDS, folder=folder, readable=[path], task="convert"
    )
    if isinstance(answer, Refusal):
        raise Refused(answer)
    if target.is_symlink() or not target.is_file():
        raise Refused(Refusal(code="bad_weights", message="The sandbox left no weights behind."))
    return target, answer


async def _read(path: Path) -> AsyncIterator[bytes]:
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
