"""What a design can be written as, and what was compared before it was offered."""

from dataclasses import dataclass
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

ExportFormat = Literal[
    "keras",
    "h5",
    "weights",
    "json",
    "python",
    "notebook",
    "savedmodel",
    "onnx",
    "litert",
    "summary",
    "plot_png",
    "plot_svg",
]
"""`json` is the architecture as Keras writes it, `weights` are `.weights.h5`, plots are of `keras.utils.plot_model`."""


@dataclass(frozen=True)
class ExportKind:
    """How a format is written: the end of the file's name, its media type, and the seconds it may take."""

    suffix: str
    media_type: str
    seconds: float


EXPORTS: Final[dict[ExportFormat, ExportKind]] = {
    "keras": ExportKind(".keras", "application/octet-stream", 180.0),
    "h5": ExportKind(".h5", "application/octet-stream", 180.0),
    "weights": ExportKind(".weights.h5", "application/octet-stream", 180.0),
    "json": ExportKind(".keras.json", "application/json", 120.0),
    "python": ExportKind(".py", "text/x-python", 120.0),
    "notebook": ExportKind(".ipynb", "application/x-ipynb+json", 120.0),
    "savedmodel": ExportKind(".savedmodel.zip", "application/zip", 300.0),
    "onnx": ExportKind(".onnx", "application/octet-stream", 420.0),
    "litert": ExportKind(".tflite", "application/octet-stream", 420.0),
    "summary": ExportKind(".txt", "text/plain", 60.0),
    "plot_png": ExportKind(".png", "image/png", 120.0),
    "plot_svg": ExportKind(".svg", "image/svg+xml", 120.0),
}

BUNDLE: Final = ExportKind(".zip", "application/zip", 0.0)
"""A bundle holds the file, its proof as JSON and as a table, and a README; it takes no longer than its format."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ComparedOutput(_Strict):
    """What one layer gives on the fixed batch: the largest difference between the design and the artifact."""

    name: str
    shape: list[int]
    dtype: str
    largest_difference: float


class Proof(_Strict):
    """What was compared after the artifact was read back; `outputs` is empty for what predicts nothing.

    Two values agree where `|ours - theirs| <= atol + rtol * |theirs|`. `notes` says in words what else holds, and what
    was not looked at.
    """

    format: ExportFormat
    read_by: str
    samples: int = 0
    rtol: float = 0.0
    atol: float = 0.0
    outputs: list[ComparedOutput] = []
    parameters: int | None = None
    trainable_parameters: int | None = None
    trained: bool = False
    notes: list[str] = []
    versions: dict[str, str] = {}

    @property
    def largest_difference(self) -> float:
        return max((output.largest_difference for output in self.outputs), default=0.0)
