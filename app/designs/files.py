"""Designs in from files, and out to files. Keras is asked in processes of its own, never here.

Nothing in a file is executed, but for a script that somebody asks to have run: that happens in the sandbox.
"""

import asyncio
import shutil
from pathlib import Path
from typing import Final, Literal, NoReturn

from pydantic import BaseModel

from app.accounts.principal import Principal
from app.designs.access import require_code_permission
from app.designs.data import find_data
from app.document.model import GraphDocument
from app.infra.analysis import Refused
from app.infra.multipart import UploadedFile
from app.infra.services import Services
from app.messages.analysis import (
    MAX_SCRIPT,
    DrawPlotRequest,
    ExportedModel,
    ExportModelRequest,
    ImportedModel,
    ImportModelRequest,
    Refusal,
    RunScriptRequest,
)
from app.messages.data import CsvSource
from app.messages.exports import BUNDLE, EXPORTS, ExportFormat
from app.shared.errors import TooLarge, Unavailable
from app.shared.ids import new_id

IMPORT_LIMIT: Final = 1024 * 2**20
"""Bytes of a model file, weights included; only the architecture in it is read."""
IMPORT_SECONDS: Final = 30.0
SCRIPT_SECONDS: Final = 60.0
"""How long a script may run that is imported by running it; building a model takes seconds, training longer."""
SANDBOX_SECONDS: Final = 60.0
"""What an export in the sandbox may take longer than elsewhere: nothing is warm there."""

DesignFormat = ExportFormat | Literal["design"]
"""What a design can be downloaded as; `design` is the design file itself."""

_IMPORTS, _EXPORTS = "imports", "exports"
"""Folders of files on their way in and out."""

_HDF5: Final = b"\x89HDF\r\n\x1a\n"

_TEXTS: Final = frozenset({"python", "notebook"})
_PLOTS: Final = frozenset({"plot_png", "plot_svg"})

_BUSY: Final = frozenset({"analysis_timeout", "analysis_died", "unavailable", "superseded"})


class Upload(BaseModel):
    """A file that was received: where the server put it, and what the person called it."""

    path: Path
    filename: str


def forget_unfinished(services: Services) -> None:
    """Remove the files on their way in and out that a server left which was killed."""
    for name in (_IMPORTS, _EXPORTS):
        shutil.rmtree(services.folder / name, ignore_errors=True)


async def receive(services: Services, file: UploadedFile, limit: int = IMPORT_LIMIT) -> Upload:
    """Save an uploaded model, as it comes in, under a name that the server makes.

    Raises `TooLarge` over `limit` bytes, and `Invalid` for a request without a file.
    """
    folder = services.folder / _IMPORTS
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / new_id()
    size = 0
    try:
        with path.open("xb") as target:
            async for piece in file.content():
                size += len(piece)
                if size > limit:
                    raise TooLarge(
                        "This file is too large to import.",
                        expected=f"at most {limit / 2**20:.0f} MiB",
                        received="more",
                        hint="A design needs the architecture only: export it with model.to_json().",
                    )
                await asyncio.to_thread(target.write, piece)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Upload(path=path, filename=file.filename[-200:] or "model")


async def import_model(services: Services, upload: Upload) -> ImportedModel:
    """Read a model, script or design file as a design, in a process for it; remove the upload.

    HDF5 is parsed by native code, so it is read in the sandbox: raises `SandboxOff` where there is none.
    """
    path, folder = upload.path.resolve(), services.sandbox.folder / new_id()
    request = ImportModelRequest(path=str(path), filename=upload.filename)
    try:
        if await asyncio.to_thread(_begins_as_hdf5, path):
            answer: ImportedModel | Refusal = await services.sandbox.work(
                request, timeout=IMPORT_SECONDS, folder=folder, readable=[path], task="convert"
            )
        else:
            answer = await services.analysis.ask(request, timeout=IMPORT_SECONDS)
    finally:
        path.unlink(missing_ok=True)
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    if isinstance(answer, Refusal):
        refuse(answer)
    return answer


def _begins_as_hdf5(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_HDF5)) == _HDF5


