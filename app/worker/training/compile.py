"""From the training section of a design to the arguments of `keras.Model.compile` and `fit`.

What the design leaves open is chosen to fit the data and the model's ends, and told: `Compiled.defaults`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from app.catalog.model import Catalog, Kind
from app.document.model import AUTO_LOSS, Configured, FitOptions, Metric, Training
from app.graph.labels import LabelForm
from app.graph.last_layers import PROBABILITIES, TRANSPARENT
from app.messages.data import TargetSpec
from app.shared.errors import Invalid
from app.worker.building.resolve import build_object
from app.worker.training.targets import OutputEnd, form_of, target_of

Array = NDArray[Any]


class BadTraining(Invalid):
    """The training section of a design asks for something that its data or model cannot give."""

    code = "bad_training"


@dataclass
class Compiled:
    """`arguments` for `model.compile`, and what was chosen for what the design left open, by argument."""

    arguments: dict[str, Any]
    defaults: dict[str, JsonValue] = field(default_factory=dict)


def output_ends(model: Any, nodes: list[str]) -> list[OutputEnd]:
    """Return the ends of `model`, whose outputs are marked by the Output `nodes` in this order."""
    return [
        OutputEnd(node, tuple(tensor.shape[1:]), _activation(tensor))
        for node, tensor in zip(nodes, model.outputs, strict=True)
    ]


def _activation(tensor: Any) -> str:
    operation = tensor._keras_history.operation
    name = type(operation).__name__
    if name == "Softmax":
        return "softmax"
    if name in TRANSPARENT:
        return _activation(operation.input)
    return getattr(getattr(operation, "activation", None), "__name__", "")


def compile_arguments(
    training: Training, ends: list[OutputEnd], targets: Mapping[str, TargetSpec], catalog: Catalog
) -> Compiled:
    """Return what `compile` receives: optimizer, a loss and metrics for each output, loss weights, and its options.

    `targets` are what the outputs that learn labels predict, by node; `catalog` is the design's, own code included.
    """
    _check_outputs(training, ends)
    choices = [_Choices(training, end, target_of(training, end.node, targets), catalog) for end in ends]
    arguments: dict[str, Any] = {
        "optimizer": build_object(Kind.OPTIMIZER, _optimizer(training), catalog),
        "loss": _for_outputs([choice.loss() for choice in choices]),
        "metrics": _for_outputs([choice.metrics() for choice in choices]),
        **training.compile.model_dump(),
    }
    weighted = [choice.weighted_metrics() for choice in choices]
    if any(weighted):
        arguments["weighted_metrics"] = _for_outputs(weighted)
    weights = [choice.loss_weight() for choice in choices]
    if any(weight != 1.0 for weight in weights):
        arguments["loss_weights"] = _for_outputs(weights)
    return Compiled(arguments, _told(training, choices))


def _for_outputs(values: list[Any]) -> Any:
    return values if len(values) > 1 else values[0]


def _check_outputs(training: Training, ends: list[OutputEnd]) -> None:
    known = {end.node for end in ends}
    for name, keyed in (("loss", training.losses), ("metrics", training.metrics)):
        stray = [node for node in keyed if node not in known]
        if stray and not known & set(keyed) and len(stray) >= len(known):
            raise BadTraining(
                f"The {name} of the design belongs to an output that is not there.",
                expected=", ".join(sorted(known)),
                received=", ".join(sorted(stray)),
                hint=f"Choose the {name} again in the Train tab.",
            )


def _optimizer(training: Training) -> Any:
    return "Adam" if training.optimizer is None else training.optimizer.model_dump()


def _told(training: Training, choices: list["_Choices"]) -> dict[str, JsonValue]:
    """Return what was chosen for what `training` leaves open, by output where there are several."""
    told: dict[str, JsonValue] = {} if training.optimizer is not None else {"optimizer": "Adam"}
    losses: dict[str, JsonValue] = {each.end.node: each.told_loss() for each in choices if each.chosen_loss is None}
    metrics: dict[str, JsonValue] = {
        each.end.node: each.told_metrics() for each in choices if not each.training.metrics.get(each.end.node)
    }
    for argument, by_output in (("loss", losses), ("metrics", metrics)):
        if by_output:
            told[argument] = by_output if len(choices) > 1 else next(iter(by_output.values()))
    return told


@dataclass(frozen=True)
class _Choices:
    """What is chosen for one output, by the design or in its place."""

    training: Training
    end: OutputEnd
    target: TargetSpec
    catalog: Catalog

    @property
    def chosen_loss(self) -> Any:
        """The loss that the design names, or None."""
        loss = self.training.losses.get(self.end.node)
        return None if loss is None or loss.class_name == AUTO_LOSS else loss

    def loss(self) -> Any:
        chosen = self.chosen_loss
        value = self._default_loss() if chosen is None else _configured(chosen)
        return build_object(Kind.LOSS, value, self.catalog)

    def loss_weight(self) -> float:
        loss = self.training.losses.get(self.end.node)
        return 1.0 if loss is None else loss.weight

    def told_loss(self) -> JsonValue:
        value = self._default_loss()
        return dict(value) if value["config"] else str(value["class_name"])

    def metrics(self) -> list[Any]:
        if not self.training.metrics.get(self.end.node):
            return [build_object(Kind.METRIC, self._default_metric(), self.catalog)]
        return self._chosen_metrics(weighted=False)

    def weighted_metrics(self) -> list[Any]:
        return self._chosen_metrics(weighted=True)

    def told_metrics(self) -> JsonValue:
        value = self._default_metric()
        return [value["config"].get("name", value["class_name"])]

    def _default_loss(self) -> dict[str, Any]:
        return default_loss(self.end, self.target, form_of(self.training, self.end, self.target))

    def _default_metric(self) -> dict[str, Any]:
        return default_metric(self.end, self.target, form_of(self.training, self.end, self.target))

    def _chosen_metrics(self, *, weighted: bool) -> list[Any]:
        chosen = self.training.metrics.get(self.end.node, {})
        ordered = sorted(chosen.items(), key=lambda item: (item[1].position, item[0]))
        return [self._metric(metric) for _, metric in ordered if metric.weighted is weighted]

    def _metric(self, metric: Metric) -> Any:
        """Keras takes `"accuracy"` for the accuracy that fits the labels; `Accuracy` is Keras' own class."""
        fitting = metric.class_name in ("accuracy", "acc")
        value = self._default_metric() if fitting else _configured(metric)
        return build_object(Kind.METRIC, value, self.catalog)


