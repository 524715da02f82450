"""Whole trainings with what a design may ask of callbacks, of `compile` and of Keras: each leaves its mark."""

import csv
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from zipfile import ZipFile

import keras
import pytest
import tensorflow as tf
from tensorflow.core.util import event_pb2

from app.document.model import CompileOptions, KerasConfig
from app.messages.events import RunState
from app.worker.building.keras_config import configured
from tests.worker.training.test_trainer import iris, of, run

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

EMA = {"class_name": "SGD", "config": {"learning_rate": 0.5, "use_ema": True, "ema_momentum": 0.5}}


@pytest.fixture
def listener() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server on this machine, as `host:port`, and what was posted to it."""
    posts: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            posts.append({"path": self.path, "type": self.headers["Content-Type"], "body": body})
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}", posts
    server.shutdown()
    thread.join()
    server.server_close()


def chosen(*callbacks: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        f"c{position}": {"class_name": name, "config": config, "position": position}
        for position, (name, config) in enumerate(callbacks)
    }


def logged(folder: Path) -> set[str]:
    """Return the tags in the TensorBoard logs in `folder`."""
    (file,) = folder.iterdir()
    events = (event_pb2.Event.FromString(record.numpy()) for record in tf.data.TFRecordDataset(str(file)))
    return {value.tag for event in events for value in event.summary.value}


def test_every_callback_leaves_its_mark(tmp_path: Path, listener: tuple[str, list[dict[str, Any]]]) -> None:
    address, posts = listener
    callbacks = chosen(
        ("LearningRateScheduler", {"schedule": "lr if epoch < 1 else lr / 2"}),
        ("SwapEMAWeights", {"swap_on_epoch": True}),
        ("ModelCheckpoint", {"filepath": "w-{epoch}.keras", "save_weights_only": True}),
        ("CSVLogger", {"filename": "log.csv", "separator": ";"}),
        ("TensorBoard", {"log_dir": "board", "histogram_freq": 1, "write_images": True, "update_freq": 2}),
        ("BackupAndRestore", {"backup_dir": "backup", "delete_checkpoint": False}),
        ("RemoteMonitor", {"root": f"http://{address}", "path": "/in?a=b"}),
        ("RemoteMonitor", {"root": f"http://{address}", "send_as_json": True}),
        ("ModelCheckpoint", {"filepath": "model.keras"}),
        ("ProgbarLogger", {}),
        ("TerminateOnNaN", {}),
    )
    spec = iris(tmp_path, {"callbacks": callbacks, "optimizer": EMA}, epochs=3)
    state, events = run(spec.model_copy(update={"egress_hosts": [address]}))
    assert state is RunState.FINISHED, events[-1]

    rates = [0.5, 0.25, 0.125]
    assert [event["learning_rate"] for event in of(events, "epoch")] == rates
    rows = list(csv.DictReader((tmp_path / "log.csv").read_text().splitlines(), delimiter=";"))
    assert [float(row["learning_rate"]) for row in rows] == rates
    assert [event["name"] for event in of(events, "artifact")] == [
        *("model.keras", "model_with_preprocessing.keras", "model.py", "backup.zip", "board.zip", "log.csv"),
        *("checkpoint_model.keras", *(f"w-{epoch}.weights.h5" for epoch in (1, 2, 3))),
    ]
    with ZipFile(tmp_path / "board.zip") as board:
        board.extractall(tmp_path / "unpacked")
    assert logged(tmp_path / "unpacked/board/train") >= {
        *("epoch_loss", "epoch_accuracy", "epoch_learning_rate", "batch_loss", "keras"),
        *("sequential/hidden_layer/kernel/histogram", "sequential/hidden_layer/kernel/image"),
    }
    assert {"epoch_loss", "epoch_accuracy"} <= logged(tmp_path / "unpacked/board/validation")
    with ZipFile(tmp_path / "backup.zip") as backup:
        assert set(backup.namelist()) == {"backup/latest.weights.h5", "backup/training_metadata.json"}
        assert json.loads(backup.read("backup/training_metadata.json"))["epoch"] == 3
    form, plain = posts[0::2], posts[1::2]
    assert [(post["path"], json.loads(parse_qs(post["body"])["data"][0])["epoch"]) for post in form] == [
        ("/in?a=b", epoch) for epoch in range(3)
    ]
    sent = [json.loads(post["body"]) for post in plain]
    assert [each["learning_rate"] for each in sent] == rates
    assert {"epoch", "loss", "val_loss", "accuracy", "val_accuracy", "learning_rate"} == set(sent[0])
    assert sum("accuracy:" in event["text"] and "s/step" in event["text"] for event in of(events, "log")) == 3


def test_swapped_weights_are_the_averaged_ones_in_a_checkpoint(tmp_path: Path) -> None:
    checkpoint = ("ModelCheckpoint", {"filepath": "end.keras"})
    results = []
    for name, callbacks in (
        ("swapped", [("SwapEMAWeights", {"swap_on_epoch": True}), checkpoint]),
        ("not", [checkpoint]),
    ):
        state, events = run(iris(tmp_path / name, {"callbacks": chosen(*callbacks), "optimizer": EMA}))
        assert state is RunState.FINISHED, events[-1]
        model = keras.saving.load_model(tmp_path / name / "end.keras", compile=False)
        results.append(model.get_weights()[0])
    assert abs(results[0] - results[1]).max() > 1e-6


def test_the_rate_is_reduced_and_training_stopped_early(tmp_path: Path) -> None:
    callbacks = chosen(
        ("ReduceLROnPlateau", {"monitor": "accuracy", "patience": 1, "factor": 0.25, "min_delta": 2.0}),
        ("EarlyStopping", {"monitor": "accuracy", "min_delta": 2.0, "patience": 3}),
    )
    optimizer = {"class_name": "SGD", "config": {"learning_rate": 0.5}}
    state, events = run(iris(tmp_path, {"callbacks": callbacks, "optimizer": optimizer}, epochs=9))
    assert state is RunState.FINISHED, events[-1]
    assert [event["learning_rate"] for event in of(events, "epoch")] == [0.5, 0.5, 0.125, 0.03125]


def test_metrics_are_sent_to_no_host_that_was_not_allowed(tmp_path: Path, listener: tuple[str, list[Any]]) -> None:
    address, posts = listener
    state, events = run(iris(tmp_path, {"callbacks": chosen(("RemoteMonitor", {"root": f"http://{address}"}))}))
    assert (state, events[-1]["code"], posts) == (RunState.FAILED, "egress_refused", [])


def test_a_listener_that_is_gone_costs_a_line_of_the_log(tmp_path: Path) -> None:
    spec = iris(tmp_path, {"callbacks": chosen(("RemoteMonitor", {"root": "http://127.0.0.1:1"}))}, epochs=1)
    state, events = run(spec.model_copy(update={"egress_hosts": ["127.0.0.1"]}))
    assert state is RunState.FINISHED
    assert any("could not reach 127.0.0.1" in event["text"] for event in of(events, "log"))


def test_a_schedule_that_gives_no_rate_fails_the_run(tmp_path: Path) -> None:
    state, events = run(iris(tmp_path, {"callbacks": chosen(("LearningRateScheduler", {"schedule": "1 / epoch"}))}))
    assert (state, events[-1]["code"]) == (RunState.FAILED, "bad_schedule")
    assert "epoch 1" in events[-1]["reason"]


def test_steps_that_run_together_are_counted_one_by_one(tmp_path: Path) -> None:
    options = CompileOptions(steps_per_execution=4).model_dump()
    state, events = run(iris(tmp_path, {"compile": options}, batch_size=10))
    assert state is RunState.FINISHED, events[-1]
    assert of(events, "started")[0]["steps_per_epoch"] == 11
    assert [(event["epoch"], event["batch"], event["step"]) for event in of(events, "batch")] == [
        *((1, 4, 4), (1, 8, 8), (1, 11, 11)),
        *((2, 4, 15), (2, 8, 19), (2, 11, 22)),
    ]


def test_settings_of_keras_hold_for_the_run_and_its_model(tmp_path: Path) -> None:
    with configured(KerasConfig()):
        config = {"dtype_policy": "mixed_bfloat16", "epsilon": 1e-5}
        optimizer = {"class_name": "Adam", "config": {"gradient_accumulation_steps": 2}}
        state, events = run(iris(tmp_path, {"config": config, "optimizer": optimizer}))
        assert keras.config.epsilon() == 1e-7
    assert state is RunState.FINISHED, events[-1]
    model = keras.saving.load_model(tmp_path / "model.keras")
    assert {layer.dtype_policy.name for layer in model.layers} == {"mixed_bfloat16"}
    assert model.optimizer.gradient_accumulation_steps == 2
    source = (tmp_path / "model.py").read_text()
    assert 'keras.config.set_epsilon(1e-05)\nkeras.config.set_dtype_policy("mixed_bfloat16")\n' in source
