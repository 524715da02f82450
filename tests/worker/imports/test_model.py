import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest
from keras import layers

from app.catalog.registry import load_catalog
from app.document.model import MAX_NODES, GraphDocument, Meta
from app.document.read import validate_document
from app.graph.plan import make_plan
from app.messages.analysis import ImportedModel, LayerReport
from app.worker.analysis.analyse import analyse
from app.worker.building.build import build_model
from app.worker.imports.drawn import import_config
from app.worker.imports.model import import_model
from tests.graph.designs import chain
from tests.worker.imports.corpus import archive, dense, sequential

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

CATALOG = load_catalog()


def imported(model: Any) -> ImportedModel:
    return import_config(json.loads(model.to_json()), "model.json", CATALOG)


def architecture(model: Any) -> dict[str, Any]:
    """Return what decides a model: its JSON with its layers by name, and Keras' masks all named alike."""
    data: dict[str, Any] = json.loads(re.sub(r'"not_equal(_\d+)?"', '"not_equal"', model.to_json()))
    data["config"]["layers"].sort(key=lambda layer: layer["config"]["name"])
    return data


def image_model() -> Any:
    return keras.Sequential(
        name="digits",
        layers=[
            keras.Input((8, 8, 1), name="image"),
            layers.Conv2D(4, 3, activation="relu", kernel_regularizer=keras.regularizers.L2(1e-3), name="conv"),
            layers.MaxPooling2D(name="pool"),
            layers.BatchNormalization(momentum=0.9, name="norm"),
            layers.LeakyReLU(0.1, name="leaky"),
            layers.Flatten(name="flatten"),
            layers.Dropout(0.5, seed=3, name="drop"),
            layers.Dense(10, activation="softmax", trainable=False, name="dense"),
        ],
    )


def shared_model() -> Any:
    one, other = keras.Input((3, 2), name="z"), keras.Input((3, 2), batch_size=4, name="a")
    lstm = layers.LSTM(4, name="lstm")
    merged = layers.Concatenate(name="merge")([lstm(one), lstm(other)])
    return keras.Model([one, other], [layers.Dense(1, name="score")(merged), merged])


def sequence_model() -> Any:
    words = keras.Input((None,), dtype="int32", name="words")
    embedded = layers.Embedding(20, 4, mask_zero=True, name="embed")(words)
    encoded, hidden, cell = layers.LSTM(4, return_sequences=True, return_state=True, name="encode")(embedded)
    both = layers.Bidirectional(layers.GRU(4, name="inner"), name="both")(encoded)
    mixed = layers.Attention(name="mix")([encoded, embedded])
    decoded = layers.LSTM(4, name="decode")(mixed, initial_state=[hidden, cell])
    each = layers.TimeDistributed(layers.Dense(4, kernel_initializer="he_normal", name="one"), name="each")(encoded)
    pooled = layers.GlobalAveragePooling1D(name="pool")(each)
    return keras.Model(words, layers.Concatenate(name="merge")([both, decoded, pooled]))


def own_backward_model() -> Any:
    forward = layers.LSTM(3, return_sequences=True, name="f")
    backward = layers.LSTM(3, activation="relu", return_sequences=True, go_backwards=True, name="b")
    return keras.Sequential(
        [keras.Input((5, 10), name="x"), layers.Bidirectional(forward, backward_layer=backward, name="both")]
    )


