"""One training, from a job to its last event. It knows Keras and a function that takes events, and nothing else.

Events leave as plain JSON objects without numbers, through an `Outbox` whose thread writes them, so that neither a
slow disk nor a dead server holds up a batch.
"""

import contextlib
import hashlib
import io
import json
import os
import re
import shutil
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import psutil
from numpy.typing import NDArray

from app.catalog.model import Catalog
from app.catalog.own import catalog_for
from app.codegen.python_source import render_script
from app.graph.check import survey
from app.graph.model import Plan
from app.graph.plan import plan_of
from app.messages.events import RunState
from app.messages.jobs import JobSpec
from app.shared.errors import AppError
from app.worker import own_code, weights
from app.worker.build import build_model, nodes_by_layer_name
from app.worker.callbacks import CHECKPOINTS, Control, Emit, Reporter, build_callbacks
from app.worker.compile import (
    BadTraining,
    Compiled,
    OutputEnd,
    compile_arguments,
    fit_arguments,
    output_ends,
)
from app.worker.data import Part, TrainingData, load
from app.worker.keras_config import configured
from app.worker.report import metrics_only, report
from app.worker.run_files import pack
from app.worker.targets import is_labelled, targets_of

Array = NDArray[Any]

FLUSH_SECONDS: Final = 0.1
"""How long events are gathered before they are written together."""

MAX_LOG_LINES: Final = 2_000
"""Printed lines that become events; further ones are only in the run's `log.txt`."""

_COMPARED_SAMPLES: Final = 32

_HASTY_SECONDS: Final = 3.0
"""How long a report may take after a stop."""


class Outbox:
    """Takes events at once and writes them in the background as JSON lines, in order, through `write`."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._events: deque[dict[str, Any]] = deque()
        self._filled = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    def put(self, event: dict[str, Any]) -> None:
        """Take an event; what it holds must not change afterwards."""
        self._events.append(event)
        if not self._filled.is_set():
            self._filled.set()

    def close(self, timeout: float = 30.0) -> None:
        """Write what is left, then end."""
        self._closed = True
        self._filled.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            self._filled.wait()
            self._filled.clear()
            closed = self._closed
            lines = []
            while self._events:
                lines.append(json.dumps(self._events.popleft(), default=_plain) + "\n")
            try:
                self._write("".join(lines).encode())
            except OSError:
                return
            if closed:
                return
            time.sleep(FLUSH_SECONDS)


def _plain(value: Any) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)


class _Stopped(Exception):
    """A stop was asked before there was a model to save."""


class _LostNumbers(AppError):
    code = "nan"


@dataclass
class _Session:
    """A run under way: what later steps need of earlier ones."""

    job: JobSpec
    emit: Emit
    control: Control
    folder: Path
    plan: Plan | None = None
    model: Any = None
    data: TrainingData | None = None
    ends: list[OutputEnd] | None = None

    @cached_property
    def catalog(self) -> Catalog:
        """The catalog of the job's design, its own code included."""
        return catalog_for(self.job.document)

    def say(self, event: str, **fields: Any) -> None:
        self.emit({"event": event, "time": time.time(), **fields})

    def check_stop(self) -> None:
        if self.control.stop.is_set():
            raise _Stopped


def train(job: JobSpec, emit: Emit, control: Control) -> RunState:
    """Run `job` to its end, telling of it through `emit`; return the state in which it ended. Never raises."""
    session = _Session(job, emit, control, Path(job.folder))
    keras.config.disable_traceback_filtering()
    with _printed_to(session):
        try:
            with configured(job.document.training.config):
                state = _train(session)
        except _Stopped:
            state = RunState.STOPPED
            session.say("state", state=state.value, reason="Stopped before the first batch.")
        except BaseException as error:
            state = RunState.FAILED
            _fail(session, error)
    return state


def _train(session: _Session) -> RunState:
    job, training = session.job, session.job.document.training
    session.folder.mkdir(parents=True, exist_ok=True)
    if training.fit.seed is not None:
        keras.utils.set_random_seed(training.fit.seed)
    own_code.load(job.document)
    session.plan = checked_plan(job, session.catalog)
    session.data = data = load(job.data, training.fit)
    session.check_stop()
    session.model = model = build_model(session.plan, session.catalog)
    _check_fit(session)
    _start_from_weights(session)
    session.ends = output_ends(model, [output.node for output in session.plan.outputs])
    compiled = compile_arguments(training, session.ends, data.target, session.catalog)
    _check_classes(session)
    model.compile(**compiled.arguments)
    _build_state(session)
    session.check_stop()
    reporter = _reporter(session, compiled)
    callbacks = build_callbacks(training.callbacks, session.folder, session.catalog, job.egress_hosts)
    model.fit(
        _features(model, data.train),
        _targets(session, data.train),
        validation_data=None
        if data.validation is None
        else (_features(model, data.validation), _targets(session, data.validation)),
        callbacks=[*callbacks, reporter],
        verbose=2 if any(type(one) is keras.callbacks.ProgbarLogger for one in callbacks) else 0,
        **fit_arguments(training.fit, data.target, data.train.targets, len(session.ends)),
    )
    _check_loss(reporter, training.callbacks.values())
    return _finish(session, reporter)


