"""Whether what a design says of `compile`, of callbacks and of Keras can be done: before anything is started."""

from collections.abc import Iterator
from typing import Any, Final

from pydantic import JsonValue

from app.catalog.model import Kind
from app.catalog.schedule import read_schedule
from app.catalog.validate import validate_params
from app.document.edits import RemoveValue, SetValue
from app.document.model import AUTO_LOSS, Callback, Configured, FitOptions, Metric, Training
from app.graph import fixes
from app.graph.model import Fix, Problem
from app.messages.data import DatasetDescription
from app.shared.errors import AppError
from app.worker.analysis.analyse import Reading
from app.worker.building.resolve import build_object

_MONITORING: Final = ("EarlyStopping", "ModelCheckpoint", "ReduceLROnPlateau")
_SETTING_THE_RATE: Final = ("LearningRateScheduler", "ReduceLROnPlateau")
_CLIPS: Final = ("clipnorm", "clipvalue", "global_clipnorm")
_CHECKED_EPOCHS: Final = 1_000
_FITTING_METRICS: Final = ("accuracy", "acc")


def training_problems(reading: Reading, data: DatasetDescription) -> Iterator[Problem]:
    """Yield what Keras would refuse, or what would do nothing, in the training section of the design."""
    training = reading.found.document.training
    yield from _object_problems(reading)
    yield from _callback_problems(training, data)
    yield from _metric_problems(reading)
    yield from _compile_problems(training, data)
    yield from _batch_problems(reading)
    yield from _precision_problems(reading)


def _object_problems(reading: Reading) -> Iterator[Problem]:
    """Hold every object against the catalog, then let Keras itself construct it."""
    for kind, path, value in _objects(reading):
        param, node = path[1], path[2] if path[1] in ("losses", "metrics") else ""
        spec = reading.catalog.find(kind, value.class_name)
        if spec is None:
            yield Problem(
                code="unknown_object",
                node=node,
                param=param,
                message=f"There is no {kind.singular} named {value.class_name}.",
                expected=f"a {kind.singular} of Keras, or of the design's own code",
                received=value.class_name,
                hint="Remove it, and choose another.",
                fix=_remove(path, f"Remove {value.class_name}"),
            )
            continue
        faults = validate_params(spec, value.config, reading.catalog)
        for fault in faults:
            place = [*path, "config", *fault.param.split(".")[:1]]
            mendable = fault.code != "missing_param"
            yield Problem(
                code=fault.code,
                node=node,
                param=param,
                message=f"{spec.name}: {fault.message}",
                expected=fault.expected,
                received=fault.received,
                hint=fault.hint,
                fix=_remove(place, f"Set {place[-1]} of {spec.name} to its default") if mendable else None,
            )
        if not faults:
            yield from _refused(reading, kind, path, value, Problem(code="", node=node, param=param, message=""))


def _objects(reading: Reading) -> Iterator[tuple[Kind, list[str], Configured]]:
    """Yield every Keras object of the training section with its path; losses and metrics of present outputs only."""
    training, built = reading.found.document.training, reading.found.live("")
    if training.optimizer is not None:
        yield Kind.OPTIMIZER, ["training", "optimizer"], training.optimizer
    for node, loss in sorted(training.losses.items()):
        if node in built and loss.class_name != AUTO_LOSS:
            yield Kind.LOSS, ["training", "losses", node], loss
    for node, metrics in sorted(training.metrics.items()):
        for key, metric in sorted(metrics.items()):
            if node in built and metric.class_name not in _FITTING_METRICS:
                yield Kind.METRIC, ["training", "metrics", node, key], metric
    for key, callback in sorted(training.callbacks.items()):
        yield Kind.CALLBACK, ["training", "callbacks", key], callback


