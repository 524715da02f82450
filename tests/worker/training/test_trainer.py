"""Whole trainings in this process: the events they tell, the files they leave, the faults they blame."""

import hashlib
import itertools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from app.document.model import GraphDocument
from app.messages.data import BundledSource, CsvOptions, CsvSource
from app.messages.events import RunState, run_event
from app.messages.jobs import JobSpec
from app.worker.training.callbacks import Control
from app.worker.training.failure import explain
from app.worker.training.trainer import train
from tests.worker.designs import CNN, MLP, chain, job, with_units

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
"""TensorFlow's own, while Keras saves."""

IRIS = BundledSource(name="iris")


def run(spec: JobSpec, control: Control | None = None) -> tuple[RunState, list[dict[str, Any]]]:
    """Train `spec`; return its last state and its events, each of them checked to be one."""
    events: list[dict[str, Any]] = []
    state = train(spec, events.append, control or Control())
    told = [event for event in events if event["event"] != "closing"]
    for event in told:
        run_event.validate_python(event)
    assert told[-1]["event"] == "state"
    assert told[-1]["state"] == state
    return state, told


def iris(folder: Path, training: dict[str, Any] | None = None, layers: Any = MLP, **fit: Any) -> JobSpec:
    return job(folder, chain(layers, training), IRIS, **{"epochs": 2, "seed": 1, **fit})


def of(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event for event in events if event["event"] == kind]


def test_a_training_tells_batches_epochs_reports_and_its_model(tmp_path: Path) -> None:
    state, events = run(iris(tmp_path, batch_size=10))
    assert state is RunState.FINISHED
    (started,) = of(events, "started")
    assert started["metrics"] == ["loss", "accuracy"]
    assert (started["train_samples"], started["validation_samples"], started["test_samples"]) == (108, 27, 15)
    assert (started["epochs"], started["steps_per_epoch"], started["batch_size"]) == (2, 11, 10)
    assert started["parameters"] == started["trainable_parameters"] == 67
    assert started["defaults"]["loss"] == "SparseCategoricalCrossentropy"
    batches = of(events, "batch")
    assert [(event["epoch"], event["batch"], event["step"]) for event in batches] == [
        (epoch + 1, batch + 1, epoch * 11 + batch + 1) for epoch, batch in itertools.product(range(2), range(11))
    ]
    assert all(list(event["logs"]) == ["loss", "accuracy"] for event in batches)
    epochs = of(events, "epoch")
    assert [list(event["logs"]) for event in epochs] == [["loss", "accuracy", "val_loss", "val_accuracy"]] * 2
    assert epochs[0]["learning_rate"] == pytest.approx(0.001)
    reports = of(events, "report")
    assert [(event["split"], event["samples"]) for event in reports] == [("validation", 27), ("test", 15)]
    assert reports[0]["metrics"]["loss"] == pytest.approx(epochs[-1]["logs"]["val_loss"], rel=1e-4)
    artifact, raw, script = of(events, "artifact")
    assert raw["name"] == "model_with_preprocessing.keras"
    assert script["name"] == "model.py"
    compile((tmp_path / "model.py").read_text(), "model.py", "exec")
    written = tmp_path / artifact["path"]
    assert artifact["bytes"] == written.stat().st_size
    assert artifact["sha256"] == hashlib.sha256(written.read_bytes()).hexdigest()
    assert keras.saving.load_model(written).count_params() == 67


def test_the_seed_makes_a_training_repeatable(tmp_path: Path) -> None:
    def losses(name: str, **fit: Any) -> list[float]:
        _, events = run(iris(tmp_path / name, batch_size=50, **fit))
        return [event["logs"]["loss"] for event in of(events, "batch")]

    first = losses("a", seed=5)
    assert losses("b", seed=5) == first
    assert losses("c", seed=6) != first
    assert losses("d", seed=5, shuffle=False) != first


def test_the_validation_split_is_what_is_held_back(tmp_path: Path) -> None:
    _, events = run(iris(tmp_path, validation_split=0.0, epochs=1))
    assert of(events, "started")[0]["validation_samples"] == 0
    assert list(of(events, "epoch")[0]["logs"]) == ["loss", "accuracy"]
    assert [event["split"] for event in of(events, "report")] == ["test"]


