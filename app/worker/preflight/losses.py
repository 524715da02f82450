"""Whether last layer, loss and metrics of an Output agree with one another and with what it learns."""

from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import JsonValue

from app.catalog.model import Kind
from app.document.edits import SetValue
from app.document.model import AUTO_LOSS, Configured, Metric
from app.graph import fixes
from app.graph.check import Survey
from app.graph.labels import NUMBER_LOSSES, NUMBER_METRICS, ONE_HOT_LOSSES, ONE_HOT_METRICS, label_form
from app.graph.last_layers import PROBABILITIES, TRANSPARENT
from app.graph.model import Fix, Problem
from app.graph.topology import Wire
from app.messages.data import TargetSpec
from app.worker.analysis.reading import Reading

_CLASS_LOSSES: Final = (NUMBER_LOSSES | ONE_HOT_LOSSES) - {"CosineSimilarity"} | {
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "Hinge",
    "SquaredHinge",
    "CTC",
}
"""Losses for which numbers to predict make no sense."""

_LOGIT_METRICS: Final = frozenset(
    {"AUC", "BinaryCrossentropy", "CategoricalCrossentropy", "SparseCategoricalCrossentropy"}
)

_ONE_HOT_FOR_NUMBERS: Final[Mapping[str, str]] = {
    "CategoricalAccuracy": "SparseCategoricalAccuracy",
    "CategoricalCrossentropy": "SparseCategoricalCrossentropy",
    "TopKCategoricalAccuracy": "SparseTopKCategoricalAccuracy",
    "OneHotIoU": "IoU",
    "OneHotMeanIoU": "MeanIoU",
}
_NUMBERS_FOR_ONE_HOT: Final = {other: one for one, other in _ONE_HOT_FOR_NUMBERS.items()}
_OF_ONE_UNIT: Final[Mapping[str, str]] = {
    **dict.fromkeys(["CategoricalCrossentropy", "SparseCategoricalCrossentropy"], "BinaryCrossentropy"),
    **dict.fromkeys(
        [
            *("CategoricalAccuracy", "SparseCategoricalAccuracy"),
            *("TopKCategoricalAccuracy", "SparseTopKCategoricalAccuracy"),
        ],
        "BinaryAccuracy",
    ),
}
"""What takes the place of metrics that tell one of several units."""


def loss_problems(reading: Reading, node: str, wire: Wire, units: int | None, target: TargetSpec) -> Iterator[Problem]:
    """Yield what does not agree at the Output `node`, which `wire` leads to, of a model that gives it `units` values.

    A loss of the design's own code is left alone: nobody knows what labels it takes.
    """
    yield from _activation_problems(reading.found, wire, units, target)
    loss = reading.found.document.training.losses.get(node)
    spec = None if loss is None else reading.catalog.find(Kind.LOSS, loss.class_name)
    if spec is None or not spec.code:
        yield from _loss_problems(reading.found, node, wire, units, target)
    yield from _metric_problems(reading.found, node, wire, units, target)


def last_activation(found: Survey, wire: Wire) -> tuple[str, str]:
    """Return the name of the activation that an Output sees through `wire`, and the node that applies it."""
    node = wire.source
    for _ in range(64):
        layer = found.layer_of(node)
        if layer.class_name == "Softmax":
            return "softmax", node
        if layer.class_name not in TRANSPARENT or len(found.topology.incoming[node]) != 1:
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
        wanted, bad = "softmax", activation not in PROBABILITIES | {"linear", "log_softmax"}
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
        path = ["training", "losses", node]
        yield from _logits_problem("loss_activation", loss, path, activation, node=end, param="activation")


def _wanted_loss(units: int | None, target: TargetSpec) -> str:
    if target.kind == "regression":
        return "MeanSquaredError"
    return "BinaryCrossentropy" if units == 1 else "SparseCategoricalCrossentropy"


