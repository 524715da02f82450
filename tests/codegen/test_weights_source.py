"""Weights that a script starts from: the same values as training puts in, from files beside the script."""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from app.catalog.own import catalog_for
from app.codegen.python_source import render_script
from app.document.model import GraphDocument, Weights
from app.graph.check import survey
from app.graph.plan import plan_of
from app.messages.analysis import ApplyCodeRequest
from app.messages.data import BundledSource, DataSource, KerasSource
from app.messages.weights import ConvertWeightsRequest
from app.worker.building.build import build_model
from app.worker.exports.scripts import registry_kept
from app.worker.imports.edited_code import apply_code
from app.worker.weights.files import convert
from app.worker.weights.start import CannotStart, begin
from tests.graph.designs import chain, nested

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning",
    "ignore:.*HDF5 file via:UserWarning",
)

IRIS = BundledSource(name="iris")


def classifier(units: int = 3) -> GraphDocument:
    return chain(
        ("x", "InputLayer", {"shape": [4]}),
        ("hidden", "Dense", {"units": 5}),
        ("both", "BatchNormalization", {}),
        ("last", "Dense", {"units": units}),
        ("y", "Output", {}),
    )


def words(vocabulary: list[str]) -> GraphDocument:
    document = chain(
        ("x", "InputLayer", {"shape": [3], "dtype": "string"}),
        ("lookup", "StringLookup", {"vocabulary": vocabulary}),
        ("embedding", "Embedding", {"input_dim": 6, "output_dim": 3}),
        ("flat", "Flatten", {}),
        ("y", "Output", {}),
    )
    return starting(document, "embedding", Weights(source="upload", id="v"))


def ids() -> GraphDocument:
    document = chain(
        ("x", "InputLayer", {"shape": [3]}),
        ("embedding", "Embedding", {"input_dim": 6, "output_dim": 3}),
        ("flat", "Flatten", {}),
        ("y", "Output", {}),
    )
    return starting(document, "embedding", Weights(source="upload", id="v"))


def starting(document: GraphDocument, layer: str, weights: Weights | None) -> GraphDocument:
    layers = {**document.layers, layer: document.layers[layer].model_copy(update={"weights": weights})}
    return document.model_copy(update={"layers": layers})


def wholly(document: GraphDocument) -> GraphDocument:
    training = document.training.model_copy(update={"weights": Weights(source="run", id="r")})
    return document.model_copy(update={"training": training})


def built(document: GraphDocument) -> Any:
    return build_model(plan_of(survey(document, catalog_for(document))))


def scripted(document: GraphDocument, data: DataSource | None = None) -> str:
    return render_script(plan_of(survey(document, catalog_for(document))), document, data).source


def by_training(document: GraphDocument, files: dict[str, Path], data: DataSource = IRIS) -> list[Any]:
    """Return the weights with which training begins, from a model whose weights are all 0.25."""
    model = even(built(document))
    converted = {}
    for key, path in files.items():
        converted[key] = str(path.with_suffix(".converted"))
        convert(ConvertWeightsRequest(path=str(path), filename=path.name, target=converted[key]))
    begin(model, document, converted, data)
    weights: list[Any] = model.get_weights()
    return weights


def by_script(document: GraphDocument) -> list[Any]:
    """Return the weights with which the script begins, from a model whose weights are all 0.25."""
    namespace: dict[str, Any] = {"__name__": "exported"}
    with registry_kept():
        exec(compile(scripted(document), "exported.py", "exec"), namespace)
        model = even(namespace["build_model"]())
        namespace["start_from_weights"](model)
    weights: list[Any] = model.get_weights()
    return weights


def even(model: Any) -> Any:
    model.set_weights([np.full_like(weight, 0.25) for weight in model.get_weights()])
    return model


def saved(document: GraphDocument, path: Path) -> Path:
    """Save a model of `document` with weights of its own to `path`, in the format of its ending."""
    model = built(document)
    random = np.random.default_rng(3)
    model.set_weights([random.random(weight.shape).astype(weight.dtype) for weight in model.get_weights()])
    model.save_weights(path) if path.name.endswith(".weights.h5") else model.save(path)
    return path


def same(ours: list[Any], theirs: list[Any]) -> None:
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["weights_1.weights.h5", "weights_1.keras", "weights_1.h5"])
def test_a_layer_starts_from_another_one_in_a_file_of_any_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = saved(chain(*CHAIN, ("else", "Dense", {"units": 3}), ("y", "Output", {})), tmp_path / name)
    document = starting(classifier(), "last", Weights(source="upload", id="u", layer="else"))

    ours = by_training(document, {"upload:u": path})

    assert [bool((weight != 0.25).any()) for weight in ours[-2:]] == [True, True]
    same(ours, by_script(document))


CHAIN: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("x", "InputLayer", {"shape": [4]}),
    ("hidden", "Dense", {"units": 5}),
)


def test_a_design_starts_from_a_run_where_it_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = saved(classifier(units=9), tmp_path / "weights_1.keras")
    ours = by_training(wholly(classifier()), {"run:r": run})
    assert [bool((weight != 0.25).any()) for weight in ours] == [True] * 6 + [False] * 2
    same(ours, by_script(wholly(classifier())))


def test_a_nested_model_starts_from_the_whole_model_that_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = saved(chain(*CHAIN, ("y", "Output", {})), tmp_path / "weights_1.keras")
    document = nested(
        {
            "": {"i": ("InputLayer", {"shape": [4]}), "body": ("Model", {"graph": "g"}), "o": ("Output", {})},
            "g": {"x": ("InputLayer", {"shape": [4]}), "hidden": ("Dense", {"units": 5}), "y": ("Output", {})},
        },
        ["i->body:inputs.0", "body:outputs.0->o", "x->hidden", "hidden->y"],
    )
    document = starting(document, "body", Weights(source="run", id="r"))

    ours = by_training(document, {"run:r": run})

    assert [bool((weight != 0.25).any()) for weight in ours] == [True, True]
    same(ours, by_script(document))


