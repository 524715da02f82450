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
from app.graph.demand import PLAIN, Demand, takes_channels_first
from app.messages.data import (
    BundledSource,
    ColumnSpec,
    CsvOptions,
    CsvSource,
    DatasetDescription,
    DataSource,
    FeatureSpec,
    InspectedTable,
    KerasSource,
    TargetSpec,
)
from app.worker.data import keras_sets, table
from app.worker.data.columns import RawTable, raw_table
from app.worker.data.errors import BadData
from app.worker.data.prepare import Preparation, prepared

Array = NDArray[Any]
Kind = Literal["image", "table", "text", "sequence"]

TEST_FRACTION: Final = 0.1
"""The part of a bundled set that is kept for the test; always the same samples."""

NOTHING_LEARNED: Final = TargetSpec(kind="regression", shape=[], encoding="number")
"""What an Output predicts that learns no labels: numbers."""

SPLIT_SEED: Final = 0
"""The seed of splits when none is given."""

_PREVIEW_IMAGES: Final = 24
_PREVIEW_ROWS: Final = 20
_BINS: Final = 12


@dataclass(frozen=True)
class Part:
    """Samples of one split, by node of the design: what Inputs receive and what Outputs learn.

    Features are `(n, ...)`, targets `(n,)` for classes or `(n, k)` for numbers; columns of texts are arrays of objects.
    """

    features: dict[str, Array]
    targets: dict[str, Array]

    def __len__(self) -> int:
        return len(next(iter(self.features.values())))

    def take(self, indices: Any) -> "Part":
        """Return the samples at `indices`."""
        return Part(
            {node: values[indices] for node, values in self.features.items()},
            {node: values[indices] for node, values in self.targets.items()},
        )


@dataclass(frozen=True)
class TrainingData:
    """What `fit`, `evaluate` and the reports receive. `targets` and `preparations` are by node of the design.

    `preparations` holds the layers that were adapted for the values of an Input, if any were.
    """

    kind: Kind
    train: Part
    validation: Part | None
    test: Part | None
    features: list[FeatureSpec]
    targets: dict[str, TargetSpec]
    preparations: dict[str, Preparation] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Samples:
    features: Array
    targets: Array

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, indices: Array) -> "_Samples":
        return _Samples(self.features[indices], self.targets[indices])


@dataclass(frozen=True)
class _Whole:
    """A set before its validation samples are taken; `standardize` says that columns want equal scales."""

    kind: Kind
    rest: _Samples
    test: _Samples | None
    target: TargetSpec
    columns: list[str]
    standardize: bool = False
    notes: list[str] = field(default_factory=list)


def load(source: DataSource, fit: FitOptions, demand: Demand = PLAIN) -> TrainingData:
    """Load `source` for a design that wants it as `demand` says, and split it as `fit` says.

    A table's own `validation_fraction` holds unless the design's `validation_split` differs from its default. Raises
    `BadData` or `DataMissing` when that cannot be done.
    """
    if isinstance(source, CsvSource):
        return _load_table(raw_table(source, demand), source.options, fit)
    whole = _read(source)
    seed = SPLIT_SEED if fit.seed is None else fit.seed
    keep, held = split_indices(len(whole.rest), fit.validation_split, seed)
    train, validation = whole.rest.take(keep), whole.rest.take(held) if len(held) else None
    preparation = Preparation.standardizing(train.features, whole.columns[:-1]) if whole.standardize else None

    def part(samples: _Samples) -> Part:
        features = samples.features if preparation is None else preparation.scaled(samples.features)
        return _given(features, samples.targets, demand, pictures=whole.kind == "image")

    given = part(train)
    return TrainingData(
        kind=whole.kind,
        train=given,
        validation=None if validation is None else part(validation),
        test=None if whole.test is None else part(whole.test),
        features=[_feature(values, node) for node, values in given.features.items()],
        targets=dict.fromkeys(given.targets, whole.target),
        preparations={} if preparation is None else dict.fromkeys(given.features, preparation),
        notes=whole.notes,
    )


