"""Stateful layers: trained in whole batches, saved and reported, whatever the data comes to."""

from pathlib import Path
from typing import Any

import pytest

from app.catalog.registry import load_catalog
from app.codegen.python_source import render_script
from app.document.model import GraphDocument
from app.graph.check import survey
from app.graph.plan import plan_of
from app.messages.data import BundledSource
from app.messages.events import RunState
from app.worker.data.sources import describe
from app.worker.preflight.check import analyse_for
from tests.worker.designs import chain, job
from tests.worker.training.test_trainer import of, run

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

IRIS = BundledSource(name="iris")


def stateful(batch_size: int, **fit: Any) -> GraphDocument:
    """Return a stateful design whose Input takes batches of 10."""
    layers = (
        ("input", "InputLayer", {"shape": [4], "batch_size": 10}),
        ("steps", "Reshape", {"target_shape": [4, 1]}),
        ("memory", "LSTM", {"units": 3, "stateful": True}),
        ("last", "Dense", {"units": 3, "activation": "softmax"}),
        ("output", "Output", {}),
    )
    return chain(layers, {"fit": {"batch_size": batch_size, "epochs": 2, "seed": 1, **fit}})


def test_samples_that_fill_no_batch_are_left_out(tmp_path: Path) -> None:
    """Of 108, 27 and 15 samples."""
    document = stateful(10)
    assert analyse_for(document, load_catalog(), describe(IRIS)).problems == []
    state, events = run(job(tmp_path, document, IRIS))
    assert state is RunState.FINISHED, events[-1]
    (started,) = of(events, "started")
    assert (started["train_samples"], started["validation_samples"], started["test_samples"]) == (100, 20, 10)
    assert started["steps_per_epoch"] == 10
    assert "Samples that fill no batch of 10 are left out: 8 of train, 7 of validation, 5 of test." in [
        event["text"] for event in of(events, "log")
    ]
    assert [report["samples"] for report in of(events, "report")] == [20, 10]
    assert "model.keras" in [event["name"] for event in of(events, "artifact")]


def test_the_script_trains_in_whole_batches_too(tmp_path: Path) -> None:
    plan = plan_of(survey(stateful(10), load_catalog()))
    script = render_script(plan, stateful(10), IRIS).source
    namespace: dict[str, Any] = {"__name__": "exported"}
    exec(compile(script, "exported.py", "exec"), namespace)
    assert [len(part[1]) for part in namespace["load_data"]()] == [100, 20, 10]
    assert "model.evaluate(*test, batch_size=10, " in script


@pytest.mark.parametrize("batch_size", [16, 32])
def test_another_batch_size_is_told_before_and_by_the_run(tmp_path: Path, batch_size: int) -> None:
    document = stateful(batch_size)
    (problem,) = analyse_for(document, load_catalog(), describe(IRIS)).problems
    assert (problem.code, problem.severity, problem.node) == ("batch_size_differs", "error", "input")
    assert problem.fix is not None
    assert problem.fix.title == "Set batch size to 10"
    state, events = run(job(tmp_path, document, IRIS))
    assert (state, events[-1]["code"]) == (RunState.FAILED, "bad_training")
    assert "batches of 10" in events[-1]["reason"]
