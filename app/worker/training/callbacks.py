"""The callbacks of a run: those of the design, kept inside the run's folder, and the one that reports and obeys."""

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import keras

from app.catalog.model import Catalog, Kind
from app.catalog.schedule import read_schedule
from app.document.model import Callback
from app.messages.events import RunState
from app.worker.building.resolve import build_object, constructor_arguments
from app.worker.training.compile import BadTraining
from app.worker.training.logs import by_class, numbers_of
from app.worker.training.monitor import Monitor
from app.worker.training.run_files import inside

PROGRESS_SECONDS: Final = 0.5
"""At most this often is progress reported."""

CHECKPOINTS: Final = "checkpoints"
"""The folder, in the run's folder, for files that callbacks of the design write."""

Emit = Callable[[dict[str, Any]], None]


@dataclass
class Control:
    """What a person asked of a running trainer. Set by the thread that hears commands, read by the training one."""

    stop: threading.Event = field(default_factory=threading.Event)
    learning_rate: float | None = None
    _go: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._go.set()

    def obey(self, command: Mapping[str, Any]) -> None:
        """Take note of one command, `{"command": "stop" | "pause" | "resume" | "set_learning_rate", ...}`."""
        match command:
            case {"command": "stop"}:
                self.stop.set()
                self._go.set()
            case {"command": "pause"}:
                if not self.stop.is_set():
                    self._go.clear()
            case {"command": "resume"}:
                self._go.set()
            case {"command": "set_learning_rate", "learning_rate": int() | float() as rate}:
                self.learning_rate = float(rate)

    @property
    def paused(self) -> bool:
        """Whether the run is to wait."""
        return not self._go.is_set()

    def wait(self) -> None:
        """Wait until the run is resumed or stopped."""
        self._go.wait()


def build_callbacks(
    callbacks: Mapping[str, Callback], folder: Path, catalog: Catalog, egress_hosts: Sequence[str] = ()
) -> list[Any]:
    """Return the callbacks of a design in their order; the files that they write stay below `folder`.

    `catalog` is that of the design, own code included. A `RemoteMonitor` may reach `egress_hosts` and no other.
    """
    ordered = sorted(callbacks.items(), key=lambda item: (item[1].position, item[0]))
    return [_build(callback, folder / CHECKPOINTS, catalog, egress_hosts) for _, callback in ordered]


def _build(callback: Callback, folder: Path, catalog: Catalog, egress_hosts: Sequence[str]) -> Any:
    spec = catalog.find(Kind.CALLBACK, callback.class_name)
    if spec is None:
        raise BadTraining(
            f"There is no callback named {callback.class_name!r}.",
            expected="a callback of Keras, or one of the design's own code",
            received=callback.class_name,
            hint="Remove it from the Train tab.",
        )
    config: dict[str, Any] = dict(callback.config)
    match "" if spec.code else spec.name:
        case "ModelCheckpoint":
            ending = ".weights.h5" if config.get("save_weights_only") else ".keras"
            config["filepath"] = inside(folder, config.get("filepath"), "best", ending)
        case "CSVLogger":
            config["filename"] = inside(folder, config.get("filename"), "log", ".csv")
        case "TensorBoard":
            config["log_dir"] = inside(folder, config.get("log_dir"), "logs")
            return _board(**constructor_arguments(spec, config, catalog))
        case "BackupAndRestore":
            config["backup_dir"] = inside(folder, config.get("backup_dir"), "backup")
        case "LearningRateScheduler":
            config["schedule"] = read_schedule(str(config.get("schedule", "")))
        case "RemoteMonitor":
            return Monitor(egress_hosts=egress_hosts, **constructor_arguments(spec, config, catalog))
    return build_object(Kind.CALLBACK, {"class_name": callback.class_name, "config": config}, catalog)


def _board(**config: Any) -> Any:
    from app.worker.training.board import (
        Board,  # TensorFlow's summaries take a second to import, and few runs want them.
    )

    return Board(**config)


