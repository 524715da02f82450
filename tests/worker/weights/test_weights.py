"""Weights from files into models: every kind of file, what fits and what does not, word vectors, a whole training."""

import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from app.catalog.own import catalog_for
from app.document.model import GraphDocument, Weights
from app.graph.check import survey
from app.graph.plan import plan_of
from app.messages.data import BundledSource, CsvOptions, CsvSource
from app.messages.events import RunState
from app.messages.jobs import JobSpec
from app.messages.weights import ConvertWeightsRequest, LayerWeights, WordVectors
from app.shared.errors import AppError
from app.worker.building.build import build_model
from app.worker.training.callbacks import Control
from app.worker.training.trainer import train
from app.worker.weights.files import BadWeights, convert
from app.worker.weights.start import CannotStart, Start, begin
from tests.worker.designs import MLP, chain, with_units

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning",
    "ignore:.*HDF5 file via:UserWarning",
)

IRIS = BundledSource(name="iris")


def converted(path: Path) -> tuple[LayerWeights | WordVectors, str]:
    target = path.with_name(path.name + ".converted")
    found = convert(ConvertWeightsRequest(path=str(path), filename=path.name, target=str(target)))
    return found, str(target)


def built(document: GraphDocument) -> Any:
    return build_model(plan_of(survey(document, catalog_for(document))))


@pytest.fixture(scope="module")
def trained() -> Any:
    """A model with the layers of MLP, and more."""
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(8, activation="relu", name="hidden_layer")(inputs)
    inner = keras.Sequential([keras.Input((8,)), keras.layers.Dense(3, name="a"), keras.layers.Dropout(0.5)])
    steps = keras.layers.Reshape((3, 1))(inner(hidden))
    both = keras.layers.Bidirectional(keras.layers.LSTM(2), name="both")(steps)
    return keras.Model(inputs, keras.layers.Dense(5, name="last_layer")(both))


