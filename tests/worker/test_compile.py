"""Every field of the training section is found again in what Keras compiled or fits with."""

from typing import Any

import keras
import numpy as np
import pytest

from app.catalog.registry import load_catalog
from app.document.model import FitOptions, GraphDocument, Training
from app.graph.plan import make_plan
from app.messages.data import TargetSpec
from app.worker.build import build_model
from app.worker.compile import (
    BadTraining,
    Compiled,
    class_weights,
    compile_arguments,
    fit_arguments,
    output_ends,
)
from tests.worker.designs import MLP, chain, with_units

THREE = TargetSpec(kind="classification", classes=["a", "b", "c"], shape=[], encoding="integer")
TWO = TargetSpec(kind="classification", classes=["no", "yes"], shape=[], encoding="binary")
NUMBER = TargetSpec(kind="regression", shape=[1], encoding="number")


def compiled(
    training: dict[str, Any] | None = None, target: TargetSpec = THREE, layers: Any = MLP
) -> tuple[Any, Compiled]:
    return compile_design(chain(layers, training), target)


def compile_design(document: GraphDocument, target: TargetSpec) -> tuple[Any, Compiled]:
    plan = make_plan(document, load_catalog())
    model = build_model(plan)
    ends = output_ends(model, [output.node for output in plan.outputs])
    found = compile_arguments(document.training, ends, target)
    model.compile(**found.arguments)
    return model, found


def test_defaults_fit_and_are_told() -> None:
    model, found = compiled()
    assert found.defaults == {
        "optimizer": "Adam",
        "loss": "SparseCategoricalCrossentropy",
        "metrics": ["accuracy"],
    }
    x, y = np.zeros((6, 4), np.float32), np.array([0, 1, 2, 0, 1, 2])
    history = model.fit(x, y, validation_data=(x, y), verbose=0).history
    assert set(history) == {"loss", "accuracy", "val_loss", "val_accuracy"}


@pytest.mark.parametrize(
    ("units", "activation", "target", "loss", "logits", "metric"),
    [
        (3, "softmax", THREE, "SparseCategoricalCrossentropy", False, "accuracy"),
        (3, None, THREE, "SparseCategoricalCrossentropy", True, "accuracy"),
        (2, "softmax", TWO, "SparseCategoricalCrossentropy", False, "accuracy"),
        (1, "sigmoid", TWO, "BinaryCrossentropy", False, "accuracy"),
        (1, None, TWO, "BinaryCrossentropy", True, "accuracy"),
        (1, None, NUMBER, "MeanSquaredError", None, "mean_absolute_error"),
    ],
)
def test_the_default_loss_follows_labels_and_last_layer(
    units: int, activation: str | None, target: TargetSpec, loss: str, logits: bool | None, metric: str
) -> None:
    _, found = compiled(target=target, layers=with_units(units, activation))
    assert type(found.arguments["loss"]).__name__ == loss
    if logits is not None:
        assert found.arguments["loss"].get_config()["from_logits"] is logits
    assert [each.name for each in found.arguments["metrics"]] == [metric]


@pytest.mark.parametrize(
    ("units", "activation", "target", "fitting"),
    [
        (3, "softmax", THREE, "SparseCategoricalAccuracy"),
        (1, "sigmoid", TWO, "BinaryAccuracy"),
        (1, None, NUMBER, "MeanAbsoluteError"),
    ],
)
def test_accuracy_is_what_fits_and_the_class_accuracy_is_equality(
    units: int, activation: str | None, target: TargetSpec, fitting: str
) -> None:
    chosen = {"a": {"class_name": "accuracy", "position": 0}, "b": {"class_name": "Accuracy", "position": 1}}
    _, found = compiled({"metrics": {"output": chosen}}, target, with_units(units, activation))
    assert [type(metric).__name__ for metric in found.arguments["metrics"]] == [fitting, "Accuracy"]


def test_a_softmax_behind_a_layer_that_changes_nothing_counts() -> None:
    layers = (*MLP[:-1], ("drop", "Dropout", {"rate": 0.1}), MLP[-1])
    _, found = compiled(layers=layers)
    assert found.arguments["loss"].get_config()["from_logits"] is False


OPTIMIZERS: list[tuple[str, dict[str, Any]]] = [
    ("Adam", {"learning_rate": 0.25, "beta_1": 0.5, "beta_2": 0.75, "epsilon": 0.001, "amsgrad": True}),
    ("Adam", {"weight_decay": 0.125, "clipnorm": 2.0, "use_ema": True, "ema_momentum": 0.5}),
    ("SGD", {"learning_rate": 0.5, "momentum": 0.875, "nesterov": True, "clipvalue": 0.25}),
    ("RMSprop", {"rho": 0.5, "momentum": 0.25, "centered": True, "global_clipnorm": 4.0}),
    ("Adam", {"gradient_accumulation_steps": 4, "loss_scale_factor": 2.0}),
]


@pytest.mark.parametrize(("name", "config"), OPTIMIZERS)
def test_every_optimizer_parameter_arrives(name: str, config: dict[str, Any]) -> None:
    model, found = compiled({"optimizer": {"class_name": name, "config": config}})
    assert type(model.optimizer).__name__ == name
    carried = model.optimizer.get_config()
    assert {key: pytest.approx(carried[key]) for key in config} == config
    assert "optimizer" not in found.defaults


