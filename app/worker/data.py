"""Training data: bundled sets, `keras.datasets` and uploaded tables, loaded, split and described.

Test samples are put aside first, then validation samples are taken from the rest; nothing is ever in two of the
three, and whatever is learned from data (means, categories) is learned from the training part only.
"""

from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue
from sklearn import datasets as sklearn_datasets

from app.document.model import FitOptions
from app.messages.data import (
    BundledSource,
    ColumnSpec,
    CsvSource,
    DatasetDescription,
    DataSource,
    FeatureSpec,
    InspectedTable,
    KerasSource,
    TargetSpec,
)
from app.worker import keras_sets, table
from app.worker.data_errors import BadData
from app.worker.prepare import Preparation, RawTable, prepared, raw_table

Array = NDArray[Any]
Kind = Literal["image", "table", "text", "sequence"]

TEST_FRACTION: Final = 0.1
"""The part of a bundled set that is kept for the test; always the same samples."""

SPLIT_SEED: Final = 0
"""The seed of splits when none is given."""

_PREVIEW_IMAGES: Final = 24
_PREVIEW_ROWS: Final = 20
_BINS: Final = 12


@dataclass(frozen=True)
class Part:
    """Samples of one split: features `(n, ...)` and targets `(n,)` for classes or `(n, k)` for numbers."""

    features: Array
    targets: Array

    def __len__(self) -> int:
        return len(self.targets)


@dataclass(frozen=True)
class TrainingData:
    """What `fit`, `evaluate` and the reports receive. `preparation` holds the layers that were adapted, if any."""

    kind: Kind
    train: Part
    validation: Part | None
    test: Part | None
    features: list[FeatureSpec]
    target: TargetSpec
    preparation: Preparation | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Whole:
    """A set before its validation samples are taken; `standardize` says that columns want equal scales."""

    kind: Kind
    rest: Part
    test: Part | None
    target: TargetSpec
    columns: list[str]
    standardize: bool = False
    notes: list[str] = field(default_factory=list)


def load(source: DataSource, fit: FitOptions) -> TrainingData:
    """Load `source` and split it as `fit` says; raise `BadData` or `DataMissing` when that cannot be done.

    A table's own `validation_fraction` holds unless the design's `validation_split` differs from its default.
    """
    if isinstance(source, CsvSource):
        return _load_table(source, fit)
    whole = _read(source)
    seed = SPLIT_SEED if fit.seed is None else fit.seed
    keep, held = split_indices(len(whole.rest), fit.validation_split, seed)
    train, validation = _take(whole.rest, keep), _take(whole.rest, held) if len(held) else None
    preparation = Preparation.standardizing(train.features) if whole.standardize else None
    train = _standardized(train, preparation)
    return TrainingData(
        kind=whole.kind,
        train=train,
        validation=None if validation is None else _standardized(validation, preparation),
        test=None if whole.test is None else _standardized(whole.test, preparation),
        features=[_feature(train.features)],
        target=whole.target,
        preparation=preparation,
        notes=whole.notes,
    )


def describe(source: DataSource) -> DatasetDescription:
    """Say what `source` holds, with a preview of training samples; raise as `load` does."""
    if isinstance(source, CsvSource):
        return _describe_table(source)
    whole = _read(source)
    tests = 0 if whole.test is None else len(whole.test)
    return DatasetDescription(
        kind=whole.kind,
        samples=len(whole.rest) + tests,
        train_samples=len(whole.rest),
        test_samples=tests,
        features=[_feature(whole.rest.features)],
        target=whole.target,
        columns=_column_specs(whole),
        preview=_preview(whole),
        histogram=_histogram(whole.rest.targets, whole.target),
        notes=whole.notes,
    )


def inspect_table(path: str) -> InspectedTable:
    """See `app.worker.table.inspect_table`."""
    return table.inspect_table(path)


def split_indices(count: int, fraction: float, seed: int) -> tuple[Array, Array]:
    """Return shuffled indices of the larger part and of the `fraction` that is held back (rounded, at least 1)."""
    order = np.random.default_rng(seed).permutation(count)
    held = min(count - 1, max(1, round(count * fraction))) if fraction > 0 and count > 1 else 0
    return order[held:], order[:held]


