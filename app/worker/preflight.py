"""Whether a design can be trained on a data set: shapes, classes, losses and metrics, before anything is started."""

from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import JsonValue

from app.catalog.model import Catalog, Kind
from app.document.edits import RemoveValue, SetValue
from app.document.model import AUTO_LOSS, GraphDocument
from app.graph import fixes
from app.graph.check import Survey, settle
from app.graph.model import Fix, Problem
from app.graph.topology import Wire
from app.messages.analysis import Analysis
from app.messages.data import DatasetDescription, TargetSpec
from app.worker.analyse import analysis_of
from app.worker.explain import shown, width_setter
from app.worker.memory import memory_problems
from app.worker.preflight_training import training_problems
from app.worker.reading import Reading, read
from app.worker.suggest import find_unflattened
from app.worker.targets import is_labelled

_TRANSPARENT: Final = frozenset({"Dropout", "Flatten", "Identity", "Reshape", "Permute", "GaussianNoise"})
"""Layers behind which the last activation still counts."""

_ONE_HOT_LOSSES: Final = frozenset(
    {"CategoricalCrossentropy", "CategoricalFocalCrossentropy", "CategoricalHinge", "KLDivergence"}
)
_BINARY_LOSSES: Final = frozenset(
    {"BinaryCrossentropy", "BinaryFocalCrossentropy", "Hinge", "SquaredHinge", "Dice", "Tversky"}
)
_CLASS_LOSSES: Final = _ONE_HOT_LOSSES | _BINARY_LOSSES | {"SparseCategoricalCrossentropy"}

_LOGIT_METRICS: Final = frozenset(
    {"AUC", "BinaryCrossentropy", "CategoricalCrossentropy", "SparseCategoricalCrossentropy"}
)

_SPARSE_METRICS: Final[Mapping[str, str]] = {
    "CategoricalAccuracy": "SparseCategoricalAccuracy",
    "CategoricalCrossentropy": "SparseCategoricalCrossentropy",
    "TopKCategoricalAccuracy": "SparseTopKCategoricalAccuracy",
}


def analyse_for(
    document: GraphDocument,
    catalog: Catalog,
    data: DatasetDescription | None,
    known: Mapping[str, JsonValue] | None = None,
) -> Analysis:
    """Analyse `document`; with `data`, its problems include what keeps it from being trained on that.

    `known` is what own code gave where it was executed.
    """
    reading = read(document, catalog, known)
    analysis = analysis_of(reading)
    if data is None:
        return analysis
    found = list(preflight(reading, data))
    mended = {(problem.node, problem.port) for problem in found}
    kept = [
        problem
        for problem in analysis.problems
        if problem.code != "flatten_suggested" or (problem.node, problem.port) not in mended
    ]
    found += memory_problems(document, analysis.costs)
    return analysis.model_copy(update={"problems": settle(reading.found, [*kept, *found])})


def preflight(reading: Reading, data: DatasetDescription) -> Iterator[Problem]:
    """Yield what does not fit between the design and `data`, as far as its shapes are known."""
    found = reading.found
    for node in sorted(found.live("")):
        match found.marker_of(node):
            case "input":
                yield from _input_problems(reading, node, data)
            case "output" if is_labelled(found.document.training, node):
                yield from _output_problems(reading, node, data.target)
            case "output":
                yield from _target_problems(reading, node, data)
    yield from _training_problems(found, data.target)
    yield from training_problems(reading, data)


def _input_problems(reading: Reading, node: str, data: DatasetDescription) -> Iterator[Problem]:
    spec = reading.specs.get((node, "output"))
    if spec is None or not data.features:
        return
    offered = data.features[0].shape
    fits = len(spec.shape) - 1 == len(offered) and all(
        one is None or one == other for one, other in zip(spec.shape[1:], offered, strict=True)
    )
    if not fits:
        yield Problem(
            code="input_shape",
            node=node,
            port="output",
            param="shape",
            message=f"The data does not fit {reading.found.name_of(node)}.",
            expected=f"shape {shown(offered)}, one sample of the data",
            received=f"shape {shown(spec.shape[1:])}",
            hint="Set the shape of the Input to that of a sample.",
            fix=fixes.set_param(reading.found.document, node, "shape", list[JsonValue](offered)),
        )


def _output_problems(reading: Reading, node: str, target: TargetSpec) -> Iterator[Problem]:
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
    yield from _activation_problems(reading.found, wire, units, target)
    if not _is_own_loss(reading, node):
        yield from _loss_problems(reading.found, node, wire, units, target)
    yield from _metric_problems(reading.found, node, wire, units, target)