class Reporter(keras.callbacks.Callback):
    """Tells of every batch and epoch through `emit`, and carries out what `control` asks between batches.

    `emit` must return at once. `on_begin` is called with the names in `logs` once Keras knows them: after the first
    batch, before it is told of. An epoch whose loss is not a number ends the training: `lost` is then true.
    """

    def __init__(
        self,
        emit: Emit,
        control: Control,
        epochs: int,
        batch_size: int,
        steps_per_epoch: int,
        usage: Callable[[], dict[str, Any]],
        on_begin: Callable[[list[str]], None],
    ) -> None:
        super().__init__()
        self.emit = emit
        self.control = control
        self.epochs = epochs
        self.batch_size = batch_size
        self.steps_per_epoch = steps_per_epoch
        self.usage = usage
        self.on_begin = on_begin
        self.step = 0
        self.epoch = 1
        self.lost = False
        self.loss = 0.0
        self.rate = 0.0
        """Samples a second, over the run so far."""
        self._began = 0.0
        self._epoch_began = 0.0
        self._resumed = 0.0
        self._busy = 0.0
        """Seconds spent in training steps after the first, which is traced; validation and pauses do not count."""
        self._first_step = 0
        """Steps done at the first word of Keras: `steps_per_execution` of them, or 1."""
        self._told = 0.0
        self._told_step = 0
        self._told_busy = 0.0

    def on_train_begin(self, logs: Any = None) -> None:
        self._began = time.monotonic()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch + 1
        self._epoch_began = self._resumed = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        done = min(batch + 1, self.steps_per_epoch)
        self.step = (self.epoch - 1) * self.steps_per_epoch + done
        given, logs = logs or {}, numbers_of(logs or {})
        self.loss = logs.get("loss", 0.0)
        first = self._first_step == 0
        if first:
            self._first_step = self._told_step = self.step
            self.on_begin(list(logs))
            for name in by_class(given):
                self._log("info", f"{name} gives a number for each class. What is shown is their mean.")
        self.emit(
            {
                "event": "batch",
                "time": time.time(),
                "epoch": self.epoch,
                "batch": done,
                "step": self.step,
                "logs": logs,
            }
        )
        moment = time.monotonic()
        if first:
            self._told = moment
        else:
            self._busy += moment - self._resumed
        self._resumed = moment
        if moment - self._told >= PROGRESS_SECONDS:
            self._tell_progress(self.step - self._told_step, self._busy - self._told_busy)
            self._told, self._told_step, self._told_busy = moment, self.step, self._busy
        if self.control.learning_rate is not None or self.control.paused or self.control.stop.is_set():
            self._obey()

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        if self.control.stop.is_set():
            self.model.stop_evaluating = True

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs = numbers_of(logs or {})
        rate = logs.pop("learning_rate", None)
        now = time.monotonic()
        self.rate = self.step * self.batch_size / max(now - self._began, 1e-9)
        self.emit(
            {
                "event": "epoch",
                "time": time.time(),
                "epoch": epoch + 1,
                "step": self.step,
                "logs": logs,
                "seconds": now - self._epoch_began,
                "learning_rate": learning_rate(self.model) if rate is None else rate,
            }
        )
        if self.control.stop.is_set():
            self.model.stop_training = True
        if not math.isfinite(self.loss) and math.isnan(logs.get("loss", 0.0)):
            self.lost = True
            self.model.stop_training = True

    def on_train_end(self, logs: Any = None) -> None:
        if self.step > self._first_step:
            self._tell_progress(self.step - self._first_step, self._busy)

    def _tell_progress(self, steps: int, seconds: float) -> None:
        step_seconds = seconds / steps if steps else 0.0
        left = self.steps_per_epoch * self.epochs - self.step
        self.emit(
            {
                "event": "progress",
                "time": time.time(),
                "epoch": self.epoch,
                "step": self.step,
                "step_ms": step_seconds * 1000,
                "samples_per_second": self.batch_size / step_seconds if step_seconds else 0.0,
                "eta_seconds": max(0.0, left * step_seconds),
                "learning_rate": learning_rate(self.model),
                **self.usage(),
            }
        )

    def _obey(self) -> None:
        if self.control.paused:
            self._state(RunState.PAUSED)
            self.control.wait()
            if not self.control.stop.is_set():
                self._state(RunState.RUNNING)
            self._resumed = time.monotonic()
        if self.control.learning_rate is not None:
            rate, self.control.learning_rate = self.control.learning_rate, None
            self._set_learning_rate(rate)
        if self.control.stop.is_set():
            self.model.stop_training = True

    def _state(self, state: RunState) -> None:
        self.emit({"event": "state", "time": time.time(), "state": state.value})

    def _set_learning_rate(self, rate: float) -> None:
        try:
            self.model.optimizer.learning_rate = rate
            level, text = "info", f"The learning rate is {rate:g} from step {self.step + 1} on."
        except TypeError:
            level = "warning"
            text = "The learning rate follows a schedule and stays as the schedule says."
        self._log(level, text)

    def _log(self, level: str, text: str) -> None:
        self.emit({"event": "log", "time": time.time(), "level": level, "text": text})


def learning_rate(model: Any) -> float | None:
    """Return the learning rate that the optimizer uses now."""
    optimizer = getattr(model, "optimizer", None)
    return None if optimizer is None else float(optimizer.learning_rate)
