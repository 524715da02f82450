"""What is exported: a checked plan, its model and the model's answers on the fixed batch, each made when asked for."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import keras

from app.catalog.model import Catalog
from app.catalog.own import catalog_for
from app.graph.model import Plan
from app.graph.plan import plan_of
from app.messages.analysis import ExportModelRequest
from app.messages.exports import Proof
from app.shared.errors import TooLarge
from app.worker.analysis.analyse import analysis_of, read
from app.worker.building.build import build_model
from app.worker.building.keras_config import configured
from app.worker.exports.errors import ExportFailed, NotReady
from app.worker.exports.proof import (
    SAME_RUNTIME,
    Batch,
    Tolerance,
    check_weights,
    compared,
    fixed_batch,
    predictions,
)

MAX_PARAMS: Final = 500_000_000
"""Weights above this (2 GB of float32) are not built for an export."""


@dataclass
class Subject:
    """A design on its way out. `plan` is without errors, and `total_params` is what Keras counts in it."""

    request: ExportModelRequest
    catalog: Catalog
    plan: Plan
    total_params: int

    @cached_property
    def model(self) -> Any:
        """The model with the run's weights, or with those of seed 0; raise `TooLarge` or `ExportFailed`."""
        model = self.rebuilt(self.plan)
        if self.request.weights is not None:
            _load_weights(model, Path(self.request.weights))
        return model

    @cached_property
    def batch(self) -> Batch:
        """The fixed batch, and what `model` makes of it."""
        return fixed_batch(self.model)

    @property
    def trained(self) -> bool:
        return self.request.weights is not None

    def rebuilt(self, plan: Plan) -> Any:
        """Build `plan` under the design's settings of Keras, from seed 0."""
        if self.total_params > MAX_PARAMS:
            raise TooLarge(
                "This model has too many weights to write them here.",
                expected=f"at most {MAX_PARAMS:,}",
                received=f"{self.total_params:,}",
                hint="Download the design file, and export it where there is more memory.",
            )
        with configured(self.request.document.training.config):
            keras.utils.set_random_seed(0)
            return build_model(plan, self.catalog)

    def compared_with(self, theirs: Any, read_by: str, *notes: str) -> Proof:
        """Return the proof that another Keras model is this one; raise `ExportFailed` where it is not.

        What predicts something else each time is held against ours by its weights.
        """
        proof = self.compared(predictions(theirs, self.batch.inputs), SAME_RUNTIME, read_by, *notes)
        if len(proof.outputs) == len(self.batch.outputs):
            return proof
        check_weights(self.model, theirs)
        return proof.model_copy(update={"notes": [*proof.notes, "All weights are equal."]})

    def compared(self, theirs: Any, tolerance: Tolerance, read_by: str, *notes: str) -> Proof:
        """Return the proof that an artifact answered as the model does; raise `ExportFailed` where it did not."""
        return compared(
            self.request.format,
            self.model,
            self.batch,
            theirs,
            tolerance,
            read_by,
            trained=self.trained,
            notes=notes,
        )


def subject_of(request: ExportModelRequest) -> Subject:
    """Return what `request` asks for; raise `NotReady` for a design with errors."""
    catalog = catalog_for(request.document)
    reading = read(request.document, catalog)
    analysis = analysis_of(reading)
    first = next((problem for problem in analysis.problems if problem.severity == "error"), None)
    if first is not None:
        raise NotReady(first.message, expected=first.expected, received=first.received, hint=first.hint)
    return Subject(request, catalog, plan_of(reading.found), analysis.total_params)


def _load_weights(model: Any, path: Path) -> None:
    try:
        model.load_weights(path)
    except Exception as error:
        raise ExportFailed(
            "The trained weights do not fit this design.",
            expected="weights of the same layers",
            received=str(error)[:500],
            hint="Export the version that was trained.",
        ) from error
