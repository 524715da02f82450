"""The trained model behind the layers that were adapted to its data: it takes raw rows, and needs nothing else."""

import re
from typing import Any, Final

import keras

from app.graph.demand import InputDemand
from app.worker.data.prepare import Preparation
from app.worker.data.sources import TrainingData

_ROW: Final = "row"
"""What the input is called that takes the numbers of a whole row, of data that is no uploaded table."""


def raw_model(model: Any, data: TrainingData, demanded: tuple[InputDemand, ...]) -> Any:
    """Return `model` behind its preparation; None where nothing was adapted to the data.

    Of a table it takes a dictionary of columns, each `(n, 1)`, by their names as far as Keras takes them: numbers as
    floats, anything else as texts, and no gaps. Of other data it takes the rows of numbers, `(n, columns)`.
    """
    if not any(each.normalization is not None or each.lookups for each in data.preparations.values()):
        return None
    columns = _Columns(data)
    given = [columns.given(one) for one in demanded]
    return keras.Model(columns.inputs, model(given if len(given) > 1 else given[0]), name="model_with_preprocessing")


def probe(model: Any) -> dict[str, Any]:
    """Return two rows for the inputs of a raw model, to compare what it predicts."""

    def rows(tensor: Any) -> Any:
        if tensor.dtype == "string":
            return keras.ops.convert_to_tensor([["a"], ["b"]], dtype="string")
        return keras.ops.stack([keras.ops.zeros(tensor.shape[1:]), keras.ops.ones(tensor.shape[1:])])

    return {name: rows(tensor) for name, tensor in model.input.items()}


class _Columns:
    """The inputs of a raw model, each made when it is first needed."""

    def __init__(self, data: TrainingData) -> None:
        self.inputs: dict[str, Any] = {}
        self._data = data
        self._by_column: dict[str, Any] = {}

    def given(self, one: InputDemand) -> Any:
        """Return what an Input of the trained model receives."""
        feature = next(feature for feature in self._data.features if feature.name == (one.node or "features"))
        preparation = self._data.preparations[one.node]
        if not feature.columns:
            row = self._input(_ROW, (len(preparation.numbers),), "float32")
            return preparation.normalization(row)
        names = [name for name, _ in feature.columns]
        match one.form:
            case "texts":
                parts = [self._column(name, "string") for name in names]
            case "ids":
                parts = [self._id(preparation, name) for name in names]
            case "numbers":
                parts = self._prepared(preparation, names)
        return parts[0] if len(parts) == 1 else keras.ops.concatenate(parts, axis=-1)

    def _prepared(self, preparation: Preparation, names: list[str]) -> list[Any]:
        numbers = [self._column(name, "float32") for name in preparation.numbers]
        parts = []
        if numbers:
            together = numbers[0] if len(numbers) == 1 else keras.ops.concatenate(numbers, axis=-1)
            parts.append(together if preparation.normalization is None else preparation.normalization(together))
        for name in names:
            if name in preparation.lookups:
                found = preparation.lookups[name](self._column(name, "string"))
                parts.append(keras.ops.cast(found, "float32"))
        return parts

    def _id(self, preparation: Preparation, name: str) -> Any:
        if name in preparation.lookups:
            return keras.ops.cast(preparation.lookups[name](self._column(name, "string")), "int64")
        return keras.ops.cast(self._column(name, "float32"), "int64")

    def _column(self, name: str, dtype: str) -> Any:
        """Return the input of a column; one that is both numbers and texts to the model is taken as either."""
        key = f"{dtype} {name}"
        if key not in self._by_column:
            self._by_column[key] = self._input(name, (1,), dtype)
        return self._by_column[key]

    def _input(self, name: str, shape: tuple[int, ...], dtype: str) -> Any:
        plain = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_") or "column"
        free = plain
        number = 1
        while free in self.inputs:
            number += 1
            free = f"{plain}_{number}"
        self.inputs[free] = keras.Input(shape, dtype=dtype, name=free)
        return self.inputs[free]
