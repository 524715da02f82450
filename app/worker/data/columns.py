"""Which columns and rows of an uploaded table reach a design: chosen as it wants, or refused in words."""

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from app.graph.demand import Demand, Form, InputDemand, OutputDemand
from app.messages.data import ColumnSpec, CsvOptions, CsvSource, TargetSpec
from app.worker.data.cells import number_text
from app.worker.data.errors import BadData
from app.worker.data.table import Column, Table, read_table

Array = NDArray[Any]

MAX_CLASSES: Final = 1_000
_INTEGER_CLASSES: Final = 20
"""A target of whole numbers with at most this many different ones is taken for classes."""


@dataclass
class RawInput:
    """The columns that an Input takes, and in which form."""

    node: str
    name: str
    form: Form
    columns: list[str]


@dataclass
class RawTable:
    """A table with its columns chosen, rows without what is to be learned left out.

    `targets` are the columns that each Output learns, `learned` what they hold, both by node.
    """

    table: Table
    specs: list[ColumnSpec]
    inputs: list[RawInput]
    targets: dict[str, list[str]]
    learned: dict[str, TargetSpec]
    keep: Array
    notes: list[str]

    @property
    def rows(self) -> int:
        return len(self.keep)

    @property
    def names(self) -> list[str]:
        """The columns that are used: features first."""
        features = (name for one in self.inputs for name in one.columns)
        return list(dict.fromkeys([*features, *(name for names in self.targets.values() for name in names)]))

    def preview(self, count: int) -> list[list[str]]:
        """Return the first `count` rows as text."""
        columns = [self.table.columns[name] for name in self.names]
        return [[_text(column, row) for column in columns] for row in self.keep[:count]]


def raw_table(source: CsvSource, demand: Demand) -> RawTable:
    """Read the table of `source` and choose columns and rows as `demand` wants; raise `BadData` where that fails."""
    options = source.options
    table, specs = read_table(source.path, options)
    targets = {one.node: _target_names(table, options, one) for one in demand.outputs}
    aside = {*options.targets, *(name for names in targets.values() for name in names)}
    notes: dict[str, None] = {}
    inputs = [
        RawInput(one.node, one.name, one.form, _feature_names(table, options, one, aside, notes))
        for one in demand.inputs
    ]
    learned = list(dict.fromkeys(name for names in targets.values() for name in names))
    features = list(dict.fromkeys(name for one in inputs for name in one.columns))
    keep = _kept_rows(table, options, features, learned, notes)
    specified = {one.node: _target(table, options, one, targets[one.node], keep) for one in demand.outputs}
    return RawTable(table, specs, inputs, targets, specified, keep, list(notes))


def _text(column: Column, row: int) -> str:
    value = column.values[row]
    if column.type == "number":
        return "" if np.isnan(value) else number_text(value)
    return column.categories[int(value)] if value >= 0 else ""


def _named(table: Table, names: list[str] | tuple[str, ...], role: str, node: str) -> list[str]:
    unknown = [name for name in names if name not in table.columns]
    if unknown:
        raise BadData(
            f"The {role} column {unknown[0]!r} is not in the table.",
            node=node,
            expected=", ".join(list(table.columns)[:20]),
            received=unknown[0],
            hint=f"Choose the {role} column again.",
        )
    return list(names)


def _target_names(table: Table, options: CsvOptions, one: OutputDemand) -> list[str]:
    names = one.columns or options.targets
    if not names:
        raise BadData(
            "No target column is chosen.",
            node=one.node,
            expected="the column that the model learns to predict",
            received="none",
            hint=f"Choose one of: {', '.join(list(table.columns)[:20])}.",
        )
    return _named(table, names, "target", one.node)


