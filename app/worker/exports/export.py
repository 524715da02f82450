"""A design written as a file that others can use, read back and compared before it is offered."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from app.messages.analysis import ExportedModel, ExportModelRequest
from app.messages.exports import ExportFormat, Proof
from app.shared.errors import AppError
from app.worker.exports.bundle import offer
from app.worker.exports.converted import write_litert, write_onnx, write_savedmodel
from app.worker.exports.errors import ExportFailed
from app.worker.exports.keras_files import write_h5, write_json, write_keras, write_weights
from app.worker.exports.pictures import write_plot, write_summary
from app.worker.exports.scripts import write_notebook, write_python
from app.worker.exports.subject import Subject, subject_of

_WRITERS: Final[Mapping[ExportFormat, Callable[[Subject, Path], Proof]]] = {
    "keras": write_keras,
    "h5": write_h5,
    "weights": write_weights,
    "json": write_json,
    "python": write_python,
    "notebook": write_notebook,
    "savedmodel": write_savedmodel,
    "onnx": write_onnx,
    "litert": write_litert,
    "summary": write_summary,
    "plot_png": write_plot,
    "plot_svg": write_plot,
}


def export_model(request: ExportModelRequest) -> ExportedModel:
    """Write `request.document` to `request.path`, or nothing at all.

    Raises `NotReady` for a design with errors, `NotInThisFormat`, `TooLarge` or `ToolMissing` where the format cannot
    have it, and `ExportFailed` where what was read back is not what was drawn.
    """
    subject = subject_of(request)
    return offer(
        Path(request.path),
        request.format,
        lambda part: _written(subject, part),
        bundled_as=request.name if request.bundle else None,
    )


def _written(subject: Subject, part: Path) -> Proof:
    try:
        return _WRITERS[subject.request.format](subject, part)
    except (AppError, MemoryError):
        raise
    except Exception as error:
        raise ExportFailed(
            "Keras cannot write this model in this format, or cannot read it back.",
            expected="a file that builds the same model",
            received=f"{type(error).__name__}: {error}"[:1_000],
            hint="Export .keras or Python, which hold every layer.",
        ) from error
