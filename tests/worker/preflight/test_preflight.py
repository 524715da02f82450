from typing import Any

import pytest

from app.catalog.registry import load_catalog
from app.document.edits import apply_edits
from app.document.model import GraphDocument
from app.document.read import validate_document
from app.messages.data import DatasetDescription, FeatureSpec, TargetSpec
from app.worker.preflight.check import analyse_for
from tests.graph.designs import classifier, design

CATALOG = load_catalog()

CLASSES = [str(number) for number in range(10)]
FLATTEN = ("flatten", "Flatten", dict[str, Any]())
CONV = ("conv", "Conv2D", {"filters": 4, "kernel_size": 3})


def data(shape: list[int | None], target: TargetSpec) -> DatasetDescription:
    return DatasetDescription(
        kind="image", samples=100, train_samples=90, features=[FeatureSpec(shape=shape)], target=target
    )


DIGITS = data([8, 8, 1], TargetSpec(kind="classification", classes=CLASSES, shape=[], encoding="integer"))
CANCER = data([30], TargetSpec(kind="classification", classes=["no", "yes"], shape=[], encoding="binary"))
DIABETES = data([10], TargetSpec(kind="regression", shape=[1], encoding="number"))


def digits(training: dict[str, Any] | None = None, **dense: Any) -> GraphDocument:
    document = classifier(FLATTEN, shape=[8, 8, 1])
    document.layers["dense"].params.update(dense)
    return validate_document({**document.model_dump(), "training": training or {}})


def table(shape: int, units: int, training: dict[str, Any] | None = None, **dense: Any) -> GraphDocument:
    document = classifier(shape=[shape], units=units)
    document.layers["dense"].params.update(dense)
    return validate_document({**document.model_dump(), "training": training or {}})


def loss(class_name: str, **config: Any) -> dict[str, Any]:
    return {"losses": {"y": {"class_name": class_name, "config": config}}}


def metric(class_name: str, **config: Any) -> dict[str, Any]:
    return {"metrics": {"y": {"m": {"class_name": class_name, "config": config}}}}


FITTING = {
    "softmax": (digits(activation="softmax"), DIGITS),
    "logits": (digits(), DIGITS),
    "softmax with its loss": (digits(loss("SparseCategoricalCrossentropy"), activation="softmax"), DIGITS),
    "logits with their loss": (digits(loss("SparseCategoricalCrossentropy", from_logits=True)), DIGITS),
    "one sigmoid for two classes": (table(30, 1, loss("BinaryCrossentropy"), activation="sigmoid"), CANCER),
    "two softmax units for two classes": (table(30, 2, activation="softmax"), CANCER),
    "softmax with a one-hot loss": (digits(loss("CategoricalCrossentropy"), activation="softmax"), DIGITS),
    "precision of classes": (digits(metric("Precision"), activation="softmax"), DIGITS),
    "a loss of whole numbers": (digits(loss("CategoricalGeneralizedCrossEntropy"), activation="softmax"), DIGITS),
    "F1 of one unit": (table(30, 1, metric("F1Score"), activation="hard_sigmoid"), CANCER),
    "a number": (table(10, 1, loss("MeanAbsoluteError")), DIABETES),
    "an open shape": (classifier(CONV, ("pool", "GlobalMaxPooling2D", {}), shape=[None, None, 1]), DIGITS),
}


@pytest.mark.parametrize("name", FITTING)
def test_a_design_that_fits_its_data_is_ready(name: str) -> None:
    document, description = FITTING[name]

    assert analyse_for(document, CATALOG, description).problems == []


