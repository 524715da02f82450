"""From the columns of a table to what the Inputs of a model receive: missing values, scales and categories.

Everything is learned from the training rows alone, by Keras preprocessing layers, and then applied to all rows.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from app.messages.data import CsvOptions
from app.worker.data.cells import number_text
from app.worker.data.columns import RawInput, RawTable
from app.worker.data.errors import BadData
from app.worker.data.table import Column

Array = NDArray[Any]


@dataclass
class Preparation:
    """How the values of an Input are made of its columns, by adapted layers.

    One `Normalization`, where it is wanted, is for all numbers; they come first. Each category column has a
    `StringLookup`.
    """

    numbers: list[str] = field(default_factory=list)
    normalization: Any = None
    lookups: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def standardizing(cls, numbers: Array, names: list[str]) -> "Preparation":
        """Adapt a `Normalization` to the columns of `numbers`, `(n, columns)`.

        It computes in float32 whatever the design's policy: in float16, 65,504 is the largest number.
        """
        import keras

        layer = keras.layers.Normalization(axis=-1, dtype="float32")
        layer.adapt(numbers)
        return cls(names, layer)

    def scaled(self, numbers: Array) -> Array:
        """Return `numbers` standardised, or as they are when that was not wanted."""
        if self.normalization is None:
            return numbers.astype(np.float32)
        standardized: Array = np.asarray(self.normalization(numbers), dtype=np.float32)
        return standardized


@dataclass
class Prepared:
    """What each Input receives and each Output learns, by node; `widths` says how many values a column gives."""

    features: dict[str, Array]
    targets: dict[str, Array]
    preparations: dict[str, Preparation]
    widths: dict[str, list[tuple[str, int]]]


def prepared(raw: RawTable, options: CsvOptions, train: Array) -> Prepared:
    """Turn all rows of `raw` into arrays; `train` are the positions of the rows that may be learned from."""
    made: dict[tuple[str, ...], _Made] = {}
    for one in raw.inputs:
        key = (one.form, *one.columns)
        if key not in made:
            made[key] = _make(raw, one, options, train)
    of = {one.node: made[one.form, *one.columns] for one in raw.inputs}
    return Prepared(
        features={node: each.values for node, each in of.items()},
        targets={node: _labels(raw, node) for node in raw.targets},
        preparations={node: each.preparation for node, each in of.items()},
        widths={node: each.widths for node, each in of.items()},
    )


@dataclass
class _Made:
    values: Array
    preparation: Preparation
    widths: list[tuple[str, int]]


def _make(raw: RawTable, one: RawInput, options: CsvOptions, train: Array) -> _Made:
    match one.form:
        case "numbers":
            return _numbers(raw, one, options, train)
        case "ids":
            preparation = Preparation()
            columns = [_ids(raw, one, name, train, preparation) for name in one.columns]
            return _Made(np.stack(columns, axis=1), preparation, [(name, 1) for name in one.columns])
        case "texts":
            texts = [_texts(raw, name, train) for name in one.columns]
            return _Made(np.stack(texts, axis=1), Preparation(), [(name, 1) for name in one.columns])


def _numbers(raw: RawTable, one: RawInput, options: CsvOptions, train: Array) -> _Made:
    """Return the numbers among the columns, at one scale, and then the categories."""
    columns = [raw.table.columns[name] for name in one.columns]
    numeric = [column for column in columns if column.type == "number"]
    preparation = Preparation([column.name for column in numeric])
    parts: list[Array] = []
    if numeric:
        stacked = np.stack(
            [_filled(raw, column, options.missing, train).astype(np.float32) for column in numeric], axis=1
        )
        if options.standardize:
            preparation = Preparation.standardizing(stacked[train], preparation.numbers)
        parts.append(preparation.scaled(stacked))
    widths = [(column.name, 1) for column in numeric]
    for column in columns:
        if column.type != "number":
            codes = _filled(raw, column, options.missing, train)
            mode: Literal["one_hot", "int"] = "one_hot" if options.one_hot else "int"
            parts.append(_looked_up(preparation, column, codes, mode, train).astype(np.float32))
            widths.append((column.name, parts[-1].shape[1]))
    return _Made(np.concatenate(parts, axis=1), preparation, widths)


def _ids(raw: RawTable, one: RawInput, name: str, train: Array, preparation: Preparation) -> Array:
    """Return a column as whole numbers; texts are numbered from 1, and 0 is what no training row has."""
    column = raw.table.columns[name]
    filled = _filled(raw, column, "most_frequent", train)
    if column.type != "number":
        return _looked_up(preparation, column, filled, "int", train)[:, 0].astype(np.int64)
    broken = filled[filled != np.rint(filled)]
    if len(broken):
        raise BadData(
            f"The column {name!r} does not hold whole numbers, which the Input {one.name} takes.",
            node=one.node,
            expected="whole numbers, for an Input of an integer dtype",
            received=number_text(broken[0]),
            hint="Set the dtype of the Input to float32, or give it other columns.",
        )
    return filled.astype(np.int64)


def _texts(raw: RawTable, name: str, train: Array) -> Array:
    """Return a column as it is written, numbers in their shortest form."""
    column = raw.table.columns[name]
    filled = _filled(raw, column, "most_frequent", train)
    if column.type == "number":
        return np.array(list(map(number_text, filled)), dtype=object)
    return np.array(column.categories, dtype=object)[filled]


def _labels(raw: RawTable, node: str) -> Array:
    columns = [raw.table.columns[name] for name in raw.targets[node]]
    classes = raw.learned[node].classes
    if not classes:
        return np.stack([column.values[raw.keep] for column in columns], axis=1).astype(np.float32)
    values = columns[0].values[raw.keep]
    if columns[0].type == "number":
        return np.unique(values, return_inverse=True)[1].astype(np.int32)
    place = {name: index for index, name in enumerate(classes)}
    table = np.array([place.get(name, -1) for name in columns[0].categories], dtype=np.int32)
    return table[values]


def _filled(raw: RawTable, column: Column, rule: str, train: Array) -> Array:
    """Return the kept values with gaps filled by what the training rows say; categories by the most frequent."""
    values = column.values[raw.keep]
    gaps = np.isnan(values) if column.type == "number" else values < 0
    if not gaps.any():
        return values
    known = values[train][~gaps[train]]
    return np.where(gaps, _filling(column, known, rule), values)


def _filling(column: Column, known: Array, rule: str) -> Any:
    if not len(known):
        return 0
    if column.type == "number" and rule == "mean":
        return known.mean()
    if column.type == "number" and rule == "median":
        return np.median(known)
    values, counts = np.unique(known, return_counts=True)
    if column.type == "number":
        return values[counts.argmax()]
    return min(values[counts == counts.max()], key=lambda code: column.categories[code])


def _looked_up(
    preparation: Preparation, column: Column, codes: Array, mode: Literal["one_hot", "int"], train: Array
) -> Array:
    """Look texts up in the vocabulary of the training rows, `(n, values)`; unseen ones share the first place."""
    import keras

    names = np.array(column.categories, dtype=object)
    seen = sorted(str(name) for name in names[np.unique(codes[train])])
    lookup = keras.layers.StringLookup(vocabulary=seen, output_mode=mode, num_oov_indices=1)
    preparation.lookups[column.name] = lookup
    encoded = np.asarray(lookup(np.array([[str(name)] for name in names])))
    by_code: Array = encoded.reshape(len(names), -1)
    return by_code[codes]
