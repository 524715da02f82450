"""What `compile` was given: into the words of a design, and back into equal objects of Keras."""

import json
from typing import Any

import keras
import pytest

from app.catalog.model import Kind
from app.catalog.registry import load_catalog
from app.document.model import CompileOptions, Configured, Loss, Metric, Training
from app.worker.building.resolve import build_object
from app.worker.imports.graphs import End
from app.worker.imports.training import read_training

CATALOG = load_catalog()
ONE = [End("output", "d", "")]
TWO = [End("first", "kind", ""), End("second", "age", "")]

OPTIMIZERS = [
    keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    keras.optimizers.AdamW(3e-4, weight_decay=0.02, clipnorm=1.0),
    keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.01, 100, 0.9, staircase=True), beta_1=0.8),
]
LOSSES = [
    keras.losses.Huber(delta=0.5),
    keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
    keras.losses.Tversky(alpha=0.3, beta=0.7),
]
METRICS = [
    keras.metrics.F1Score(average="macro", threshold=0.5, name="f1"),
    keras.metrics.SparseTopKCategoricalAccuracy(k=3, name="top"),
    keras.metrics.AUC(num_thresholds=50, curve="PR"),
]


def compiled(**given: Any) -> Any:
    """Return the configuration that Keras writes of `compile`, as a file holds it."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    model.compile(**given)
    return json.loads(json.dumps(model.get_compile_config()))


def as_told(value: Any) -> Any:
    """Return what Keras writes of an object, without the name, which Keras numbers."""
    told = json.loads(json.dumps(keras.saving.serialize_keras_object(value)))
    return {**told, "config": {**told["config"], "name": ""}}


def built(kind: Kind, value: Configured | Loss | Metric | None) -> Any:
    assert value is not None
    return build_object(kind, {"class_name": value.class_name, "config": value.config}, CATALOG)


def name_of(value: Any) -> str:
    return type(value).__name__


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=name_of)
def test_an_optimizer_is_built_again_as_it_was(optimizer: Any) -> None:
    training, notes = read_training(compiled(optimizer=optimizer, loss="mse"), ONE, CATALOG)

    assert notes == []
    assert as_told(built(Kind.OPTIMIZER, training.optimizer)) == as_told(optimizer)


@pytest.mark.parametrize("loss", LOSSES, ids=name_of)
def test_a_loss_is_built_again_as_it_was(loss: Any) -> None:
    training, notes = read_training(compiled(loss=loss), ONE, CATALOG)

    assert notes == []
    assert as_told(built(Kind.LOSS, training.losses["output"])) == as_told(loss)


@pytest.mark.parametrize("metric", METRICS, ids=name_of)
def test_a_metric_is_built_again_as_it_was(metric: Any) -> None:
    training, notes = read_training(compiled(loss="mse", metrics=[metric]), ONE, CATALOG)

    assert notes == []
    again = built(Kind.METRIC, training.metrics["output"]["metric_1"])
    assert {**again.get_config(), "name": ""} == {**metric.get_config(), "name": ""}


def test_what_each_output_was_given_is_found_by_its_name() -> None:
    config = {
        "optimizer": "rmsprop",
        "loss": {"kind": "categorical_crossentropy", "age": "mse"},
        "loss_weights": {"kind": 1.0, "age": 0.25},
        "metrics": {"kind": ["accuracy"], "age": ["mae"]},
        "weighted_metrics": {"age": ["mse"]},
        "steps_per_execution": 4,
        "jit_compile": False,
    }

    assert read_training(config, TWO, CATALOG) == (
        Training(
            optimizer=Configured(class_name="RMSprop"),
            losses={
                "first": Loss(class_name="CategoricalCrossentropy"),
                "second": Loss(class_name="MeanSquaredError", weight=0.25),
            },
            metrics={
                "first": {"metric_1": Metric(class_name="accuracy")},
                "second": {
                    "metric_1": Metric(class_name="MeanAbsoluteError"),
                    "metric_2": Metric(class_name="MeanSquaredError", weighted=True, position=1.0),
                },
            },
            compile=CompileOptions(steps_per_execution=4),
        ),
        [],
    )


@pytest.mark.parametrize("config", [None, 3, [], {}])
def test_a_model_that_was_not_compiled_has_the_usual_training(config: Any) -> None:
    assert read_training(config, ONE, CATALOG) == (Training(), [])


def test_what_is_not_in_the_catalog_is_left_out_in_words() -> None:
    config = {"optimizer": {"class_name": "Mine", "config": {}}, "loss": "mine", "steps_per_execution": -1}

    assert read_training(config, ONE, CATALOG) == (
        Training(),
        [
            "The optimizer, Mine, is not in the catalog and was left out.",
            "The loss of d, mine, is not in the catalog and was left out.",
            "The options of compile were left out: they do not fit.",
        ],
    )
