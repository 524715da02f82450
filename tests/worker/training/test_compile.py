"""Every field of the training section is found again in what Keras compiled or fits with."""

import inspect
from typing import Any

import keras
import numpy as np
import pytest

from app.catalog.model import Kind, ObjectSpec
from app.catalog.registry import load_catalog
from app.catalog.validate import validate_params
from app.document.model import CompileOptions, FitOptions, GraphDocument, KerasConfig, Training
from app.graph.plan import make_plan
from app.messages.data import TargetSpec
from app.worker.building.build import build_model
from app.worker.building.keras_config import configured
from app.worker.training.compile import (
    BadTraining,
    Compiled,
    class_weights,
    compile_arguments,
    fit_arguments,
    output_ends,
)
from tests.worker.designs import MLP, chain, with_units
from tests.worker.values import changes

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
    found = compile_arguments(document.training, ends, {end.node: target for end in ends}, load_catalog())
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


def carried(found: Any, name: str) -> Any:
    """Return what a Keras object holds of its argument `name`; losses and metrics leave some out of `get_config`."""
    config = found.get_config()
    return config[name] if name in config else getattr(found, "_fn_kwargs", {}).get(name, getattr(found, name, None))


def plain(value: Any, wanted: Any) -> Any:
    """Return a value of a Keras config as JSON has it, with only what `wanted` names of a nested object."""
    if isinstance(wanted, dict):
        config = {name: plain(value["config"][name], each) for name, each in wanted["config"].items()}
        return {"class_name": value["class_name"], "config": config}
    if isinstance(wanted, list):
        return np.asarray(value).tolist()
    return value.item() if isinstance(value, np.generic) else value


@pytest.fixture(scope="module")
def mlp() -> tuple[Any, list[Any]]:
    plan = make_plan(chain(MLP), load_catalog())
    model = build_model(plan)
    return model, output_ends(model, [output.node for output in plan.outputs])


CHANGES = [
    pytest.param(spec, param.name, config, id=f"{spec.name}.{param.name}")
    for spec, param, config in changes(Kind.OPTIMIZER, Kind.SCHEDULE, Kind.LOSS, Kind.METRIC)
]


@pytest.mark.parametrize(("spec", "name", "config"), CHANGES)
def test_every_parameter_arrives(mlp: Any, spec: ObjectSpec, name: str, config: dict[str, Any]) -> None:
    model, ends = mlp
    chosen = {"class_name": spec.name, "config": config}
    assert validate_params(spec, config, load_catalog()) == []
    found = compile_arguments(
        training_with(spec.kind, chosen), ends, {end.node: THREE for end in ends}, load_catalog()
    ).arguments
    model.compile(**found)
    arrived = {
        Kind.OPTIMIZER: lambda: model.optimizer,
        Kind.SCHEDULE: lambda: model.optimizer._learning_rate,
        Kind.LOSS: lambda: model.loss,
        Kind.METRIC: lambda: model._compile_metrics._user_metrics[0],
    }[spec.kind]()
    assert type(arrived).__name__ == spec.name
    assert plain(carried(arrived, name), config[name]) == config[name]


NOT_OFFERED = {
    "optimizers": {"Optimizer", "MultiOptimizer", "OptimizerMap"},
    "schedules": {"LearningRateSchedule"},
    "losses": {"Loss"},
    "metrics": {"Metric", "Mean", "MeanMetricWrapper", "Sum"},
    "callbacks": {"Callback", "CallbackList", "History", "OrbaxCheckpoint"},
}
"""Bases, what only a subclass or Keras itself makes use of, and what needs a package that is not there."""

HIDDEN = {"TensorBoard": {"embeddings_freq", "embeddings_metadata"}}
"""Parameters that take layers of one model by name, and files beside them."""


@pytest.mark.parametrize("kind", [Kind.OPTIMIZER, Kind.SCHEDULE, Kind.LOSS, Kind.METRIC, Kind.CALLBACK])
def test_nothing_that_keras_offers_is_left_out(kind: Kind) -> None:
    module = keras.optimizers.schedules if kind is Kind.SCHEDULE else getattr(keras, kind.value)
    offered = {name: each for name, each in vars(module).items() if inspect.isclass(each)}
    specs = load_catalog().objects[kind]
    assert offered.keys() - specs.keys() == NOT_OFFERED[kind.value]
    for name, spec in specs.items():
        bases = [offered[name]]
        if kind is Kind.OPTIMIZER and name != "LossScaleOptimizer":  # It leaves these to the optimizer inside it.
            bases.append(keras.optimizers.Optimizer)
        taken = {each for base in bases for each in inspect.signature(base).parameters} - {"args", "kwargs"}
        assert taken - {param.name for param in spec.params} == HIDDEN.get(name, set())