def _refused(reading: Reading, kind: Kind, path: list[str], value: Configured, place: Problem) -> Iterator[Problem]:
    clips = [name for name in _CLIPS if value.config.get(name) is not None] if kind is Kind.OPTIMIZER else []
    fix = None
    if len(clips) > 1:
        edits = tuple(RemoveValue(path=[*path, "config", name]) for name in clips[1:])
        fix = Fix(title=f"Keep {clips[0]} only", edits=edits)
    try:
        build_object(kind, value.model_dump(include={"class_name", "config"}), reading.catalog)
    except AppError as error:
        if error.code != "own_code_not_loaded":
            yield _told(place, value, error.message, error.hint, fix)
    except Exception as error:
        yield _told(place, value, str(error), "", fix)


def _told(place: Problem, value: Configured, reason: str, hint: str, fix: Fix | None) -> Problem:
    return place.model_copy(
        update={
            "code": "compile_refused",
            "message": f"Keras refuses these parameters of {value.class_name}.",
            "received": reason[:500],
            "hint": hint or "Change the parameters that it names.",
            "fix": fix,
        }
    )


def _callback_problems(training: Training, data: DatasetDescription) -> Iterator[Problem]:
    validated = _validation_samples(training, data) > 0
    for key, callback in sorted(training.callbacks.items()):
        path = ["training", "callbacks", key]
        match callback.class_name:
            case "SwapEMAWeights":
                yield from _missing_averages(training)
            case "LearningRateScheduler":
                yield from _rate_problems(training, callback)
        if callback.class_name in _SETTING_THE_RATE:
            yield from _scheduled_rate(training, callback)
        monitor = str(callback.config.get("monitor", "val_loss"))
        if callback.class_name in _MONITORING and monitor.startswith("val_") and not validated:
            plain = monitor.removeprefix("val_")
            yield Problem(
                code="monitor_missing",
                severity="warning",
                param="callbacks",
                message=f"{callback.class_name} watches {monitor}, and nothing is held back to validate with.",
                expected="a validation_split above 0, or a value of the training itself",
                received=monitor,
                hint=f"Set validation_split, or watch {plain}.",
                fix=_set([*path, "config", "monitor"], plain, f"Watch {plain}"),
            )


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
        fix=_set([*path, "learning_rate"], start, f"Set learning_rate to {start}"),
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


def _metric_problems(reading: Reading) -> Iterator[Problem]:
    document = reading.found.document
    training = document.training
    for node, metrics in sorted(training.metrics.items()):
        if node not in reading.found.live(""):
            continue
        seen: set[str] = set()
        for key, metric in sorted(metrics.items(), key=lambda item: (item[1].position, item[0])):
            path = ["training", "metrics", node, key]
            if metric.weighted and training.fit.class_weight == "none":
                yield Problem(
                    code="nothing_weighted",
                    severity="warning",
                    node=node,
                    param="metrics",
                    message=f"{metric.class_name} is weighted, and nothing weighs the samples.",
                    expected="class_weight in Fit",
                    received="none",
                    hint="Set class weights, or take weighted off.",
                    fix=_set([*path, "weighted"], False, f"Do not weigh {metric.class_name}"),
                )
            name = _name_of(reading, metric)
            if name and name in seen:
                number = next(number for number in range(2, 1_000) if f"{name}_{number}" not in seen)
                fresh = f"{name}_{number}"
                mend = _set([*path, "config", "name"], fresh, f"Name it {fresh}")
                yield Problem(
                    code="metric_name",
                    severity="warning",
                    node=node,
                    param="metrics",
                    message=f"Two metrics are called {name}, and only one of them would be seen.",
                    expected="names of their own",
                    received=name,
                    hint="Give one of them another name.",
                    fix=None if metric.class_name in _FITTING_METRICS else mend,
                )
            seen.add(name)


def _name_of(reading: Reading, metric: Metric) -> str:
    """Return the name under which the metric is told; "" where Keras numbers it by itself."""
    if metric.class_name in _FITTING_METRICS:
        return "accuracy"
    spec = reading.catalog.find(Kind.METRIC, metric.class_name)
    defaults = {param.name: param.default for param in spec.params} if spec else {}
    return str(metric.config.get("name") or defaults.get("name") or "")


