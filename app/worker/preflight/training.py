"""Whether what a design says of `compile` and of Keras can be done: before anything is started."""

from collections.abc import Iterator
from typing import Final

from app.catalog.model import Kind
from app.catalog.validate import validate_params
from app.document.edits import RemoveValue
from app.document.model import AUTO_LOSS, Configured, Training
from app.graph import fixes
from app.graph.model import Fix, Problem
from app.graph.stateful import is_stateful
from app.messages.data import DatasetDescription
from app.shared.errors import AppError
from app.worker.analysis.analyse import Reading
from app.worker.building.resolve import build_object
from app.worker.preflight.callbacks import callback_problems
from app.worker.preflight.logged import FITTING_METRICS, metric_name, validation_samples

_CLIPS: Final = ("clipnorm", "clipvalue", "global_clipnorm")


def training_problems(reading: Reading, data: DatasetDescription) -> Iterator[Problem]:
    """Yield what Keras would refuse, or what would do nothing, in the training section of the design."""
    training = reading.found.document.training
    yield from _object_problems(reading)
    yield from callback_problems(reading, data)
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
                fix=fixes.remove_value(path, f"Remove {value.class_name}"),
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
                fix=fixes.remove_value(place, f"Set {place[-1]} of {spec.name} to its default") if mendable else None,
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
            if node in built and metric.class_name not in FITTING_METRICS:
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
                    fix=fixes.set_value([*path, "weighted"], False, f"Do not weigh {metric.class_name}"),
                )
            name = metric_name(reading, metric)
            if name and name in seen:
                number = next(number for number in range(2, 1_000) if f"{name}_{number}" not in seen)
                fresh = f"{name}_{number}"
                mend = fixes.set_value([*path, "config", "name"], fresh, f"Name it {fresh}")
                yield Problem(
                    code="metric_name",
                    severity="warning",
                    node=node,
                    param="metrics",
                    message=f"Two metrics are called {name}, and only one of them would be seen.",
                    expected="names of their own",
                    received=name,
                    hint="Give one of them another name.",
                    fix=None if metric.class_name in FITTING_METRICS else mend,
                )
            seen.add(name)


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
            fix=fixes.set_value(["training", "compile", "jit_compile"], "auto", "Set jit_compile to auto"),
        )
    trained = data.train_samples + (data.validation_samples or 0) - validation_samples(training, data)
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
            fix=fixes.set_value(["training", "compile", "steps_per_execution"], 1, "Set steps_per_execution to 1"),
        )


def _batch_problems(reading: Reading) -> Iterator[Problem]:
    """Yield the Inputs whose batch size Fit does not keep to, where a stateful layer needs that."""
    found = reading.found
    layers = {layer for within in found.building.layers.values() for layer in within}
    if not any(is_stateful(found.document.layers[layer].params) for layer in layers):
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
                fix=fixes.set_value(["training", "fit", "batch_size"], wanted, f"Set batch size to {wanted}"),
            )


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
