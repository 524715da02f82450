"""What each output of a model is trained towards."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from app.document.model import Training
from app.messages.data import TargetSpec
from app.worker.data import Part


def is_labelled(training: Training, output: str) -> bool:
    """Whether the Output node `output` learns the labels of the data set."""
    return training.targets.get(output, "labels") == "labels"


def target_of(training: Training, output: str, target: TargetSpec) -> TargetSpec:
    """Return what the Output node `output` predicts: `target`, the labels of the data set, or numbers."""
    if is_labelled(training, output):
        return target
    return TargetSpec(kind="regression", shape=[], encoding="number")


def targets_of(training: Training, outputs: Sequence[str], part: Part) -> Any:
    """Return the arrays that the outputs are compared with: one, or a list of one for each of several Output nodes.

    Zeros have the shape `(n, 1)`, which Keras stretches over outputs of several values.
    """
    arrays = [_array(training.targets.get(output, "labels"), part) for output in outputs]
    return arrays[0] if len(arrays) == 1 else arrays


def _array(target: str, part: Part) -> Any:
    match target:
        case "inputs":
            return part.features
        case "zeros":
            return np.zeros((len(part), 1), dtype=np.float32)
        case _:
            return part.targets
