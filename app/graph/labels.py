"""In which form the classes of the data reach an output: as whole numbers, or as loss and metrics compare them."""

from typing import Final, Literal

from app.document.model import AUTO_LOSS, Training

LabelForm = Literal["numbers", "column", "one_hot"]
"""`(n,)` whole numbers, `(n, 1)` zeros and ones, or `(n, classes)` with a one for the class."""

NUMBER_LOSSES: Final = frozenset({"SparseCategoricalCrossentropy", "CategoricalGeneralizedCrossEntropy", "Circle"})
"""Losses that compare several units with whole numbers."""

ONE_HOT_LOSSES: Final = frozenset(
    {
        *("CategoricalCrossentropy", "CategoricalFocalCrossentropy", "CategoricalHinge", "CosineSimilarity"),
        *("Dice", "KLDivergence", "Tversky"),
    }
)
"""Losses that compare several units with as many numbers."""

NUMBER_METRICS: Final = frozenset(
    {
        *("IoU", "MeanIoU", "SparseCategoricalAccuracy", "SparseCategoricalCrossentropy"),
        "SparseTopKCategoricalAccuracy",
    }
)
"""Metrics that compare several units with whole numbers."""

ONE_HOT_METRICS: Final = frozenset(
    {
        *("AUC", "BinaryAccuracy", "BinaryCrossentropy", "CategoricalAccuracy", "CategoricalCrossentropy"),
        *("CategoricalHinge", "ConcordanceCorrelation", "CosineSimilarity", "F1Score", "FBetaScore"),
        *("FalseNegatives", "FalsePositives", "Hinge", "KLDivergence", "LogCoshError", "MeanAbsoluteError"),
        *("MeanAbsolutePercentageError", "MeanSquaredError", "MeanSquaredLogarithmicError", "OneHotIoU"),
        *("OneHotMeanIoU", "PearsonCorrelation", "Poisson", "Precision", "PrecisionAtRecall", "R2Score", "Recall"),
        *("RecallAtPrecision", "RootMeanSquaredError", "SensitivityAtSpecificity", "SpecificityAtSensitivity"),
        *("SquaredHinge", "TopKCategoricalAccuracy", "TrueNegatives", "TruePositives"),
    }
)
"""Metrics that compare several units with as many numbers."""

COLUMN_METRICS: Final = frozenset({"BinaryCrossentropy", "F1Score", "FBetaScore"})
"""Metrics that compare one unit with nothing but a column."""


def label_form(training: Training, output: str, units: int | None) -> LabelForm:
    """Return the form of the classes that the Output node `output` learns, which gives `units` values for a sample.

    Several units are compared with what their loss takes; where the design leaves that open, with what its metrics do.
    """
    metrics = {metric.class_name for metric in training.metrics.get(output, {}).values()}
    if units == 1:
        return "column" if metrics & COLUMN_METRICS else "numbers"
    loss = training.losses.get(output)
    if loss is None or loss.class_name == AUTO_LOSS:
        return "one_hot" if metrics & ONE_HOT_METRICS else "numbers"
    return "one_hot" if loss.class_name in ONE_HOT_LOSSES else "numbers"