def _configured(value: Configured) -> dict[str, Any]:
    return value.model_dump(include={"class_name", "config"})


def default_loss(end: OutputEnd, target: TargetSpec, form: LabelForm = "numbers") -> dict[str, Any]:
    """Return the loss that fits the labels and the last layer, as `{"class_name", "config"}`."""
    if target.kind == "regression":
        return {"class_name": "MeanSquaredError", "config": {}}
    if end.units == 1:
        config = {} if end.activation in PROBABILITIES else {"from_logits": True}
        return {"class_name": "BinaryCrossentropy", "config": config}
    config = {} if end.activation in PROBABILITIES else {"from_logits": True}
    name = "CategoricalCrossentropy" if form == "one_hot" else "SparseCategoricalCrossentropy"
    return {"class_name": name, "config": config}


def default_metric(end: OutputEnd, target: TargetSpec, form: LabelForm = "numbers") -> dict[str, Any]:
    """Return the metric that fits: the mean absolute error of a regression, else the accuracy of its labels."""
    if target.kind == "regression":
        return {"class_name": "MeanAbsoluteError", "config": {"name": "mean_absolute_error"}}
    if end.units == 1:
        threshold = 0.5 if end.activation in PROBABILITIES else 0.0
        return {"class_name": "BinaryAccuracy", "config": {"name": "accuracy", "threshold": threshold}}
    name = "CategoricalAccuracy" if form == "one_hot" else "SparseCategoricalAccuracy"
    return {"class_name": name, "config": {"name": "accuracy"}}


def fit_arguments(fit: FitOptions, target: TargetSpec, targets: Array, outputs: int = 1) -> dict[str, Any]:
    """Return the arguments of `fit` besides data and callbacks; `targets` are the training labels, `(n,)`."""
    arguments: dict[str, Any] = {
        "epochs": fit.epochs,
        "batch_size": fit.batch_size,
        "shuffle": fit.shuffle,
    }
    weights = class_weights(fit, target, targets)
    if weights is not None:
        if outputs > 1:
            raise BadTraining(
                "Keras weighs classes only in models with one output.",
                expected="one output",
                received=str(outputs),
                hint="Set class weights to none, or weigh the losses.",
            )
        arguments["class_weight"] = weights
    return arguments


def class_weights(fit: FitOptions, target: TargetSpec, targets: Array) -> dict[int, float] | None:
    """Return the weight of each class by label; `balanced` weighs a class by how rare it is in `targets`."""
    if fit.class_weight == "none":
        return None
    if target.kind != "classification":
        raise BadTraining(
            "Class weights need classes, and the target is a number.",
            expected="a classification",
            received="a regression",
            hint="Set class weights to none.",
        )
    if fit.class_weight == "balanced":
        counts = np.bincount(targets, minlength=len(target.classes))
        present = int(np.count_nonzero(counts))
        return {
            label: float(len(targets) / (present * count)) if count else 1.0
            for label, count in enumerate(counts.tolist())
        }
    given, labels = fit.class_weight, _labels_by_name(target)
    unknown = [name for name in given if name not in labels]
    if unknown:
        raise BadTraining(
            f"A weight is given for the class {unknown[0]!r}, which the data does not have.",
            expected=", ".join(target.classes[:20]),
            received=", ".join(unknown[:20]),
            hint="Name classes as the data set does, or by their number from 0.",
        )
    return dict.fromkeys(range(len(target.classes)), 1.0) | {labels[name]: weight for name, weight in given.items()}


def _labels_by_name(target: TargetSpec) -> dict[str, int]:
    """Return the label of each class by its name, and by its number where no class has that for a name."""
    numbers = {str(label): label for label in range(len(target.classes))}
    return numbers | {name: label for label, name in enumerate(target.classes)}