def _feature_names(
    table: Table, options: CsvOptions, one: InputDemand, aside: set[str], notes: dict[str, None]
) -> list[str]:
    """Return the columns of an Input: its own, which must be what it takes, or all that can be learned from."""
    if one.columns:
        return _own_features(table, one)
    wanted = _named(table, options.features, "feature", one.node) if options.features else list(table.columns)
    names = [name for name in wanted if name not in aside]
    text = [name for name in names if table.columns[name].type == "text" and one.form != "texts"]
    empty = [name for name in names if table.columns[name].missing.all()]
    if text:
        notes[f"Left out, for they hold free text or too many categories: {', '.join(text)}."] = None
    if empty:
        notes[f"Left out, for they hold no values: {', '.join(empty)}."] = None
    names = [name for name in names if name not in text and name not in empty]
    if not names:
        raise BadData(
            "The table has no column to learn from.",
            node=one.node,
            expected="a column of numbers or categories besides the target",
            received="; ".join(f"{name}: {column.type}" for name, column in list(table.columns.items())[:10]),
            hint="Add such a column, or choose another target.",
        )
    return names


def _own_features(table: Table, one: InputDemand) -> list[str]:
    names = _named(table, one.columns, "feature", one.node)
    for name in names:
        column = table.columns[name]
        if column.missing.all():
            raise BadData(
                f"The column {name!r} of the Input {one.name} holds no values.",
                node=one.node,
                expected="a column with values",
                received="none",
                hint="Take the column from the Input.",
            )
        if column.type == "text" and one.form == "numbers":
            raise BadData(
                f"The column {name!r} of the Input {one.name} holds free text or too many categories.",
                node=one.node,
                expected="numbers or categories, for an Input of a float dtype",
                received=", ".join(column.categories[:3])[:200],
                hint="Set the dtype of the Input to string or int32, or take the column from it.",
            )
    return names


def _kept_rows(
    table: Table, options: CsvOptions, features: list[str], targets: list[str], notes: dict[str, None]
) -> Array:
    no_target, gaps = _gaps(table, targets), _gaps(table, features)
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
        notes[f"{int(dropped.sum()):,} rows with missing values are left out."] = None
    keep = np.flatnonzero(~dropped)
    if len(keep) < 2:
        raise BadData(
            "Too few rows are left.",
            expected="at least 2 rows with all values",
            received=str(len(keep)),
            hint="Choose another rule for missing values.",
        )
    return keep


def _gaps(table: Table, names: list[str]) -> NDArray[np.bool_]:
    """Return which rows lack a value of one of the columns."""
    gaps = np.zeros(table.rows, dtype=bool)
    for name in names:
        gaps |= table.columns[name].missing
    return gaps


def _target(table: Table, options: CsvOptions, one: OutputDemand, names: list[str], keep: Array) -> TargetSpec:
    columns = [table.columns[name] for name in names]
    task = one.task or ("auto" if one.columns else options.task)
    classification = task == "classification" or (
        task == "auto" and len(columns) == 1 and _looks_like_classes(columns[0], keep)
    )
    if not classification:
        return _regression(columns, one.node)
    if len(columns) > 1:
        raise BadData(
            "A classification has one target column.",
            node=one.node,
            expected="one column of classes",
            received=", ".join(names),
            hint="Choose one of them, or choose regression.",
        )
    classes = _class_names(columns[0], keep)
    if not 2 <= len(classes) <= MAX_CLASSES:
        raise BadData(
            f"The target column {names[0]!r} cannot be used as classes.",
            node=one.node,
            expected=f"2 to {MAX_CLASSES:,} different values",
            received=f"{len(classes):,}",
            hint="Choose another target column, or regression.",
        )
    encoding: Literal["binary", "integer"] = "binary" if len(classes) == 2 else "integer"
    return TargetSpec(kind="classification", classes=classes, shape=[], encoding=encoding)


def _regression(columns: list[Column], node: str) -> TargetSpec:
    for column in columns:
        if column.type != "number":
            raise BadData(
                f"The target column {column.name!r} does not hold numbers.",
                node=node,
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
        return list(map(number_text, values))
    return sorted(column.categories[code] for code in values)