@pytest.mark.parametrize("name", ["model.weights.h5", "model.keras", "model.h5"])
def test_layers_of_the_same_name_and_shape_start_from_the_file(trained: Any, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    trained.save_weights(path) if name.endswith(".weights.h5") else trained.save(path)
    contents, file = converted(path)
    assert isinstance(contents, LayerWeights)
    names = {layer.name: list(layer.shapes.values()) for layer in contents.layers}
    assert names["hidden_layer"] == [[4, 8], [8]]
    assert len(names["both"]) == 6
    document = chain(MLP)
    document.training.weights = Weights(source="upload", id="u")
    model = built(document)
    starts = begin(model, document, {"upload:u": file}, IRIS)
    assert {start.layer: bool(start.found) for start in starts} == {"hidden_layer": True, "last_layer": False}
    assert "8x3" in next(start.why for start in starts if start.layer == "last_layer")
    np.testing.assert_array_equal(model.get_layer("hidden_layer").kernel, trained.get_layer("hidden_layer").kernel)


def test_the_way_of_weights_leads_through_the_folder_of_the_run(
    trained: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a sandbox the system's temporary folder is small."""
    trained.save_weights(tmp_path / "m.weights.h5")
    _, file = converted(tmp_path / "m.weights.h5")
    document = chain(MLP)
    document.training.weights = Weights(source="upload", id="u")
    model = built(document)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    scratch = tmp_path / "run"
    scratch.mkdir()
    assert len(begin(model, document, {"upload:u": file}, IRIS, scratch)) == 2
    assert list(scratch.iterdir()) == []


def test_a_layer_may_start_from_another_one_and_must_fit_it(trained: Any, tmp_path: Path) -> None:
    trained.save_weights(tmp_path / "m.weights.h5")
    _, file = converted(tmp_path / "m.weights.h5")
    inner = next(layer.name for layer in trained.layers if isinstance(layer, keras.Sequential))
    document = chain(MLP)
    document.layers["last"].weights = Weights(source="upload", id="u", layer=f"{inner}/a")
    model = built(document)
    assert begin(model, document, {"upload:u": file}, IRIS) == [Start("last_layer", found=f"{inner}/a")]
    np.testing.assert_array_equal(model.get_layer("last_layer").kernel, trained.get_layer(inner).get_layer("a").kernel)
    document.layers["last"].weights = Weights(source="upload", id="u", layer="both")
    with pytest.raises(CannotStart, match="do not fit") as refused:
        begin(model, document, {"upload:u": file}, IRIS)
    assert refused.value.node == "last"
    with pytest.raises(CannotStart, match="not there any more"):
        begin(model, document, {}, IRIS)


def test_a_nested_model_starts_from_the_whole_model_that_it_was(tmp_path: Path) -> None:
    before = built(chain(MLP))
    before.save_weights(tmp_path / "m.weights.h5")
    _, file = converted(tmp_path / "m.weights.h5")
    inner = chain(MLP)
    nested = GraphDocument.model_validate(
        {
            "graphs": {"g": {"name": "inner"}},
            "layers": {
                **{key: layer.model_dump() for key, layer in inner.layers.items()},
                "i": {"class_name": "InputLayer", "name": "i", "params": {"shape": [4]}},
                "m": {
                    "class_name": "Model",
                    "name": "body",
                    "params": {"graph": "g", "trainable": False},
                    "weights": {"source": "run", "id": "r"},
                },
                "o": {"class_name": "Output", "name": "o"},
            },
            "nodes": {
                **{key: {"layer": key, "graph": "g"} for key in inner.nodes},
                **{key: {"layer": key} for key in "imo"},
            },
            "edges": {**{key: {} for key in inner.edges}, "i:output->m:inputs.0": {}, "m:outputs.0->o:input": {}},
        }
    )
    model = built(nested)
    starts = begin(model, nested, {"run:r": file}, IRIS)
    assert {start.found for start in starts} == {"hidden_layer", "last_layer"}
    sample = np.ones((2, 4), np.float32)
    np.testing.assert_allclose(model(sample), before(sample), rtol=1e-6)
    assert model.trainable_weights == []


def two_of_one_name(starting: str) -> GraphDocument:
    """Return a design with a layer `dense`, and another in its nested model `inner`; `starting` names weights."""
    dense: dict[str, Any] = {"class_name": "Dense", "name": "dense", "params": {"units": 4}}
    weights = {"weights": {"source": "upload", "id": "u", "layer": "given"}}
    return GraphDocument.model_validate(
        {
            "graphs": {"g": {"name": "inner"}},
            "layers": {
                "i": {"class_name": "InputLayer", "name": "i", "params": {"shape": [4]}},
                "outside": {**dense, **(weights if starting == "outside" else {})},
                "m": {"class_name": "Model", "name": "inner", "params": {"graph": "g"}},
                "o": {"class_name": "Output", "name": "o"},
                "gi": {"class_name": "InputLayer", "name": "gi", "params": {"shape": [4]}},
                "inside": {**dense, **(weights if starting == "inside" else {})},
                "go": {"class_name": "Output", "name": "go"},
            },
            "nodes": {
                **{key: {"layer": key} for key in ("i", "outside", "m", "o")},
                **{key: {"layer": key, "graph": "g"} for key in ("gi", "inside", "go")},
            },
            "edges": {
                "i:output->outside:input": {},
                "outside:output->m:inputs.0": {},
                "m:outputs.0->o:input": {},
                "gi:output->inside:input": {},
                "inside:output->go:input": {},
            },
        }
    )


@pytest.mark.parametrize("starting", ["outside", "inside"])
def test_of_two_layers_of_one_name_the_one_that_names_weights_gets_them(tmp_path: Path, starting: str) -> None:
    given = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="given")])
    given.save_weights(tmp_path / "m.weights.h5")
    _, file = converted(tmp_path / "m.weights.h5")
    document = two_of_one_name(starting)
    model = built(document)
    kernels = {"outside": model.get_layer("dense").kernel, "inside": model.get_layer("inner").get_layer("dense").kernel}
    before = {where: kernel.numpy() for where, kernel in kernels.items()}
    starts = begin(model, document, {"upload:u": file}, IRIS)
    assert starts == [Start({"outside": "dense", "inside": "inner/dense"}[starting], found="given")]
    for where, kernel in kernels.items():
        expected = given.get_layer("given").kernel.numpy() if where == starting else before[where]
        np.testing.assert_array_equal(kernel, expected)