Found = tuple[str, str, str]
MISFITS: dict[str, tuple[GraphDocument, DatasetDescription, Found, str]] = {
    "input shape": (table(64, 10), DIGITS, ("error", "input_shape", "x"), "Set shape of x to (8, 8, 1)"),
    "input rank": (
        classifier(FLATTEN, shape=[28, 28]),
        DIGITS,
        ("error", "input_shape", "x"),
        "Set shape of x to (8, 8, 1)",
    ),
    "no flatten": (
        classifier(CONV, shape=[8, 8, 1]),
        DIGITS,
        ("error", "output_shape", "dense"),
        "Insert Flatten before dense",
    ),
    "no flatten before two dense layers": (
        classifier(CONV, ("hidden", "Dense", {"units": 5}), ("drop", "Dropout", {"rate": 0.5}), shape=[8, 8, 1]),
        DIGITS,
        ("error", "output_shape", "hidden"),
        "Insert Flatten before hidden",
    ),
    "too few units": (digits(units=8), DIGITS, ("error", "output_units", "dense"), "Set units of dense to 10"),
    "too many units": (digits(units=12), DIGITS, ("warning", "output_units", "dense"), "Set units of dense to 10"),
    "three units for two classes": (
        table(30, 3),
        CANCER,
        ("warning", "output_units", "dense"),
        "Set units of dense to 1",
    ),
    "two units for one number": (
        table(10, 2),
        DIABETES,
        ("error", "output_units", "dense"),
        "Set units of dense to 1",
    ),
    "softmax of one unit": (
        table(10, 1, activation="softmax"),
        DIABETES,
        ("error", "last_activation", "dense"),
        "Set activation of dense to linear",
    ),
    "relu for classes": (
        digits(activation="relu"),
        DIGITS,
        ("warning", "last_activation", "dense"),
        "Set activation of dense to softmax",
    ),
    "aligned outputs of classes": (
        digits(loss("CTC"), activation="softmax"),
        DIGITS,
        ("error", "loss_labels", "y"),
        "Set loss to SparseCategoricalCrossentropy",
    ),
    "squared error of classes": (
        digits(loss("MeanSquaredError")),
        DIGITS,
        ("error", "loss_labels", "y"),
        "Set loss to SparseCategoricalCrossentropy",
    ),
    "sparse loss of one unit": (
        table(30, 1, loss("SparseCategoricalCrossentropy"), activation="sigmoid"),
        CANCER,
        ("error", "loss_labels", "y"),
        "Set loss to BinaryCrossentropy",
    ),
    "cross-entropy of numbers": (
        table(10, 1, loss("BinaryCrossentropy")),
        DIABETES,
        ("error", "loss_labels", "y"),
        "Set loss to MeanSquaredError",
    ),
    "probabilities as logits": (
        digits(loss("SparseCategoricalCrossentropy", from_logits=True), activation="softmax"),
        DIGITS,
        ("warning", "loss_activation", "dense"),
        "Set from_logits off",
    ),
    "logits as probabilities": (
        digits(loss("SparseCategoricalCrossentropy")),
        DIGITS,
        ("warning", "loss_activation", "dense"),
        "Set from_logits on",
    ),
    "one-hot metric beside a sparse loss": (
        digits(loss("SparseCategoricalCrossentropy") | metric("CategoricalAccuracy"), activation="softmax"),
        DIGITS,
        ("error", "metric_labels", "y"),
        "Set metric to SparseCategoricalAccuracy",
    ),
    "precision beside a sparse loss": (
        digits(loss("SparseCategoricalCrossentropy", from_logits=True) | metric("Precision")),
        DIGITS,
        ("error", "metric_labels", "y"),
        "Set loss to CategoricalCrossentropy",
    ),
    "sparse metric beside a one-hot loss": (
        digits(loss("CategoricalCrossentropy") | metric("SparseTopKCategoricalAccuracy"), activation="softmax"),
        DIGITS,
        ("error", "metric_labels", "y"),
        "Set metric to TopKCategoricalAccuracy",
    ),
    "equality of scores": (
        digits(metric("Accuracy"), activation="softmax"),
        DIGITS,
        ("error", "metric_labels", "y"),
        "Set metric to accuracy",
    ),
    "scores where classes are compared": (
        digits(
            {"metrics": {"y": {"m": {"class_name": "MeanIoU", "config": {"num_classes": 10}}}}}, activation="softmax"
        ),
        DIGITS,
        ("error", "metric_labels", "y"),
        "Set sparse_y_pred of MeanIoU off",
    ),
    "one of several classes of one unit": (
        table(30, 1, metric("SparseCategoricalAccuracy"), activation="sigmoid"),
        CANCER,
        ("error", "metric_labels", "y"),
        "Set metric to BinaryAccuracy",
    ),
    "classes of numbers": (
        table(10, 1, metric("CategoricalAccuracy")),
        DIABETES,
        ("error", "metric_labels", "y"),
        "Set metric to MeanAbsoluteError",
    ),
    "loss of an output that is gone": (
        digits({"losses": {"gone": {"class_name": "MeanSquaredError"}}}),
        DIGITS,
        ("warning", "stray_training", ""),
        "Remove losses of gone",
    ),
    "class weights of numbers": (
        table(10, 1, {"fit": {"class_weight": "balanced"}}),
        DIABETES,
        ("error", "class_weight", ""),
        "Set class weights to none",
    ),
}


@pytest.mark.parametrize("name", MISFITS)
def test_a_misfit_is_named_and_its_fix_mends_it(name: str) -> None:
    document, description, expected, title = MISFITS[name]

    problems = analyse_for(document, CATALOG, description).problems

    assert [(problem.severity, problem.code, problem.node) for problem in problems] == [expected]
    fix = problems[0].fix
    assert fix is not None
    assert fix.title == title
    mended = validate_document(apply_edits(document.model_dump(), fix.edits))
    assert expected[1] not in {problem.code for problem in analyse_for(mended, CATALOG, description).problems}


def test_every_output_is_held_against_the_labels() -> None:
    document = design(
        {
            "x": ("InputLayer", {"shape": [8, 8, 1]}),
            "flatten": ("Flatten", {}),
            "a": ("Dense", {"units": 10}),
            "b": ("Dense", {"units": 4}),
            "y": ("Output", {}),
            "z": ("Output", {}),
        },
        ["x->flatten", "flatten->a", "flatten->b", "a->y", "b->z"],
    )

    assert [(p.code, p.node) for p in analyse_for(document, CATALOG, DIGITS).problems] == [("output_units", "b")]


def test_a_design_with_errors_is_not_blamed_twice() -> None:
    document = classifier(("lstm", "LSTM", {"units": 3}), shape=[8, 8, 1], units=3)

    problems = analyse_for(document, CATALOG, DIGITS).problems

    assert [problem.code for problem in problems if problem.severity == "error"] == ["wrong_rank"]


def test_shapes_of_weights_are_told_where_they_are_asked_for() -> None:
    document = classifier(("norm", "BatchNormalization", {}), shape=[4], units=3)
    assert analyse_for(document, CATALOG, None).weights == {}
    assert analyse_for(document, CATALOG, None, weights=True).weights == {
        "norm": [[4], [4], [4], [4]],
        "dense": [[4, 3], [3]],
    }