def _loss_fits(name: str, units: int | None, target: TargetSpec) -> bool:
    if target.kind == "regression":
        return name not in _CLASS_LOSSES
    if units == 1:
        return name not in NUMBER_LOSSES | ONE_HOT_LOSSES - {"Dice", "Tversky"} and name != "CTC"
    return name in NUMBER_LOSSES | ONE_HOT_LOSSES


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
    activation, _ = last_activation(found, wire)
    for key, metric in sorted(found.document.training.metrics.get(node, {}).items()):
        if metric.class_name in _LOGIT_METRICS and target.kind == "classification":
            path = ["training", "metrics", node, key]
            yield from _logits_problem("metric_activation", metric, path, activation, node=node, param="metrics")
        wanted = _other_metric(found, node, metric.class_name, units, target)
        if wanted is None:
            if metric.class_name in ("IoU", "MeanIoU") and target.kind == "classification" and units != 1:
                yield from _scores_for_classes(metric, node, key)
            continue
        labels = "numbers" if target.kind == "regression" else "not in the form that it compares with"
        yield Problem(
            code="metric_labels",
            node=node,
            param="metrics",
            message=f"{metric.class_name} does not fit the labels of the data, which are {labels}.",
            expected=wanted,
            received=metric.class_name,
            hint=f"Choose {wanted}.",
            fix=_set_loss(node, wanted, from_logits=activation not in PROBABILITIES)
            if wanted in ONE_HOT_LOSSES and metric.class_name not in _ONE_HOT_FOR_NUMBERS
            else fixes.set_value(["training", "metrics", node, key, "class_name"], wanted, f"Set metric to {wanted}"),
        )


def _scores_for_classes(metric: Metric, node: str, key: str) -> Iterator[Problem]:
    if metric.config.get("sparse_y_pred", True) is False:
        return
    path = ["training", "metrics", node, key, "config", "sparse_y_pred"]
    yield Problem(
        code="metric_labels",
        node=node,
        param="metrics",
        message=f"{metric.class_name} expects one class for each sample, and the model gives a score for each class.",
        expected="sparse_y_pred off",
        received="sparse_y_pred on",
        hint="Set sparse_y_pred off.",
        fix=fixes.set_value(path, False, f"Set sparse_y_pred of {metric.class_name} off"),
    )


def _other_metric(found: Survey, node: str, name: str, units: int | None, target: TargetSpec) -> str | None:
    """Return what fits the labels in the place of the metric `name`, or the loss with which that fits; None if it does.

    Labels have the form that the loss takes, or where the design leaves the loss open, the one that metrics take.
    """
    if target.kind == "regression":
        return "MeanAbsoluteError" if name in _OF_ONE_UNIT else None
    if units == 1:
        return _OF_ONE_UNIT.get(name)
    if name in ("Accuracy", "BinaryIoU"):
        return "accuracy"
    one_hot = label_form(found.document.training, node, units) == "one_hot"
    if one_hot and name in NUMBER_METRICS:
        return _NUMBERS_FOR_ONE_HOT.get(name)
    if not one_hot and name in ONE_HOT_METRICS:
        return _ONE_HOT_FOR_NUMBERS.get(name, "CategoricalCrossentropy")
    return None


def _logits_problem(
    code: str, chosen: Configured, path: list[str], activation: str, *, node: str, param: str
) -> Iterator[Problem]:
    """Yield that a loss or metric, at `path` of the design, takes raw scores for probabilities or the reverse."""
    logits, probabilities = bool(chosen.config.get("from_logits", False)), activation in PROBABILITIES
    if logits is not probabilities:
        return
    whose = f" of {chosen.class_name}" if param == "metrics" else ""
    title = f"Set from_logits{whose} {'off' if probabilities else 'on'}"
    yield Problem(
        code=code,
        severity="warning",
        node=node,
        param=param,
        message=f"{chosen.class_name} expects {'raw scores' if logits else 'probabilities'}, and the model ends in "
        f"{activation}.",
        expected="from_logits off" if probabilities else "from_logits on, or softmax or sigmoid at the end",
        received=f"from_logits {'on' if logits else 'off'}, {activation}",
        hint="Make the two agree.",
        fix=fixes.set_value([*path, "config", "from_logits"], not probabilities, title),
    )