def test_files_of_keras_2_hold_forward_before_backward(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cell = {"class_name": "GRU", "config": {"units": 2}}
    document = chain(
        ("x", "InputLayer", {"shape": [3, 4]}), ("both", "Bidirectional", {"layer": cell}), ("y", "Output", {})
    )
    path = saved(document, tmp_path / "weights_1.h5")
    document = starting(document, "both", Weights(source="upload", id="u"))

    ours = by_training(document, {"upload:u": path})

    assert len(ours) == 6
    same(ours, keras.saving.load_model(path, compile=False).get_weights())
    same(ours, by_script(document))


@pytest.mark.parametrize("chosen", ["dense", "inside"])
def test_of_two_layers_of_one_name_one_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: str) -> None:
    monkeypatch.chdir(tmp_path)
    document = nested(
        {
            "": {
                "i": ("InputLayer", {"shape": [4]}),
                "dense": ("Dense", {"units": 4}),
                "body": ("Model", {"graph": "g"}),
                "o": ("Output", {}),
            },
            "g": {"x": ("InputLayer", {"shape": [4]}), "inside": ("Dense", {"units": 4}), "y": ("Output", {})},
        },
        ["i->dense", "dense->body:inputs.0", "body:outputs.0->o", "x->inside", "inside->y"],
    )
    document.layers["inside"].name = document.layers["dense"].name
    before = chain(("x", "InputLayer", {"shape": [4]}), ("hidden", "Dense", {"units": 4}), ("y", "Output", {}))
    path = saved(before, tmp_path / "weights_1.keras")
    document = starting(document, chosen, Weights(source="run", id="r", layer="hidden"))

    ours = by_training(document, {"run:r": path})

    assert [bool((weight != 0.25).any()) for weight in ours] == [chosen == "dense"] * 2 + [chosen == "inside"] * 2
    same(ours, by_script(document))


def test_what_does_not_fit_is_an_error_in_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = saved(classifier(units=9), tmp_path / "weights_1.keras")
    document = starting(classifier(), "last", Weights(source="run", id="r"))

    with pytest.raises(CannotStart, match="do not fit"):
        by_training(document, {"run:r": run})
    with pytest.raises(ValueError, match="do not fit"):
        by_script(document)
    run.unlink()
    with pytest.raises(FileNotFoundError, match=r"weights_1\.keras"):
        by_script(document)


@pytest.mark.parametrize(
    "make", [ids, lambda: words(["of course", "cat", "dog"])], ids=["in its order", "by a vocabulary"]
)
def test_an_embedding_starts_from_the_vectors_of_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[], GraphDocument]
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "vectors_1.txt"
    path.write_text("3 3\nthe 1 2 3\ncat 4 5 6\nof course 7 8 9\ncat 0 0 0\n")
    document = make()

    ours = by_training(document, {"upload:v": path})

    assert sorted(ours[-1].sum(axis=1).tolist()) in ([0, 0, 0, 6, 15, 24], [0, 0, 0, 0, 15, 24])
    same(ours, by_script(document))


def test_an_embedding_may_start_from_weights_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = saved(ids(), tmp_path / "weights_1.weights.h5")
    same(by_training(ids(), {"upload:v": path}), by_script(ids()))


def test_the_words_of_imdb_are_those_of_its_samples() -> None:
    assert "keras.datasets.imdb.get_word_index()" in scripted(ids(), KerasSource(name="imdb"))
    assert "get_word_index" not in scripted(ids())


def test_nothing_is_written_where_nothing_is_named_and_main_starts_otherwise() -> None:
    assert "weights" not in scripted(classifier())
    lines = scripted(wholly(classifier()), IRIS).split("\n")
    first = lines.index("    model = build_model()")
    assert lines[first + 1 : first + 3] == ["    start_from_weights(model)", "    compile_model(model)"]


@pytest.mark.parametrize("text", ['"); import os  #', "'''", "a\nb", "{{ 7 }}", "\u202e", "../../x"])
def test_names_of_layers_stay_text(text: str) -> None:
    def syntax(name: str) -> str:
        document = starting(words(["a"]), "flat", Weights(source="run", id=name, layer=name))
        layers = {key: layer.model_copy(update={"name": name}) for key, layer in document.layers.items()}
        plan = plan_of(survey(document, catalog_for(document)))
        planned = {key: layer.model_copy(update={"name": name}) for key, layer in plan.layers.items()}
        source = render_script(
            plan.model_copy(update={"layers": planned}), document.model_copy(update={"layers": layers})
        ).source
        tree = ast.parse(source)
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                node.value = ""
        return ast.dump(tree)

    assert syntax(text) == syntax("a word")


@pytest.mark.parametrize("make", [ids, lambda: wholly(words(["a"]))], ids=["one embedding", "all"])
def test_a_script_that_starts_from_weights_is_read_back(make: Callable[[], GraphDocument]) -> None:
    document = make()
    shown = scripted(document)
    request = ApplyCodeRequest(document=document, shown=shown, source=shown + "\n")
    assert apply_code(request).edits == []


def test_a_script_of_a_design_that_starts_from_word_vectors_as_a_whole_is_refused_as_training_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "vectors_1.txt"
    path.write_text("the 1 2 3\n")
    document = wholly(ids())
    document = starting(document, "embedding", None)

    with pytest.raises(CannotStart, match="not for a whole design"):
        by_training(document, {"run:r": path})
    with pytest.raises(FileNotFoundError, match=r"weights_1\.keras"):
        by_script(document)
