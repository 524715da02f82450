"""Whether the Inputs and Outputs of a design have the shapes of its data."""

from collections.abc import Iterator

from pydantic import JsonValue

from app.graph import fixes
from app.graph.check import Survey
from app.graph.demand import demand_in, takes_channels_first
from app.graph.model import Problem
from app.graph.topology import Wire
from app.messages.data import DatasetDescription, FeatureSpec, TargetSpec
from app.worker.analysis.explain import shown, width_setter
from app.worker.analysis.reading import Reading
from app.worker.analysis.suggest import find_unflattened
from app.worker.preflight.losses import last_activation, loss_problems

Shape = tuple[int | None, ...]


def input_problems(reading: Reading, data: DatasetDescription) -> Iterator[Problem]:
    """Yield the Inputs that do not take the samples of the data."""
    offered = offered_shapes(reading, data)
    for node, shape in offered.items():
        spec, feature = reading.specs.get((node, "output")), data.feature_of(node)
        if spec is None or feature is None or _fits(shape, spec.shape[1:]):
            continue
        yield Problem(
            code="input_shape",
            node=node,
            port="output",
            param="shape",
            message=f"The data does not fit {reading.found.name_of(node)}.",
            expected=f"shape {shown(shape)}, one sample of the data{feature.origin}",
            received=f"shape {shown(spec.shape[1:])}",
            hint=_input_hint(feature),
            fix=fixes.set_param(reading.found.document, node, "shape", list[JsonValue](shape)),
        )


def _input_hint(feature: FeatureSpec) -> str:
    if not feature.columns:
        return "Set the shape of the Input to that of a sample."
    return "Set the shape of the Input to that of a sample, or give it other columns."


def offered_shapes(reading: Reading, data: DatasetDescription) -> dict[str, Shape]:
    """Return the shape of a sample for each Input of the design, in their order; pictures as the Input wants them."""
    demand = demand_in(reading.found)
    found: dict[str, Shape] = {}
    for one in demand.inputs:
        feature = data.feature_of(one.node)
        if feature is None:
            continue
        sample = tuple(feature.shape)
        if data.kind == "image" and takes_channels_first(sample, one, demand.image_data_format):
            sample = (*sample[-1:], *sample[:-1])
        found[one.node] = sample
    return found


def output_problems(reading: Reading, node: str, target: TargetSpec) -> Iterator[Problem]:
    """Yield why the Output `node` cannot learn the labels of `target`, or learns them badly."""
    wire = reading.found.topology.incoming[node][0]
    spec = reading.specs.get((wire.source, wire.source_port))
    if spec is None:
        return
    wanted = _wanted_units(reading.found, wire, target)
    if len(spec.shape) != 2:
        yield _output_rank(reading, node, wire, spec.shape, wanted)
        return
    units = spec.shape[-1]
    if units != wanted and not (target.kind == "classification" and len(target.classes) == 2 and units == 2):
        yield _output_units(reading, wire, units, wanted, target)
        return
    yield from loss_problems(reading, node, wire, units, target)


def target_problems(reading: Reading, node: str, data: DatasetDescription) -> Iterator[Problem]:
    """Yield why an Output has no right shape: one that gives its inputs back has that of the first Input.

    One that is to vanish gives a row for each sample.
    """
    wire = reading.found.topology.incoming[node][0]
    spec = reading.specs.get((wire.source, wire.source_port))
    offered = next(iter(offered_shapes(reading, data).values()), None)
    if spec is None or offered is None:
        return
    name = reading.found.name_of(wire.source)
    given = spec.shape[1:]
    labels = fixes.remove_value(["training", "targets", node], "Learn the labels instead")
    if reading.found.document.training.targets[node] == "zeros":
        if len(given) == 1:
            return
        wanted, why = "(None, values)", "is to vanish, which takes a row of values for each sample"
    else:
        if len(offered) == len(given) and all(
            one == other or None in (one, other) for one, other in zip(offered, given, strict=True)
        ):
            return
        wanted, why = shown((None, *offered)), "is to give its inputs back"
    yield Problem(
        code="target_shape",
        node=node,
        upstream=wire.source,
        param="target",
        message=f"{reading.found.name_of(node)} {why}, and {name} gives another shape.",
        expected=wanted,
        received=f"{shown(spec.shape)} from {name}",
        hint="Put a Reshape before the Output, or let it learn the labels.",
        fix=labels,
    )


def _wanted_units(found: Survey, wire: Wire, target: TargetSpec) -> int:
    if target.kind == "regression":
        return target.shape[-1] if target.shape else 1
    if len(target.classes) == 2 and last_activation(found, wire)[0] != "softmax":
        return 1
    return len(target.classes)


def _output_rank(reading: Reading, output: str, wire: Wire, shape: tuple[int | None, ...], wanted: int) -> Problem:
    missing = find_unflattened(reading, output)
    place = missing or wire
    return Problem(
        code="output_shape",
        node=place.target if missing else wire.source,
        port=place.target_port if missing else wire.source_port,
        upstream=place.source if missing else "",
        message=f"The model predicts a grid of shape {shown(shape[1:])} for a sample, where the data has one label.",
        expected=f"(None, {wanted})",
        received=f"{shown(shape)} from {reading.found.name_of(wire.source)}",
        hint="Insert Flatten, or global pooling, before the first Dense.",
        fix=fixes.insert_layer(reading.found.document, reading.found.topology, place, "Flatten", {}),
    )


def _output_units(reading: Reading, wire: Wire, units: int | None, wanted: int, target: TargetSpec) -> Problem:
    found = reading.found
    setter = width_setter(found, wire)
    node = setter[0] if setter else wire.source
    classes = len(target.classes)
    what = f"the data has {classes} classes" if classes else f"there are {wanted} numbers to predict"
    fix = None
    if setter and setter[1] != "shape":
        fix = fixes.set_param(found.document, *setter, wanted)
    else:
        fix = fixes.insert_layer(found.document, found.topology, wire, "Dense", {"units": wanted})
    enough = bool(classes) and units is not None and units > classes
    return Problem(
        code="output_units",
        severity="warning" if enough else "error",
        node=node,
        param=setter[1] if setter else "",
        message=f"{found.name_of(node)} gives {units} values, and {what}.",
        expected=f"{wanted} units",
        received=f"{units} units",
        hint=f"Set its units to {wanted}.",
        fix=fix,
    )


def _fits(sample: Shape, wanted: Shape) -> bool:
    return len(sample) == len(wanted) and all(
        size is None or size == given for size, given in zip(wanted, sample, strict=True)
    )
