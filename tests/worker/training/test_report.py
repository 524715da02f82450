"""The closing report, against scikit-learn's own figures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from app.messages.data import TargetSpec
from app.messages.events import ReportEvent
from app.worker.training.report import MAX_POINTS, confusion, per_class, predicted_labels, report

THREE = TargetSpec(kind="classification", classes=["a", "b", "c"], shape=[], encoding="integer")
NUMBER = TargetSpec(kind="regression", shape=[1], encoding="number")

labels = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=60)


@given(labels)
def test_figures_are_those_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    true, predicted = np.array(pairs).T
    matrix = confusion(true, predicted, 3)
    assert np.array_equal(matrix, confusion_matrix(true, predicted, labels=[0, 1, 2]))
    expected = precision_recall_fscore_support(true, predicted, labels=[0, 1, 2], zero_division=0)
    rows = per_class(matrix, THREE.classes)
    for index, row in enumerate(rows):
        figures = [row["precision"], row["recall"], row["f1"], row["support"]]
        assert figures == pytest.approx([column[index] for column in expected])


def test_a_classification_report_is_an_event() -> None:
    predictions = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])
    fields = report("test", {"loss": 1.0}, predictions, np.array([0, 1]), THREE, True)
    event = ReportEvent.model_validate({"time": 0.0, **fields})
    assert event.confusion == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]
    assert (event.split, event.kind, event.samples, event.classes) == ("test", "classification", 2, ["a", "b", "c"])


def test_one_unit_is_held_against_its_threshold() -> None:
    scores = np.array([[-1.0], [0.25], [0.75]])
    for logits, expected in ((True, [0, 1, 1]), (False, [0, 0, 1])):
        found = predicted_labels(scores, logits)
        assert found is not None
        assert found.tolist() == expected


def test_points_of_a_regression_are_bounded() -> None:
    true = np.arange(5_000.0).reshape(-1, 1)
    fields = report("validation", {}, true * 2, true, NUMBER, True)
    assert len(fields["points"]) == MAX_POINTS
    assert fields["points"][0] == (0.0, 0.0)
    assert fields["points"][-1] == (4999.0, 9998.0)


def test_an_output_of_another_form_gets_metrics_only() -> None:
    fields = report("test", {"loss": 2.0}, np.zeros((2, 4, 3)), np.array([0, 1]), THREE, True)
    assert "confusion" not in fields
    assert fields["metrics"] == {"loss": 2.0}