def test_class_weights_change_the_loss(tmp_path: Path) -> None:
    def loss(name: str, **fit: Any) -> float:
        _, events = run(iris(tmp_path / name, epochs=1, batch_size=1000, **fit))
        return float(of(events, "batch")[0]["logs"]["loss"])

    assert loss("b", class_weight={"setosa": 2.0, "versicolor": 2.0, "virginica": 2.0}) == pytest.approx(
        2 * loss("a"), rel=1e-4
    )


NAN = {"optimizer": {"class_name": "SGD", "config": {"learning_rate": 1e30}}}


@pytest.mark.parametrize("callbacks", [{}, {"t": {"class_name": "TerminateOnNaN"}}])
def test_a_loss_that_is_no_number_fails_the_run(tmp_path: Path, callbacks: dict[str, Any]) -> None:
    layers = with_units(1, None)
    spec = job(tmp_path, chain(layers, {**NAN, "callbacks": callbacks}), IRIS, epochs=50)
    document = spec.document.model_dump()
    document["layers"]["input"]["params"] = {"shape": [10]}
    data = BundledSource(name="diabetes")
    spec = spec.model_copy(update={"document": GraphDocument.model_validate(document), "data": data})
    state, events = run(spec)
    assert state is RunState.FAILED
    assert events[-1]["code"] == "nan"
    assert events[-1]["hint"]
    assert len(of(events, "epoch")) < 50


def test_a_regression_reports_points(tmp_path: Path) -> None:
    layers = (("input", "InputLayer", {"shape": [10]}), *with_units(1, None)[1:])
    state, events = run(job(tmp_path, chain(layers), BundledSource(name="diabetes"), epochs=1))
    assert state is RunState.FINISHED
    assert of(events, "started")[0]["metrics"] == ["loss", "mean_absolute_error"]
    assert [len(event["points"]) for event in of(events, "report")] == [80, 44]