def training_with(kind: Kind, chosen: dict[str, Any]) -> Training:
    match kind:
        case Kind.OPTIMIZER:
            return Training.model_validate({"optimizer": chosen})
        case Kind.SCHEDULE:
            return Training.model_validate({"optimizer": {"class_name": "SGD", "config": {"learning_rate": chosen}}})
        case Kind.LOSS:
            return Training.model_validate({"losses": {"output": chosen}})
    return Training.model_validate({"metrics": {"output": {"m": chosen}}})


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("jit_compile", True),
        ("jit_compile", False),
        ("run_eagerly", True),
        ("steps_per_execution", 3),
        ("auto_scale_loss", False),
    ],
)
def test_every_option_of_compile_arrives(mlp: Any, option: str, value: Any) -> None:
    model, ends = mlp
    training = Training.model_validate({"compile": {option: value}})
    found = compile_arguments(training, ends, {end.node: THREE for end in ends}, load_catalog()).arguments
    model.compile(**found)
    assert found[option] == value
    if option != "auto_scale_loss":  # Keras acts on it and keeps nothing; see the next test.
        assert getattr(model, option) == value


@pytest.mark.parametrize(("scaled", "optimizer"), [(True, "LossScaleOptimizer"), (False, "Adam")])
def test_mixed_precision_scales_the_loss_unless_told_not_to(scaled: bool, optimizer: str) -> None:
    config = {"dtype_policy": "mixed_float16"}
    with configured(KerasConfig.model_validate(config)):
        model, _ = compiled({"config": config, "compile": {"auto_scale_loss": scaled}})
    assert type(model.optimizer).__name__ == optimizer
    assert [layer.dtype_policy.name for layer in model.layers] == ["mixed_float16"] * 2


@pytest.mark.parametrize(
    ("field", "value", "read"),
    [
        ("dtype_policy", "mixed_bfloat16", lambda: keras.layers.Dense(1).dtype_policy.name),
        ("floatx", "float64", lambda: keras.layers.Dense(1).dtype_policy.name),
        ("epsilon", 1e-3, keras.config.epsilon),
        ("image_data_format", "channels_first", lambda: keras.layers.Conv2D(1, 1).data_format),
    ],
)
def test_every_setting_of_keras_holds_for_a_while(field: str, value: Any, read: Any) -> None:
    before = read()
    with pytest.raises(ZeroDivisionError), configured(KerasConfig.model_validate({field: value})):
        assert read() == value != before
        raise ZeroDivisionError
    assert read() == before


def test_a_weight_without_a_loss_weighs_the_one_that_fits() -> None:
    model, found = compiled({"losses": {"output": {"class_name": "auto", "weight": 0.5}}})
    assert found.arguments["loss_weights"] == model._compile_loss._user_loss_weights == 0.5
    assert type(found.arguments["loss"]).__name__ == found.defaults["loss"] == "SparseCategoricalCrossentropy"


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
    numbered = THREE.model_copy(update={"classes": ["1", "2", "3"]})
    assert class_weights(FitOptions(class_weight={"1": 3.0}), numbered, labels) == {0: 3.0, 1: 1.0, 2: 1.0}


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
    assert set(Training.model_fields) == {
        *("optimizer", "losses", "metrics"),  # test_every_parameter_arrives
        *("compile", "config"),  # test_every_option_of_compile_arrives, test_every_setting_of_keras_holds_for_a_while
        *("dataset", "targets", "weights", "callbacks", "fit"),  # below, and tests of trainer, weights and callbacks
        *("columns", "tasks"),  # tests of columns
    }
    assert set(CompileOptions.model_fields) == {
        *("jit_compile", "run_eagerly", "steps_per_execution", "auto_scale_loss"),
    }
    assert set(KerasConfig.model_fields) == {"dtype_policy", "floatx", "epsilon", "image_data_format"}
    assert set(FitOptions.model_fields) == {
        *("epochs", "batch_size", "shuffle"),  # test_fit_options_arrive
        "class_weight",  # test_class_weights
        *("validation_split", "seed"),  # tests of data and trainer
    }
