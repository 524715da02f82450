"""What `fit` receives, as source: the arrays of all samples, cut to those of a split."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.codegen.data import PICTURES, Data
from app.codegen.literals import WIDTH
from app.codegen.table_source import TableSource
from app.document.model import Training
from app.graph.demand import Demand, is_labelled, takes_channels_first


@dataclass(frozen=True)
class SamplesSource:
    """The last statements of `load_data`: `turns` puts the channels of pictures in front, "" where none has them."""

    turns: str
    returned: str


def samples_source(
    training: Training,
    demand: Demand,
    outputs: Sequence[str],
    data: Data | None,
    table: TableSource | None,
    forms: Mapping[str, str],
    batch: int | None = None,
) -> SamplesSource:
    """Return how a script gives `x` and `y` to the inputs and to the Output nodes `outputs` of its model.

    `forms` are those of labels, by node, with `{}` for their source. With `batch`, samples fill whole batches of it.
    """
    sample = PICTURES.get(data.name) if data is not None else None
    turned = [
        sample is not None and takes_channels_first(sample, one, demand.image_data_format) for one in demand.inputs
    ]
    name = "x" if all(turned) else "turned"
    given = [name if each else "x" for each in turned] or ["x"]
    if table is not None and len(table.inputs) > 1:
        given = [f"x[{place}]" for place in range(len(demand.inputs))]
    take = "taken({}, part)" if table is not None and "texts" in table.forms else "{}[part]"
    x = [take.format(each) for each in given]
    labels = iter(f"y[{place}][part]" if _is_apart(table) else "y[part]" for place in range(len(outputs)))
    y = [_target(training, output, labels, x[0], forms) for output in outputs]
    pair = f"({_together(x, 'x', take)}, {_together(y, 'y', '{}[part]')})"
    return SamplesSource(f"{name} = np.moveaxis(x, -1, 1)" if any(turned) else "", _returned(pair, batch))


def _is_apart(table: TableSource | None) -> bool:
    return table is not None and len(table.outputs) > 1


def _target(training: Training, output: str, labels: Iterator[str], first: str, forms: Mapping[str, str]) -> str:
    """Return what an output is compared with: the next of `labels`, the `first` input, or zeros."""
    if is_labelled(training, output):
        return forms.get(output, "{}").format(next(labels))
    return first if training.targets[output] == "inputs" else "np.zeros((len(part), 1))"


def _together(sources: list[str], array: str, take: str) -> str:
    if len(sources) == 1:
        return sources[0]
    if len(set(sources)) == 1:
        return f"[{sources[0]}] * {len(sources)}"
    if sources == [take.format(f"{array}[{place}]") for place in range(len(sources))]:
        return f"[{take.format('each')} for each in {array}]"
    return f"[{', '.join(sources)}]"


def _returned(pair: str, batch: int | None) -> str:
    """Return the end of `load_data` as a formatter lays it out."""
    given = f"{pair} if len(part) else None"
    lines = [f"    return tuple({given} for part in parts)"]
    if len(lines[0]) > WIDTH:
        lines = [f"        {given} for part in parts"]
        if len(lines[0]) > WIDTH:
            lines = [f"        {given}", "        for part in parts"]
        if len(lines[0]) > WIDTH:
            lines = [f"        {pair}", "        if len(part)", "        else None", "        for part in parts"]
        lines = ["    return tuple(", *lines, "    )"]
    parts = ["    parts = (train, validation, test)"]
    if batch is not None:
        parts.append(f"    parts = [part[: len(part) // {batch} * {batch}] for part in parts]  # whole batches")
    return "\n".join([*parts, *lines])
