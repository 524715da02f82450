"""The shape of the catalog: one `ObjectSpec` for every Keras class that a design may name."""

from enum import StrEnum
from functools import cached_property
from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue


class Kind(StrEnum):
    """What sort of thing a class is; the sections of the catalog."""

    LAYER = "layers"
    OPERATION = "operations"
    """Functions of `keras.ops`, drawn like layers; called `ops.mean` in a design."""
    OPTIMIZER = "optimizers"
    LOSS = "losses"
    METRIC = "metrics"
    CALLBACK = "callbacks"
    SCHEDULE = "schedules"
    INITIALIZER = "initializers"
    REGULARIZER = "regularizers"
    CONSTRAINT = "constraints"
    ACTIVATION = "activations"
    FUNCTION = "functions"
    """Functions of a design's own code that are handed to a Keras object; Keras itself offers none."""

    @property
    def singular(self) -> str:
        return "loss" if self is Kind.LOSS else self.value.removesuffix("s")

    @property
    def is_function(self) -> bool:
        """Whether what it names is a function, which is handed on as it is, and no class to construct."""
        return self in {Kind.ACTIVATION, Kind.FUNCTION}


class ParamKind(StrEnum):
    """The closed list of parameter kinds: one form widget, one validator and one literal renderer each."""

    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TEXT = "text"
    CHOICE = "choice"
    """One of `choices`."""
    SIZE = "size"
    """An integer, or a tuple of `rank` integers: kernel_size, strides, pool_size, dilation_rate."""
    SHAPE = "shape"
    """A tuple of integers or None: InputLayer.shape, Reshape.target_shape."""
    AXIS = "axis"
    """An integer, or a list of integers."""
    NUMBERS = "numbers"
    """A number, a list of numbers, or a range."""
    STRINGS = "strings"
    DTYPE = "dtype"
    OBJECT = "object"
    """Another Keras object, of the kind named by `object_kind`: a name, or `{"class_name", "config"}`.

    Where `object_kind` is `schedules` a plain number is also a value: a learning rate that stays as it is.
    """
    LAYER = "layer"
    """An inner layer, `{"class_name", "config"}`: wrappers, the cell of RNN."""
    LAYERS = "layers"
    """A list of inner layers: StackedRNNCells.cells."""
    GRAPH = "graph"
    """The inside of a nested model: an id in the design's `graphs`."""
    EXPRESSION = "expression"
    """One line over `keras.ops`, interpreted and never evaluated: the text of an `Expression` layer.

    With `choices` it is one line of arithmetic over the names in them: `app.catalog.schedule`.
    """
    JSON = "json"
    """Any JSON value; edited as text."""
    PYTHON = "python"
    """A Python callable; not editable without own code."""


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ParamSpec(_Frozen):
    """One constructor parameter. `default` is absent from the JSON only when `required`.

    The default of an `object` parameter is a key of `objects[object_kind]` (a number for a learning rate). A
    `file_name` is a plain name without folders: what Keras writes lands in the folder of the run.
    """

    name: str
    kind: ParamKind
    required: bool = False
    default: JsonValue = None
    nullable: bool = False
    choices: tuple[str, ...] = ()
    object_kind: Kind | None = None
    called_with: tuple[str, ...] = ()
    """For a function: the arguments with which Keras calls it, in order; `logs=` is given by name."""
    rank: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    help: str = ""
    advanced: bool = False
    """Shown folded away: initializers, regularizers, constraints, dtype and the like."""
    file_name: bool = False


class PortSpec(_Frozen):
    """A place where wires meet a layer.

    `name` is the port of an edge key; a variadic port is numbered in the key: `inputs.0`, `inputs.1`.
    `argument` is the argument of the layer's `call` that receives it; several ports with one argument make a list
    in port order (`Attention` takes `[query, value, key]` in `inputs`).
    `when` names parameter values that must hold for the port to exist (`{"return_state": true}`). A key may be a
    dotted path into a nested object (`layer.config.return_state`), a list of values means any of them, and a
    parameter that is not set counts with its default (`app.catalog.ports` reads these rules). A key may also be an
    argument of the call (`return_attention_scores`), which is not set unless a node sets it. A port that exists under
    one rule or another stands there twice.
    """

    name: str
    argument: str = "inputs"
    variadic: bool = False
    optional: bool = False
    when: dict[str, JsonValue] = {}
    help: str = ""


