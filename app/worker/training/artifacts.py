"""What a run leaves behind: files that are whole when they are told of."""

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from app.codegen.python_source import render_script
from app.graph.demand import demand_of
from app.shared.errors import AppError
from app.worker.building.recurrent import reset_states
from app.worker.training.callbacks import CHECKPOINTS
from app.worker.training.compile import BadTraining
from app.worker.training.raw_model import probe, raw_model
from app.worker.training.run_files import pack
from app.worker.training.session import Session

Array = NDArray[Any]

MODEL: Final = "model.keras"
RAW_MODEL: Final = "model_with_preprocessing.keras"
_OF_THE_RUN: Final = frozenset({MODEL, RAW_MODEL})
_COMPARED_SAMPLES: Final = 32


def save_model(session: Session) -> None:
    """Write `model.keras`, load it back, compare its predictions, and only then tell of it."""
    path = session.folder / MODEL
    temporary = session.folder / "model.part.keras"
    samples = session.features(session.data.train.take(slice(session.batch or _COMPARED_SAMPLES)))
    try:
        session.model.save(temporary)
        loaded = keras.saving.load_model(temporary, compile=False)
        _compare(session, session.model, loaded, lambda each: _predicted(each, samples))
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _keep(temporary, path)
    _tell_artifact(session, path)


def _predicted(model: Any, samples: Any) -> list[Array]:
    reset_states(model)
    return _given(model.predict_on_batch(samples))


def _given(outputs: Any) -> list[Array]:
    return [np.asarray(output) for output in (outputs if isinstance(outputs, list | tuple) else [outputs])]


def save_raw_model(session: Session) -> None:
    """Write the model that takes raw rows, where the data was prepared; check it as `save_model` does."""
    assert session.plan is not None
    demand = demand_of(session.job.document, [one.node for one in session.plan.inputs], ())
    path = session.folder / RAW_MODEL
    temporary = path.with_suffix(".part.keras")
    try:
        model = raw_model(session.model, session.data, demand.inputs)
        if model is None:
            return
        model.save(temporary)
        loaded = keras.saving.load_model(temporary, compile=False)
        _compare(session, model, loaded, lambda each: _given(each(probe(model), training=False)))
    except Exception as error:
        temporary.unlink(missing_ok=True)
        session.say("log", level="warning", text=f"There is no model that takes raw rows. {error}"[:2_000])
        return
    _keep(temporary, path)
    _tell_artifact(session, path)
    session.say("log", text=f"{path.name} takes raw rows, by column: {', '.join(model.input)}."[:2_000])


def _compare(session: Session, ours: Any, theirs: Any, predict: Callable[[Any], list[Array]]) -> None:
    """Raise when a model that was loaded back predicts something else than the one that was saved.

    A model that never predicts the same twice, since it draws random numbers, is compared by its weights.
    """
    expected = predict(ours)
    difference = _difference(expected, predict(theirs))
    if difference == 0:
        return
    is_random = _difference(expected, predict(ours)) > 0
    if not is_random or any(map(_differ, ours.get_weights(), theirs.get_weights())):
        raise BadTraining(
            "The saved model predicts something else than the trained one.",
            expected="equal predictions",
            received=f"a difference of {difference:.3g}",
            hint="A layer of the design does not save all of its state.",
        )
    session.say("log", text="The model draws random numbers as it predicts: the saved one was compared by its weights.")


def _difference(ours: list[Array], theirs: list[Array]) -> float:
    """Return the largest difference of predictions that are not equal; 0 where all are, but for rounding."""
    pairs = [pair for pair in zip(ours, theirs, strict=True) if _differ(*pair)]
    return max((float(np.max(np.abs(one - other))) for one, other in pairs), default=0.0)


def _differ(one: Array, other: Array) -> bool:
    return not np.allclose(one, other, rtol=1e-4, atol=1e-5, equal_nan=True)


def save_source(session: Session) -> None:
    """Write `model.py`, the readable script that does the same training by itself."""
    assert session.plan is not None
    path, job = session.folder / "model.py", session.job
    try:
        source = render_script(session.plan, job.document, job.data, targets=session.data.targets).source
    except AppError as error:
        session.say("log", level="warning", text=f"There is no script of this run. {error.message}")
        return
    temporary = path.with_name("model.py.part")
    temporary.write_text(source)
    _keep(temporary, path)
    _tell_artifact(session, path)


def save_checkpoints(session: Session) -> None:
    """Tell of the files that callbacks of the design left in the run's folder; a folder of them is one zip file.

    One that is called as a file of the run itself keeps that for the end of its name.
    """
    folder = session.folder / CHECKPOINTS
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        name = f"checkpoint_{path.name}" if path.name in _OF_THE_RUN else path.name
        kept = session.folder / (f"{name}.zip" if path.is_dir() else name)
        temporary = kept.with_name(kept.name + ".part")
        if path.is_dir():
            pack(path, temporary)
        elif path.stat().st_size and path.suffix in (".keras", ".h5", ".csv"):
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


def _tell_artifact(session: Session, path: Path) -> None:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    session.say("artifact", name=path.name, path=path.name, bytes=path.stat().st_size, sha256=digest)
