"""HDF5 files: whole models of Keras 3 and Keras 2, and files that are opened only after a look at them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import pytest
from keras import layers

from app.catalog.registry import load_catalog
from app.document.model import Configured, Loss, Meta, Metric, Training
from app.graph.plan import make_plan
from app.messages.analysis import ImportModelRequest, LayerReport
from app.shared.errors import AppError
from app.worker.analysis_service import answer
from app.worker.building.build import build_model
from app.worker.imports.hdf5 import open_checked
from app.worker.imports.model import import_model
from tests.worker.imports import corpus

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

CATALOG = load_catalog()


def two_ends() -> Any:
    image, words = keras.Input((6, 6, 1), name="image"), keras.Input((3,), dtype="int32", name="words")
    seen = layers.Flatten(name="flat")(layers.Conv2D(2, 3, activation="relu", name="conv")(image))
    read = layers.GRU(3, name="read")(layers.Embedding(5, 2, name="embed")(words))
    both = layers.Concatenate(name="both")([seen, read])
    outputs = [layers.Dense(2, activation="softmax", name="kind")(both), layers.Dense(1, name="age")(both)]
    return keras.Model([image, words], outputs, name="two_ends")


def nested() -> Any:
    inner = keras.Sequential([keras.Input((4,), name="i"), layers.Dense(3, name="d")], name="inner")
    x, y = keras.Input((4,), name="x"), keras.Input((4,), name="y")
    return keras.Model([x, y], layers.Subtract(name="less")([inner(x), inner(y)]), name="nested")


def chain() -> Any:
    return keras.Sequential(
        [
            keras.Input((4,), name="x"),
            layers.Dense(3, kernel_regularizer="l2", name="d"),
            layers.Dropout(0.5, name="p"),
        ],
        name="chain",
    )


@pytest.mark.parametrize("make", [two_ends, nested, chain])
def test_a_whole_model_in_hdf5_is_built_again_as_it_was(make: Callable[[], Any], tmp_path: Path) -> None:
    model = make()
    path = tmp_path / "whole.h5"
    model.save(path)

    found = import_model(path, "whole.h5", CATALOG)

    assert [(report.name, report.note) for report in found.layers if report.outcome != "ok"] == []
    assert found.notes == []
    assert json.loads(build_model(make_plan(found.document, CATALOG)).to_json()) == json.loads(model.to_json())


def test_what_compile_was_given_comes_with_the_file(tmp_path: Path) -> None:
    model = chain()
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9), "mse", metrics=["mae"])
    path = tmp_path / "whole.h5"
    model.save(path)

    training = import_model(path, "whole.h5", CATALOG).document.training

    assert training == Training(
        optimizer=Configured(class_name="SGD", config={"learning_rate": 0.05, "momentum": 0.9}),
        losses={"output": Loss(class_name="MeanSquaredError")},
        metrics={"output": {"metric_1": Metric(class_name="MeanAbsoluteError")}},
    )


def test_a_file_of_keras_2_is_told_in_todays_words(tmp_path: Path) -> None:
    entries = [
        {
            "class_name": "Conv2D",
            "config": {"name": "c", "batch_input_shape": [None, 8, 8, 1], "filters": 2, "kernel_size": [3, 3]},
        },
        {"class_name": "LeakyReLU", "config": {"name": "leaky", "alpha": 0.25}},
        {"class_name": "BatchNormalizationV1", "config": {"name": "norm", "axis": [3], "momentum": 0.9}},
        {"class_name": "Strange", "config": {"name": "odd", "depth": 3}},
        {"class_name": "Flatten", "config": {"name": "flat"}},
    ]
    compiled = {
        "optimizer_config": {"class_name": "Adam", "config": {"lr": 0.01, "decay": 0.5}},
        "loss": "categorical_crossentropy",
        "metrics": ["accuracy"],
    }
    path = tmp_path / "old.h5"
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = b"2.4.0"
        file.attrs["model_config"] = json.dumps(
            {"class_name": "Sequential", "config": {"name": "sequential_3", "layers": entries}}
        ).encode()
        file.attrs["training_config"] = json.dumps(compiled).encode()
        file.create_group("model_weights")

    found = import_model(path, "old.h5", CATALOG)

    assert found.document.meta == Meta(name="old", model_class="Sequential", model_name="sequential_3")
    assert {layer.name: (layer.class_name, layer.params) for layer in found.document.layers.values()} == {
        "input": ("InputLayer", {"shape": [8, 8, 1]}),
        "c": ("Conv2D", {"filters": 2, "kernel_size": [3, 3]}),
        "leaky": ("LeakyReLU", {"negative_slope": 0.25}),
        "norm": ("BatchNormalization", {"axis": 3, "momentum": 0.9}),
        "odd": ("Placeholder", {"class_name": "Strange", "config": {"name": "odd", "depth": 3}}),
        "flat": ("Flatten", {}),
        "output": ("Output", {}),
    }
    assert found.layers == [
        LayerReport(
            name="input", class_name="InputLayer", outcome="converted", note="the input shape of c became a layer"
        ),
        LayerReport(name="c", class_name="Conv2D", outcome="ok"),
        LayerReport(
            name="leaky", class_name="LeakyReLU", outcome="converted", note="alpha is called negative_slope now"
        ),
        LayerReport(
            name="norm",
            class_name="BatchNormalization",
            outcome="converted",
            note="BatchNormalizationV1 is called BatchNormalization now",
        ),
        LayerReport(name="odd", class_name="Strange", outcome="placeholder", note="Strange is not in the catalog"),
        LayerReport(name="flat", class_name="Flatten", outcome="ok"),
    ]
    assert found.document.training == Training(
        optimizer=Configured(class_name="Adam", config={"learning_rate": 0.01}),
        losses={"output": Loss(class_name="CategoricalCrossentropy")},
        metrics={"output": {"metric_1": Metric(class_name="accuracy")}},
    )
    assert found.notes == ["The optimizer's decay was left out; a learning rate schedule does the same."]


BAD = [
    "external_link",
    "soft_link",
    "external_values",
    "virtual_values",
    "circle_of_groups",
    "huge_values",
    "deep_groups",
]


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_is_not_plain_is_not_opened(name: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.h5"
    path.write_bytes(corpus.hdf5(getattr(corpus, name)))

    with pytest.raises(AppError) as error:
        open_checked(path)

    assert (error.value.code, error.value.hint) == ("bad_hdf5", "Do not trust it.")


@pytest.mark.parametrize("content", [b"", b"no HDF5 at all", b"\x89HDF\r\n\x1a\n" + bytes(40)])
def test_a_damaged_file_is_not_opened(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.h5"
    path.write_bytes(content)

    with pytest.raises(AppError) as error:
        open_checked(path)

    assert (error.value.code, error.value.message) == ("bad_hdf5", "This HDF5 file is damaged.")


def test_an_uploaded_file_is_read_in_the_sandbox_only(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    path.write_bytes(corpus.hdf5(corpus.with_model))
    request = ImportModelRequest(path=str(path), filename="m.h5")

    told = json.loads(answer(request.model_dump_json()))
    own = json.loads(answer(request.model_dump_json(), own_files=True))

    assert told["refusal"]["message"] == "HDF5 files are read in a sandbox only."
    assert [layer["name"] for layer in own["ok"]["layers"]] == ["d"]


def test_a_plain_file_is_opened_and_a_cut_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "plain.h5"
    with h5py.File(path, "w") as file:
        file.create_group("layers/d/vars").create_dataset("0", data=[1.0, 2.0])

    with open_checked(path) as file:
        assert file["layers/d/vars/0"][()].tolist() == [1.0, 2.0]

    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(AppError) as error:
        open_checked(path)
    assert error.value.code == "bad_hdf5"
