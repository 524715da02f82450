"""The callbacks of a design stay in their folder; the reporter tells all and obeys."""

from pathlib import Path
from typing import Any

import keras
import pytest

from app.document.model import Callback
from app.shared.errors import AppError
from app.worker.callbacks import Control, build_callbacks
from app.worker.compile import BadTraining


def built(folder: Path, class_name: str, **config: Any) -> Any:
    (callback,) = build_callbacks({"c": Callback(class_name=class_name, config=config)}, folder)
    return callback


def test_every_parameter_of_early_stopping_arrives(tmp_path: Path) -> None:
    config = {
        "monitor": "val_accuracy",
        "min_delta": 0.5,
        "patience": 7,
        "mode": "max",
        "baseline": 0.25,
        "restore_best_weights": True,
        "start_from_epoch": 3,
    }
    callback = built(tmp_path, "EarlyStopping", **config)
    assert type(callback) is keras.callbacks.EarlyStopping
    assert {name: getattr(callback, name) for name in config} == config


def test_every_parameter_of_reduce_lr_on_plateau_arrives(tmp_path: Path) -> None:
    config = {
        "monitor": "loss",
        "factor": 0.5,
        "patience": 2,
        "mode": "min",
        "min_delta": 0.25,
        "cooldown": 4,
        "min_lr": 0.125,
    }
    callback = built(tmp_path, "ReduceLROnPlateau", **config)
    assert {name: getattr(callback, name) for name in config} == config


@pytest.mark.parametrize(
    ("wanted", "weights_only", "name"),
    [
        ("best.keras", False, "best.keras"),
        ("/etc/passwd", False, "passwd.keras"),
        ("../../up.keras", False, "up.keras"),
        ("C:\\windows\\up.keras", False, "up.keras"),
        ("epoch-{epoch:02d}.keras", False, "epoch-{epoch:02d}.keras"),
        ("w.keras", True, "w.weights.h5"),
        ("", False, "best.keras"),
        ("..", False, "best.keras"),
        ("a\0b", False, "best.keras"),
    ],
)
def test_checkpoints_stay_in_the_folder(tmp_path: Path, wanted: str, weights_only: bool, name: str) -> None:
    callback = built(tmp_path, "ModelCheckpoint", filepath=wanted, save_weights_only=weights_only, save_best_only=True)
    assert Path(callback.filepath) == tmp_path / "checkpoints" / name
    assert callback.save_best_only is True


def test_the_csv_logger_stays_in_the_folder(tmp_path: Path) -> None:
    callback = built(tmp_path, "CSVLogger", filename="/tmp/history", separator=";")
    assert (Path(callback.filename), callback.sep) == (tmp_path / "checkpoints" / "history.csv", ";")


def test_callbacks_come_in_their_order(tmp_path: Path) -> None:
    callbacks = {
        "a": Callback(class_name="TerminateOnNaN", position=2),
        "b": Callback(class_name="EarlyStopping", position=1),
    }
    assert [type(one).__name__ for one in build_callbacks(callbacks, tmp_path)] == ["EarlyStopping", "TerminateOnNaN"]


@pytest.mark.parametrize("name", ["LambdaCallback", "RemoteMonitor", "TensorBoard", "LearningRateScheduler"])
def test_callbacks_that_reach_out_or_need_python_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadTraining, match=name):
        built(tmp_path, name)


def test_an_unknown_callback_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AppError):
        built(tmp_path, "system")


def test_control_takes_commands() -> None:
    control = Control()
    control.obey({"command": "pause"})
    assert control.paused
    control.obey({"command": "set_learning_rate", "learning_rate": 1})
    assert control.learning_rate == 1.0
    control.obey({"command": "stop"})
    assert (control.paused, control.stop.is_set()) == (False, True)
    control.obey({"command": "pause"})
    assert not control.paused
    control.obey({"command": "dance"})
