"""What a run tells by name after each epoch, and how many samples it holds back, as far as the design says."""

from typing import Final

from app.catalog.model import Kind
from app.document.model import FitOptions, Metric, Training
from app.graph.demand import is_labelled
from app.messages.data import DatasetDescription
from app.worker.analysis.reading import Reading

FITTING_METRICS: Final = ("accuracy", "acc")
"""Metrics by a name that means the accuracy which fits the labels."""


def logged_names(reading: Reading, data: DatasetDescription) -> dict[str, Metric | None] | None:
    """Return the names of loss and metrics, without `val_`, each with its metric where the design names it.

    None where they are not known: Keras puts the names of layers before those of several outputs, and numbers some.
    """
    found, training = reading.found, reading.found.document.training
    outputs = [node for node in found.live("") if found.marker_of(node) == "output"]
    if len(outputs) != 1:
        return None
    chosen = training.metrics.get(outputs[0], {})
    if not chosen:
        labelled = is_labelled(training, outputs[0])
        classes = labelled and data.target_of(outputs[0]).kind == "classification"
        return {"loss": None, "accuracy" if classes else "mean_absolute_error": None}
    names = {metric_name(reading, metric): metric for metric in chosen.values()}
    if "" in names or len(names) < len(chosen):
        return None
    return {"loss": None, **names}


def metric_name(reading: Reading, metric: Metric) -> str:
    """Return the name under which the metric is told; "" where Keras makes one of its class and a number."""
    if metric.class_name in FITTING_METRICS:
        return "accuracy"
    spec = reading.catalog.find(Kind.METRIC, metric.class_name)
    defaults = {param.name: param.default for param in spec.params} if spec else {}
    return str(metric.config.get("name") or defaults.get("name") or "")


def validation_samples(training: Training, data: DatasetDescription) -> int:
    """Return how many samples a run holds back; a table's own fraction holds while the design leaves its own alone."""
    split = training.fit.validation_split
    if data.validation_samples is not None and split == FitOptions.model_fields["validation_split"].default:
        return data.validation_samples
    return round((data.train_samples + (data.validation_samples or 0)) * split)
