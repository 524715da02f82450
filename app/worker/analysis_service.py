"""What an analysis process does: reads a request line, asks the room it concerns, writes an answer line."""

import contextlib
import json
import socket
import sys
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter, ValidationError

from app.catalog.own import catalog_for
from app.catalog.registry import load_catalog
from app.document.model import GraphDocument
from app.messages.analysis import (
    AnalysisRequest,
    AnalyzeRequest,
    ApplyCodeRequest,
    DescribeDataRequest,
    DrawPlotRequest,
    ExportModelRequest,
    ImportModelRequest,
    InspectTableRequest,
    Refusal,
    RunScriptRequest,
)
from app.messages.weights import ConvertWeightsRequest
from app.shared.errors import AppError, Invalid
from app.worker import sandbox
from app.worker.quiet import import_keras

_requests: Final[TypeAdapter[AnalysisRequest]] = TypeAdapter(AnalysisRequest)


def serve(connection: socket.socket) -> None:
    """Answer request lines on `connection` until the other side closes it."""
    with connection.makefile("rwb") as stream:
        for line in stream:
            stream.write(answer(line))
            stream.flush()


def answer(line: str | bytes, *, own_files: bool = False) -> bytes:
    """Return the answer line to a request line, `{"ok": ...}` or `{"refusal": ...}`; no error leaves.

    `own_files` are those of the person at this machine: only then is HDF5 parsed outside a sandbox.
    """
    try:
        request = _requests.validate_json(line)
        if isinstance(request, ImportModelRequest) and not own_files:
            _require_sandbox_for_hdf5(Path(request.path))
        result = _dispatch(request)
    except AppError as error:
        return _line({"refusal": error.as_dict()})
    except ValidationError as error:
        return _line({"refusal": _not_a_request(error).model_dump()})
    except (Exception, MemoryError, RecursionError) as error:
        return _line({"refusal": _failure(error).model_dump()})
    return _line({"ok": result})


def _dispatch(request: AnalysisRequest) -> Any:
    match request:
        case AnalyzeRequest(document=document, data=data, known=known, weights=weights):
            from app.worker.preflight.check import analyse_for

            _load_code(document)
            analysis = analyse_for(document, catalog_for(document), data, known, weights=weights)
            return analysis.model_dump(mode="json", by_alias=True)
        case DescribeDataRequest(data=source, demand=demand):
            from app.worker.data.sources import describe

            return describe(source, demand).model_dump(mode="json")
        case InspectTableRequest(path=path):
            from app.worker.data.sources import inspect_table

            found = inspect_table(path)
            return found.model_dump(mode="json") if isinstance(found, BaseModel) else found
        case ImportModelRequest(path=path, filename=filename):
            from app.worker.imports.model import import_model

            return import_model(Path(path), filename, load_catalog()).model_dump(mode="json")
        case RunScriptRequest(path=path, filename=filename):
            if not sandbox.entered():
                raise Invalid("Scripts are executed in a sandbox only.", expected="a sandboxed process")
            from app.worker.imports.running import run_script

            return run_script(Path(path), filename, load_catalog()).model_dump(mode="json")
        case ExportModelRequest():
            from app.worker.exports.export import export_model

            _load_code(request.document)
            return export_model(request).model_dump(mode="json")
        case DrawPlotRequest():
            from app.worker.exports.drawing import draw_plot

            return draw_plot(request).model_dump(mode="json")
        case ApplyCodeRequest():
            from app.worker.imports.edited_code import apply_code

            return apply_code(request).model_dump(mode="json")
        case ConvertWeightsRequest():
            if not sandbox.entered():
                raise Invalid("Weights files are read in a sandbox only.", expected="a sandboxed process")
            from app.worker.weights.files import convert

            return convert(request).model_dump(mode="json")


def _require_sandbox_for_hdf5(path: Path) -> None:
    from app.worker.imports.hdf5 import SIGNATURE

    with path.open("rb") as file:
        native = file.read(len(SIGNATURE)) == SIGNATURE
    if native and not sandbox.entered():
        raise Invalid("HDF5 files are read in a sandbox only.", expected="a sandboxed process")


def _load_code(document: GraphDocument) -> None:
    """Execute the own code of a design where that may be: in the sandbox. Elsewhere nothing of it is executed."""
    if document.code and sandbox.entered():
        from app.worker.building import own_code

        own_code.load(document)


def _line(content: dict[str, Any]) -> bytes:
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def _not_a_request(error: ValidationError) -> Refusal:
    first = error.errors(include_url=False, include_context=False)[0]
    return Refusal(
        code="invalid",
        message=f"The request does not fit at {'.'.join(str(part) for part in first['loc'])}.",
        expected=first["msg"],
        received=repr(first["input"])[:200],
    )


def _failure(error: BaseException) -> Refusal:
    return Refusal(
        code="analysis_failed",
        message="Keras could not work with this.",
        received=f"{type(error).__name__}: {error}"[:2_000],
        hint="Make very large parameters smaller, or undo the last change.",
    )


def command(name: str, _arguments: list[str]) -> int:
    """`analyze`, `import` or `export`: the request as JSON on stdin, the answer line on stdout.

    The request may leave `request` out. Whatever else is printed on the way goes to stderr.
    """
    requests = {"analyze": "analyze", "import": "import_model", "export": "export_model"}
    text = sys.stdin.buffer.read()
    with contextlib.redirect_stdout(sys.stderr):
        import_keras()
        try:
            request = json.loads(text)
        except (ValueError, RecursionError):
            request = None
        if isinstance(request, dict):
            text = json.dumps({"request": requests[name], **request}).encode()
        found = answer(text, own_files=True)
    sys.stdout.buffer.write(found)
    sys.stdout.flush()
    return 1 if found.startswith(b'{"refusal"') else 0
