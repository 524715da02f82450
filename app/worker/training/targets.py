"""What each output of a model is trained towards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.document.model import Training
from app.graph.demand import is_labelled
from app.graph.labels import LabelForm, label_form
from app.messages.data import TargetSpec
from app.worker.data.sources import NOTHING_LEARNED, Part


@dataclass(frozen=True)
class OutputEnd:
    """An end of the model: the Output node, the shape with the batch left out, and the last activation's name."""

    node: str
    shape: tuple[int | None, ...]
    activation: str = ""

    @property
    def units(self) -> int | None:
        """The size of the last axis; None where it is left open."""
        return self.shape[-1] if self.shape else 1


def target_of(training: Training, output: str, targets: Mapping[str, TargetSpec]) -> TargetSpec:
    """Return what the Output node `output` predicts: the labels that it learns, in `targets`, or numbers."""
    return targets[output] if is_labelled(training, output) else NOTHING_LEARNED


def targets_of(training: Training, ends: Sequence[OutputEnd], targets: Mapping[str, TargetSpec], part: Part) -> Any:
    """Return the arrays that the ends of a model are compared with: one, or a list where there are several ends.

    Classes have the form that loss and metrics take. Zeros have the shape `(n, 1)`, which Keras stretches over outputs
    of several values. What is to be given back are the features of the first Input.
    """
    arrays = [_array(training, end, targets, part) for end in ends]
    return arrays[0] if len(arrays) == 1 else arrays


def _array(training: Training, end: OutputEnd, targets: Mapping[str, TargetSpec], part: Part) -> Any:
    match training.targets.get(end.node, "labels"):
        case "inputs":
            return next(iter(part.features.values()))
        case "zeros":
            return np.zeros((len(part), 1), dtype=np.float32)
        case _:
            return _labels(part.targets[end.node], form_of(training, end, targets[end.node]), end.units)


def form_of(training: Training, end: OutputEnd, target: TargetSpec) -> LabelForm:
    """Return the form in which the labels of `target` reach an end; numbers are what they are."""
    return "numbers" if target.kind == "regression" else label_form(training, end.node, end.units)


def _labels(labels: Any, form: LabelForm, units: int | None) -> Any:
    match form:
        case "one_hot":
            return np.eye(units or int(labels.max()) + 1, dtype=np.float32)[labels]
        case "column":
            return labels[:, np.newaxis]
        case "numbers":
            return labels
