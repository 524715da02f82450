"""The cells of a table: which of them are numbers, and which say that there is no value."""

import math
import re
from collections.abc import Sequence
from typing import Final

import numpy as np

MISSING: Final = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "none", "?"})
"""How tables write that a value is missing, in lower case."""

LARGEST: Final = float(np.finfo(np.float32).max)
"""A number beyond it, or an infinite one, is taken for a missing one: models calculate in float32."""

_DECIMAL_COMMA: Final = re.compile(r"[+-]?\d*,\d+(e[+-]?\d+)?", re.IGNORECASE)


def numbers_in(cells: Sequence[str], delimiter: str) -> list[float] | None:
    """Return the cells as numbers, NaN where missing or beyond `LARGEST`; None when one is something else.

    Between delimiters that are no commas, `1,5` is one and a half.
    """
    try:
        numbers = list(map(float, cells))
        if "_" not in "".join(cells):
            return [number if abs(number) <= LARGEST else math.nan for number in numbers]
    except ValueError:
        pass
    found: list[float] = []
    for cell in cells:
        number = number_in(cell, delimiter)
        if number is None:
            return None
        found.append(number)
    return found


def number_in(cell: str, delimiter: str) -> float | None:
    """Return what `numbers_in` does, of one cell."""
    cell = cell.strip()
    if cell.lower() in MISSING:
        return math.nan
    if "_" in cell:
        return None
    if delimiter != "," and _DECIMAL_COMMA.fullmatch(cell):
        cell = cell.replace(",", ".")
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if abs(number) <= LARGEST else math.nan


def number_text(value: float) -> str:
    """Return the shortest text that means `value`: `3`, `1000001`, `0.1`, `1e+16`."""
    return repr(float(value) + 0.0).removesuffix(".0")


def is_missing(cell: str) -> bool:
    """Say whether a cell is written as having no value."""
    return cell.strip().lower() in MISSING
