"""A run under way: what later steps of a training need of earlier ones."""

import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import keras

from app.catalog.model import Catalog
from app.catalog.own import catalog_for
from app.document.model import Training
from app.graph.model import Plan
from app.messages.jobs import JobSpec
from app.worker.data.sources import Part, TrainingData
from app.worker.training.callbacks import Control, Emit
from app.worker.training.targets import OutputEnd, targets_of


class Stopped(Exception):
    """A stop was asked before there was a model to save."""


@dataclass
class Session:
    """A run under way. `data`, `model` and `ends` (those of the model) are there from their step on.

    `batch` is the only number of samples that the model takes at once, where there is one.
    """

    job: JobSpec
    emit: Emit
    control: Control
    folder: Path
    plan: Plan | None = None
    batch: int | None = None
    data: TrainingData = field(init=False)
    model: Any = field(init=False)
    ends: list[OutputEnd] = field(init=False)

    @cached_property
    def catalog(self) -> Catalog:
        """The catalog of the job's design, its own code included."""
        return catalog_for(self.job.document)

    @property
    def training(self) -> Training:
        return self.job.document.training

    def say(self, event: str, **fields: Any) -> None:
        """Tell an event of this moment."""
        self.emit({"event": event, "time": time.time(), **fields})

    def check_stop(self) -> None:
        """Raise `Stopped` where a stop was asked."""
        if self.control.stop.is_set():
            raise Stopped

    def features(self, part: Part) -> Any:
        """Return what the model's inputs receive; texts as tensors, for Keras fits no arrays of them."""
        given = [
            keras.ops.convert_to_tensor(values, dtype="string") if values.dtype == object else values
            for values in part.features.values()
        ]
        return given[0] if len(given) == 1 else given

    def targets(self, part: Part) -> Any:
        """Return what the model's outputs are compared with."""
        return targets_of(self.training, self.ends, self.data.targets, part)