def _given(features: Array, targets: Array, demand: Demand, *, pictures: bool) -> Part:
    """Give every Input the features, pictures with the channels where it has them, and every Output the targets."""
    turned = np.ascontiguousarray(np.moveaxis(features, -1, 1)) if pictures and _turns(features, demand) else features
    shape = features.shape[1:]
    return Part(
        {
            one.node: turned if pictures and takes_channels_first(shape, one, demand.image_data_format) else features
            for one in demand.inputs
        },
        {one.node: targets for one in demand.outputs},
    )


def _turns(features: Array, demand: Demand) -> bool:
    return any(takes_channels_first(features.shape[1:], one, demand.image_data_format) for one in demand.inputs)


def describe(source: DataSource, demand: Demand = PLAIN) -> DatasetDescription:
    """Say what `source` holds, with a preview of training samples; raise as `load` does.

    Pictures are told with their channels last, whatever `demand` says of them.
    """
    if isinstance(source, CsvSource):
        return _describe_table(source, demand)
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
    """See `app.worker.data.table.inspect_table`."""
    return table.inspect_table(path)


def split_indices(count: int, fraction: float, seed: int) -> tuple[Array, Array]:
    """Return shuffled indices of the larger part and of the `fraction` that is held back (rounded, at least 1)."""
    order = np.random.default_rng(seed).permutation(count)
    held = min(count - 1, max(1, round(count * fraction))) if fraction > 0 and count > 1 else 0
    return order[held:], order[:held]


def _feature(features: Array, node: str = "", columns: list[tuple[str, int]] | None = None) -> FeatureSpec:
    dtype = "string" if features.dtype == object else str(features.dtype)
    return FeatureSpec(name=node or "features", shape=list(features.shape[1:]), dtype=dtype, columns=columns or [])


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
    everything = _Samples(features.astype(np.float32), targets)
    return _Whole(
        kind=kind,
        rest=everything.take(np.sort(rest)),
        test=everything.take(np.sort(test)),
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


def _keras_part(x: Array, y: Array, classes: bool) -> _Samples:
    if x.dtype == np.uint8:
        x = x.astype(np.float32) / 255.0
        x = x[..., np.newaxis] if x.ndim == 3 else x
    elif x.dtype == np.float64:
        x = x.astype(np.float32)
    y = y.reshape(-1).astype(np.int32) if classes else y.reshape(-1, 1).astype(np.float32)
    return _Samples(x, y)


def _load_table(raw: RawTable, options: CsvOptions, fit: FitOptions) -> TrainingData:
    own = FitOptions.model_fields["validation_split"].default
    fraction = options.validation_fraction if fit.validation_split == own else fit.validation_split
    rest, test = split_indices(raw.rows, options.test_fraction, options.seed)
    seed = options.seed if fit.seed is None else fit.seed
    keep, held = split_indices(len(rest), fraction, seed)
    made = prepared(raw, options, rest[keep])
    whole = Part(made.features, made.targets)
    return TrainingData(
        kind="table",
        train=whole.take(rest[keep]),
        validation=whole.take(rest[held]) if len(held) else None,
        test=whole.take(test) if len(test) else None,
        features=[_feature(values, node, made.widths[node]) for node, values in made.features.items()],
        targets=raw.learned,
        preparations=made.preparations,
        notes=raw.notes,
    )


def _describe_table(source: CsvSource, demand: Demand) -> DatasetDescription:
    raw = raw_table(source, demand)
    data = _load_table(raw, source.options, FitOptions())
    held, tests = (0 if part is None else len(part) for part in (data.validation, data.test))
    first = next(iter(raw.learned), None)
    target = NOTHING_LEARNED if first is None else raw.learned[first]
    seen = [part for part in (data.train, data.validation) if part is not None]
    labels = [part.targets[first] for part in seen if first is not None]
    return DatasetDescription(
        kind="table",
        samples=raw.rows,
        train_samples=len(data.train),
        validation_samples=held,
        test_samples=tests,
        features=data.features,
        target=target,
        targets={} if demand == PLAIN else data.targets,
        columns=raw.specs,
        preview=_table_preview(raw),
        histogram=_histogram(np.concatenate(labels), target) if labels else [],
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