def _start_from_weights(session: _Session) -> None:
    """Put in the weights that the design names, and tell what starts from them and what afresh."""
    job = session.job
    try:
        starts = weights.begin(session.model, job.document, job.weights, job.data)
    except weights.CannotStart as error:
        raise _Blamed(error, error.node) from error
    for line in weights.describe(starts) if starts else ():
        session.say("log", text=line)


def _build_state(session: _Session) -> None:
    """Create the variables of optimizer, metrics and losses before `fit` does.

    Created inside its first step, they make TensorFlow trace that step twice: 0.3 s of waiting for the first batch.
    Keras has no public name for this.
    """
    assert session.data is not None
    train = session.data.train
    first = Part(train.features[:1], train.targets[:1])
    build = getattr(session.model, "_symbolic_build", None)
    if build is not None:
        build(data_batch=(_features(session.model, first), _targets(session, first)))


def checked_plan(job: JobSpec, catalog: Catalog) -> Plan:
    """Return the plan of the job's design; raise, blaming its node, for the first error that the design has."""
    found = survey(job.document, catalog)
    for problem in found.problems:
        if problem.severity == "error":
            raise _Blamed(
                BadTraining(problem.message, expected=problem.expected, received=problem.received, hint=problem.hint),
                problem.node,
            )
    return plan_of(found)


def _finish(session: _Session, reporter: Reporter) -> RunState:
    stopped = session.control.stop.is_set()
    session.emit({"event": "closing"})
    _save(session)
    _save_source(session)
    _save_checkpoints(session)
    _report(session, reporter)
    state = RunState.STOPPED if stopped else RunState.FINISHED
    reason = "Stopped by request; the model is saved." if stopped else ""
    session.say("state", state=state.value, reason=reason)
    return state


