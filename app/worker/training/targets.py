"""What each output of a model is trained towards."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from app.document.model import Training
from app.graph.demand import is_labelled
from app.messages.data import TargetSpec
from app.worker.data.sources import NOTHING_LEARNED, Part


def target_of(training: Training, output: str, targets: Mapping[str, TargetSpec]) -> TargetSpec:
    """Return what the Output node `output` predicts: the labels that it learns, in `targets`, or numbers."""
    return targets[output] if is_labelled(training, output) else NOTHING_LEARNED


def targets_of(training: Training, outputs: Sequence[str], part: Part) -> Any:
    """Return the arrays that the outputs are compared with: one, or a list of one for each of several Output nodes.

    Zeros have the shape `(n, 1)`, which Keras stretches over outputs of several values. What is to be given back are
    the features of the first Input.
    """
    arrays = [_array(training.targets.get(output, "labels"), output, part) for output in outputs]
    return arrays[0] if len(arrays) == 1 else arrays


def _array(target: str, output: str, part: Part) -> Any:
    match target:
        case "inputs":
            return next(iter(part.features.values()))
        case "zeros":
            return np.zeros((len(part), 1), dtype=np.float32)
        case _:
            return part.targets[output]
