"""Designs in from files, and out to files. Keras is asked in the analysis process; nothing in a file is executed."""

import asyncio
from pathlib import Path
from typing import Final, Literal, NoReturn

from fastapi import UploadFile
from pydantic import BaseModel

from app.document.model import GraphDocument
from app.document.read import find_design_file
from app.infra.services import Services
from app.messages.analysis import ExportModelRequest, ImportedModel, ImportModelRequest, Refusal
from app.messages.data import BundledSource, DataSource, KerasSource
from app.messages.exports import BUNDLE, EXPORTS, ExportFormat
from app.shared.errors import Invalid, TooLarge, Unavailable
from app.shared.ids import new_id

IMPORT_LIMIT: Final = 64 * 2**20
IMPORT_SECONDS: Final = 30.0

DesignFormat = ExportFormat | Literal["design"]
"""What a design can be downloaded as; `design` is the design file itself."""

_BUSY: Final = frozenset({"analysis_timeout", "analysis_died", "unavailable", "superseded"})
_BUNDLED: Final = frozenset({"digits", "iris", "wine", "breast_cancer", "diabetes"})


class Upload(BaseModel):
    """A file that was received: where the server put it, and what the person called it."""

    path: Path
    filename: str


async def receive(services: Services, file: UploadFile) -> Upload:
    """Save an uploaded model under a name that the server makes; raise `TooLarge` over `IMPORT_LIMIT`."""
    folder = services.folder / "imports"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / new_id()
    size = 0
    try:
        with path.open("xb") as target:
            while piece := await file.read(2**20):
                size += len(piece)
                if size > IMPORT_LIMIT:
                    raise TooLarge(
                        "This file is too large to import.",
                        expected=f"at most {IMPORT_LIMIT // 2**20} MiB",
                        received="more",
                        hint="A design needs the architecture only: export it with model.to_json().",
                    )
                await asyncio.to_thread(target.write, piece)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Upload(path=path, filename=(file.filename or "model")[:200])


async def import_model(services: Services, upload: Upload) -> ImportedModel:
    """Read a design file, a Keras architecture (JSON) or the config in a `.keras` archive; remove the upload."""
    try:
        own = await asyncio.to_thread(find_design_file, upload.path)
        if own is not None:
            return ImportedModel(document=own, layers=[])
        request = ImportModelRequest(path=str(upload.path), filename=upload.filename)
        answer = await services.analysis.ask(request, timeout=IMPORT_SECONDS)
    finally:
        upload.path.unlink(missing_ok=True)
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
) -> Download:
    """Write a design to a temporary file, which the caller removes; raise `Invalid` when it cannot be had so.

    With `bundle` it is a zip that holds the proof too; with `weights`, a trained `.keras` file, the model has its
    weights.
    """
    folder = services.folder / "exports"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / new_id()
    name = document.meta.name
    try:
        if export_format == "design":
            path.write_text(document.model_dump_json(indent=2) + "\n")
            return Download(path=path, filename=f"{name}.json", media_type="application/json")
        request = ExportModelRequest(
            document=document,
            format=export_format,
            path=str(path),
            data=find_source(document.training.dataset),
            weights=str(weights) if weights is not None else None,
            bundle=bundle,
        )
        kind = EXPORTS[export_format]
        answer = await services.analysis.ask(request, timeout=kind.seconds)
        if isinstance(answer, Refusal):
            refuse(answer)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    if bundle:
        return Download(path=path, filename=f"{name}{BUNDLE.suffix}", media_type=BUNDLE.media_type)
    return Download(path=path, filename=f"{name}{kind.suffix}", media_type=kind.media_type)


def find_source(dataset: str | None) -> DataSource | None:
    """Return the source of a data set that everybody has; None for an upload, whose file stays on the server."""
    if dataset is None or dataset.startswith("upload:"):
        return None
    return BundledSource(name=dataset) if dataset in _BUNDLED else KerasSource(name=dataset)


def refuse(refusal: Refusal) -> NoReturn:
    """Raise a refusal of the analysis process as what it means for the person who asked."""
    kind = Unavailable if refusal.code in _BUSY else Invalid
    raise kind(refusal.message, expected=refusal.expected, received=refusal.received, hint=refusal.hint)