class OperationClass(_Frozen):
    """The Keras class behind a function of `keras.ops`: a saved model names it, and an instance of it has a name.

    `call` lists the arguments with which Keras calls the instance, in order; all other parameters construct it.
    `*x` stands for arguments by position, `x=` for one by name and `**x` for a dictionary of such. Of these, `needed`
    come from a wire or, where the spec has a parameter of that name, from its value.
    """

    module: str
    class_name: str
    call: tuple[str, ...]
    needed: tuple[str, ...] = ()


class ObjectSpec(_Frozen):
    """One designable class (or activation function).

    `name` is the catalog's own key and a document's `class_name`; `module` and `qualified_name` say where it is in
    the public Keras API (`keras.layers.Conv2D`). `sample` holds parameter values that build it; for layers,
    `sample_inputs` are input shapes by port (batch left out) on which it can be called; a shape is a list, or
    `{"shape": [...], "dtype": "string"}` where the layer does not take floats. `identifiers` are the other names by
    which Keras itself accepts the object (`"glorot_uniform"`, `"mse"`, `"swish"`); `aliases` are what people call it.
    """

    name: str
    kind: Kind
    qualified_name: str
    category: str = ""
    summary: str = ""
    help: str = ""
    identifiers: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    params: tuple[ParamSpec, ...] = ()
    inputs: tuple[PortSpec, ...] = ()
    outputs: tuple[PortSpec, ...] = ()
    sample: dict[str, JsonValue] = {}
    sample_inputs: dict[str, JsonValue] = {}
    marker: Literal["", "input", "output", "model"] = ""
    """Set for the ends of a model, `InputLayer` (input) and `Output` (output), and for `Model` (model), whose ports are
    the ends of the graph that it names."""
    operation: OperationClass | None = None
    """For a function of `keras.ops`."""
    code: str = ""
    """For a class or function of the design's own: its id in the design's `code`."""
    signature: str = ""
    """The arguments of a function of the design's own, as they are written there: `epoch, logs=None`."""
    own: bool = False
    """Whether the class is Layerloom's own (`app.layers`): exported Python carries its source."""


class Catalog(_Frozen):
    """Everything, in one committed file. `version` is the Keras version it was derived from."""

    version: str
    objects: dict[Kind, dict[str, ObjectSpec]]

    def find(self, kind: Kind, name: str) -> ObjectSpec | None:
        """Return the spec named `name`, or known to Keras by that name (`"mse"`, `"glorot_uniform"`), or None.

        What is drawn as a layer is found as one: `find(Kind.LAYER, "ops.mean")` finds the operation. A layer such as
        `LeakyReLU` may stand where an activation is wanted.
        """
        if kind is Kind.LAYER and name.startswith("ops."):
            kind = Kind.OPERATION
        section = self.objects.get(kind, {})
        found = section.get(name) or section.get(self.identifiers.get(kind, {}).get(name, ""))
        if found is None and kind is Kind.ACTIVATION:
            layer = self.objects.get(Kind.LAYER, {}).get(name)
            return layer if layer is not None and layer.category == "activation" and name != "Activation" else None
        return found

    def operation_of(self, class_name: str) -> ObjectSpec | None:
        """Return the function of `keras.ops` behind which a class such as `Mean` or `GetItem` stands, or None."""
        return self._operations.get(class_name)

    @cached_property
    def _operations(self) -> dict[str, ObjectSpec]:
        section = self.objects.get(Kind.OPERATION, {}).values()
        return {spec.operation.class_name: spec for spec in section if spec.operation is not None}

    @cached_property
    def identifiers(self) -> dict[Kind, dict[str, str]]:
        """The catalog's own name for each of Keras' other names, by kind."""
        return {
            kind: {identifier: name for name, spec in section.items() for identifier in spec.identifiers}
            for kind, section in self.objects.items()
        }