def _reporter(session: _Session, compiled: Compiled) -> Reporter:
    data, fit = session.data, session.job.document.training.fit
    assert data is not None
    steps = -(-len(data.train) // fit.batch_size)
    process = psutil.Process()
    process.cpu_percent()

    def usage() -> dict[str, Any]:
        return {"cpu_percent": process.cpu_percent(), "memory_bytes": process.memory_info().rss}

    def begin(names: list[str]) -> None:
        model = session.model
        session.say(
            "started",
            epochs=fit.epochs,
            steps_per_epoch=steps,
            batch_size=fit.batch_size,
            train_samples=len(data.train),
            validation_samples=0 if data.validation is None else len(data.validation),
            test_samples=0 if data.test is None else len(data.test),
            parameters=model.count_params(),
            trainable_parameters=sum(int(np.prod(weight.shape)) for weight in model.trainable_weights),
            metrics=names,
            defaults=compiled.defaults,
        )
        session.say("state", state=RunState.RUNNING.value)
        for note in data.notes:
            session.say("log", text=note)

    return Reporter(session.emit, session.control, fit.epochs, fit.batch_size, steps, usage, begin)


def _features(model: Any, part: Part) -> Any:
    """Every input of a model with several receives the same features."""
    return part.features if len(model.inputs) == 1 else [part.features] * len(model.inputs)


def _targets(session: _Session, part: Part) -> Any:
    assert session.ends is not None
    return targets_of(session.job.document.training, [end.node for end in session.ends], part)


def _check_fit(session: _Session) -> None:
    """Raise when an input of the model does not take the samples of the data."""
    assert session.data is not None
    assert session.plan is not None
    offered = session.data.train.features.shape[1:]
    for tensor, planned in zip(session.model.inputs, session.plan.inputs, strict=True):
        wanted = tuple(tensor.shape[1:])
        fits = len(wanted) == len(offered) and all(
            size is None or size == given for size, given in zip(wanted, offered, strict=True)
        )
        if not fits:
            raise _Blamed(
                BadTraining(
                    "The data does not fit the input of the model.",
                    expected=f"samples of shape {_shape(wanted)}",
                    received=f"samples of shape {_shape(offered)}",
                    hint=f"Set the shape of the Input to {_shape(offered)}, or choose other data.",
                ),
                planned.node,
            )


def _check_classes(session: _Session) -> None:
    """Raise when an output has fewer units than the data has classes: Keras itself would go on with rubbish."""
    assert session.data is not None
    assert session.ends is not None
    target = session.data.target
    classes = len(target.classes)
    labelled = [end for end in session.ends if is_labelled(session.job.document.training, end.node)]
    for end in labelled:
        units = end.units or classes
        if classes and units < (1 if classes == 2 else classes):
            raise _Blamed(
                BadTraining(
                    "The last layer has too few units for the classes of the data.",
                    expected=f"{classes} units",
                    received=f"{units}",
                    hint=f"Set its units to {classes}.",
                ),
                _producer(session, end.node),
            )


def _producer(session: _Session, output: str) -> str:
    assert session.plan is not None
    return next((planned.source.node for planned in session.plan.outputs if planned.node == output), output)


def _shape(shape: tuple[int | None, ...]) -> str:
    return "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"


def _check_loss(reporter: Reporter, callbacks: Any) -> None:
    """Raise when the loss ended as no number, or as infinite where the design asks to terminate on that."""
    terminate = any(callback.class_name == "TerminateOnNaN" for callback in callbacks)
    if reporter.lost or (terminate and not np.isfinite(reporter.loss)):
        raise _lost_numbers(reporter.epoch, reporter.step)


def _lost_numbers(epoch: int, step: int) -> _LostNumbers:
    return _LostNumbers(
        f"The loss is not a number any more (epoch {epoch}, step {step}).",
        expected="a finite loss",
        received="NaN or infinite",
        hint="Lower the learning rate, set clipnorm in the optimizer, or standardise the data.",
    )


def _save(session: _Session) -> None:
    """Write `model.keras`, load it back, compare its predictions, and only then tell of it."""
    path = session.folder / "model.keras"
    temporary = session.folder / "model.part.keras"
    assert session.data is not None
    session.model.save(temporary)
    samples = Part(session.data.train.features[:_COMPARED_SAMPLES], session.data.train.targets[:1])
    loaded = keras.saving.load_model(temporary, compile=False)
    for ours, theirs in zip(_predicted(session.model, samples), _predicted(loaded, samples), strict=True):
        if not np.allclose(ours, theirs, rtol=1e-4, atol=1e-5, equal_nan=True):
            temporary.unlink()
            raise BadTraining(
                "The saved model predicts something else than the trained one.",
                expected="equal predictions",
                received=f"a difference of {float(np.max(np.abs(ours - theirs))):.3g}",
                hint="A layer of the design does not save all of its state.",
            )
    _keep(temporary, path)
    _tell_artifact(session, path)


def _predicted(model: Any, part: Part) -> list[Array]:
    outputs = model.predict_on_batch(_features(model, part))
    return [np.asarray(output) for output in (outputs if isinstance(outputs, list | tuple) else [outputs])]


def _save_source(session: _Session) -> None:
    """Write `model.py`, the readable script that does the same training by itself."""
    assert session.plan is not None
    assert session.data is not None
    path, job = session.folder / "model.py", session.job
    try:
        source = render_script(session.plan, job.document, job.data, target=session.data.target).source
    except AppError as error:
        session.say("log", level="warning", text=f"There is no script of this run. {error.message}")
        return
    temporary = path.with_name("model.py.part")
    temporary.write_text(source)
    _keep(temporary, path)
    _tell_artifact(session, path)


def _save_checkpoints(session: _Session) -> None:
    """Tell of the files that callbacks of the design left in the run's folder; a folder of them is one zip file."""
    folder = session.folder / CHECKPOINTS
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        kept = session.folder / (f"{path.name}.zip" if path.is_dir() else path.name)
        temporary = kept.with_name(kept.name + ".part")
        if path.is_dir():
            pack(path, temporary)
        elif path.stat().st_size and path.name != "model.keras" and path.suffix in (".keras", ".h5", ".csv"):
            shutil.copyfile(path, temporary)
        else:
            continue
        _keep(temporary, kept)
        _tell_artifact(session, kept)


def _keep(temporary: Path, path: Path) -> None:
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
    temporary.rename(path)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _tell_artifact(session: _Session, path: Path) -> None:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    session.say("artifact", name=path.name, path=path.name, bytes=path.stat().st_size, sha256=digest)


def _report(session: _Session, reporter: Reporter) -> None:
    """Report on validation and test; after a stop only when that is a matter of seconds."""
    data, ends, model = session.data, session.ends, session.model
    assert data is not None
    assert ends is not None
    training = session.job.document.training
    labelled = next((index for index, end in enumerate(ends) if is_labelled(training, end.node)), None)
    logits = labelled is not None and not (ends[labelled].units == 1 and ends[labelled].activation == "sigmoid")
    batch_size = training.fit.batch_size
    for split, part in (("validation", data.validation), ("test", data.test)):
        if part is None:
            continue
        if session.control.stop.is_set() and len(part) > reporter.rate * _HASTY_SECONDS:
            session.say("log", text=f"The report on {split} was left out, for the run was stopped.")
            continue
        features = _features(model, part)
        metrics = model.evaluate(features, _targets(session, part), batch_size=batch_size, verbose=0, return_dict=True)
        if labelled is None:
            fields = metrics_only(split, metrics, len(part))
        else:
            predictions = model.predict(features, batch_size=max(batch_size, 256), verbose=0)
            one = predictions[labelled] if isinstance(predictions, list | tuple) else predictions
            fields = report(split, metrics, np.asarray(one), part.targets, data.target, logits)
        session.emit({"time": time.time(), **fields})


class _Blamed(Exception):
    """An error whose node is known."""

    def __init__(self, error: AppError, node: str) -> None:
        super().__init__(error.message)
        self.error = error
        self.node = node


def _fail(session: _Session, error: BaseException) -> None:
    traceback.print_exception(error, file=sys.__stderr__)
    node, cause = (error.node, error.error) if isinstance(error, _Blamed) else ("", error)
    place = own_code.locate(cause)
    if isinstance(cause, AppError):
        reason = " ".join(filter(None, (cause.message, _sides(cause))))
        code, hint = cause.code, cause.hint
    else:
        code, reason, hint = explain(cause)
    if place is not None and code != own_code.OwnCodeFailed.code:
        code, reason = "own_code", f"In {place}: {type(_first_cause(cause)).__name__}: {reason}"
    session.say(
        "state",
        state=RunState.FAILED.value,
        reason=reason,
        code=code,
        hint=hint,
        node=node or blamed_node(cause, session.plan),
    )


def _first_cause(error: BaseException) -> BaseException:
    return list(_causes(error))[-1]


def _sides(error: AppError) -> str:
    if not (error.expected or error.received):
        return ""
    return f"Expected: {error.expected}. Received: {error.received}."


def explain(error: BaseException) -> tuple[str, str, str]:
    """Return code, reason and hint for an error of Keras, TensorFlow or Python."""
    text = str(error).strip() or type(error).__name__
    kind = type(error).__name__
    if isinstance(error, MemoryError) or kind == "ResourceExhaustedError":
        hint = "Choose a smaller batch size, or fewer units."
        return "out_of_memory", f"There was not enough memory: {_first_lines(text)}", hint
    if isinstance(error, RuntimeError) and text.startswith("NaN or Inf loss"):
        return "nan", text, _lost_numbers(0, 0).hint
    if isinstance(error, OSError) and error.errno == 28:
        return "disk_full", "There is no space left on the disk.", "Free some space, then train again."
    return "keras_error", _first_lines(_essence(text)), ""


def _essence(text: str) -> str:
    """Return what a graph error says behind the stack that TensorFlow puts in its text."""
    if not text.startswith("Graph execution error"):
        return text
    noise = (" ", "\t", "Graph execution error", "Detected at node", "Stack trace")
    lines = [line for line in text.splitlines() if line and not line.startswith(noise)]
    return " ".join(lines) or text


def _first_lines(text: str) -> str:
    return text if len(text) <= 1_500 else text[:1_500] + " ..."


def blamed_node(error: BaseException, plan: Plan | None) -> str:
    """Return the node whose layer raised `error`: the innermost one on the stack, else one that the text names."""
    if plan is None:
        return ""
    nodes = nodes_by_layer_name(plan)
    causes = list(_causes(error))
    for cause in reversed(causes):
        for frame, _ in reversed(list(traceback.walk_tb(cause.__traceback__))):
            layer = frame.f_locals.get("self")
            if isinstance(layer, keras.layers.Layer) and layer.name in nodes:
                return nodes[layer.name]
    text = " ".join(map(str, causes))
    named = (name for name in sorted(nodes, key=len, reverse=True) if _names(text, name))
    return nodes.get(next(named, ""), getattr(error, "node", ""))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _names(text: str, name: str) -> bool:
    """TensorFlow numbers a layer's operations: `dense` runs as `sequential_1/dense_1/MatMul`."""
    return re.search(rf"(?<!\w){re.escape(name)}(_\d+)?(?!\w)", text) is not None


class _Printed(io.TextIOBase):
    """What is printed while training: each line an event, and all of it still where it went before."""

    def __init__(self, session: _Session, level: str, behind: Any) -> None:
        self.session, self.level, self.behind = session, level, behind
        self._rest = ""
        self._lines = 0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            self.behind.write(text)
        *lines, self._rest = (self._rest + text)[-10_000:].split("\n")
        for line in filter(str.strip, lines):
            self._lines += 1
            if self._lines <= MAX_LOG_LINES:
                self.session.say("log", level=self.level, text=line[:2_000])
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self.behind.flush()


@contextlib.contextmanager
def _printed_to(session: _Session) -> Iterator[None]:
    """Make what is printed to events. The originals' place is the error stream, for output may be the event stream."""
    out = _Printed(session, "info", sys.__stderr__)
    errors = _Printed(session, "warning", sys.__stderr__)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        yield
