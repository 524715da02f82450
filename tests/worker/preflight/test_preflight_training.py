"""What of `compile`, callbacks and Keras' settings cannot be done or does nothing is told, and mended by its fix."""

from typing import Any

import pytest

from app.catalog.model import Kind
from app.document.edits import apply_edits
from app.document.model import GraphDocument
from app.document.read import validate_document
from app.graph.model import Problem
from app.worker.preflight.check import analyse_for
from tests.worker.preflight.test_preflight import CANCER, CATALOG, DIGITS, digits, table


def callback(class_name: str, **config: Any) -> dict[str, Any]:
    return {"callbacks": {"c": {"class_name": class_name, "config": config}}}


def optimizer(class_name: str, **config: Any) -> dict[str, Any]:
    return {"optimizer": {"class_name": class_name, "config": config}}


def metric(class_name: str, **fields: Any) -> dict[str, Any]:
    return {"metrics": {"y": {"m": {"class_name": class_name, **fields}}}}


def softmax(training: dict[str, Any]) -> GraphDocument:
    return digits(training, activation="softmax")


def found(document: GraphDocument, data: Any = DIGITS) -> list[Problem]:
    return analyse_for(document, CATALOG, data).problems


DECAY = {"class_name": "CosineDecay", "config": {"initial_learning_rate": 0.5, "decay_steps": 9}}
SCALED = {"inner_optimizer": {"class_name": "SGD", "config": {}}}
TWICE = {"class_name": "SparseCategoricalAccuracy", "config": {"name": "hits"}}

MENDED: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "averages": (callback("SwapEMAWeights"), "error", "ema_missing", "Set use_ema in the optimizer"),
    "averages of the inner optimizer": (
        callback("SwapEMAWeights") | optimizer("LossScaleOptimizer", **SCALED),
        *("error", "ema_missing", "Set use_ema in the optimizer"),
    ),
    "a scheduled rate": (
        callback("ReduceLROnPlateau") | optimizer("SGD", learning_rate=DECAY),
        *("error", "rate_is_scheduled", "Set learning_rate to 0.5"),
    ),
    "nothing to validate with": (
        callback("EarlyStopping") | {"fit": {"validation_split": 0}},
        *("warning", "monitor_missing", "Watch loss"),
    ),
    "a value that nobody tells": (
        callback("EarlyStopping", monitor="val_acc"),
        *("warning", "monitor_missing", "Watch val_loss"),
    ),
    "a file named after what nobody tells": (
        callback("ModelCheckpoint", filepath="{epoch:02d}-{val_acc:.2f}.keras"),
        *("error", "file_name", "Name the file best.keras"),
    ),
    "a file with a name that is cut": (
        callback("ModelCheckpoint", filepath="{epoch.keras"),
        *("error", "file_name", "Name the file best.keras"),
    ),
    "a parameter that is none": (
        optimizer("SGD", momentums=1),
        *("error", "unknown_param", "Set momentums of SGD to its default"),
    ),
    "a value of another kind": (
        callback("EarlyStopping", patience="long"),
        *("error", "wrong_kind", "Set patience of EarlyStopping to its default"),
    ),
    "two ways to clip": (
        optimizer("SGD", clipnorm=1.0, clipvalue=0.5),
        *("error", "compile_refused", "Keep clipnorm only"),
    ),
    "no such optimizer": (optimizer("Gradient"), "error", "unknown_object", "Remove Gradient"),
    "no such callback": (callback("system"), "error", "unknown_object", "Remove system"),
    "nothing weighted": (
        metric("SparseCategoricalAccuracy", weighted=True),
        *("warning", "nothing_weighted", "Do not weigh SparseCategoricalAccuracy"),
    ),
    "one name twice": (
        {"metrics": {"y": {"a": TWICE, "b": TWICE}}},
        *("warning", "metric_name", "Name it hits_2"),
    ),
    "raw scores wanted": (
        metric("SparseCategoricalCrossentropy", config={"from_logits": True}),
        *("warning", "metric_activation", "Set from_logits of SparseCategoricalCrossentropy off"),
    ),
    "eager and compiled": (
        {"compile": {"run_eagerly": True, "jit_compile": True}},
        *("warning", "eager_jit", "Set jit_compile to auto"),
    ),
    "more steps than there are": (
        {"compile": {"steps_per_execution": 500}},
        *("warning", "steps_per_execution", "Set steps_per_execution to 1"),
    ),
    "an output in 16 bits": (
        {"config": {"dtype_policy": "mixed_float16"}},
        *("warning", "output_precision", "Set dtype of Dense to float32"),
    ),
}


