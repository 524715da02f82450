"""Requests to the analysis processes and their answers: a closed union, told apart by `request`.

Each request and each answer is one JSON line over a socket.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from app.document.model import GraphDocument
from app.graph.model import Problem
from app.messages.data import DatasetDescription, DataSource


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NodeAnalysis(_Strict):
    """What Keras says of one node. Shapes include the batch axis; None is any size. Keyed by port."""

    id: str
    name: str
    class_name: str = Field(alias="class", serialization_alias="class")
    input_shapes: dict[str, list[int | None]]
    output_shapes: dict[str, list[int | None]]
    output_dtypes: dict[str, str] = {}
    params: int
    trainable_params: int

    model_config = ConfigDict(extra="forbid", populate_by_name=True, serialize_by_alias=True)


class Analysis(_Strict):
    """The answer to `analyze`. A layer that is called twice counts once in the totals, and at its first call."""

    nodes: list[NodeAnalysis]
    total_params: int
    trainable_params: int
    problems: list[Problem]


class AnalyzeRequest(_Strict):
    """Check the graph and dry-run every layer. With `data`, also the pre-flight of training on it."""

    request: Literal["analyze"] = "analyze"
    document: GraphDocument
    data: DatasetDescription | None = None


class DescribeDataRequest(_Strict):
    request: Literal["describe_data"] = "describe_data"
    data: DataSource


class InspectTableRequest(_Strict):
    """Detect the delimiter, header and column types of an uploaded table at `path`."""

    request: Literal["inspect_table"] = "inspect_table"
    path: str


class ImportModelRequest(_Strict):
    """Read a Keras architecture: the file at `path` is a `.keras` archive or JSON; nothing in it is executed."""

    request: Literal["import_model"] = "import_model"
    path: str
    filename: str


class ExportModelRequest(_Strict):
    """Write `document` as `format` to `path`; with `weights`, a trained `.keras` file whose weights are taken."""

    request: Literal["export_model"] = "export_model"
    document: GraphDocument
    format: Literal["keras", "python", "json"]
    path: str
    weights: str | None = None
    data: DataSource | None = None


AnalysisRequest = Annotated[
    AnalyzeRequest | DescribeDataRequest | InspectTableRequest | ImportModelRequest | ExportModelRequest,
    Field(discriminator="request"),
]


class LayerReport(_Strict):
    """What became of one imported layer."""

    name: str
    class_name: str
    outcome: Literal["ok", "converted", "placeholder"]
    note: str = ""


class ImportedModel(_Strict):
    document: GraphDocument
    layers: list[LayerReport]


class ExportedModel(_Strict):
    path: str
    bytes: int
    sha256: str
    checks: dict[str, JsonValue] = {}
    """What was compared after loading the file back."""


class Refusal(_Strict):
    """The request could not be met; the words of `AppError`."""

    code: str
    message: str
    expected: str = ""
    received: str = ""
    hint: str = ""
