"""The design file, `GraphDocument`: flat maps that two people can edit at once without a clash.

A *layer* is an instance with weights. A *node* is a call of a layer, drawn on the canvas. Two nodes that name
one layer share its weights, as two entries of `inbound_nodes` do in Keras. An *edge* is keyed by its two ends,
`source:port->target:port`, so that the same wire drawn twice is one wire.

In the shared Yjs document every JSON object is a `Y.Map` and every other value (a list included) is one plain
value; the maps in `ROOTS` are the roots.

A model inside a model is a layer of class `Model` whose parameter `graph` names an entry of `graphs`; its nodes are
those whose `graph` is that id, and its ends are their Input and Output nodes by position. The nodes of the design
itself have the graph "". Layers are kept flat, so that a layer inside a nested model can be called outside too.
"""

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, StringConstraints, field_validator

ROOTS: Final = ("meta", "graphs", "layers", "nodes", "edges", "code", "training")

FORMAT: Final = 1
"""The version of this schema; `app.document.migrations` brings older files up to it."""

MAX_NODES: Final = 5_000
MAX_EDGES: Final = 20_000
MAX_GRAPHS: Final = 1_000
MAX_CODE: Final = 200
MAX_SOURCE: Final = 100_000
MAX_COORDINATE: Final = 1_000_000.0
MAX_LEVELS: Final = 56
"""Lists and objects inside one another in one value."""

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Port = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}(\.[0-9]{1,4})?$")]
GraphId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{0,64}$")]
ClassName = Annotated[str, StringConstraints(pattern=r"^(ops\.(image\.)?)?[A-Za-z_][A-Za-z0-9_>]{0,123}$")]
"""A name of the catalog: `Dense`, `ops.mean`, or the class of a piece of the design's own code."""

ModelClass = Literal["auto", "Functional", "Sequential"]
"""What Keras builds a graph as; `auto` is Sequential where the graph is one chain, else Functional."""

CodeKind = Literal[
    "layers", "losses", "metrics", "callbacks", "initializers", "regularizers", "activations", "functions"
]
"""What a piece of a design's own code may be, in the words of the catalog."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]

Key = Annotated[str, StringConstraints(max_length=1_000)]
"""What names a value: a parameter, an argument, a class of the labels."""


def _shareable(value: JsonValue, levels: int = 0) -> JsonValue:
    """Return `value`; raise `ValueError` for what a shared document cannot hold.

    That is an integer beyond 64 bits, a text that is none (half of a pair of surrogates), and more than `MAX_LEVELS`.
    """
    if levels > MAX_LEVELS:
        raise ValueError(f"A value has at most {MAX_LEVELS} levels.")
    match value:
        case str():
            value.encode()
        case int():
            if not -(2**63) <= value < 2**63:
                raise ValueError("An integer has at most 64 bits.")
        case list():
            for item in value:
                _shareable(item, levels + 1)
        case dict():
            for key, item in value.items():
                key.encode()
                _shareable(item, levels + 1)
    return value


Json = Annotated[JsonValue, AfterValidator(_shareable)]
"""A value of a parameter or an argument."""

_EDGE_KEY = re.compile(
    r"(?P<source>[A-Za-z0-9_-]{1,64}):(?P<source_port>[a-z][a-z0-9_.]{0,68})"
    r"->(?P<target>[A-Za-z0-9_-]{1,64}):(?P<target_port>[a-z][a-z0-9_.]{0,68})"
)


AUTO_LOSS: Final = "auto"
"""The class of a loss that is left to Layerloom."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class EdgeEnds(_Strict):
    """The two ends of an edge."""

    source: Identifier
    source_port: Port
    target: Identifier
    target_port: Port

    @property
    def key(self) -> str:
        """The key of this edge in `GraphDocument.edges`."""
        return f"{self.source}:{self.source_port}->{self.target}:{self.target_port}"


def parse_edge_key(key: str) -> EdgeEnds:
    """Return the ends named by `key`; raise `ValueError` when it is not `source:port->target:port`."""
    match = _EDGE_KEY.fullmatch(key)
    if match is None:
        raise ValueError(f"An edge is keyed source:port->target:port; received {key!r}.")
    return EdgeEnds.model_validate(match.groupdict())


class Configured(_Strict):
    """A Keras object by class and configuration, in the words of `keras.saving.serialize_keras_object`."""

    class_name: ClassName
    config: dict[Key, Json] = {}


class Weights(_Strict):
    """Values that a layer starts from: of an uploaded weights file, of word vectors, or of an earlier run.

    `id` is the upload's or the run's; `layer` is the name of the layer in there, where it is another one.
    """

    source: Literal["upload", "run"]
    id: str = Field(min_length=1, max_length=64)
    layer: str = Field(default="", max_length=200)


class Layer(_Strict):
    """A layer instance: its class, its Keras name and only the parameters that somebody set.

    A parameter that holds another Keras object (initializer, regularizer, wrapped layer, cell) is
    `{"class_name": ..., "config": {...}}` with, again, only what was set. A wrapped layer may also be
    `{"layer": "<layer id>"}`: an instance of this design, whose weights it then shares.
    """

    class_name: ClassName
    name: Name
    params: dict[Key, Json] = {}
    weights: Weights | None = None


class Graph(_Strict):
    """The inside of a nested model; several layers may be built from one graph, each with weights of its own."""

    name: Name
    model_class: ModelClass = "auto"