def test_a_table_is_trained_on(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b,y\n" + "".join(f"{i},{'uv'[i % 2]},{'no' if i % 2 else 'yes'}\n" for i in range(80)))
    layers = (("input", "InputLayer", {"shape": [4]}), *with_units(1, "sigmoid")[1:])
    data = CsvSource(path=str(path), options=CsvOptions(targets=["y"]))
    state, events = run(job(tmp_path / "run", chain(layers), data, epochs=60, batch_size=8))
    assert state is RunState.FINISHED
    assert of(events, "report")[1]["metrics"]["accuracy"] == 1.0
    assert of(events, "report")[1]["classes"] == ["no", "yes"]


def test_two_inputs_receive_the_same_samples(tmp_path: Path) -> None:
    document = chain(MLP).model_dump()
    document["layers"] |= {
        "left": {"class_name": "InputLayer", "name": "left", "params": {"shape": [4], "position": 1}},
        "join": {"class_name": "Concatenate", "name": "join", "params": {}},
    }
    document["nodes"] |= {name: {"layer": name} for name in ("left", "join")}
    del document["edges"]["input:output->hidden:input"]
    document["edges"] |= {
        "input:output->join:inputs.0": {},
        "left:output->join:inputs.1": {},
        "join:output->hidden:input": {},
    }
    state, events = run(job(tmp_path, GraphDocument.model_validate(document), IRIS, epochs=1))
    assert state is RunState.FINISHED, events[-1]


def test_files_of_callbacks_become_artifacts_and_prints_become_logs(tmp_path: Path) -> None:
    callbacks = {
        "best": {"class_name": "ModelCheckpoint", "config": {"filepath": "../../best.keras", "save_best_only": True}},
        "log": {"class_name": "CSVLogger", "config": {"filename": "history.csv"}},
        "early": {"class_name": "EarlyStopping", "config": {"monitor": "accuracy", "baseline": 2.0, "verbose": 1}},
    }
    state, events = run(iris(tmp_path, {"callbacks": callbacks}, epochs=30))
    assert state is RunState.FINISHED
    assert len(of(events, "epoch")) < 30
    assert [event["name"] for event in of(events, "artifact")] == [
        *("model.keras", "model_with_preprocessing.keras", "model.py", "best.keras", "history.csv")
    ]
    assert (tmp_path / "history.csv").read_text().startswith("epoch,")
    assert any("early stopping" in event["text"] for event in of(events, "log"))


@pytest.mark.parametrize(
    ("layers", "code", "node", "words"),
    [
        (CNN, "bad_training", "input", "samples of shape (4,)"),
        (with_units(2), "bad_training", "last", "3 units"),
        (MLP[:-1], "bad_training", "", "Output"),
        ((*MLP[:2], ("pool", "MaxPooling2D", {}), *MLP[2:]), "build_failed", "pool", "pool"),
    ],
)
def test_what_cannot_be_trained_fails_with_the_node_to_blame(
    tmp_path: Path, layers: Any, code: str, node: str, words: str
) -> None:
    state, events = run(iris(tmp_path, layers=layers))
    assert state is RunState.FAILED
    assert words in events[-1]["reason"] + events[-1]["hint"]
    assert (events[-1]["code"], events[-1]["node"]) == (code, node)


def test_an_error_inside_fit_names_the_layer(tmp_path: Path) -> None:
    layers = (("input", "InputLayer", {"shape": [4]}), ("words", "Embedding", {"input_dim": 2, "output_dim": 3}))
    layers = (*layers, ("flat", "Flatten", {}), *MLP[2:])
    state, events = run(iris(tmp_path, layers=layers))
    assert state is RunState.FAILED
    assert (events[-1]["code"], events[-1]["node"]) == ("keras_error", "words")
    assert events[-1]["reason"].startswith("indices[")


def test_stop_before_anything_is_stopped(tmp_path: Path) -> None:
    control = Control()
    control.obey({"command": "stop"})
    state, events = run(iris(tmp_path), control)
    assert state is RunState.STOPPED
    assert of(events, "artifact") == []


def test_errors_are_put_in_words() -> None:
    assert explain(MemoryError())[0] == "out_of_memory"
    assert explain(OSError(28, "No space left on device"))[0] == "disk_full"
    assert explain(RuntimeError("NaN or Inf loss encountered at batch 3."))[0] == "nan"
    assert explain(ValueError("x" * 5_000))[1].endswith(" ...")


def test_the_command_trains_from_standard_input(tmp_path: Path) -> None:
    spec = iris(tmp_path, epochs=1)
    with command() as process:
        output, _ = process.communicate(spec.model_dump_json(), timeout=120)
    events = [json.loads(line) for line in output.splitlines()]
    assert process.returncode == 0
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert [event["state"] for event in of(events, "state")] == ["starting", "running", "finished"]


def test_control_c_stops_the_command_and_saves_the_model(tmp_path: Path) -> None:
    with command() as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(iris(tmp_path, epochs=1_000_000).model_dump_json())
        process.stdin.close()
        events = []
        for line in process.stdout:
            events.append(json.loads(line))
            if len(of(events, "epoch")) == 1 and events[-1]["event"] == "epoch":
                process.send_signal(signal.SIGINT)
    assert process.returncode == 0
    assert events[-1]["state"] == "stopped"
    assert (tmp_path / "model.keras").exists()


def test_the_command_refuses_what_is_no_job() -> None:
    with command() as process:
        output, _ = process.communicate("{}", timeout=120)
    assert (process.returncode, output) == (2, "")


def command() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "app.worker", "train"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )


def test_predictions_of_the_saved_model_are_those_of_the_trained_one(tmp_path: Path) -> None:
    layers = (*MLP[:2], ("norm", "BatchNormalization", {}), ("drop", "Dropout", {"rate": 0.5}), *MLP[2:])
    run(iris(tmp_path, layers=layers))
    first = keras.saving.load_model(tmp_path / "model.keras")
    x = np.ones((3, 4), np.float32)
    assert np.allclose(first.predict(x, verbose=0).sum(axis=1), 1, atol=1e-5)
