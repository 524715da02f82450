"""The callbacks of a design stay in their folder; the reporter tells all and obeys."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import pytest

from app.catalog.model import Kind
from app.catalog.own import catalog_for
from app.catalog.registry import get_spec, load_catalog
from app.catalog.schedule import BadSchedule
from app.document.model import Callback
from app.messages.egress import EgressRefused
from app.worker import sandbox
from app.worker.building import own_code
from app.worker.training.callbacks import Control, build_callbacks
from app.worker.training.compile import BadTraining
from tests.worker.values import NOTED, WITH_NOTED, changes


def built(folder: Path, class_name: str, **config: Any) -> Any:
    chosen = {"c": Callback(class_name=class_name, config=config)}
    (callback,) = build_callbacks(chosen, folder, catalog_for(WITH_NOTED), ["metrics.example"])
    return callback


@pytest.fixture(scope="module", autouse=True)
def noted() -> Iterator[Any]:
    """Let this process execute a function of these tests, and return it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandbox, "entered", lambda: True)
        own_code.load(WITH_NOTED)
    yield own_code.find(Kind.FUNCTION, NOTED.name)
    own_code.clear()


CHANGES = [
    pytest.param(spec.name, param.name, config, id=f"{spec.name}.{param.name}")
    for spec, param, config in changes(Kind.CALLBACK)
]
_KEPT_AS: Final = {"separator": "sep", "initial_value_threshold": "best"}


@pytest.mark.parametrize(("class_name", "name", "config"), CHANGES)
def test_every_parameter_arrives(
    tmp_path: Path, noted: Any, class_name: str, name: str, config: dict[str, Any]
) -> None:
    if class_name == "RemoteMonitor":
        config = {"root": "http://metrics.example", **config}
    callback = built(tmp_path, class_name, **config)
    assert isinstance(callback, getattr(keras.callbacks, class_name))
    match name:
        case _ if class_name == "LambdaCallback":
            assert getattr(callback, name) is noted
        case "schedule":
            assert callback.schedule(0, 0.5) == 0.25
        case "profile_batch":
            assert [callback._start_batch, callback._stop_batch] == config[name]
        case "filepath" | "filename" | "log_dir" | "backup_dir":
            path = Path(getattr(callback, name))
            assert (path.parent, path.name.split(".")[0]) == (tmp_path / "checkpoints", config[name])
        case _:
            assert getattr(callback, _KEPT_AS.get(name, name)) == config[name]


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
    found = build_callbacks(callbacks, tmp_path, load_catalog())
    assert [type(one).__name__ for one in found] == ["EarlyStopping", "TerminateOnNaN"]


@pytest.mark.parametrize(
    ("config", "hosts"),
    [
        ({}, []),
        ({"root": "http://metrics.example"}, []),
        ({"root": "http://metrics.example"}, ["other.example"]),
        ({"root": "http://metrics.example:81"}, ["metrics.example:80"]),
        ({"root": "http://metrics.example", "path": "@evil.example/"}, ["metrics.example"]),
        ({"root": "http://metrics.example", "path": ".evil.example/"}, ["metrics.example"]),
        ({"root": "http://me:secret@metrics.example"}, ["metrics.example"]),
        ({"root": "ftp://metrics.example"}, ["metrics.example"]),
        ({"root": "http://metrics.example:port"}, ["metrics.example"]),
        ({"root": "http://[metrics.example"}, ["metrics.example"]),
        ({"root": "http://", "path": "/"}, [""]),
    ],
)
def test_metrics_go_to_no_host_that_is_not_allowed(tmp_path: Path, config: dict[str, Any], hosts: list[str]) -> None:
    with pytest.raises(EgressRefused, match="may not send"):
        build_callbacks({"c": Callback(class_name="RemoteMonitor", config=config)}, tmp_path, load_catalog(), hosts)


def test_a_schedule_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSchedule, match="cannot be read"):
        built(tmp_path, "LearningRateScheduler", schedule="open('x')")


def test_keras_calls_functions_with_what_the_catalog_says() -> None:
    moments = {param.name: param.called_with for param in get_spec("callbacks", "LambdaCallback").params}
    seen: dict[str, tuple[str, ...]] = {}

    def noting(moment: str) -> Any:
        def note(*given: Any, **named: Any) -> None:
            names = moments[moment]
            seen[moment] = (*names[: len(given)], *(f"{name}=" for name in named))

        return note

    callback = keras.callbacks.LambdaCallback(**{moment: noting(moment) for moment in moments})
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    x = np.zeros((4, 1), "float32")
    model.fit(x, x, batch_size=2, validation_data=(x, x), verbose=0, callbacks=[callback])
    assert seen == moments


@pytest.mark.parametrize("name", ["OrbaxCheckpoint", "History", "system"])
def test_what_is_no_callback_of_a_design_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadTraining, match="no callback named"):
        built(tmp_path, name)


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
