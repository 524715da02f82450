"""What a design wants of its data: what each Input takes and in which form, and what each Output learns."""

from collections.abc import Iterable, Sequence
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from app.catalog.model import Catalog
from app.document.model import GraphDocument, Task, Training
from app.graph.check import survey
from app.graph.nesting import Ends
from app.graph.survey import Survey

Form = Literal["numbers", "ids", "texts"]
"""How a column of a table reaches an Input: prepared as numbers, as whole numbers, or as it is written."""


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InputDemand(_Frozen):
    """What one Input takes. `shape` is that of a sample, as far as the design says it.

    Without `columns` it takes the features of the table; data that is no table has none.
    """

    node: str
    name: str
    shape: tuple[int | None, ...] = ()
    form: Form = "numbers"
    columns: tuple[str, ...] = ()


class OutputDemand(_Frozen):
    """What one Output learns; without `columns` the target of the table, without `task` what the labels look like."""

    node: str
    name: str
    columns: tuple[str, ...] = ()
    task: Task | None = None


class Demand(_Frozen):
    """The Inputs of a design, and those of its Outputs that learn labels, in the order of the model's."""

    inputs: tuple[InputDemand, ...]
    outputs: tuple[OutputDemand, ...]
    image_data_format: Literal["channels_last", "channels_first"] = "channels_last"

    @property
    def is_plain(self) -> bool:
        """Whether every Input takes the same features of a table, as numbers, and every Output its target."""
        return not any(one.columns or one.form != "numbers" for one in self.inputs) and not any(
            one.columns or one.task for one in self.outputs
        )


PLAIN: Final = Demand(inputs=(InputDemand(node="", name=""),), outputs=(OutputDemand(node="", name=""),))
"""What any model of one Input and one Output takes that says nothing further."""


def is_labelled(training: Training, output: str) -> bool:
    """Whether the Output node `output` learns the labels of the data set."""
    return training.targets.get(output, "labels") == "labels"


def demand_of(document: GraphDocument, inputs: Iterable[str], outputs: Iterable[str]) -> Demand:
    """Return what `document` wants of its data, given its Input and Output nodes in the order of the model's."""
    training = document.training
    return Demand(
        inputs=tuple(_input_demand(document, node) for node in inputs),
        outputs=tuple(
            OutputDemand(
                node=node,
                name=_name(document, node),
                columns=_columns(training, node),
                task=training.tasks.get(node),
            )
            for node in outputs
            if is_labelled(training, node)
        ),
        image_data_format=training.config.image_data_format,
    )


def read_demand(document: GraphDocument, catalog: Catalog) -> Demand:
    """Return what `document` wants of its data; it is surveyed, which takes a while for a large design."""
    return demand_in(survey(document, catalog))


def demand_in(found: Survey) -> Demand:
    """Return what a design wants of its data, be it finished or not."""
    ends, live = found.ends.get("", Ends()), found.live("")
    return demand_of(
        found.document, [node for node in ends.inputs if node in live], [node for node in ends.outputs if node in live]
    )


def takes_channels_first(sample: Sequence[int | None], one: InputDemand, image_data_format: str) -> bool:
    """Whether pictures of shape `sample` (height, width, channels) reach an Input with their channels in front.

    They do where only that has the shape of the Input; where both or neither has, as the design's Keras is set.
    """
    last, first = _fits(sample, one.shape), _fits((*sample[-1:], *sample[:-1]), one.shape)
    return image_data_format == "channels_first" if last is first else first


def _fits(sample: Sequence[int | None], wanted: Sequence[int | None]) -> bool:
    return len(sample) == len(wanted) and all(
        size is None or size == given for size, given in zip(wanted, sample, strict=True)
    )


def _input_demand(document: GraphDocument, node: str) -> InputDemand:
    params = document.layers[document.nodes[node].layer].params
    shape, dtype = params.get("shape"), str(params.get("dtype") or "")
    sizes = shape if isinstance(shape, list) else []
    return InputDemand(
        node=node,
        name=_name(document, node),
        shape=tuple(size if isinstance(size, int) else None for size in sizes),
        form="texts" if dtype == "string" else "ids" if dtype.startswith(("int", "uint")) else "numbers",
        columns=_columns(document.training, node),
    )


def _columns(training: Training, node: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(training.columns.get(node, ())))


def _name(document: GraphDocument, node: str) -> str:
    return document.layers[document.nodes[node].layer].name
