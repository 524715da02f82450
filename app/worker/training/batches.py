"""Stateful layers carry a state for each place in a batch: every batch has the size that their Input names."""

from dataclasses import replace
from typing import Any

from app.worker.data.sources import Part, TrainingData
from app.worker.training.compile import BadTraining


def fixed_batch(model: Any) -> int | None:
    """Return how many samples every batch of `model` has; None where any number will do."""
    layers = model._flatten_layers(include_self=False)
    stateful = any(getattr(layer, "stateful", False) for layer in layers)
    return next((tensor.shape[0] for tensor in model.inputs if tensor.shape[0]), None) if stateful else None


def in_whole_batches(data: TrainingData, size: int, batch_size: int) -> TrainingData:
    """Return `data` without the samples that fill no batch of `size`, and a note of how many those are.

    Raises `BadTraining` when Fit makes batches of another size, or there are too few samples for one.
    """
    if batch_size != size or len(data.train) < size:
        raise BadTraining(
            f"A stateful layer takes batches of {size} samples.",
            expected=f"batch_size {size}, and as many samples to train on",
            received=f"batch_size {batch_size}, and {len(data.train):,} samples",
            hint="Set batch_size of Fit to that of the Input, or stateful off.",
        )
    parts = {name: part for name in ("train", "validation", "test") if (part := getattr(data, name)) is not None}
    left = {name: len(part) % size for name, part in parts.items() if len(part) % size}
    told = ", ".join(f"{count} of {name}" for name, count in left.items())
    notes = [*data.notes, f"Samples that fill no batch of {size} are left out: {told}."] if left else data.notes
    whole: dict[str, Any] = {name: _whole(part, size) for name, part in parts.items()}
    return replace(data, notes=notes, **whole)


def _whole(part: Part, size: int) -> Part | None:
    count = len(part) // size * size
    return part.take(slice(count)) if count else None