def _compile_problems(training: Training, data: DatasetDescription) -> Iterator[Problem]:
    options, fit = training.compile, training.fit
    if options.run_eagerly and options.jit_compile is True:
        yield Problem(
            code="eager_jit",
            severity="warning",
            param="compile",
            message="With run_eagerly, Keras does not compile, and jit_compile does nothing.",
            expected="one of the two",
            received="run_eagerly and jit_compile on",
            hint="Leave jit_compile to Keras.",
            fix=_set(["training", "compile", "jit_compile"], "auto", "Set jit_compile to auto"),
        )
    trained = data.train_samples + (data.validation_samples or 0) - _validation_samples(training, data)
    steps = max(1, -(-trained // fit.batch_size))
    if options.steps_per_execution > steps:
        yield Problem(
            code="steps_per_execution",
            severity="warning",
            param="compile",
            message="One execution holds more steps than an epoch has, and curves get one point an epoch.",
            expected=f"at most {steps}",
            received=str(options.steps_per_execution),
            hint="Set steps_per_execution lower, or make batches smaller.",
            fix=_set(["training", "compile", "steps_per_execution"], 1, "Set steps_per_execution to 1"),
        )


def _validation_samples(training: Training, data: DatasetDescription) -> int:
    """Return how many samples a run holds back; a table's own fraction holds while the design leaves its own alone."""
    split = training.fit.validation_split
    if data.validation_samples is not None and split == FitOptions.model_fields["validation_split"].default:
        return data.validation_samples
    return round((data.train_samples + (data.validation_samples or 0)) * split)


def _batch_problems(reading: Reading) -> Iterator[Problem]:
    """Yield the Inputs whose batch size Fit does not keep to, where a stateful layer needs that."""
    found = reading.found
    layers = {layer for within in found.building.layers.values() for layer in within}
    if not any(_is_stateful(found.document.layers[layer].params) for layer in layers):
        return
    batch_size = found.document.training.fit.batch_size
    for node in sorted(found.live("")):
        spec = reading.specs.get((node, "output"))
        wanted = spec.shape[0] if spec is not None and found.marker_of(node) == "input" else None
        if wanted is not None and wanted != batch_size:
            yield Problem(
                code="batch_size_differs",
                node=node,
                param="batch_size",
                message=f"A stateful layer keeps states for batches of {wanted}, and Fit makes them {batch_size} long.",
                expected=f"batch_size {wanted} in Fit",
                received=str(batch_size),
                hint="Give Fit the batch size of the Input, or set stateful off.",
                fix=_set(["training", "fit", "batch_size"], wanted, f"Set batch size to {wanted}"),
            )


def _is_stateful(value: JsonValue) -> bool:
    """Say whether a layer of these parameters, or one inside it, is stateful."""
    if isinstance(value, dict):
        return value.get("stateful") is True or any(map(_is_stateful, value.values()))
    return isinstance(value, list) and any(map(_is_stateful, value))


def _precision_problems(reading: Reading) -> Iterator[Problem]:
    """Warn where an output is computed in 16 bits, in which small probabilities vanish and losses overflow."""
    found = reading.found
    for node in sorted(found.live("")):
        if found.marker_of(node) != "output":
            continue
        wire = found.topology.incoming[node][0]
        spec = reading.specs.get((wire.source, wire.source_port))
        if spec is None or spec.dtype not in ("float16", "bfloat16"):
            continue
        params = {param.name for param in found.specs[found.document.nodes[wire.source].layer].params}
        yield Problem(
            code="output_precision",
            severity="warning",
            node=wire.source,
            param="dtype",
            message=f"{found.name_of(wire.source)} gives its output in {spec.dtype}, too coarse for a loss.",
            expected="float32",
            received=spec.dtype,
            hint="Set the dtype of the last layer to float32; all others keep the policy.",
            fix=fixes.set_param(found.document, wire.source, "dtype", "float32") if "dtype" in params else None,
        )


def _set(path: list[str], value: JsonValue, title: str) -> Fix:
    return Fix(title=title, edits=(SetValue(path=path, value=value),))


def _remove(path: list[str], title: str) -> Fix:
    return Fix(title=title, edits=(RemoveValue(path=path),))
