"""Every format: what is written is read back by its own runtime, and refused in words where it cannot be."""

import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from app.document.model import GraphDocument
from app.messages.analysis import ExportModelRequest
from app.messages.exports import EXPORTS, ExportFormat, Proof
from app.shared.errors import AppError
from app.worker import sandbox
from app.worker.building import own_code
from app.worker.exports.errors import ExportFailed, NotInThisFormat, ToolMissing
from app.worker.exports.export import export_model
from app.worker.exports.subject import subject_of
from tests.graph.designs import chain, classifier
from tests.worker.exports.test_export import DESIGNS

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

IMAGES = DESIGNS["images"]
READERS: dict[ExportFormat, str] = {
    "keras": "Keras",
    "h5": "Keras",
    "weights": "Keras",
    "json": "Keras",
    "python": "Python",
    "notebook": "Python",
    "savedmodel": "TensorFlow",
    "onnx": "ONNX Runtime",
    "litert": "LiteRT",
}


def export(document: GraphDocument, kind: Any, path: Path, **more: Any) -> Proof:
    return export_model(ExportModelRequest(document=document, format=kind, path=str(path), **more)).proof


def lstm(**params: Any) -> GraphDocument:
    size = {"batch_size": 2} if params.get("stateful") else {}
    return chain(
        ("x", "InputLayer", {"shape": [5, 4], **size}), ("lstm", "LSTM", {"units": 2, **params}), ("y", "Output", {})
    )


@pytest.fixture
def drawing(monkeypatch: pytest.MonkeyPatch) -> Iterator[GraphDocument]:
    """A design whose own layer draws random numbers; its source is ours, so that this process may execute it."""
    monkeypatch.setattr(sandbox, "_entered", True)
    layers = chain(
        ("x", "InputLayer", {"shape": [5]}),
        ("sampling", "Sampling", {}),
        ("d", "Dense", {"units": 3}),
        ("y", "Output", {}),
    )
    source = """
import tensorflow as tf
import keras

class Sampling(keras.layers.Layer):
    def call(self, inputs):
        return inputs + tf.random.normal(tf.shape(inputs))
"""
    code = {"sampling": {"kind": "layers", "name": "Sampling", "source": source}}
    document = GraphDocument.model_validate({**layers.model_dump(), "code": code})
    own_code.load(document)
    yield document
    own_code.clear()


@pytest.mark.parametrize("kind", ["keras", "weights", "python", "savedmodel"])
def test_what_is_never_predicted_twice_is_compared_by_its_weights(
    kind: ExportFormat, drawing: GraphDocument, tmp_path: Path
) -> None:
    proof = export(drawing, kind, tmp_path / "file")
    told = ["d draws random numbers as it predicts: its shape alone was compared."]
    wanted = told if kind == "savedmodel" else [*told, "All weights are equal."]
    assert (proof.outputs, proof.notes[-len(wanted) :]) == ([], wanted)


def test_other_weights_of_what_is_never_predicted_twice_are_seen(drawing: GraphDocument, tmp_path: Path) -> None:
    request = ExportModelRequest(document=drawing, format="keras", path=str(tmp_path / "file"))
    subject = subject_of(request)
    other = subject.rebuilt(subject.plan)
    other.set_weights([weight + 1 for weight in other.get_weights()])
    with pytest.raises(ExportFailed, match="predicts something else") as caught:
        subject.compared_with(other, "Keras")
    assert caught.value.expected == "equal weights"