class Code(_Strict):
    """Python that somebody wrote for this design: one class or function called `name`.

    It is read by `ast` only, except inside the sandbox. An RNN cell is a layer; `functions` are those that are handed
    to a Keras object, such as the hooks of `LambdaCallback`.
    """

    kind: CodeKind
    name: ClassName
    source: str = Field(max_length=MAX_SOURCE)


class Node(_Strict):
    """A call of a layer, with its place on the canvas in pixels and its call arguments.

    `graph` is the nested model that it is drawn in, or "" for the design itself.
    """

    layer: Identifier
    graph: GraphId = ""
    x: float = Field(default=0.0, ge=-MAX_COORDINATE, le=MAX_COORDINATE)
    y: float = Field(default=0.0, ge=-MAX_COORDINATE, le=MAX_COORDINATE)
    color: str = Field(default="", max_length=32)
    note: str = Field(default="", max_length=10_000)
    arguments: dict[Key, Json] = {}


class Edge(_Strict):
    """A wire. Its ends are its key; it holds nothing else yet."""


class Meta(_Strict):
    """What the design is called, and what Keras builds it as; `model_name` "" leaves the name to Keras."""

    name: Name = "Untitled design"
    description: str = Field(default="", max_length=10_000)
    model_class: ModelClass = "auto"
    model_name: str = Field(default="", max_length=200)


Target = Literal["labels", "inputs", "zeros"]
"""What an output is trained towards."""

Task = Literal["classification", "regression"]
"""What is learned from the labels of a table."""

ColumnName = Annotated[str, StringConstraints(min_length=1, max_length=1_000)]


class Loss(Configured):
    """The loss of one output; `weight` multiplies it in the total.

    The class `auto` is the loss that fits the labels and the last layer, for a weight without a choice of loss.
    """

    weight: float = 1.0


class Metric(Configured):
    """A metric of one output; `position` orders them."""

    weighted: bool = False
    position: float = 0.0


class Callback(Configured):
    position: float = 0.0


class FitOptions(_Strict):
    """Arguments of `keras.Model.fit`, in its own words, plus a seed."""

    epochs: int = Field(default=10, ge=1, le=1_000_000)
    batch_size: int = Field(default=32, ge=1, le=1_000_000)
    validation_split: float = Field(default=0.2, ge=0.0, lt=1.0)
    shuffle: bool = True
    class_weight: Literal["none", "balanced"] | dict[Key, float] = "none"
    seed: int | None = Field(default=None, ge=0, le=2**31 - 1)


class CompileOptions(_Strict):
    """The further arguments of `keras.Model.compile`, in its own words."""

    jit_compile: Literal["auto"] | bool = "auto"
    run_eagerly: bool = False
    steps_per_execution: int = Field(default=1, ge=1, le=100_000)
    auto_scale_loss: bool = True


class KerasConfig(_Strict):
    """What `keras.config` and `keras.mixed_precision` are set to before the model is built."""

    dtype_policy: Literal["float32", "float64", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16"] = "float32"
    floatx: Literal["float16", "bfloat16", "float32", "float64"] = "float32"
    epsilon: float = Field(default=1e-7, gt=0, le=1)
    image_data_format: Literal["channels_last", "channels_first"] = "channels_last"


class Training(_Strict):
    """What `compile` and `fit` receive. Losses, metrics, targets and tasks are keyed by the id of an Output node.

    An output learns to give the labels of the data set, unless `targets` says to give the inputs back (an autoencoder)
    or to vanish (a divergence that is to become zero).

    `columns` are those of a table that an Input or Output node takes, by its id: what an Input sees, or what an Output
    learns. Without them an Input takes the features of the table, an Output its target. `tasks` says what an Output
    learns from its columns, where they do not tell by themselves (`app.messages.data.CsvOptions.task`).

    `dataset` is the name of a bundled or Keras data set (`digits`, `mnist`) or `upload:<id>`. With `weights`, every
    layer that is the same in that run or file starts from its values, and the others start afresh.
    """

    dataset: str | None = Field(default=None, max_length=200)
    optimizer: Configured | None = None
    losses: dict[Identifier, Loss] = {}
    metrics: dict[Identifier, dict[Identifier, Metric]] = {}
    targets: dict[Identifier, Target] = {}
    columns: dict[Identifier, list[ColumnName]] = {}
    tasks: dict[Identifier, Task] = {}
    callbacks: dict[Identifier, Callback] = {}
    fit: FitOptions = FitOptions()
    compile: CompileOptions = CompileOptions()
    config: KerasConfig = KerasConfig()
    weights: Weights | None = None


class GraphDocument(_Strict):
    """A whole design. `catalog` is the Keras version whose catalog its class names come from."""

    format: Literal[1] = FORMAT
    catalog: str = Field(default="", max_length=32)
    meta: Meta = Meta()
    graphs: dict[Identifier, Graph] = Field(default={}, max_length=MAX_GRAPHS)
    layers: dict[Identifier, Layer] = Field(default={}, max_length=MAX_NODES)
    nodes: dict[Identifier, Node] = Field(default={}, max_length=MAX_NODES)
    edges: dict[str, Edge] = Field(default={}, max_length=MAX_EDGES)
    code: dict[Identifier, Code] = Field(default={}, max_length=MAX_CODE)
    training: Training = Training()

    @field_validator("edges")
    @classmethod
    def _edges_name_two_ends(cls, edges: dict[str, Edge]) -> dict[str, Edge]:
        for key in edges:
            parse_edge_key(key)
        return edges
