"""Requests to the analysis processes and their answers: a closed union, told apart by `request`.

Each request and each answer is one JSON line over a socket.
"""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from app.document.edits import Edit
from app.document.model import GraphDocument
from app.graph.demand import PLAIN, Demand
from app.graph.model import Problem
from app.messages.data import DatasetDescription, DataSource
from app.messages.exports import ExportFormat, Proof
from app.messages.weights import ConvertWeightsRequest

MAX_SCRIPT: Final = 2_000_000
"""Characters of a Python script that is read back into a design."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NodeAnalysis(_Strict):
    """What Keras says of one node. Shapes include the batch axis; None is any size. Keyed by port."""

    id: str
    graph: str = ""
    """The nested model that it is drawn in, or "" for the design itself."""
    name: str
    class_name: str = Field(alias="class", serialization_alias="class")
    input_shapes: dict[str, list[int | None]]
    output_shapes: dict[str, list[int | None]]
    output_dtypes: dict[str, str] = {}
    params: int
    trainable_params: int
    flops: int = 0
    """Floating-point operations of one forward pass of one sample (`app.graph.cost`)."""
    activation_bytes: int = 0
    """Bytes of what the layer gives for one sample."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, serialize_by_alias=True)


class Costs(_Strict):
    """What the whole model costs, in operations and bytes; activations and operations are of one sample."""

    flops: int = 0
    weights_bytes: int = 0
    activation_bytes: int = 0
    training_bytes: int = 0
    """Memory of one training step at the design's batch size and optimizer, without what Keras itself takes."""


class Analysis(_Strict):
    """The answer to `analyze`. A layer that is called twice counts once in the totals, and at its first call."""

    nodes: list[NodeAnalysis]
    total_params: int
    trainable_params: int
    costs: Costs = Costs()
    problems: list[Problem]
    learned: dict[str, JsonValue] = {}
    """What calls of own code gave, by key; only a sandboxed analysis, which executes them, learns something."""
    weights: dict[str, list[list[int]]] = {}
    """Shapes of the weights of layers, by id, where the request asks; layers that hold others are left out."""


class AnalyzeRequest(_Strict):
    """Check the graph and dry-run every layer. With `data`, also the pre-flight of training on it.

    `known` is what calls of own code gave when a sandboxed analysis executed them (`Analysis.learned`), by key: where
    nothing is executed, such a call has the outcome of its key, or none. With `weights`, the shapes of all weights are
    told too.
    """

    request: Literal["analyze"] = "analyze"
    document: GraphDocument
    data: DatasetDescription | None = None
    known: dict[str, JsonValue] = {}
    weights: bool = False


class DescribeDataRequest(_Strict):
    """Say what a data set holds, and what of it reaches a design that wants it as `demand` says."""

    request: Literal["describe_data"] = "describe_data"
    data: DataSource
    demand: Demand = PLAIN


class InspectTableRequest(_Strict):
    """Detect the delimiter, header and column types of an uploaded table at `path`."""

    request: Literal["inspect_table"] = "inspect_table"
    path: str


class ImportModelRequest(_Strict):
    """Read a model as a design; nothing in it is executed.

    The file at `path` is a `.keras` archive, HDF5, JSON of an architecture, a Python script (by the ending of
    `filename`), or a design file.
    """

    request: Literal["import_model"] = "import_model"
    path: str
    filename: str


class RunScriptRequest(_Strict):
    """Execute the Python script at `path`, and read the model that it leaves as a design: in a sandbox only."""

    request: Literal["run_script"] = "run_script"
    path: str
    filename: str


class ExportModelRequest(_Strict):
    """Write `document` as `format` to `path`; with `weights`, a trained `.keras` file whose weights are taken.

    With `bundle`, `path` becomes a zip of the artifact and of its proof; the artifact is called `name` in there, which
    is no text of a person.
    """

    request: Literal["export_model"] = "export_model"
    document: GraphDocument
    format: ExportFormat
    path: str
    weights: str | None = None
    data: DataSource | None = None
    bundle: bool = False
    name: str = Field(default="model", pattern=r"^[A-Za-z0-9_-]{1,64}$")


class DrawPlotRequest(_Strict):
    """Draw the text at `text`, which a sandboxed export of a plot left, to `path`, in a sandbox of `tier`.

    `proof` is that of the export; `bundle` and `name` are as there.
    """

    request: Literal["draw_plot"] = "draw_plot"
    text: str
    tier: Literal["bubblewrap", "landlock"]
    format: Literal["plot_png", "plot_svg"]
    path: str
    proof: Proof
    bundle: bool = False
    name: str = Field(default="model", pattern=r"^[A-Za-z0-9_-]{1,64}$")


class ApplyCodeRequest(_Strict):
    """Read edited Python as data, never executing it, and say what it changes in `document`.

    `shown` is what the document reads as, and what `source` was before somebody edited it.
    """

    request: Literal["apply_code"] = "apply_code"
    document: GraphDocument
    shown: str
    source: str = Field(max_length=MAX_SCRIPT)


AnalysisRequest = Annotated[
    AnalyzeRequest
    | DescribeDataRequest
    | InspectTableRequest
    | ImportModelRequest
    | RunScriptRequest
    | ExportModelRequest
    | DrawPlotRequest
    | ApplyCodeRequest
    | ConvertWeightsRequest,
    Field(discriminator="request"),
]


class LayerReport(_Strict):
    """What became of one imported layer."""

    name: str
    class_name: str
    outcome: Literal["ok", "converted", "placeholder"]
    note: str = ""
    line: int = 0
    """Where a Python script makes the layer, counted from 1; 0 for other files."""


class ImportedModel(_Strict):
    """A design, what became of each layer, and in `notes` what else changed.

    `lines` tells for the nodes of a Python script the line of the call, counted from 1.
    """

    document: GraphDocument
    layers: list[LayerReport]
    notes: list[str] = []
    lines: dict[str, int] = {}


class ExportedModel(_Strict):
    """The file at `path`, and what was compared after loading it back. `sha256` is that of the file there."""

    path: str
    bytes: int
    sha256: str
    proof: Proof


class AppliedCode(_Strict):
    """What edited Python changes in a design: edits to apply as one step. Positions, ids and notes are kept."""

    edits: list[Edit]
    layers: list[LayerReport]


class Refusal(_Strict):
    """The request could not be met; the words of `AppError`, and the node of a design that is to blame, if one is."""

    code: str
    message: str
    expected: str = ""
    received: str = ""
    hint: str = ""
    node: str = ""
