"""What a run leaves behind: files that are whole when they are told of."""

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from app.codegen.python_source import render_script
from app.graph.demand import demand_of
from app.shared.errors import AppError
from app.worker.training.callbacks import CHECKPOINTS
from app.worker.training.compile import BadTraining
from app.worker.training.raw_model import probe, raw_model
from app.worker.training.run_files import pack
from app.worker.training.session import Session

Array = NDArray[Any]

_COMPARED_SAMPLES: Final = 32


def save_model(session: Session) -> None:
    """Write `model.keras`, load it back, compare its predictions, and only then tell of it."""
    path = session.folder / "model.keras"
    temporary = session.folder / "model.part.keras"
    session.model.save(temporary)
    samples = session.features(session.data.train.take(slice(_COMPARED_SAMPLES)))
    loaded = keras.saving.load_model(temporary, compile=False)
    try:
        _compare(_predicted(session.model, samples), _predicted(loaded, samples))
    except BadTraining:
        temporary.unlink()
        raise
    _keep(temporary, path)
    _tell_artifact(session, path)


def _predicted(model: Any, samples: Any) -> list[Array]:
    return _given(model.predict_on_batch(samples))


def _given(outputs: Any) -> list[Array]:
    return [np.asarray(output) for output in (outputs if isinstance(outputs, list | tuple) else [outputs])]


def save_raw_model(session: Session) -> None:
    """Write the model that takes raw rows, where the data was prepared; check it as `save_model` does."""
    assert session.plan is not None
    demand = demand_of(session.job.document, [one.node for one in session.plan.inputs], ())
    path, temporary = (session.folder / f"model_with_preprocessing{end}.keras" for end in ("", ".part"))
    try:
        model = raw_model(session.model, session.data, demand.inputs)
        if model is None:
            return
        model.save(temporary)
        loaded = keras.saving.load_model(temporary, compile=False)
        _compare(*(_given(each(probe(model), training=False)) for each in (model, loaded)))
    except Exception as error:
        temporary.unlink(missing_ok=True)
        session.say("log", level="warning", text=f"There is no model that takes raw rows. {error}"[:2_000])
        return
    _keep(temporary, path)
    _tell_artifact(session, path)
    session.say("log", text=f"{path.name} takes raw rows, by column: {', '.join(model.input)}."[:2_000])


def _compare(ours: list[Array], theirs: list[Array]) -> None:
    """Raise when a model that was loaded back predicts something else than the one that was saved."""
    for one, other in zip(ours, theirs, strict=True):
        if not np.allclose(one, other, rtol=1e-4, atol=1e-5, equal_nan=True):
            raise BadTraining(
                "The saved model predicts something else than the trained one.",
                expected="equal predictions",
                received=f"a difference of {float(np.max(np.abs(one - other))):.3g}",
                hint="A layer of the design does not save all of its state.",
            )


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


def _tell_artifact(session: Session, path: Path) -> None:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    session.say("artifact", name=path.name, path=path.name, bytes=path.stat().st_size, sha256=digest)
