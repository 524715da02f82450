"""What layers have learned before they were saved, and layers that Keras keeps to itself."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from app.catalog.registry import load_catalog
from app.graph.plan import make_plan
from app.messages.analysis import ImportedModel
from app.worker.building.build import build_model
from app.worker.imports import vocabularies
from app.worker.imports.drawn import import_config
from app.worker.imports.model import import_model

CATALOG = load_catalog()
TEXTS = np.array([["red green"], ["green blue"], ["violet"]])

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def saved(model: Any, folder: Path) -> ImportedModel:
    model.save(folder / "model.keras")
    return import_model(folder / "model.keras", "model.keras", CATALOG)


def reader_of_texts() -> Any:
    """A model that reads text twice, once inside a nested model: as numbers, and as what occurs."""
    counting = layers.TextVectorization(output_mode="multi_hot", name="counting")
    reading = layers.TextVectorization(output_sequence_length=3, name="reading")
    words = layers.StringLookup(mask_token="", name="words")
    for each in (counting, reading, words):
        each.adapt(TEXTS)
    inner = keras.Input((1,), dtype="string", name="text")
    nested = keras.Model(inner, [counting(inner), layers.Rescaling(1.0, name="same")(words(inner))], name="nested")
    x = keras.Input((1,), dtype="string", name="x")
    return keras.Model(x, [reading(x), *nested(x)])


def test_the_vocabulary_of_a_keras_file_comes_along(tmp_path: Path) -> None:
    model = reader_of_texts()

    found = saved(model, tmp_path)

    note = "its vocabulary of {} terms was read from the file".format
    told = {each.name: each.note for each in found.layers if each.outcome != "ok"}
    assert told == {"reading": note(4), "nested/counting": note(4), "nested/words": note(3)}
    again = build_model(make_plan(found.document, CATALOG))
    texts = keras.ops.convert_to_tensor(np.array([["blue violet unknown"], ["red"]]))
    for one, other in zip(model(texts), again(texts), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_vocabulary_that_is_too_long_is_left_out_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabularies, "MAX_TERMS", 2)

    found = saved(reader_of_texts(), tmp_path)

    note = "its vocabulary of {} terms was left out: adapt it to the data again".format
    assert {each.note for each in found.layers if each.outcome != "ok"} == {note(3), note(4)}


def test_integers_that_were_looked_up_stay_integers(tmp_path: Path) -> None:
    lookup = layers.IntegerLookup(name="lookup")
    lookup.adapt(np.array([[7], [7], [-3]]))
    x = keras.Input((1,), dtype="int64", name="x")

    found = saved(keras.Model(x, lookup(x)), tmp_path)

    params = next(layer.params for layer in found.document.layers.values() if layer.name == "lookup")
    assert params == {"vocabulary": [7, -3]}


def test_a_vocabulary_that_was_given_needs_no_word() -> None:
    x = keras.Input((1,), dtype="string", name="x")
    model = keras.Model(x, layers.StringLookup(vocabulary=["a", "b"], output_mode="one_hot", name="lookup")(x))

    found = import_config(json.loads(model.to_json()), "model.json", CATALOG)

    assert {each.outcome for each in found.layers} == {"ok"}
    assert build_model(make_plan(found.document, CATALOG)).to_json() == model.to_json()


def test_a_layer_as_activation_keeps_its_parameters() -> None:
    x = keras.Input((4,), name="x")
    dense = layers.Dense(3, activation=layers.LeakyReLU(negative_slope=0.4, name="leaky"), name="dense")
    model = keras.Model(x, dense(x))

    found = import_config(json.loads(model.to_json()), "model.json", CATALOG)

    assert {each.outcome for each in found.layers} == {"ok"}
    again = build_model(make_plan(found.document, CATALOG))
    assert again.to_json() == model.to_json()
    batch = np.linspace(-1, 1, 8, dtype="float32").reshape(2, 4)
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(model(batch), again(batch))


def test_scores_of_attention_are_an_output() -> None:
    query, value = keras.Input((5, 8), name="query"), keras.Input((7, 8), name="value")
    attention = layers.MultiHeadAttention(2, 4, name="attention")
    found, scores = attention(query, value, return_attention_scores=True)
    model = keras.Model([query, value], [found, layers.Rescaling(2.0, name="twice")(scores)])

    imported = import_config(json.loads(model.to_json()), "model.json", CATALOG)

    assert {
        "attention:output->output:input",
        "attention:attention_scores->twice:input",
    } <= imported.document.edges.keys()
    again = build_model(make_plan(imported.document, CATALOG))
    assert [each.shape for each in again.outputs] == [each.shape for each in model.outputs]


def test_the_encoder_of_a_feature_space_becomes_layers() -> None:
    features = keras.utils.FeatureSpace({"age": "float_normalized", "word": "string_categorical"}, output_mode="concat")
    import tensorflow as tf

    rows = {"age": [20.0, 40.0, 60.0], "word": ["a", "b", "a"]}
    features.adapt(tf.data.Dataset.from_tensor_slices(rows).batch(3))
    model = keras.Model(features.get_inputs(), layers.Dense(1)(features.get_encoded_features()))

    found = import_config(json.loads(model.to_json()), "model.json", CATALOG)

    assert [(each.class_name, each.outcome) for each in found.layers if each.outcome != "ok"] == [
        ("Concatenate", "converted")
    ]
    assert build_model(make_plan(found.document, CATALOG)).count_params() == model.count_params()