MODELS: dict[str, Callable[[], Any]] = {
    "sequential": image_model,
    "shared": shared_model,
    "sequences": sequence_model,
    "own backward layer": own_backward_model,
    "mobilenet": lambda: keras.applications.MobileNetV2(weights=None, input_shape=(32, 32, 3)),
    "mixed precision": lambda: keras.Sequential(
        [keras.Input((4,), name="x"), layers.Dense(3, dtype="mixed_float16", name="d")]
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_an_imported_model_builds_the_same_architecture(name: str) -> None:
    model = MODELS[name]()

    found = imported(model)

    assert [report for report in found.layers if report.outcome != "ok" and "mask by itself" not in report.note] == []
    assert architecture(build_model(make_plan(found.document, CATALOG))) == architecture(model)
    analysis = analyse(found.document, CATALOG)
    assert [problem for problem in analysis.problems if problem.severity == "error"] == []
    assert analysis.total_params == model.count_params()


def test_only_what_differs_from_keras_defaults_is_kept() -> None:
    document = imported(image_model()).document

    assert {layer.name: layer.params for layer in document.layers.values()} == {
        "image": {"shape": [8, 8, 1]},
        "conv": {
            "filters": 4,
            "kernel_size": [3, 3],
            "activation": "relu",
            "kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.001}},
        },
        "pool": {},
        "norm": {"momentum": 0.9},
        "leaky": {"negative_slope": 0.1},
        "flatten": {},
        "drop": {"rate": 0.5, "seed": 3},
        "dense": {"units": 10, "activation": "softmax", "trainable": False},
        "output": {},
    }
    assert [(node.x, node.y) for node in document.nodes.values()] == [(-118.0, 102.0 * row) for row in range(9)]
    assert document.meta == Meta(name="digits", model_class="Sequential", model_name="digits")


def test_outputs_are_called_as_keras_calls_them() -> None:
    document = imported(shared_model()).document

    assert [layer.name for layer in document.layers.values() if layer.class_name == "Output"] == ["score", "merge"]


def test_an_instance_that_is_frozen_is_of_the_same_graph() -> None:
    """Keras notes `trainable` at every layer of a frozen model."""

    def part(name: str) -> Any:
        x = keras.Input((4,), name="x")
        return keras.Model(x, layers.Dense(4, name="dense")(layers.Dense(3, name="less")(x)), name=name)

    x = keras.Input((4,), name="x")
    frozen = part("frozen")
    frozen.trainable = False
    model = keras.Model(x, part("free")(frozen(x)))

    document = imported(model).document

    [graph] = document.graphs
    assert {layer.name: layer.params for layer in document.layers.values() if layer.class_name == "Model"} == {
        "frozen": {"graph": graph, "trainable": False},
        "free": {"graph": graph},
    }
    assert [layer.params for layer in document.layers.values() if layer.name == "dense"] == [{"units": 4}]
    assert architecture(build_model(make_plan(document, CATALOG))) == architecture(model)


def test_a_keras_file_is_read_without_its_weights(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    image_model().save(path)

    found = import_model(path, "digits.keras", CATALOG)

    assert len(found.document.nodes) == 9


def test_branches_are_laid_out_side_by_side() -> None:
    document = imported(shared_model()).document

    places = [(node.x, node.y) for node in document.nodes.values()]
    assert len(set(places)) == len(places)


def test_a_sequential_model_that_was_built_has_an_input() -> None:
    model = keras.Sequential([layers.Dense(3, name="dense")])
    model.build((None, 4))

    layer = next(iter(imported(model).document.layers.values()))
    assert (layer.class_name, layer.params) == ("InputLayer", {"shape": [4]})


def test_what_cannot_be_translated_costs_one_placeholder() -> None:
    x = keras.Input((4,), name="x")
    y = layers.Lambda(lambda tensor: tensor * 2, output_shape=(4,), name="double")(x)
    model = keras.Model(x, layers.Dense(1, name="dense")(y))

    found = imported(model)

    assert [(report.class_name, report.outcome) for report in found.layers] == [
        ("InputLayer", "ok"),
        ("Lambda", "placeholder"),
        ("Dense", "ok"),
    ]
    double = found.document.layers["double"]
    assert double.class_name == "Placeholder"
    assert (double.params["class_name"], double.params["input_shapes"], double.params["output_shapes"]) == (
        "Lambda",
        [[None, 4]],
        {"output": [None, 4]},
    )
    problems = analyse(found.document, CATALOG).problems
    assert [problem.code for problem in problems if problem.severity == "error"] == ["placeholder"]
    again = validate_document(json.loads(found.document.model_dump_json()))
    assert again == found.document


def test_an_own_class_becomes_a_placeholder() -> None:
    data = json.loads(image_model().to_json())
    data["config"]["layers"][1].update(class_name="Conv2D", module="evil.module", registered_name="evil>Conv2D")

    assert import_config(data, "x", CATALOG).layers[1] == LayerReport(
        name="conv", class_name="Conv2D", outcome="placeholder", note="Conv2D is not in the catalog"
    )


# Files that are data


def test_a_lambda_in_a_file_is_data(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    code = f"__import__('pathlib').Path({str(canary)!r}).touch()"
    entries = [
        dense("d"),
        {
            "module": "keras.layers",
            "class_name": "Lambda",
            "config": {"name": "l", "function": {"class_name": "__lambda__", "config": {"code": code}}},
        },
        {"module": "os", "class_name": "system", "config": {"name": "s", "command": f"touch {canary}"}},
    ]
    path = tmp_path / "m.keras"
    path.write_bytes(archive(config__json=sequential(*entries)))

    found = import_model(path, "m.keras", CATALOG)

    assert [report.outcome for report in found.layers] == ["ok", "placeholder", "placeholder"]
    analyse(found.document, CATALOG)
    assert not canary.exists()


def test_the_largest_design_is_imported() -> None:
    entries = [dense(f"d{number}") for number in range(MAX_NODES - 2)]
    data = json.loads(sequential(*entries))

    assert len(import_config(data, "m", CATALOG).document.nodes) == MAX_NODES - 1


def test_the_input_is_not_changed() -> None:
    data = json.loads(image_model().to_json())
    before = copy.deepcopy(data)

    import_config(data, "m", CATALOG)

    assert data == before


def test_a_placeholder_may_stand_in_a_design() -> None:
    document: GraphDocument = chain(("x", "InputLayer", {"shape": [4]}), ("p", "Placeholder", {}), ("y", "Output", {}))

    assert [problem.code for problem in analyse(document, CATALOG).problems] == ["placeholder", "blocked"]