async def import_by_running(services: Services, file: UploadedFile) -> ImportedModel:
    """Execute a script in the sandbox, and read the model that it leaves as a design.

    Raises `SandboxOff`, `TooLarge`, or `Refused` with what became of the script.
    """
    await services.sandbox.require()
    upload = await receive(services, file, MAX_SCRIPT)
    path, folder = upload.path.resolve(), services.sandbox.folder / new_id()
    try:
        answer: ImportedModel | Refusal = await services.sandbox.work(
            RunScriptRequest(path=str(path), filename=upload.filename),
            timeout=SCRIPT_SECONDS,
            folder=folder,
            readable=[path],
            task="analyse",
        )
    finally:
        path.unlink(missing_ok=True)
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    if isinstance(answer, Refusal):
        refuse(answer)
    return answer


class Download(BaseModel):
    """A file that was written for somebody: where it is, what it is called, and its media type."""

    path: Path
    filename: str
    media_type: str


async def export_model(
    services: Services,
    document: GraphDocument,
    export_format: DesignFormat,
    *,
    bundle: bool = False,
    weights: Path | None = None,
    principal: Principal,
) -> Download:
    """Write a design to a temporary file, which the caller removes; raise `Invalid` when it cannot be had so.

    With `bundle` it is a zip that holds the proof too; with `weights`, a trained `.keras` file, the model has its
    weights. A design with code of its own is exported in the sandbox, for a principal who may run code: `CodeForbidden`
    is raised for others, who get its text (`design`, `python`, `notebook`) without anything being executed.
    """
    folder = services.folder / _EXPORTS
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / new_id()
    name = document.meta.name
    try:
        if export_format == "design":
            path.write_text(document.model_dump_json(indent=2) + "\n")
            return Download(path=path, filename=f"{name}.json", media_type="application/json")
        data = await find_data(services, principal, document)
        request = ExportModelRequest(
            document=document,
            format=export_format,
            path=str(path),
            data=data.source if data is not None else None,
            weights=str(weights) if weights is not None else None,
            bundle=bundle,
        )
        kind = EXPORTS[export_format]
        confined = bool(document.code) and (principal.may_run_code or export_format not in _TEXTS)
        if confined:
            require_code_permission(principal)
            answer = await _export_confined(services, request, path, weights)
        else:
            answer = await services.analysis.ask(request, timeout=kind.seconds)
        if isinstance(answer, Refusal):
            refuse(answer)
    except BaseException:
        _remove(path)
        raise
    if bundle:
        return Download(path=path, filename=f"{name}{BUNDLE.suffix}", media_type=BUNDLE.media_type)
    return Download(path=path, filename=f"{name}{kind.suffix}", media_type=kind.media_type)


def _remove(path: Path) -> None:
    """Remove a file, and what a process that was ended left of it: those begin with its name."""
    for left in path.parent.glob(f"{path.name}*"):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


async def _export_confined(
    services: Services, request: ExportModelRequest, path: Path, weights: Path | None
) -> ExportedModel | Refusal:
    """Export in the sandbox, to a folder of its own; what it leaves there is copied to `path` when it has ended.

    It leaves a plot as text, which is drawn after that: no program can be started in there.
    """
    folder = services.sandbox.folder / new_id()
    written = folder / "artifact"
    readable = [weights] if weights is not None else []
    if isinstance(request.data, CsvSource):
        readable.append(Path(request.data.path))
    is_plot = request.format in _PLOTS
    try:
        answer: ExportedModel | Refusal = await services.sandbox.work(
            request.model_copy(update={"path": str(written), "bundle": request.bundle and not is_plot}),
            timeout=EXPORTS[request.format].seconds + SANDBOX_SECONDS,
            folder=folder,
            readable=readable,
            task="analyse",
        )
        if isinstance(answer, ExportedModel):
            if written.is_symlink() or not written.is_file():
                return Refusal(code="export_failed", message="The sandbox left no file behind.")
            if is_plot:
                return await _drawn(services, request, written, answer)
            await asyncio.to_thread(shutil.copyfile, written, path)
        return answer
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def _drawn(
    services: Services, request: ExportModelRequest, text: Path, exported: ExportedModel
) -> ExportedModel | Refusal:
    status = await services.sandbox.require()
    drawing = DrawPlotRequest.model_validate(
        {
            **request.model_dump(include={"format", "path", "bundle", "name"}),
            "text": str(text),
            "tier": status.tier,
            "proof": exported.proof,
        }
    )
    return await services.analysis.ask(drawing, timeout=EXPORTS[request.format].seconds)


def refuse(refusal: Refusal) -> NoReturn:
    """Raise a refusal of the analysis process as what it means for the person who asked."""
    if refusal.code in _BUSY:
        raise Unavailable(refusal.message, expected=refusal.expected, received=refusal.received, hint=refusal.hint)
    raise Refused(refusal)
