"""The files of Keras: `.keras`, `.h5`, weights and the architecture as JSON."""

import json
from pathlib import Path
from typing import Any

import keras

from app.messages.exports import Proof
from app.worker.exports.configuration import first_difference
from app.worker.exports.errors import ExportFailed
from app.worker.exports.subject import Subject


def write_keras(subject: Subject, path: Path) -> Proof:
    """Write a `.keras` archive; it builds an equal configuration and predicts the same."""
    subject.model.save(path)
    loaded = keras.saving.load_model(path, compile=False)
    note = _equal_configuration(subject.model, loaded)
    return subject.compared_with(loaded, _keras(), note)


def write_h5(subject: Subject, path: Path) -> Proof:
    """Write the whole model in the legacy format of Keras 2."""
    subject.model.save(path)
    loaded = keras.saving.load_model(path, compile=False)
    return subject.compared_with(loaded, _keras())


def write_weights(subject: Subject, path: Path) -> Proof:
    """Write the weights alone; a model of the same design that reads them predicts the same."""
    subject.model.save_weights(path)
    other = subject.rebuilt(subject.plan)
    other.set_weights([weight * 0 for weight in other.get_weights()])
    other.load_weights(path)
    note = "Read into a model of the same design whose weights were zero before."
    return subject.compared_with(other, _keras(), note)


def write_json(subject: Subject, path: Path) -> Proof:
    """Write the architecture; it builds an equal configuration, and with the same weights predicts the same."""
    text = subject.model.to_json(indent=2)
    loaded = keras.models.model_from_json(text)
    note = _equal_configuration(subject.model, loaded)
    loaded.set_weights(subject.model.get_weights())
    proof = subject.compared_with(loaded, _keras(), note, "Weights were copied for the comparison.")
    path.write_text(text, encoding="utf-8")
    return proof


def _keras() -> str:
    return f"Keras {keras.__version__}"


def _equal_configuration(ours: Any, theirs: Any) -> str:
    """Return in words that two models have one configuration; raise `ExportFailed` where they have not."""
    expected, received = (_comparable(json.loads(model.to_json())) for model in (ours, theirs))
    if expected != received or theirs.count_params() != ours.count_params():
        raise ExportFailed(
            "The file was written, but builds another model.",
            expected=f"{ours.count_params():,} parameters and an equal configuration",
            received=f"{theirs.count_params():,} parameters; {first_difference(expected, received)}",
            hint="Report this design; the file was thrown away.",
        )
    return "The configurations are equal."


def _comparable(value: Any) -> Any:
    """Return a configuration without whether a Sequential is frozen: Keras reads that back of its layers only."""
    if isinstance(value, list):
        return [_comparable(item) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: _comparable(item) for key, item in value.items()}
    if value.get("class_name") == "Sequential" and isinstance(found.get("config"), dict):
        found["config"].pop("trainable", None)
    return found
