"""One training, from a job to its last event. It knows Keras and a function that takes events, and nothing else."""

from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import psutil

from app.catalog.model import Catalog
from app.graph.check import survey
from app.graph.demand import demand_of, is_labelled
from app.graph.last_layers import PROBABILITIES
from app.graph.model import Plan
from app.graph.plan import plan_of
from app.messages.events import RunState
from app.messages.jobs import JobSpec
from app.worker.building import own_code
from app.worker.building.build import build_model
from app.worker.building.keras_config import configured
from app.worker.data.sources import load
from app.worker.training.artifacts import save_checkpoints, save_model, save_raw_model, save_source
from app.worker.training.batches import fixed_batch, in_whole_batches
from app.worker.training.callbacks import Control, Emit, Reporter, build_callbacks
from app.worker.training.compile import BadTraining, Compiled, compile_arguments, fit_arguments, output_ends
from app.worker.training.failure import Blamed, LostNumbers, tell_failure
from app.worker.training.fitness import check_classes, check_inputs
from app.worker.training.logs import number_of
from app.worker.training.printed import printed_to
from app.worker.training.report import metrics_only, report
from app.worker.training.session import Session, Stopped
from app.worker.training.targets import target_of
from app.worker.weights import start as weights

_HASTY_SECONDS: Final = 3.0
"""How long a report may take after a stop."""


def train(job: JobSpec, emit: Emit, control: Control) -> RunState:
    """Run `job` to its end, telling of it through `emit`; return the state in which it ended. Never raises."""
    session = Session(job, emit, control, Path(job.folder))
    keras.config.disable_traceback_filtering()
    try:
        with printed_to(session), configured(job.document.training.config):
            state = _train(session)
            reason = "Stopped by request; the model is saved." if state is RunState.STOPPED else ""
    except Stopped:
        state, reason = RunState.STOPPED, "Stopped before the first batch."
    except BaseException as error:
        tell_failure(session, error)
        return RunState.FAILED
    session.say("state", state=state.value, reason=reason)
    return state


def _train(session: Session) -> RunState:
    job, training = session.job, session.training
    session.folder.mkdir(parents=True, exist_ok=True)
    if training.fit.seed is not None:
        keras.utils.set_random_seed(training.fit.seed)
    own_code.load(job.document)
    session.plan = plan = checked_plan(job, session.catalog)
    ends = [output.node for output in plan.outputs]
    session.data = load(job.data, training.fit, demand_of(job.document, [one.node for one in plan.inputs], ends))
    session.check_stop()
    session.model = model = build_model(plan, session.catalog)
    check_inputs(session)
    session.batch = fixed_batch(model)
    if session.batch is not None:
        session.data = in_whole_batches(session.data, session.batch, training.fit.batch_size)
    data = session.data
    _start_from_weights(session)
    session.ends = output_ends(model, ends)
    compiled = compile_arguments(training, session.ends, data.targets, session.catalog)
    check_classes(session)
    model.compile(**compiled.arguments)
    _build_state(session)
    session.check_stop()
    reporter = _reporter(session, compiled)
    callbacks = build_callbacks(training.callbacks, session.folder, session.catalog, job.egress_hosts)
    held = data.validation
    model.fit(
        session.features(data.train),
        session.targets(data.train),
        validation_data=None if held is None else (session.features(held), session.targets(held)),
        callbacks=[*callbacks, reporter],
        verbose=2 if any(type(one) is keras.callbacks.ProgbarLogger for one in callbacks) else 0,
        **_fit_arguments(session),
    )
    _check_loss(reporter, training.callbacks.values())
    return _finish(session, reporter)


def _fit_arguments(session: Session) -> dict[str, Any]:
    first, data = session.ends[0].node, session.data
    labels = data.train.targets.get(first, np.zeros(0, dtype=np.int32))
    target = target_of(session.training, first, data.targets)
    return fit_arguments(session.training.fit, target, labels, len(session.ends))


def _start_from_weights(session: Session) -> None:
    """Put in the weights that the design names, and tell what starts from them and what afresh."""
    job = session.job
    starts = weights.begin(session.model, job.document, job.weights, job.data, session.folder)
    for line in weights.describe(starts) if starts else ():
        session.say("log", text=line)


def _build_state(session: Session) -> None:
    """Create the variables of optimizer, metrics and losses before `fit` does.

    Created inside its first step, they make TensorFlow trace that step twice: 0.3 s of waiting for the first batch.
    Keras has no public name for this.
    """
    first = session.data.train.take(slice(session.batch or 1))
    build = getattr(session.model, "_symbolic_build", None)
    if build is not None:
        build(data_batch=(session.features(first), session.targets(first)))


def checked_plan(job: JobSpec, catalog: Catalog) -> Plan:
    """Return the plan of the job's design; raise, blaming its node, for the first error that the design has."""
    found = survey(job.document, catalog)
    for problem in found.problems:
        if problem.severity == "error":
            raise Blamed(
                BadTraining(problem.message, expected=problem.expected, received=problem.received, hint=problem.hint),
                problem.node,
            )
    return plan_of(found)


def _finish(session: Session, reporter: Reporter) -> RunState:
    stopped = session.control.stop.is_set()
    session.emit({"event": "closing"})
    save_model(session)
    save_raw_model(session)
    save_source(session)
    save_checkpoints(session)
    _report(session, reporter)
    return RunState.STOPPED if stopped else RunState.FINISHED


def _reporter(session: Session, compiled: Compiled) -> Reporter:
    data, fit = session.data, session.job.document.training.fit
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


def _check_loss(reporter: Reporter, callbacks: Any) -> None:
    """Raise when the loss ended as no number, or as infinite where the design asks to terminate on that."""
    terminate = any(callback.class_name == "TerminateOnNaN" for callback in callbacks)
    if reporter.lost or (terminate and not np.isfinite(reporter.loss)):
        raise LostNumbers(reporter.epoch, reporter.step)


def _report(session: Session, reporter: Reporter) -> None:
    """Report on validation and test; after a stop only when that is a matter of seconds."""
    data, ends, model = session.data, session.ends, session.model
    training = session.training
    labelled = next((index for index, end in enumerate(ends) if is_labelled(training, end.node)), None)
    logits = labelled is not None and ends[labelled].activation not in PROBABILITIES
    batch_size = training.fit.batch_size
    for split, part in (("validation", data.validation), ("test", data.test)):
        if part is None:
            continue
        if session.control.stop.is_set() and len(part) > reporter.rate * _HASTY_SECONDS:
            session.say("log", text=f"The report on {split} was left out, for the run was stopped.")
            continue
        features = session.features(part)
        evaluated = model.evaluate(features, session.targets(part), batch_size=batch_size, verbose=0, return_dict=True)
        metrics = {name: number_of(value) for name, value in evaluated.items()}
        if labelled is None:
            fields = metrics_only(split, metrics, len(part))
        else:
            predictions = model.predict(features, batch_size=session.batch or max(batch_size, 256), verbose=0)
            node = ends[labelled].node
            one = predictions[labelled] if isinstance(predictions, list | tuple) else predictions
            fields = report(split, metrics, np.asarray(one), part.targets[node], data.targets[node], logits)
        session.say(**fields)