def _take(part: Part, indices: Array) -> Part:
    return Part(part.features[indices], part.targets[indices])


def _standardized(part: Part, preparation: Preparation | None) -> Part:
    return part if preparation is None else Part(preparation.numbers(part.features), part.targets)


def _feature(features: Array) -> FeatureSpec:
    return FeatureSpec(shape=list(features.shape[1:]), dtype=str(features.dtype))


def _read(source: BundledSource | KerasSource) -> _Whole:
    if isinstance(source, BundledSource):
        if source.name not in _BUNDLED:
            raise _unknown(source.name, list(_BUNDLED))
        return _bundled(source.name)
    if source.name not in keras_sets.SETS:
        raise _unknown(source.name, list(keras_sets.SETS))
    return _keras(source.name)


def _unknown(name: str, known: list[str]) -> BadData:
    return BadData(
        f"There is no data set named {name!r}.",
        expected=", ".join(known),
        received=name,
        hint="Choose a data set in the Train tab.",
    )


_BUNDLED: Final[tuple[str, ...]] = ("digits", "iris", "wine", "breast_cancer", "diabetes")


def _bundled(name: str) -> _Whole:
    options = {"scaled": False} if name == "diabetes" else {}
    bunch = getattr(sklearn_datasets, f"load_{name}")(**options)
    kind: Kind = "image" if name == "digits" else "table"
    features = bunch.images[..., np.newaxis] / 16.0 if kind == "image" else bunch.data
    regression = name == "diabetes"
    classes = [] if regression else [str(label) for label in bunch.target_names]
    rest, test = split_indices(len(bunch.target), TEST_FRACTION, SPLIT_SEED)
    targets = bunch.target.astype(np.float32).reshape(-1, 1) if regression else bunch.target.astype(np.int32)
    everything = Part(features.astype(np.float32), targets)
    return _Whole(
        kind=kind,
        rest=_take(everything, np.sort(rest)),
        test=_take(everything, np.sort(test)),
        target=target_spec(classes),
        columns=[] if kind == "image" else [*map(str, bunch.feature_names), "target"],
        standardize=kind == "table",
    )


def target_spec(classes: list[str]) -> TargetSpec:
    """Return the target of a classification into `classes`, or of a regression to one number when there are none."""
    if not classes:
        return TargetSpec(kind="regression", shape=[1], encoding="number")
    encoding: Literal["binary", "integer"] = "binary" if len(classes) == 2 else "integer"
    return TargetSpec(kind="classification", classes=classes, shape=[], encoding=encoding)


def _keras(name: str) -> _Whole:
    (x, y), (x_test, y_test) = keras_sets.load_arrays(name)
    classes = keras_sets.classes(name)
    kind: Kind = "image" if x.dtype == np.uint8 else "sequence" if name == "imdb" else "table"
    notes = {
        "imdb": [
            f"The last {keras_sets.REVIEW_LENGTH} words of a review, as ids below {keras_sets.WORDS:,}; "
            "0 pads, 1 starts, 2 stands for rarer words."
        ],
        "reuters": [f"Which of the {keras_sets.TOPIC_WORDS:,} most frequent words occur."],
    }
    columns = [f"feature_{index}" for index in range(1, x.shape[1] + 1)] if "housing" in name else []
    return _Whole(
        kind=kind,
        rest=_keras_part(x, y, bool(classes)),
        test=_keras_part(x_test, y_test, bool(classes)),
        target=target_spec(classes),
        columns=[*columns, "target"] if columns else [],
        standardize="housing" in name,
        notes=notes.get(name, []),
    )


def _keras_part(x: Array, y: Array, classes: bool) -> Part:
    if x.dtype == np.uint8:
        x = x.astype(np.float32) / 255.0
        x = x[..., np.newaxis] if x.ndim == 3 else x
    elif x.dtype == np.float64:
        x = x.astype(np.float32)
    y = y.reshape(-1).astype(np.int32) if classes else y.reshape(-1, 1).astype(np.float32)
    return Part(x, y)