def _target_problems(reading: Reading, node: str, data: DatasetDescription) -> Iterator[Problem]:
    """An output that gives its inputs back has their shape; one that is to vanish gives a row for each sample."""
    wire = reading.found.topology.incoming[node][0]
    spec = reading.specs.get((wire.source, wire.source_port))
    if spec is None or not data.features:
        return
    name = reading.found.name_of(wire.source)
    offered, given = tuple(data.features[0].shape), spec.shape[1:]
    labels = Fix(title="Learn the labels instead", edits=(RemoveValue(path=["training", "targets", node]),))
    if reading.found.document.training.targets[node] == "zeros":
        if len(given) == 1:
            return
        wanted, why = "(None, values)", "is to vanish, which takes a row of values for each sample"
    else:
        fits = len(offered) == len(given) and all(
            one == other or None in (one, other) for one, other in zip(offered, given, strict=True)
        )
        if fits:
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


def _is_own_loss(reading: Reading, node: str) -> bool:
    """Whether the loss of an output is the design's own code, of which nobody knows what labels it takes."""
    loss = reading.found.document.training.losses.get(node)
    spec = None if loss is None else reading.catalog.find(Kind.LOSS, loss.class_name)
    return spec is not None and bool(spec.code)


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


def last_activation(found: Survey, wire: Wire) -> tuple[str, str]:
    """Return the name of the activation that an Output sees through `wire`, and the node that applies it."""
    node = wire.source
    for _ in range(64):
        layer = found.layer_of(node)
        if layer.class_name == "Softmax":
            return "softmax", node
        if layer.class_name not in _TRANSPARENT or len(found.topology.incoming[node]) != 1:
            return _activation_name(layer.params.get("activation")), node
        node = found.topology.incoming[node][0].source
    return "linear", node


def _activation_name(value: JsonValue) -> str:
    if isinstance(value, dict):
        value = value.get("class_name")
    return value.lower() if isinstance(value, str) else "linear"


def _activation_problems(found: Survey, wire: Wire, units: int | None, target: TargetSpec) -> Iterator[Problem]:
    activation, node = last_activation(found, wire)
    if target.kind == "regression":
        wanted, bad = "linear", activation in ("softmax", "sigmoid", "tanh")
    elif units == 1:
        wanted, bad = "sigmoid", activation not in ("sigmoid", "linear", "hard_sigmoid")
    else:
        wanted, bad = "softmax", activation not in ("softmax", "linear", "sigmoid", "log_softmax")
    if bad:
        params = {param.name for param in found.specs[found.document.nodes[node].layer].params}
        yield Problem(
            code="last_activation",
            severity="error" if activation == "softmax" else "warning",
            node=node,
            param="activation",
            message=f"{found.name_of(node)} ends in {activation}, which "
            + (
                "cannot reach the numbers to predict."
                if target.kind == "regression"
                else "does not give probabilities."
            ),
            expected=wanted,
            received=activation,
            hint=f"Set its activation to {wanted}.",
            fix=fixes.set_param(found.document, node, "activation", wanted) if "activation" in params else None,
        )


def _loss_problems(found: Survey, node: str, wire: Wire, units: int | None, target: TargetSpec) -> Iterator[Problem]:
    loss = found.document.training.losses.get(node)
    if loss is None or loss.class_name == AUTO_LOSS:
        return
    activation, end = last_activation(found, wire)
    wanted = _wanted_loss(units, target)
    if not _loss_fits(loss.class_name, units, target):
        labels = "numbers" if target.kind == "regression" else "whole-number labels"
        yield Problem(
            code="loss_labels",
            node=node,
            param="loss",
            message=f"{loss.class_name} does not fit the labels of the data, which are {labels}.",
            expected=wanted,
            received=loss.class_name,
            hint=f"Choose {wanted}.",
            fix=_set_loss(node, wanted, from_logits=activation == "linear" and target.kind == "classification"),
        )
    elif loss.class_name.endswith("Crossentropy"):
        logits = bool(loss.config.get("from_logits", False))
        probabilities = activation in ("softmax", "sigmoid")
        if logits is probabilities:
            yield Problem(
                code="loss_activation",
                severity="warning",
                node=end,
                param="activation",
                message=f"{loss.class_name} expects {'raw scores' if logits else 'probabilities'}, and the model ends "
                f"in {activation}.",
                expected="from_logits off" if probabilities else "from_logits on, or softmax or sigmoid at the end",
                received=f"from_logits {'on' if logits else 'off'}, {activation}",
                hint="Make the two agree.",
                fix=Fix(
                    title=f"Set from_logits {'off' if probabilities else 'on'}",
                    edits=(
                        SetValue(path=["training", "losses", node, "config", "from_logits"], value=not probabilities),
                    ),
                ),
            )


