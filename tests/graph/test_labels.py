"""In which form labels reach an output: as its loss takes them, or else its metrics."""

import pytest

from app.catalog.model import Kind
from app.catalog.registry import load_catalog
from app.document.model import Loss, Metric, Training
from app.graph import labels
from app.graph.labels import LabelForm, label_form


def training(loss: str = "", *metrics: str) -> Training:
    return Training(
        losses={"y": Loss(class_name=loss)} if loss else {},
        metrics={"y": {f"m{number}": Metric(class_name=name) for number, name in enumerate(metrics)}},
    )


@pytest.mark.parametrize(
    ("loss", "metrics", "units", "form"),
    [
        ("", (), 3, "numbers"),
        ("", ("accuracy",), 3, "numbers"),
        ("", ("accuracy", "Precision"), 3, "one_hot"),
        ("auto", ("F1Score",), None, "one_hot"),
        ("SparseCategoricalCrossentropy", ("Precision",), 3, "numbers"),
        ("CategoricalCrossentropy", ("SparseCategoricalAccuracy",), 3, "one_hot"),
        ("OwnLoss", ("OwnMetric",), 3, "numbers"),
        ("", ("Precision",), 1, "numbers"),
        ("BinaryCrossentropy", ("Precision", "F1Score"), 1, "column"),
    ],
)
def test_the_loss_decides_and_then_the_metrics(
    loss: str, metrics: tuple[str, ...], units: int | None, form: LabelForm
) -> None:
    assert label_form(training(loss, *metrics), "y", units) == form
    assert label_form(training(loss, *metrics), "another", units) == "numbers"


def test_every_name_is_one_of_the_catalog() -> None:
    objects = load_catalog().objects
    assert objects[Kind.LOSS].keys() >= labels.NUMBER_LOSSES | labels.ONE_HOT_LOSSES
    metrics = labels.NUMBER_METRICS | labels.ONE_HOT_METRICS | labels.COLUMN_METRICS
    assert metrics == objects[Kind.METRIC].keys() - {"Accuracy", "BinaryIoU"}