@pytest.mark.parametrize("name", ["model.weights.h5", "model.h5"])
def test_every_weight_comes_back_to_its_own_place(tmp_path: Path, name: str) -> None:
    """Files of Keras 2 know an order only: forward before backward, query before key, gamma before mean."""
    layers = (
        ("input", "InputLayer", {"shape": [6, 4]}),
        ("both", "Bidirectional", {"layer": {"class_name": "GRU", "config": {"units": 2, "return_sequences": True}}}),
        ("norm", "BatchNormalization", {}),
        ("heads", "MultiHeadAttention", {"num_heads": 2, "key_dim": 2}),
        ("last", "SeparableConv1D", {"filters": 3, "kernel_size": 2}),
        ("output", "Output", {}),
    )
    document = chain(layers)
    del document.edges["norm:output->heads:input"], document.edges["heads:output->last:input"]
    for key in ("norm:output->heads:query", "norm:output->heads:value", "heads:output->last:input"):
        document.edges[key] = type(next(iter(document.edges.values())))()
    document.training.weights = Weights(source="upload", id="u")
    before, model = built(document), built(document)
    before.set_weights([np.random.default_rng(1).uniform(0.1, 1, each.shape) for each in before.get_weights()])
    before.save_weights(tmp_path / name) if name.endswith(".weights.h5") else before.save(tmp_path / name)
    _, file = converted(tmp_path / name)
    starts = begin(model, document, {"upload:u": file}, IRIS)
    assert {start.layer for start in starts if start.found} == {
        f"{key}_layer" for key in ("both", "norm", "heads", "last")
    }
    for ours, theirs in zip(model.get_weights(), before.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_long_list_of_names_in_parts_is_read_whole(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["layer_names0"], file.attrs["layer_names1"] = [b"zero"], [b"one"]
        for layer in ("zero", "one"):
            group = file.create_group(layer)
            group.attrs["weight_names0"], group.attrs["weight_names1"] = [f"{layer}/a:0"], [f"{layer}/b:0"]
            group[f"{layer}/a:0"], group[f"{layer}/b:0"] = np.ones((2, 3)), np.ones(4)
    contents, _ = converted(tmp_path / "m.h5")
    assert isinstance(contents, LayerWeights)
    assert [(layer.name, layer.shapes) for layer in contents.layers] == [
        (name, {"0": [2, 3], "1": [4]}) for name in ("zero", "one")
    ]


VECTORS = "the 1 2 3\ncat 4 5 6\nof course 7 8 9\n"


def test_word_vectors_are_read_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "glove.txt").write_text(VECTORS)
    assert converted(tmp_path / "glove.txt")[0] == WordVectors(words=3, dimensions=3, first=["the", "cat", "of course"])
    (tmp_path / "word2vec.txt").write_text("3 3\n" + VECTORS + "cat 0 0 0\n", encoding="utf-8-sig")
    found, _ = converted(tmp_path / "word2vec.txt")
    assert isinstance(found, WordVectors)
    assert (found.words, found.notes) == (
        3,
        ["Line 5: the word 'cat' is there twice; the first one counts."],
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"the 1 2 3\ncat 4 x 6\n", "Line 2 holds something that is no number"),
        (b"the 1 2 3\ncat 4\n", "Line 2 is no word vector"),
        (b"the 1 2 nan\n", "Line 1 holds a number that is not finite"),
        (b"the 1 2\n\xff\xfe 1 2\n", "Line 2 is no text in UTF-8"),
        (b"", "no word vectors"),
        (b"word\n", "Line 1 is no word vector"),
        (b"a " + b"1 " * 150_000, "Line 1 is too long"),
    ],
)
def test_malformed_vectors_are_refused_by_the_number_of_their_line(tmp_path: Path, text: bytes, message: str) -> None:
    (tmp_path / "bad.txt").write_bytes(text)
    with pytest.raises(BadWeights, match=message):
        converted(tmp_path / "bad.txt")


