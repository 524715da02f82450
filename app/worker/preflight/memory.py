"""Whether a training step fits the memory of this machine."""

from collections.abc import Iterator

import psutil

from app.document.model import GraphDocument
from app.graph import fixes
from app.graph.model import Problem
from app.messages.analysis import Costs

KERAS_BYTES = 600 * 2**20
"""What a process takes that has imported Keras and run a step of a small model; measured at 0.5 to 0.6 GB."""


def memory_problems(document: GraphDocument, costs: Costs, available: int | None = None) -> Iterator[Problem]:
    """Yield a warning when one training step needs more than `available` bytes, by default those free now.

    Its fix is the largest power of two that fits as the batch size, where one does.
    """
    free = psutil.virtual_memory().available if available is None else available
    needed = costs.training_bytes + KERAS_BYTES
    if needed <= free:
        return
    batch_size = document.training.fit.batch_size
    fitting = _fitting_batch_size(costs, batch_size, free)
    yield Problem(
        code="memory_short",
        severity="warning",
        param="batch_size",
        message=f"A training step needs about {_shown(needed)} of memory, and {_shown(free)} are free.",
        expected=f"at most {_shown(free)}",
        received=f"{_shown(needed)}: weights, gradients and optimizer state, and activations of {batch_size} samples",
        hint="Train on smaller batches." if fitting else "Make the layers smaller; even one sample does not fit.",
        fix=fixes.set_value(["training", "fit", "batch_size"], fitting, f"Set batch size to {fitting}")
        if fitting
        else None,
    )


def _fitting_batch_size(costs: Costs, batch_size: int, free: int) -> int:
    """Return the largest power of two below `batch_size` that fits, or 0."""
    per_sample = 2 * costs.activation_bytes
    fixed = costs.training_bytes - per_sample * batch_size + KERAS_BYTES
    size = 1 << max(batch_size - 1, 0).bit_length()
    while size >= 1:
        if size < batch_size and fixed + per_sample * size <= free:
            return size
        size >>= 1
    return 0


def _shown(size: int) -> str:
    return f"{size / 2**30:.1f} GB" if size >= 2**30 else f"{size / 2**20:.0f} MB"
