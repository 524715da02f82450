import ast
import hashlib
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from app.catalog.registry import load_catalog
from app.document.model import GraphDocument
from app.graph.plan import make_plan
from app.messages.analysis import ExportModelRequest
from app.messages.data import BundledSource
from app.messages.exports import Proof
from app.shared.errors import AppError, TooLarge
from app.worker.building.build import build_model
from app.worker.exports.errors import ExportFailed, NotReady
from app.worker.exports.export import export_model
from app.worker.exports.proof import fixed_batch
from tests.graph.designs import chain, classifier, design, nested

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

CATALOG = load_catalog()
DIGITS = classifier(("flatten", "Flatten", {}), ("drop", "Dropout", {"rate": 0.5}), shape=[8, 8, 1])

DESIGNS: dict[str, GraphDocument] = {
    "images": DIGITS,
    "words": chain(
        ("x", "InputLayer", {"shape": [None]}),
        ("embed", "Embedding", {"input_dim": 3, "output_dim": 2}),
        ("lstm", "LSTM", {"units": 2}),
        ("y", "Output", {}),
    ),
    "text": chain(
        ("x", "InputLayer", {"shape": [1], "dtype": "string"}),
        ("tokens", "TextVectorization", {"vocabulary": ["good", "bad"], "output_sequence_length": 4}),
        ("embed", "Embedding", {"input_dim": 4, "output_dim": 2}),
        ("pool", "GlobalAveragePooling1D", {}),
        ("y", "Output", {}),
    ),
    "two ends": design(
        {
            "a": ("InputLayer", {"shape": [3]}),
            "b": ("InputLayer", {"shape": [3], "batch_size": 2}),
            "sum": ("Add", {}),
            "y": ("Output", {}),
            "z": ("Output", {}),
        },
        ["a->sum:inputs.0", "b->sum:inputs.1", "sum->y", "a->z"],
    ),
    "a frozen chain inside": nested(
        {
            "": {
                "x": ("InputLayer", {"shape": [3]}),
                "part": ("Model", {"graph": "g", "trainable": False}),
                "y": ("Output", {}),
            },
            "g": {"a": ("InputLayer", {"shape": [3]}), "dense": ("Dense", {"units": 2}), "b": ("Output", {})},
        },
        ["x->part:inputs.0", "part:outputs.0->y", "a->dense", "dense->b"],
    ),
}


def export(document: GraphDocument, format: Any, path: Path, **more: Any) -> Proof:
    request = ExportModelRequest(document=document, format=format, path=str(path), **more)
    found = export_model(request)
    assert found.path == str(path)
    assert found.bytes == path.stat().st_size
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert list(path.parent.glob("*.part*")) == []
    return found.proof


@pytest.mark.parametrize("name", DESIGNS)
def test_a_keras_file_is_loaded_back_and_predicts_the_same(name: str, tmp_path: Path) -> None:
    proof = export(DESIGNS[name], "keras", tmp_path / "m")

    assert proof.outputs
    assert proof.largest_difference == 0.0


def test_trained_weights_are_taken(tmp_path: Path) -> None:
    trained = build_model(make_plan(DIGITS, CATALOG))
    trained.set_weights([np.full_like(weight, 0.5) for weight in trained.get_weights()])
    trained.save(tmp_path / "trained.keras")

    proof = export(DIGITS, "keras", tmp_path / "m.keras", weights=str(tmp_path / "trained.keras"))

    assert proof.trained
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    assert all(np.all(weight == 0.5) for weight in loaded.get_weights())


def test_weights_of_another_design_are_refused(tmp_path: Path) -> None:
    export(DESIGNS["words"], "keras", tmp_path / "other.keras")

    with pytest.raises(ExportFailed):
        export(DIGITS, "keras", tmp_path / "m.keras", weights=str(tmp_path / "other.keras"))

    assert [path.name for path in tmp_path.iterdir()] == ["other.keras"]


def test_an_architecture_builds_the_same_model(tmp_path: Path) -> None:
    proof = export(DIGITS, "json", tmp_path / "m.json")

    assert (proof.parameters, proof.largest_difference) == (650, 0.0)
    text = (tmp_path / "m.json").read_text()
    assert json.loads(text) == json.loads(build_model(make_plan(DIGITS, CATALOG)).to_json())


def test_python_source_parses(tmp_path: Path) -> None:
    proof = export(DIGITS, "python", tmp_path / "m.py", data=BundledSource(name="digits"))

    assert (proof.parameters, proof.largest_difference) == (650, 0.0)
    ast.parse((tmp_path / "m.py").read_text())


@pytest.mark.parametrize("format", ["keras", "json", "python"])
def test_a_design_with_errors_is_not_exported(format: str, tmp_path: Path) -> None:
    with pytest.raises(NotReady) as caught:
        export(GraphDocument(), format, tmp_path / "m")

    error: AppError = caught.value
    assert error.code == "not_ready"
    assert error.hint
    assert list(tmp_path.iterdir()) == []


def test_a_model_too_large_is_refused_before_it_is_built(tmp_path: Path) -> None:
    with pytest.raises(TooLarge):
        export(classifier(shape=[2**20], units=2**20), "keras", tmp_path / "m")


def test_the_fixed_batch_is_fixed() -> None:
    model = build_model(make_plan(DESIGNS["two ends"], CATALOG))

    one, other = fixed_batch(model).inputs, fixed_batch(model).inputs

    assert [array.shape for array in one] == [(2, 3), (2, 3)]
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