def _links(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["layers"] = h5py.ExternalLink("/etc/passwd", "/")


def _bomb(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("layers/dense/vars/0", shape=(2**20, 2**20), chunks=(2**10, 2**10), dtype="f4")


def _no_weights(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")


def _cut(path: Path) -> None:
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + b"\0" * 100)


def _packed_badly(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.weights.h5", b"weights" * 1_000)
    content = bytearray(path.read_bytes())
    content[50:60] = b"\xff" * 10
    path.write_bytes(content)


def _names_of_nothing(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"gone"]


def _weights_of_nothing(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"layer"]
        file.create_group("layer").attrs["weight_names"] = [b"layer/gone:0"]


def _names_that_are_none(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = 7


def _layers_that_are_none(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["layers"] = np.ones(3)


def _variables_that_are_none(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_group("layers/dense")["vars"] = np.ones(3)


@pytest.mark.parametrize(
    "make",
    [
        *(_links, _bomb, _no_weights, _cut, _packed_badly, _names_of_nothing, _weights_of_nothing),
        *(_names_that_are_none, _layers_that_are_none),
    ],
)
def test_files_that_are_a_trap_or_damaged_are_refused(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "file")
    with pytest.raises(AppError) as refused:
        converted(tmp_path / "file")
    assert refused.value.message


def test_an_array_where_variables_are_expected_is_one(tmp_path: Path) -> None:
    _variables_that_are_none(tmp_path / "file")
    contents, _ = converted(tmp_path / "file")
    assert isinstance(contents, LayerWeights)
    assert [(layer.name, layer.shapes) for layer in contents.layers] == [("dense", {"vars": [3]})]


def embedding(vocabulary: list[str] | None) -> GraphDocument:
    first = (
        ("words", "InputLayer", {"shape": [3], "dtype": "string"}),
        ("lookup", "StringLookup", {"vocabulary": vocabulary}),
    )
    ids = (("ids", "InputLayer", {"shape": [3], "dtype": "int32"}),)
    layers = (
        *(first if vocabulary else ids),
        ("embedding", "Embedding", {"input_dim": 5, "output_dim": 3}),
        ("flat", "Flatten", {}),
        ("last", "Dense", {"units": 1}),
        ("output", "Output", {}),
    )
    document = chain(layers)
    document.layers["embedding"].weights = Weights(source="upload", id="v")
    return document


def test_an_embedding_starts_from_the_vectors_of_its_words(tmp_path: Path) -> None:
    (tmp_path / "glove.txt").write_text(VECTORS)
    _, file = converted(tmp_path / "glove.txt")
    for vocabulary, rows, words in (
        (["cat", "dog", "the"], {1: [4, 5, 6], 3: [1, 2, 3]}, "2 of 4 words of lookup_layer"),
        (None, {2: [1, 2, 3], 3: [4, 5, 6], 4: [7, 8, 9]}, "3 of 3 words of the file's own order"),
    ):
        document = embedding(vocabulary)
        model = built(document)
        (start,) = begin(model, document, {"upload:v": file}, IRIS)
        assert start == Start("embedding_layer", found=f"word vectors: found {words}")
        expected = np.zeros((5, 3))
        for row, vector in rows.items():
            expected[row] = vector
        np.testing.assert_array_equal(model.get_layer("embedding_layer").embeddings, expected)
    document.layers["embedding"].params["output_dim"] = 4
    with pytest.raises(CannotStart, match="do not fit embedding_layer"):
        begin(built(document), document, {"upload:v": file}, IRIS)


def news_cnn() -> GraphDocument:
    """The reference model: a frozen Embedding from vectors, three convolutions, 20 classes."""
    convolution = {"filters": 128, "kernel_size": 5, "activation": "relu"}
    layers = (
        ("input", "InputLayer", {"shape": [1000]}),
        ("embedding", "Embedding", {"input_dim": 20001, "output_dim": 100, "trainable": False}),
        ("conv1", "Conv1D", convolution),
        ("pool1", "MaxPooling1D", {"pool_size": 5}),
        ("conv2", "Conv1D", convolution),
        ("pool2", "MaxPooling1D", {"pool_size": 5}),
        ("conv3", "Conv1D", convolution),
        ("pool3", "MaxPooling1D", {"pool_size": 35}),
        ("flat", "Flatten", {}),
        ("hidden", "Dense", {"units": 128, "activation": "relu"}),
        ("last", "Dense", {"units": 20, "activation": "softmax"}),
        ("output", "Output", {}),
    )
    document = chain(layers, {"fit": {"epochs": 1, "batch_size": 10, "seed": 1}})
    document.layers["embedding"].weights = Weights(source="upload", id="v")
    return document


@pytest.fixture
def news(tmp_path: Path) -> CsvSource:
    """Forty texts of a thousand word ids in twenty classes."""
    random = np.random.default_rng(1)
    header = ",".join([*(f"w{column}" for column in range(1000)), "topic"])
    rows = [",".join([*map(str, random.integers(0, 20_000, 1000)), f"t{row % 20}"]) for row in range(60)]
    (tmp_path / "news.csv").write_text("\n".join([header, *rows]) + "\n")
    options = CsvOptions(
        targets=["topic"], standardize=False, task="classification", validation_fraction=0.0, test_fraction=0.0
    )
    return CsvSource(path=str(tmp_path / "news.csv"), options=options)


def test_the_news_model_trains_from_pretrained_vectors(tmp_path: Path, news: CsvSource) -> None:
    (tmp_path / "glove.txt").write_text(
        "".join(f"word{number} {' '.join([str(number)] * 100)}\n" for number in range(50))
    )
    _, file = converted(tmp_path / "glove.txt")
    events: list[dict[str, Any]] = []
    spec = JobSpec(run_id="r", document=news_cnn(), data=news, folder=str(tmp_path / "run"), weights={"upload:v": file})
    assert train(spec, events.append, Control()) is RunState.FINISHED, events[-1]
    (started,) = [event for event in events if event["event"] == "started"]
    assert (started["parameters"], started["trainable_parameters"]) == (2_247_416, 247_316)
    texts = [event["text"] for event in events if event["event"] == "log"]
    assert "embedding_layer starts from word vectors: found 50 of 50 words of the file's own order." in texts
    matrix = keras.saving.load_model(tmp_path / "run" / "model.keras").get_layer("embedding_layer").embeddings
    np.testing.assert_array_equal(matrix[:60, 0], [0, 0, *range(50), *([0] * 8)])


def test_a_run_without_the_weights_that_it_names_fails_at_their_layer(tmp_path: Path) -> None:
    document = chain(with_units(3), {"fit": {"epochs": 1}})
    document.layers["last"].weights = Weights(source="upload", id="gone")
    events: list[dict[str, Any]] = []
    spec = JobSpec(run_id="r", document=document, data=IRIS, folder=str(tmp_path))
    assert train(spec, events.append, Control()) is RunState.FAILED
    assert (events[-1]["code"], events[-1]["node"]) == ("weights_missing", "last")


def test_a_design_as_a_whole_does_not_start_from_word_vectors(tmp_path: Path) -> None:
    (tmp_path / "glove.txt").write_text(VECTORS)
    _, file = converted(tmp_path / "glove.txt")
    document = chain(MLP)
    document.training.weights = Weights(source="upload", id="v")
    with pytest.raises(CannotStart, match="not for a whole design"):
        begin(built(document), document, {"upload:v": file}, IRIS)