@pytest.mark.parametrize("kind", READERS)
def test_what_predicts_is_compared(kind: ExportFormat, tmp_path: Path) -> None:
    proof = export(IMAGES, kind, tmp_path / "file")
    assert proof.read_by.startswith(READERS[kind])
    (output,) = proof.outputs
    assert (output.name, output.shape, output.dtype) == ("dense", [4, 10], "float32")
    assert (proof.parameters, proof.trainable_parameters, proof.samples) == (650, 650, 4)
    assert proof.largest_difference <= proof.atol + proof.rtol
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_a_summary_is_text(tmp_path: Path) -> None:
    proof = export(IMAGES, "summary", tmp_path / "file")
    text = (tmp_path / "file").read_text()
    assert "650" in text
    assert "flatten (Flatten)" in text
    assert (proof.parameters, proof.outputs) == (650, [])


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
@pytest.mark.parametrize(("kind", "start"), [("plot_png", b"\x89PNG"), ("plot_svg", b"<?xml")])
def test_plots_are_pictures(kind: ExportFormat, start: bytes, tmp_path: Path) -> None:
    export(IMAGES, kind, tmp_path / "file")
    assert (tmp_path / "file").read_bytes().startswith(start)


def test_names_in_a_plot_are_text(tmp_path: Path) -> None:
    """Graphviz reads labels as HTML."""
    layers = {
        key: layer.model_copy(update={"name": f"<b> {key} & co"}) if layer.class_name != "Output" else layer
        for key, layer in IMAGES.layers.items()
    }

    export(IMAGES.model_copy(update={"layers": layers}), "plot_svg", tmp_path / "file")

    assert "&lt;b&gt;" in (tmp_path / "file").read_text()


def test_without_graphviz_a_plot_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing) as caught:
        export(IMAGES, "plot_png", tmp_path / "file")
    assert "apt install graphviz" in caught.value.hint


@pytest.mark.parametrize("kind", ["onnx", "savedmodel"])
def test_a_bundle_carries_its_proof(kind: ExportFormat, tmp_path: Path) -> None:
    export(IMAGES, kind, tmp_path / "file", bundle=True, name="digits")
    name = f"digits{EXPORTS[kind].suffix}"
    with zipfile.ZipFile(tmp_path / "file") as archive:
        assert archive.namelist() == [name, "proof.json", "proof.md", "README.md"]
        proof = json.loads(archive.read("proof.json"))
        table = archive.read("proof.md").decode()
    assert (proof["file"], proof["format"], proof["parameters"]) == (name, kind, 650)
    assert proof["sha256"] in table
    assert "| 1 | (4, 10) | float32 |" in table


def test_a_notebook_is_one(tmp_path: Path) -> None:
    export(IMAGES, "notebook", tmp_path / "file")
    nbformat.validate(nbformat.read(tmp_path / "file", as_version=4))


def test_recurrent_layers_go_to_litert_unrolled(tmp_path: Path) -> None:
    proof = export(lstm(), "litert", tmp_path / "file")
    assert any("unrolled" in note for note in proof.notes)


def test_names_that_a_format_refuses_are_numbered(tmp_path: Path) -> None:
    document = classifier(shape=[3])
    layers = {key: layer.model_copy(update={"name": f"{layer.name} é"}) for key, layer in document.layers.items()}
    proof = export(document.model_copy(update={"layers": layers}), "savedmodel", tmp_path / "file")
    assert any("layer_1" in note for note in proof.notes)


@pytest.mark.parametrize(
    ("document", "kind", "received"),
    [
        (DESIGNS["text"], "onnx", "string"),
        (DESIGNS["text"], "litert", "string"),
        (lstm(stateful=True), "onnx", "stateful"),
        (lstm(stateful=True), "litert", "stateful"),
        (lstm(dtype="float64"), "litert", "float64"),
    ],
)
def test_what_a_format_cannot_hold_is_said_before_it_is_written(
    document: GraphDocument, kind: ExportFormat, received: str, tmp_path: Path
) -> None:
    with pytest.raises(NotInThisFormat) as caught:
        export(document, kind, tmp_path / "file")
    error: AppError = caught.value
    assert error.received == received
    assert error.hint
    assert list(tmp_path.iterdir()) == []


def test_what_the_other_runtime_cannot_run_is_not_offered(tmp_path: Path) -> None:
    with pytest.raises(ExportFailed):
        export(DESIGNS["words"], "litert", tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_a_stateful_model_is_compared_from_fresh_states(tmp_path: Path) -> None:
    assert export(lstm(stateful=True), "keras", tmp_path / "file").largest_difference == 0.0
