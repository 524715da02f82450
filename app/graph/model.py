"""The words of the graph room: `Problem` for what is wrong, `Plan` for what to build."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from app.document.edits import Edit
from app.shared.errors import AppError


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fix(_Frozen):
    """A change that mends a problem, offered as a button with `title` as its label."""

    title: str
    edits: tuple[Edit, ...]


class Problem(_Frozen):
    """Something that keeps a design from being built or trained, or may surprise.

    `node`, `port` and `param` say where (empty when it concerns the whole design); `upstream` is the node that caused
    it, where that is another one. `message` says what happened, `expected` and `received` the two sides of the fault,
    `hint` what to do, and `fix` does it.
    """

    code: str
    severity: Literal["error", "warning", "info"] = "error"
    node: str = ""
    port: str = ""
    param: str = ""
    upstream: str = ""
    message: str
    expected: str = ""
    received: str = ""
    hint: str = ""
    fix: Fix | None = None

    @classmethod
    def of_error(cls, error: AppError, *, param: str = "", fix: Fix | None = None) -> "Problem":
        """Return what an error says as a problem of the design."""
        return cls.model_validate({**error.as_dict(), "param": param, "fix": fix})


class Source(_Frozen):
    """Where a tensor comes from: an output port of a node."""

    node: str
    port: str


class LayerInstance(_Frozen):
    """A layer to construct. `params` are the ones that the document sets, validated; Keras fills the rest.

    One of class `Model` is an instance of the graph that its parameter `graph` names. An inner layer may be
    `{"layer": id}`, another of these layers.
    """

    id: str
    class_name: str
    name: str
    params: dict[str, JsonValue]


class Call(_Frozen):
    """One call of a layer instance.

    `arguments` maps each argument of Keras' `call` to one source, or to a list of them in port order.
    `outputs` names the output ports in the order in which Keras returns them.
    """

    node: str
    layer: str
    arguments: dict[str, Source | tuple[Source, ...]]
    outputs: tuple[str, ...]
    constants: dict[str, JsonValue] = {}


class PlannedInput(_Frozen):
    node: str
    layer: str


class PlannedOutput(_Frozen):
    """A model output: the Output node that marks it, and the tensor that feeds it."""

    node: str
    name: str
    source: Source


class GraphPlan(_Frozen):
    """One graph in building order; `calls` are topologically sorted and hold no Input or Output nodes.

    `sequential` says to build `keras.Sequential`: the graph is one chain from one input to one output in which no
    layer is called twice, and nobody asked for a functional model. `model_name` "" leaves the name to Keras.

    `owns` are the layers that each instance of this graph constructs for itself, in an order in which every layer
    comes after those that it needs. `takes` are the layers used here that belong to a graph around this one: all
    instances in there share them.
    """

    inputs: tuple[PlannedInput, ...]
    calls: tuple[Call, ...]
    outputs: tuple[PlannedOutput, ...]
    sequential: bool
    model_name: str = ""
    owns: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()


class Plan(GraphPlan):
    """A design resolved into building order.

    `layers` are those of all graphs. `graphs` are the insides of nested models by id, those first that others hold;
    a layer of class `Model` names one in its parameter `graph`.
    """

    name: str
    catalog: str
    layers: dict[str, LayerInstance]
    graphs: dict[str, GraphPlan] = {}
