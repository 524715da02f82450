"""Whether what a design says of callbacks can be done, and does something."""

from collections.abc import Iterator
from string import Formatter
from typing import Any, Final

from app.catalog.schedule import read_schedule
from app.document.edits import SetValue
from app.document.model import Callback, Metric, Training
from app.graph import fixes
from app.graph.model import Fix, Problem
from app.messages.data import DatasetDescription
from app.shared.errors import AppError
from app.worker.analysis.reading import Reading
from app.worker.preflight.logged import logged_names, validation_samples

_MONITORING: Final = ("EarlyStopping", "ModelCheckpoint", "ReduceLROnPlateau")
_SETTING_THE_RATE: Final = ("LearningRateScheduler", "ReduceLROnPlateau")
_BY_CLASS: Final = ("F1Score", "FBetaScore")
_CHECKED_EPOCHS: Final = 1_000


def callback_problems(reading: Reading, data: DatasetDescription) -> Iterator[Problem]:
    """Yield what callbacks of Keras would refuse, or wait for in vain."""
    training = reading.found.document.training
    names = logged_names(reading, data)
    if names is not None and any(each.class_name in _SETTING_THE_RATE for each in training.callbacks.values()):
        names["learning_rate"] = None
    validated = validation_samples(training, data) > 0
    for key, callback in sorted(training.callbacks.items()):
        path = ["training", "callbacks", key, "config"]
        match callback.class_name:
            case "SwapEMAWeights":
                yield from _missing_averages(training)
            case "LearningRateScheduler":
                yield from _rate_problems(training, callback)
            case "ModelCheckpoint" if names is not None:
                yield from _file_name_problems(callback, path, names, validated=validated)
        if callback.class_name in _SETTING_THE_RATE:
            yield from _scheduled_rate(training, callback)
        if callback.class_name in _MONITORING:
            yield from _monitor_problems(callback, path, names, validated=validated)


def _monitor_problems(
    callback: Callback, path: list[str], names: dict[str, Metric | None] | None, *, validated: bool
) -> Iterator[Problem]:
    monitor = str(callback.config.get("monitor", "val_loss"))
    plain = monitor.removeprefix("val_")
    if monitor.startswith("val_") and not validated:
        yield Problem(
            code="monitor_missing",
            severity="warning",
            param="callbacks",
            message=f"{callback.class_name} watches {monitor}, and nothing is held back to validate with.",
            expected="a validation_split above 0, or a value of the training itself",
            received=monitor,
            hint=f"Set validation_split, or watch {plain}.",
            fix=fixes.set_value([*path, "monitor"], plain, f"Watch {plain}"),
        )
    elif names is not None and plain not in names:
        loss = "val_loss" if validated else "loss"
        yield Problem(
            code="monitor_missing",
            severity="warning",
            param="callbacks",
            message=f"{callback.class_name} watches {monitor}, which the run does not tell.",
            expected=_told(names, validated),
            received=monitor,
            hint=f"Watch {loss}, or a metric of the design.",
            fix=fixes.set_value([*path, "monitor"], loss, f"Watch {loss}"),
        )
    elif names is not None and (metric := names[plain]) is not None and _is_by_class(metric):
        yield Problem(
            code="monitor_by_class",
            param="callbacks",
            message=f"{callback.class_name} watches {monitor}, which has a number for each class.",
            expected="one number",
            received=f"{metric.class_name} without an average",
            hint=f"Set average of {metric.class_name}, or watch another value.",
        )


def _is_by_class(metric: Metric) -> bool:
    return metric.class_name in _BY_CLASS and metric.config.get("average") is None


def _file_name_problems(
    callback: Callback, path: list[str], names: dict[str, Metric | None], *, validated: bool
) -> Iterator[Problem]:
    """Yield that the name of a file asks for a value that Keras does not know when it saves."""
    wanted = str(callback.config.get("filepath") or "")
    known = {"epoch", "batch", *names, *(f"val_{name}" for name in names if validated)}
    try:
        unknown = [name for _, name, _, _ in Formatter().parse(wanted) if name is not None and name not in known]
    except ValueError as error:
        unknown = [str(error)]
    if unknown:
        plain = "best.weights.h5" if callback.config.get("save_weights_only") else "best.keras"
        yield Problem(
            code="file_name",
            param="callbacks",
            message=f"The file of ModelCheckpoint is named after {unknown[0]}, which the run does not tell.",
            expected=f"epoch, {_told(names, validated)}",
            received=wanted[:200],
            hint="Name the file after the epoch, or after a value of the run.",
            fix=fixes.set_value([*path, "filepath"], plain, f"Name the file {plain}"),
        )


def _told(names: dict[str, Metric | None], validated: bool) -> str:
    return ", ".join([*names, *(f"val_{name}" for name in names if validated)])


def _optimizer_config(training: Training) -> tuple[list[str], dict[str, Any]]:
    """Return path and config of the optimizer that holds the rate: the inner one of a `LossScaleOptimizer`."""
    chosen: Any = {"class_name": "Adam"} if training.optimizer is None else training.optimizer.model_dump()
    path = ["training", "optimizer"]
    while isinstance(chosen, dict) and chosen.get("class_name") == "LossScaleOptimizer":
        chosen = (chosen.get("config") or {}).get("inner_optimizer")
        path = [*path, "config", "inner_optimizer"]
    config = chosen.get("config") if isinstance(chosen, dict) else None
    return [*path, "config"], config if isinstance(config, dict) else {}


def _missing_averages(training: Training) -> Iterator[Problem]:
    path, config = _optimizer_config(training)
    if config.get("use_ema") is True:
        return
    edits = [SetValue(path=[*path, "use_ema"], value=True)]
    if training.optimizer is None:
        edits = [SetValue(path=["training", "optimizer"], value={"class_name": "Adam", "config": {"use_ema": True}})]
    yield Problem(
        code="ema_missing",
        param="callbacks",
        message="SwapEMAWeights needs averages of the weights, and the optimizer keeps none.",
        expected="use_ema on",
        received="use_ema off",
        hint="Set use_ema in the optimizer.",
        fix=Fix(title="Set use_ema in the optimizer", edits=tuple(edits)),
    )


def _scheduled_rate(training: Training, callback: Callback) -> Iterator[Problem]:
    path, config = _optimizer_config(training)
    rate = config.get("learning_rate")
    if not isinstance(rate, dict):
        return
    schedule = rate.get("config") or {}
    start = schedule.get("initial_learning_rate", next(iter(schedule.get("values", [])), 0.001))
    yield Problem(
        code="rate_is_scheduled",
        param="callbacks",
        message=f"{callback.class_name} sets the learning rate, which already follows {rate.get('class_name')}.",
        expected="a constant learning_rate in the optimizer",
        received=str(rate.get("class_name")),
        hint=f"Make learning_rate a constant, or remove {callback.class_name}.",
        fix=fixes.set_value([*path, "learning_rate"], start, f"Set learning_rate to {start}"),
    )


def _rate_problems(training: Training, callback: Callback) -> Iterator[Problem]:
    """Compute the rate of every epoch as the run will, as far as callbacks of other kinds leave it alone."""
    _, config = _optimizer_config(training)
    rate = config.get("learning_rate", 0.001)
    try:
        schedule = read_schedule(str(callback.config.get("schedule", "")))
        for epoch in range(min(training.fit.epochs, _CHECKED_EPOCHS)) if isinstance(rate, int | float) else ():
            rate = schedule(epoch, rate)
    except AppError as error:
        yield Problem.of_error(error, param="callbacks")
