"""What Keras logs, as the numbers that events tell."""

from collections.abc import Mapping
from typing import Any

import numpy as np


def number_of(value: Any) -> float:
    """Return a logged value as one number: of a metric with a number for each class, their mean."""
    return float(value) if np.ndim(value) == 0 else float(np.mean(value))


def by_class(logs: Mapping[str, Any]) -> list[str]:
    """Return the names of metrics that give a number for each class, as `F1Score` does without an average."""
    return [name for name, value in logs.items() if np.ndim(value) > 0]


def numbers_of(logs: Mapping[str, Any]) -> dict[str, float]:
    """Return `logs` as numbers, with `loss` and `val_loss` in front of their kind; Keras sorts all by name."""
    found = {name: number_of(value) for name, value in logs.items()}
    train = [name for name in found if not name.startswith("val_")]
    validation = [name for name in found if name.startswith("val_")]
    ordered = [*sorted(train, key="loss".__ne__), *sorted(validation, key="val_loss".__ne__)]
    return {name: found[name] for name in ordered}