def test_a_learning_rate_schedule_arrives() -> None:
    config = {"initial_learning_rate": 0.5, "decay_steps": 10, "decay_rate": 0.25, "staircase": True}
    schedule = {"class_name": "ExponentialDecay", "config": config}
    model, _ = compiled({"optimizer": {"class_name": "SGD", "config": {"learning_rate": schedule}}})
    carried = model.optimizer.get_config()["learning_rate"]
    assert carried["class_name"] == "ExponentialDecay"
    assert config.items() <= carried["config"].items()


def test_a_loss_arrives_with_its_parameters_and_weight() -> None:
    config = {"from_logits": True, "ignore_class": 2}
    loss = {"class_name": "SparseCategoricalCrossentropy", "config": config, "weight": 0.5}
    model, found = compiled({"losses": {"output": loss}})
    assert config.items() <= model.loss.get_config().items()
    assert model._compile_loss._user_loss_weights == 0.5
    assert "loss" not in found.defaults
    x, y = np.ones((4, 4), np.float32), np.array([0, 1, 0, 1])
    whole, _ = compiled({"losses": {"output": {**loss, "weight": 1.0}}})
    whole.set_weights(model.get_weights())
    assert model.evaluate(x, y, verbose=0)[0] == pytest.approx(0.5 * whole.evaluate(x, y, verbose=0)[0])


def test_metrics_arrive_in_their_order() -> None:
    chosen = {
        "m1": {"class_name": "SparseTopKCategoricalAccuracy", "config": {"k": 2, "name": "top"}, "position": 2},
        "m2": {"class_name": "SparseCategoricalAccuracy", "config": {}, "position": 1},
        "m3": {"class_name": "SparseCategoricalCrossentropy", "weighted": True, "config": {"name": "weighed"}},
        "m4": {"class_name": "accuracy", "position": 0},
    }
    _, found = compiled({"metrics": {"output": chosen}})
    names = [metric.name for metric in found.arguments["metrics"]]
    assert names == ["accuracy", "sparse_categorical_accuracy", "top"]
    assert found.arguments["metrics"][2].get_config()["k"] == 2
    assert [metric.name for metric in found.arguments["weighted_metrics"]] == ["weighed"]
    assert "metrics" not in found.defaults


def two_outputs(training: dict[str, Any]) -> GraphDocument:
    document = chain(MLP).model_dump()
    document["layers"]["side"] = {"class_name": "Dense", "name": "side_layer", "params": {"units": 3}}
    document["layers"]["second"] = {"class_name": "Output", "name": "second", "params": {"position": 1}}
    document["nodes"] |= {name: {"layer": name} for name in ("side", "second")}
    document["edges"] |= {"hidden:output->side:input": {}, "side:output->second:input": {}}
    return GraphDocument.model_validate({**document, "training": training})


def test_several_outputs_have_each_their_own() -> None:
    training = {
        "losses": {"second": {"class_name": "KLDivergence", "weight": 0.25}},
        "metrics": {"output": {"m": {"class_name": "SparseCategoricalAccuracy", "config": {"name": "hits"}}}},
    }
    _, found = compile_design(two_outputs(training), THREE)
    assert [type(loss).__name__ for loss in found.arguments["loss"]] == [
        "SparseCategoricalCrossentropy",
        "KLDivergence",
    ]
    assert found.arguments["loss_weights"] == [1.0, 0.25]
    assert [[metric.name for metric in each] for each in found.arguments["metrics"]] == [["hits"], ["accuracy"]]
    assert found.defaults == {
        "optimizer": "Adam",
        "loss": {"output": "SparseCategoricalCrossentropy"},
        "metrics": {"second": ["accuracy"]},
    }


def test_fit_options_arrive() -> None:
    options = FitOptions(epochs=7, batch_size=5, shuffle=False)
    assert fit_arguments(options, THREE, np.array([0, 1, 2])) == {"epochs": 7, "batch_size": 5, "shuffle": False}


def test_class_weights() -> None:
    labels = np.array([0, 0, 0, 1, 2, 2])
    balanced = fit_arguments(FitOptions(class_weight="balanced"), THREE, labels)["class_weight"]
    assert balanced == pytest.approx({0: 2 / 3, 1: 2.0, 2: 1.0})
    by_name = FitOptions(class_weight={"b": 3.0, "2": 0.5})
    assert class_weights(by_name, THREE, labels) == {0: 1.0, 1: 3.0, 2: 0.5}
    assert class_weights(FitOptions(), THREE, labels) is None


@pytest.mark.parametrize(
    ("options", "target", "outputs", "words"),
    [
        (FitOptions(class_weight={"z": 1.0}), THREE, 1, "the class 'z'"),
        (FitOptions(class_weight="balanced"), NUMBER, 1, "need classes"),
        (FitOptions(class_weight="balanced"), THREE, 2, "one output"),
    ],
)
def test_class_weights_that_do_not_fit(options: FitOptions, target: TargetSpec, outputs: int, words: str) -> None:
    with pytest.raises(BadTraining, match=words):
        fit_arguments(options, target, np.array([0, 1, 2]), outputs)


def test_a_loss_of_an_output_that_is_gone_is_told() -> None:
    with pytest.raises(BadTraining, match="an output that is not there"):
        compiled({"losses": {"gone": {"class_name": "MeanSquaredError"}}})


def test_every_field_of_the_training_section_has_its_test() -> None:
    assert set(Training.model_fields) == {"dataset", "optimizer", "losses", "metrics", "callbacks", "fit"}
    assert set(FitOptions.model_fields) == {
        *("epochs", "batch_size", "shuffle"),  # test_fit_options_arrive
        "class_weight",  # test_class_weights
        *("validation_split", "seed"),  # tests of data and trainer
    }
    assert keras.__version__
