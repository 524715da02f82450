import json
from typing import Any

import keras
import pytest
from keras import layers

from app.catalog.registry import load_catalog
from app.document.model import GraphDocument
from app.graph.model import Plan
from app.graph.plan import make_plan
from app.worker.building.build import BuildFailed, build_model, nodes_by_layer_name
from tests.graph.designs import chain, design

CATALOG = load_catalog()


def by_hand_sequential() -> Any:
    return keras.Sequential(
        [
            keras.Input((8, 8, 1), name="image"),
            layers.Conv2D(4, 3, activation="relu", kernel_initializer="he_normal", name="conv"),
            layers.Flatten(name="flatten"),
            layers.Dense(10, kernel_regularizer=keras.regularizers.L2(0.01), name="dense"),
        ],
        name="sequential",
    )


SEQUENTIAL = chain(
    ("image", "InputLayer", {"shape": [8, 8, 1]}),
    ("conv", "Conv2D", {"filters": 4, "kernel_size": 3, "activation": "relu", "kernel_initializer": "he_normal"}),
    ("flatten", "Flatten", {}),
    ("dense", "Dense", {"units": 10, "kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.01}}}),
    ("y", "Output", {}),
)


def by_hand_branches() -> Any:
    one, other = keras.Input((8, 16), name="one"), keras.Input((8, 16), name="two")
    encode = layers.LSTM(32, name="encode")
    merged = layers.Concatenate(name="merge")([encode(one), encode(other)])
    hidden = layers.Dense(32, activation="relu", name="hidden")(merged)
    drop = layers.Dropout(0.5, name="drop")(hidden)
    return keras.Model(
        [one, other], [layers.Dense(10, activation="softmax", name="label")(drop), hidden], name="functional"
    )


BRANCHES = design(
    {
        "one": ("InputLayer", {"shape": [8, 16], "position": 0}),
        "two": ("InputLayer", {"shape": [8, 16], "position": 1}),
        "encode": ("LSTM", {"units": 32}),
        "merge": ("Concatenate", {}),
        "hidden": ("Dense", {"units": 32, "activation": "relu"}),
        "drop": ("Dropout", {"rate": 0.5}),
        "label": ("Dense", {"units": 10, "activation": "softmax"}),
        "y": ("Output", {"position": 0}),
        "z": ("Output", {"position": 1}),
    },
    [
        "one->encode",
        "two->encode_again",
        "encode->merge:inputs.0",
        "encode_again->merge:inputs.1",
        "merge->hidden",
        "hidden->drop",
        "drop->label",
        "label->y",
        "hidden->z",
    ],
    calls={"encode_again": "encode"},
)


@pytest.mark.parametrize(
    ("document", "by_hand"), [(SEQUENTIAL, by_hand_sequential), (BRANCHES, by_hand_branches)], ids=["chain", "graph"]
)
def test_the_built_model_is_the_one_written_by_hand(document: GraphDocument, by_hand: Any) -> None:
    model, expected = build_model(make_plan(document, CATALOG)), by_hand()

    assert type(model) is type(expected)
    assert json.loads(model.to_json()) == json.loads(expected.to_json())
    assert summary(model) == summary(expected)


def summary(model: Any) -> list[str]:
    lines: list[str] = []
    model.summary(print_fn=lambda line, **_: lines.append(line))
    return lines


def test_layer_names_lead_back_to_nodes() -> None:
    assert nodes_by_layer_name(make_plan(BRANCHES, CATALOG)) == {
        node: node for node in ("one", "two", "encode", "merge", "hidden", "drop", "label")
    }


def test_what_keras_refuses_blames_its_node() -> None:
    plan = make_plan(SEQUENTIAL, CATALOG)
    conv = plan.layers["conv"].model_copy(update={"params": {"filters": 4, "kernel_size": 30}})
    broken: Plan = plan.model_copy(update={"layers": {**plan.layers, "conv": conv}, "sequential": False})

    with pytest.raises(BuildFailed, match="Keras cannot build conv") as caught:
        build_model(broken)

    assert caught.value.node == "conv"
