"""Labels in the form that loss and metrics compare them: in training, and in the script of the run."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.catalog.registry import load_catalog
from app.messages.data import BundledSource
from app.messages.events import RunState
from app.worker.data.sources import describe, load
from app.worker.preflight.check import analyse_for
from tests.worker.designs import MLP, chain, job
from tests.worker.training.test_trainer import of, run

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

ONE_UNIT = (
    ("input", "InputLayer", {"shape": [30]}),
    ("last", "Dense", {"units": 1, "activation": "sigmoid"}),
    ("output", "Output", {}),
)


def metrics(*names: str) -> dict[str, Any]:
    return {"metrics": {"output": {name.lower(): {"class_name": name} for name in names}}}


@pytest.mark.parametrize(
    ("data", "layers", "training", "loss", "shape"),
    [
        ("iris", MLP, metrics("Precision", "F1Score", "accuracy"), "CategoricalCrossentropy", (108, 3)),
        ("breast_cancer", ONE_UNIT, metrics("F1Score", "Recall"), "BinaryCrossentropy", (410, 1)),
    ],
)
def test_metrics_that_compare_rows_are_given_rows(
    tmp_path: Path, data: str, layers: Any, training: dict[str, Any], loss: str, shape: tuple[int, ...]
) -> None:
    source = BundledSource(name=data)
    document = chain(layers, training | {"fit": {"epochs": 1, "seed": 1, "class_weight": "balanced"}})
    assert analyse_for(document, load_catalog(), describe(source)).problems == []
    state, events = run(job(tmp_path, document, source))
    assert state is RunState.FINISHED, events[-1]
    (started,) = of(events, "started")
    assert started["defaults"]["loss"] == loss
    assert {"loss", "f1_score"} <= set(started["metrics"])
    assert "f1_score gives a number for each class. What is shown is their mean." in [
        event["text"] for event in of(events, "log")
    ]
    assert all(0 <= event["logs"]["val_f1_score"] <= 1 for event in of(events, "epoch"))
    assert all(report["confusion"] for report in of(events, "report"))

    script = (tmp_path / "model.py").read_text()
    assert f"keras.losses.{loss}()" in script or f"losses.{loss}()" in script
    namespace: dict[str, Any] = {"__name__": "exported"}
    exec(compile(script, "exported.py", "exec"), namespace)
    part, *_ = namespace["load_data"]()
    labels = load(source, document.training.fit).train.targets[""]
    assert part[1].shape == shape
    np.testing.assert_array_equal(part[1], np.eye(3)[labels] if shape[1] > 1 else labels[:, np.newaxis])
