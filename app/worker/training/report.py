"""The closing report on one split: what `evaluate` says, and a confusion matrix or points of true and predicted."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from app.messages.data import TargetSpec

Array = NDArray[Any]

MAX_POINTS: Final = 2_000
MAX_CONFUSION_CLASSES: Final = 200
"""Above this many classes the confusion matrix is left out; the table by class stays."""


def report(
    split: str, metrics: dict[str, float], predictions: Array, targets: Array, target: TargetSpec, from_logits: bool
) -> dict[str, Any]:
    """Return the fields of a `ReportEvent` but its time.

    `predictions` are what the first output that learns the labels gives, `(n, units)`; `from_logits` says that a single
    unit is not yet a probability. A model whose output has another form than one row per sample gets its metrics only.
    """
    common: dict[str, Any] = {
        "event": "report",
        "split": split,
        "kind": target.kind,
        "samples": len(targets),
        "metrics": metrics,
    }
    if target.kind == "regression":
        return {**common, "points": _points(predictions, targets)}
    labels = predicted_labels(predictions, from_logits)
    if labels is None or labels.max(initial=0) >= len(target.classes):
        return {**common, "classes": target.classes}
    matrix = confusion(targets, labels, len(target.classes))
    return {
        **common,
        "classes": target.classes,
        "confusion": matrix.tolist() if len(target.classes) <= MAX_CONFUSION_CLASSES else [],
        "per_class": per_class(matrix, target.classes),
    }


def metrics_only(split: str, metrics: dict[str, float], samples: int) -> dict[str, Any]:
    """Return the fields of a `ReportEvent` of a model that does not learn the labels of its data."""
    return {"event": "report", "split": split, "kind": "regression", "samples": samples, "metrics": metrics}


def predicted_labels(predictions: Array, from_logits: bool) -> Array | None:
    """Return the label of each row: the largest of several units, or one unit against its threshold."""
    if predictions.ndim == 1:
        predictions = predictions[:, np.newaxis]
    if predictions.ndim != 2:
        return None
    if predictions.shape[1] == 1:
        return np.asarray(predictions[:, 0] > (0.0 if from_logits else 0.5), dtype=np.int64)
    return np.asarray(predictions.argmax(axis=1), dtype=np.int64)


def confusion(true: Array, predicted: Array, classes: int) -> Array:
    """Count samples by true class (rows) and predicted class (columns)."""
    counts = np.bincount(true.astype(np.int64) * classes + predicted, minlength=classes * classes)
    return counts.reshape(classes, classes)


def per_class(matrix: Array, classes: list[str]) -> list[dict[str, JsonValue]]:
    """Return precision, recall, f1 and support of each class; 0 where nothing was predicted or there is none."""
    hits = np.diag(matrix).astype(float)
    predicted, support = matrix.sum(axis=0), matrix.sum(axis=1)
    precision = np.divide(hits, predicted, out=np.zeros_like(hits), where=predicted > 0)
    recall = np.divide(hits, support, out=np.zeros_like(hits), where=support > 0)
    total = precision + recall
    f1 = np.divide(2 * precision * recall, total, out=np.zeros_like(hits), where=total > 0)
    return [
        {
            "class": name,
            "precision": float(precision[index]),
            "recall": float(recall[index]),
            "f1": float(f1[index]),
            "support": int(support[index]),
        }
        for index, name in enumerate(classes)
    ]


def _points(predictions: Array, targets: Array) -> list[tuple[float, float]]:
    """Return true and predicted values of the first target, evenly picked when there are many."""
    if len(predictions) != len(targets):
        return []
    true, predicted = targets.reshape(len(targets), -1)[:, 0], predictions.reshape(len(targets), -1)[:, 0]
    picked = np.unique(np.linspace(0, len(true) - 1, min(len(true), MAX_POINTS)).astype(int))
    return [(float(true[index]), float(predicted[index])) for index in picked]
