"""What Keras logs, as numbers."""

import numpy as np

from app.worker.training.logs import by_class, number_of, numbers_of


def test_losses_come_first_and_rows_of_numbers_are_told_by_their_mean() -> None:
    logs = {
        "accuracy": np.float32(0.5),
        "f1_score": np.array([0.25, 0.75]),
        "loss": 2.0,
        "val_accuracy": 1,
        "val_f1_score": np.array([0.0, 1.0]),
        "val_loss": np.array(3.0),
    }
    assert list(numbers_of(logs).items()) == [
        *(("loss", 2.0), ("accuracy", 0.5), ("f1_score", 0.5)),
        *(("val_loss", 3.0), ("val_accuracy", 1.0), ("val_f1_score", 0.5)),
    ]
    assert by_class(logs) == ["f1_score", "val_f1_score"]
    assert np.isnan(number_of(np.array([1.0, np.nan])))