def _load_table(source: CsvSource, fit: FitOptions) -> TrainingData:
    raw = raw_table(source)
    options = source.options
    own = FitOptions.model_fields["validation_split"].default
    fraction = options.validation_fraction if fit.validation_split == own else fit.validation_split
    rest, test = split_indices(raw.rows, options.test_fraction, options.seed)
    seed = options.seed if fit.seed is None else fit.seed
    keep, held = split_indices(len(rest), fraction, seed)
    data = prepared(raw, options, rest[keep])
    whole = Part(data.features, data.targets)
    return TrainingData(
        kind="table",
        train=_take(whole, rest[keep]),
        validation=_take(whole, rest[held]) if len(held) else None,
        test=_take(whole, test) if len(test) else None,
        features=[_feature(data.features)],
        target=raw.target,
        preparation=data.preparation,
        notes=raw.notes,
    )


def _describe_table(source: CsvSource) -> DatasetDescription:
    data = _load_table(source, FitOptions())
    raw = raw_table(source)
    held, tests = (0 if part is None else len(part) for part in (data.validation, data.test))
    targets = np.concatenate([part.targets for part in (data.train, data.validation) if part is not None])
    return DatasetDescription(
        kind="table",
        samples=raw.rows,
        train_samples=len(data.train),
        validation_samples=held,
        test_samples=tests,
        features=data.features,
        target=data.target,
        columns=raw.specs,
        preview=_table_preview(raw),
        histogram=_histogram(targets, data.target),
        notes=raw.notes,
    )


def _table_preview(raw: RawTable) -> dict[str, JsonValue]:
    return {"columns": list(raw.names), "rows": [list(row) for row in raw.preview(_PREVIEW_ROWS)]}


def _column_specs(whole: _Whole) -> list[ColumnSpec]:
    if not whole.columns:
        return []
    shown = whole.rest.features[:3]
    specs = [
        ColumnSpec(name=name, type="number", examples=[f"{row[index]:g}" for row in shown])
        for index, name in enumerate(whole.columns[:-1])
    ]
    examples = [str(_label(target, whole.target)) for target in whole.rest.targets[:3]]
    kind: Literal["category", "number"] = "category" if whole.target.classes else "number"
    return [*specs, ColumnSpec(name=whole.columns[-1], type=kind, examples=examples)]


def _preview(whole: _Whole) -> dict[str, JsonValue]:
    features, targets = whole.rest.features, whole.rest.targets
    if whole.kind == "image":
        images = np.rint(features[:_PREVIEW_IMAGES] * 255).astype(int)
        images = images[..., 0] if images.shape[-1] == 1 else images
        labels = [_label(target, whole.target) for target in targets[:_PREVIEW_IMAGES]]
        return {"images": images.tolist(), "labels": labels}
    labels = [_label(target, whole.target) for target in targets[:_PREVIEW_ROWS]]
    if whole.columns:
        rows: list[JsonValue] = [
            [*(round(float(value), 4) for value in row), label]
            for row, label in zip(features[:_PREVIEW_ROWS], labels, strict=False)
        ]
        return {"columns": list(whole.columns), "rows": rows}
    shown = features[:_PREVIEW_ROWS]
    words: list[Any] = [np.flatnonzero(row).tolist() if whole.kind == "table" else row.tolist() for row in shown]
    pairs: list[JsonValue] = [list(pair) for pair in zip(words, labels, strict=False)]
    return {"columns": ["words", "target"], "rows": pairs}


def _label(target: Any, spec: TargetSpec) -> JsonValue:
    return spec.classes[int(target)] if spec.classes else round(float(np.ravel(target)[0]), 4)


def _histogram(targets: Array, spec: TargetSpec) -> list[tuple[str, int]]:
    """Count labels by class, or the first number in equal bins."""
    if spec.classes:
        counts = np.bincount(targets, minlength=len(spec.classes))
        return [(name, int(count)) for name, count in zip(spec.classes, counts, strict=True)]
    counts, edges = np.histogram(targets[:, 0], bins=_BINS)
    return [
        (f"{low:.4g} to {high:.4g}", int(count)) for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