@pytest.mark.parametrize("name", MENDED)
def test_a_problem_is_told_and_its_fix_mends_it(name: str) -> None:
    training, severity, code, title = MENDED[name]
    document = softmax(training)
    (problem,) = found(document)
    assert problem.fix is not None
    assert (problem.severity, problem.code) == (severity, code)
    assert problem.fix.title.lower() == title.lower()
    assert found(validate_document(apply_edits(document.model_dump(), problem.fix.edits))) == []


@pytest.mark.parametrize(
    ("training", "code", "words"),
    [
        (callback("LearningRateScheduler", schedule="lr / (epoch - 3)"), "bad_schedule", "epoch 1"),
        (callback("LearningRateScheduler", schedule="1 / (epoch - 3)"), "bad_schedule", "epoch 1"),
        (callback("LearningRateScheduler", schedule="1 / (3 - epoch)"), "bad_schedule", "epoch 4"),
        (callback("LearningRateScheduler", schedule="import os"), "wrong_kind", "schedule"),
        (callback("LearningRateScheduler"), "missing_param", "schedule"),
        (optimizer("Ftrl", learning_rate_power=1), "compile_refused", "Ftrl"),
        (metric("MeanIoU"), "missing_param", "num_classes"),
        (
            callback("EarlyStopping", monitor="val_f1_score") | metric("F1Score"),
            *("monitor_by_class", "a number for each class"),
        ),
        (metric("AUC", config={"num_thresholds": 1}), "compile_refused", "AUC"),
    ],
)
def test_what_no_click_can_mend_is_told(training: dict[str, Any], code: str, words: str) -> None:
    problems = [problem for problem in found(softmax(training)) if problem.code == code]
    assert len(problems) == 1
    assert problems[0].severity == "error"
    assert words in problems[0].message


@pytest.mark.parametrize(
    "training",
    [
        callback("SwapEMAWeights") | optimizer("Adam", use_ema=True),
        callback("LearningRateScheduler", schedule="lr * 0.9 ** epoch"),
        callback("EarlyStopping"),
        callback("EarlyStopping", monitor="accuracy"),
        callback("EarlyStopping", monitor="val_f1_score") | metric("F1Score", config={"average": "macro"}),
        callback("EarlyStopping", monitor="val_precision_1") | metric("Precision"),
        callback("ModelCheckpoint", filepath="{epoch:02d}-{val_loss:.2f}-{accuracy}.keras"),
        metric("SparseCategoricalAccuracy", weighted=True) | {"fit": {"class_weight": "balanced"}},
        {"compile": {"steps_per_execution": 3, "jit_compile": False}},
        {"losses": {"y": {"class_name": "auto", "weight": 0.5}}},
        optimizer("LossScaleOptimizer", **SCALED),
        optimizer("SGD", learning_rate=DECAY, clipnorm=1.0),
    ],
)
def test_what_can_be_done_is_not_told(training: dict[str, Any]) -> None:
    assert found(softmax(training)) == []


@pytest.mark.parametrize(
    ("own", "split", "validated"), [(18, 0.2, True), (0, 0.2, False), (18, 0.0, False), (0, 0.5, True)]
)
def test_what_a_table_holds_back_counts_while_the_design_leaves_its_own_alone(
    own: int, split: float, validated: bool
) -> None:
    data = CANCER.model_copy(update={"train_samples": 100 - own, "validation_samples": own})
    steps = -(-(100 - (own if split == 0.2 else round(100 * split))) // 32)
    training = callback("EarlyStopping") | {"fit": {"validation_split": split}}
    compiled = {"compile": {"steps_per_execution": steps + 1}}
    codes = {problem.code for problem in found(table(30, 1, training | compiled), data)}
    assert codes >= {"steps_per_execution"}
    assert ("monitor_missing" in codes) is not validated
    compiled["compile"]["steps_per_execution"] = steps
    assert "steps_per_execution" not in {problem.code for problem in found(table(30, 1, training | compiled), data)}


def test_the_area_under_the_curve_of_raw_scores() -> None:
    document = table(30, 1, metric("AUC"))
    (problem,) = found(document, CANCER)
    assert (problem.code, problem.fix and problem.fix.title) == ("metric_activation", "Set from_logits of AUC on")


def test_every_optimizer_with_its_sample_is_taken() -> None:
    for spec in CATALOG.objects[Kind.OPTIMIZER].values():
        assert found(softmax(optimizer(spec.name, **spec.sample))) == []
