"""From the columns of a table to the features of a model: missing values, scales and categories.

Everything is learned from the training rows alone, by Keras preprocessing layers, and then applied to all rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from app.messages.data import ColumnSpec, CsvOptions, CsvSource, TargetSpec
from app.worker.data_errors import BadData
from app.worker.table import Column, Table, read_table

Array = NDArray[Any]

MAX_CLASSES: Final = 1_000
_INTEGER_CLASSES: Final = 20
"""A target of whole numbers with at most this many different ones is taken for classes."""


@dataclass
class Preparation:
    """The adapted layers: one `Normalization` over all numbers, one `StringLookup` for each category column."""

    normalization: Any = None
    lookups: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def standardizing(cls, numbers: Array) -> "Preparation":
        """Adapt a `Normalization` to the columns of `numbers`, `(n, columns)`."""
        import keras

        layer = keras.layers.Normalization(axis=-1)
        layer.adapt(numbers)
        return cls(normalization=layer)

    def numbers(self, numbers: Array) -> Array:
        """Return `numbers` standardised, or as they are when that was not wanted."""
        if self.normalization is None:
            return numbers.astype(np.float32)
        standardized: Array = np.asarray(self.normalization(numbers), dtype=np.float32)
        return standardized


@dataclass
class RawTable:
    """A table with its feature and target columns chosen, rows without a target left out."""

    table: Table
    specs: list[ColumnSpec]
    feature_names: list[str]
    target_names: list[str]
    target: TargetSpec
    keep: Array
    notes: list[str]

    @property
    def rows(self) -> int:
        return len(self.keep)

    @property
    def names(self) -> list[str]:
        return [*self.feature_names, *self.target_names]

    def features(self) -> Iterator[tuple[Column, Array]]:
        """Yield each feature column and its values in the rows that are kept."""
        for name in self.feature_names:
            column = self.table.columns[name]
            yield column, column.values[self.keep]

    def preview(self, count: int) -> list[list[str]]:
        """Return the first `count` rows as text."""
        columns = [self.table.columns[name] for name in self.names]
        return [[_text(column, row) for column in columns] for row in self.keep[:count]]


@dataclass
class Prepared:
    features: Array
    targets: Array
    preparation: Preparation


def raw_table(source: CsvSource) -> RawTable:
    """Read the table of `source` and choose its columns and rows; raise `BadData` where the options do not fit."""
    options = source.options
    table, specs = read_table(source.path, options)
    targets = _target_names(table, options)
    notes: list[str] = []
    features = _feature_names(table, options, targets, notes)
    keep = _kept_rows(table, options, features, targets, notes)
    target = _target(table, options, targets, keep)
    return RawTable(table, specs, features, targets, target, keep, notes)


def prepared(raw: RawTable, options: CsvOptions, train: Array) -> Prepared:
    """Turn all rows of `raw` into arrays; `train` are the positions of the rows that may be learned from."""
    preparation = Preparation()
    numbers: list[Array] = []
    parts: list[Array] = []
    for column, values in raw.features():
        if column.type == "number":
            numbers.append(_filled(column, values, options, train).astype(np.float32))
        else:
            codes = _filled(column, values, options, train)
            parts.append(_categories(preparation, column, codes, options, train))
    if numbers:
        stacked = np.stack(numbers, axis=1)
        if options.standardize:
            preparation.normalization = Preparation.standardizing(stacked[train]).normalization
        parts.insert(0, preparation.numbers(stacked))
    return Prepared(np.concatenate(parts, axis=1), _targets(raw), preparation)


def _text(column: Column, row: int) -> str:
    value = column.values[row]
    if column.type == "number":
        return "" if np.isnan(value) else f"{value:g}"
    return column.categories[int(value)] if value >= 0 else ""


def _named(table: Table, names: list[str], role: str) -> list[str]:
    unknown = [name for name in names if name not in table.columns]
    if unknown:
        raise BadData(
            f"The {role} column {unknown[0]!r} is not in the table.",
            expected=", ".join(list(table.columns)[:20]),
            received=unknown[0],
            hint=f"Choose the {role} column again.",
        )
    return list(dict.fromkeys(names))


def _target_names(table: Table, options: CsvOptions) -> list[str]:
    if not options.targets:
        raise BadData(
            "No target column is chosen.",
            expected="the column that the model learns to predict",
            received="none",
            hint=f"Choose one of: {', '.join(list(table.columns)[:20])}.",
        )
    return _named(table, options.targets, "target")


def _feature_names(table: Table, options: CsvOptions, targets: list[str], notes: list[str]) -> list[str]:
    wanted = _named(table, options.features, "feature") if options.features else list(table.columns)
    names = [name for name in wanted if name not in targets]
    text = [name for name in names if table.columns[name].type == "text"]
    empty = [name for name in names if table.columns[name].missing.all()]
    if text:
        notes.append(f"Left out, for they hold free text or too many categories: {', '.join(text)}.")
    if empty:
        notes.append(f"Left out, for they hold no values: {', '.join(empty)}.")
    names = [name for name in names if name not in text and name not in empty]
    if not names:
        raise BadData(
            "The table has no column to learn from.",
            expected="a column of numbers or categories besides the target",
            received="; ".join(f"{name}: {column.type}" for name, column in list(table.columns.items())[:10]),
            hint="Add such a column, or choose another target.",
        )
    return names


def _kept_rows(table: Table, options: CsvOptions, features: list[str], targets: list[str], notes: list[str]) -> Array:
    no_target = np.any([table.columns[name].missing for name in targets], axis=0)
    gaps = np.any([table.columns[name].missing for name in features], axis=0)
    if options.missing == "error" and (no_target | gaps).any():
        name = next(n for n in [*targets, *features] if table.columns[n].missing.any())
        raise BadData(
            f"The column {name!r} has missing values.",
            expected="a value in every row",
            received=f"{int(table.columns[name].missing.sum())} rows without one",
            hint="Choose another rule for missing values, or fill them in.",
        )
    dropped = no_target | gaps if options.missing == "drop" else no_target
    if dropped.any():
        notes.append(f"{int(dropped.sum()):,} rows with missing values are left out.")
    keep = np.flatnonzero(~dropped)
    if len(keep) < 2:
        raise BadData(
            "Too few rows are left.",
            expected="at least 2 rows with all values",
            received=str(len(keep)),
            hint="Choose another rule for missing values.",
        )
    return keep


def _target(table: Table, options: CsvOptions, names: list[str], keep: Array) -> TargetSpec:
    columns = [table.columns[name] for name in names]
    classification = options.task == "classification" or (
        options.task == "auto" and len(columns) == 1 and _looks_like_classes(columns[0], keep)
    )
    if not classification:
        return _regression(columns)
    if len(columns) > 1:
        raise BadData(
            "A classification has one target column.",
            expected="one column of classes",
            received=", ".join(names),
            hint="Choose one of them, or choose regression.",
        )
    classes = _class_names(columns[0], keep)
    if not 2 <= len(classes) <= MAX_CLASSES:
        raise BadData(
            f"The target column {names[0]!r} cannot be used as classes.",
            expected=f"2 to {MAX_CLASSES:,} different values",
            received=f"{len(classes):,}",
            hint="Choose another target column, or regression.",
        )
    encoding: Literal["binary", "integer"] = "binary" if len(classes) == 2 else "integer"
    return TargetSpec(kind="classification", classes=classes, shape=[], encoding=encoding)


def _regression(columns: list[Column]) -> TargetSpec:
    for column in columns:
        if column.type != "number":
            raise BadData(
                f"The target column {column.name!r} does not hold numbers.",
                expected="numbers, for a regression",
                received=", ".join(column.categories[:5]),
                hint="Choose classification, or a column of numbers.",
            )
    return TargetSpec(kind="regression", shape=[len(columns)], encoding="number")


def _looks_like_classes(column: Column, keep: Array) -> bool:
    if column.type != "number":
        return True
    values = np.unique(column.values[keep])
    return len(values) <= _INTEGER_CLASSES and bool(np.all(values == np.rint(values)))


def _class_names(column: Column, keep: Array) -> list[str]:
    values = np.unique(column.values[keep])
    if column.type == "number":
        return [f"{value:g}" for value in values]
    return sorted(column.categories[code] for code in values)


def _targets(raw: RawTable) -> Array:
    columns = [raw.table.columns[name] for name in raw.target_names]
    if not raw.target.classes:
        return np.stack([column.values[raw.keep] for column in columns], axis=1).astype(np.float32)
    values = columns[0].values[raw.keep]
    if columns[0].type == "number":
        return np.unique(values, return_inverse=True)[1].astype(np.int32)
    place = {name: index for index, name in enumerate(raw.target.classes)}
    table = np.array([place.get(name, -1) for name in columns[0].categories], dtype=np.int32)
    return table[values]


def _filled(column: Column, values: Array, options: CsvOptions, train: Array) -> Array:
    """Return `values` with gaps filled by what the training rows say; categories always by the most frequent."""
    gaps = np.isnan(values) if column.type == "number" else values < 0
    if not gaps.any():
        return values
    known = values[train][~gaps[train]]
    return np.where(gaps, _filling(column, known, options), values)


def _filling(column: Column, known: Array, options: CsvOptions) -> Any:
    if not len(known):
        return 0
    if column.type == "number" and options.missing == "mean":
        return known.mean()
    if column.type == "number" and options.missing == "median":
        return np.median(known)
    values, counts = np.unique(known, return_counts=True)
    return values[counts.argmax()]


def _categories(preparation: Preparation, column: Column, codes: Array, options: CsvOptions, train: Array) -> Array:
    """Look the categories up in the vocabulary of the training rows; unseen ones share the first place."""
    import keras

    names = np.array(column.categories, dtype=object)
    seen = [str(name) for name in names[np.unique(codes[train])]]
    mode = "one_hot" if options.one_hot else "int"
    lookup = keras.layers.StringLookup(vocabulary=seen, output_mode=mode, num_oov_indices=1)
    preparation.lookups[column.name] = lookup
    encoded = np.asarray(lookup(np.array([[str(name)] for name in names])), dtype=np.float32)
    by_code: Array = encoded.reshape(len(names), -1)
    return by_code[codes]