def _wanted_loss(units: int | None, target: TargetSpec) -> str:
    if target.kind == "regression":
        return "MeanSquaredError"
    return "BinaryCrossentropy" if units == 1 else "SparseCategoricalCrossentropy"


def _loss_fits(name: str, units: int | None, target: TargetSpec) -> bool:
    if target.kind == "regression":
        return name not in _CLASS_LOSSES
    if units == 1:
        return name not in _ONE_HOT_LOSSES and name != "SparseCategoricalCrossentropy"
    return name == "SparseCategoricalCrossentropy" or (name in _ONE_HOT_LOSSES and target.encoding == "one_hot")


def _set_loss(node: str, name: str, *, from_logits: bool) -> Fix:
    config: dict[str, JsonValue] = {"from_logits": True} if from_logits else {}
    path = ["training", "losses", node]
    return Fix(
        title=f"Set loss to {name}",
        edits=(
            SetValue(path=[*path, "class_name"], value=name),
            SetValue(path=[*path, "config"], value=config),
        ),
    )


def _metric_problems(found: Survey, node: str, wire: Wire, units: int | None, target: TargetSpec) -> Iterator[Problem]:
    for key, metric in sorted(found.document.training.metrics.get(node, {}).items()):
        if metric.class_name in _LOGIT_METRICS and target.kind == "classification":
            yield from _metric_logits(found, node, key, wire)
        wanted = _SPARSE_METRICS.get(metric.class_name)
        if target.kind != "classification" or target.encoding == "one_hot" or wanted is None:
            continue
        if units == 1:
            wanted = "BinaryAccuracy"
        yield Problem(
            code="metric_labels",
            node=node,
            param="metrics",
            message=f"{metric.class_name} wants one-hot labels, and those of the data are whole numbers.",
            expected=wanted,
            received=metric.class_name,
            hint=f"Choose {wanted}.",
            fix=Fix(
                title=f"Set metric to {wanted}",
                edits=(SetValue(path=["training", "metrics", node, key, "class_name"], value=wanted),),
            ),
        )


def _metric_logits(found: Survey, node: str, key: str, wire: Wire) -> Iterator[Problem]:
    metric = found.document.training.metrics[node][key]
    activation, _ = last_activation(found, wire)
    logits, probabilities = bool(metric.config.get("from_logits", False)), activation in ("softmax", "sigmoid")
    if logits is not probabilities:
        return
    yield Problem(
        code="metric_activation",
        severity="warning",
        node=node,
        param="metrics",
        message=f"{metric.class_name} expects {'raw scores' if logits else 'probabilities'}, and the model ends in "
        f"{activation}.",
        expected="from_logits off" if probabilities else "from_logits on",
        received=f"from_logits {'on' if logits else 'off'}, {activation}",
        hint="Make the two agree.",
        fix=Fix(
            title=f"Set from_logits of {metric.class_name} {'off' if probabilities else 'on'}",
            edits=(
                SetValue(path=["training", "metrics", node, key, "config", "from_logits"], value=not probabilities),
            ),
        ),
    )


def _training_problems(found: Survey, target: TargetSpec) -> Iterator[Problem]:
    training = found.document.training
    for section, keyed in (("losses", training.losses), ("metrics", training.metrics)):
        for node in sorted(set(keyed) - found.live("")):
            yield Problem(
                code="stray_training",
                severity="warning",
                param=section,
                message=f"The {section} name an output that is not there, and are left out.",
                expected="the id of an Output node",
                received=node,
                hint="Remove them.",
                fix=Fix(title=f"Remove {section} of {node}", edits=(RemoveValue(path=["training", section, node]),)),
            )
    if training.fit.class_weight != "none" and target.kind == "regression":
        yield Problem(
            code="class_weight",
            param="class_weight",
            message="Class weights need classes, and the data has numbers to predict.",
            expected="none",
            received=str(training.fit.class_weight)[:100],
            hint="Set class weights to none.",
            fix=Fix(
                title="Set class weights to none",
                edits=(SetValue(path=["training", "fit", "class_weight"], value="none"),),
            ),
        )
