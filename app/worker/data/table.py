"""Tables in text files: delimiter, header, encoding and column types found, and rows read column by column.

A table is read twice in chunks of rows: once to find the type of each column, once to keep its values as numbers or
as codes of its categories. The text of the file is never in memory as a whole.
"""

import contextlib
import csv
import itertools
import math
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from app.messages.data import ColumnSpec, CsvOptions, InspectedTable
from app.worker.data.cells import is_missing, number_in, numbers_in
from app.worker.data.errors import BadData, DataTooLarge

MAX_TABLE_BYTES: Final = 100 * 2**20
MAX_COLUMNS: Final = 10_000
_CHUNK_ROWS: Final = 5_000
_SAMPLE_LINES: Final = 200
_LONG_LINE: Final = 1_000_000
_PREVIEW_ROWS: Final = 20
_DELIMITERS: Final = (",", ";", "\t", "|")
_FEW_CATEGORIES: Final = 20
_MANY_CATEGORIES: Final = 1_000
_TARGET_NAMES: Final = frozenset({"target", "label", "labels", "class", "y", "species", "outcome", "category"})

Array = NDArray[Any]
ColumnType = Literal["number", "category", "text"]


@dataclass
class Column:
    """One column. `values` are float64 with NaN for missing, or int32 codes into `categories` with -1 for missing."""

    name: str
    type: ColumnType
    values: Array
    categories: list[str] = field(default_factory=list)

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Which rows have no value."""
        return np.isnan(self.values) if self.type == "number" else self.values < 0


@dataclass
class Table:
    """Columns of equal length, by name and in file order."""

    columns: dict[str, Column]
    rows: int


@dataclass
class _Survey:
    """What the first pass over a table found; lists run over columns.

    `missing` counts cells that say so, `not_finite` also those that hold no usable number.
    """

    names: list[str]
    rows: int = 0
    numeric: list[bool] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    not_finite: list[int] = field(default_factory=list)
    distinct: list[set[str] | None] = field(default_factory=list)
    examples: list[list[str]] = field(default_factory=list)
    preview: list[list[str]] = field(default_factory=list)
    complete: bool = True

    def column_type(self, index: int) -> ColumnType:
        """A column is text when it has more distinct values than one would want as categories."""
        if self.numeric[index] and self.not_finite[index] < self.rows:
            return "number"
        distinct = self.distinct[index]
        most = max(_FEW_CATEGORIES, min(_MANY_CATEGORIES, self.rows // 10))
        return "category" if distinct is not None and len(distinct) <= most else "text"

    def specs(self) -> list[ColumnSpec]:
        return [
            ColumnSpec(
                name=name,
                type=self.column_type(index),
                missing=(self.not_finite if self.column_type(index) == "number" else self.missing)[index],
                distinct=None if found is None else len(found),
                examples=self.examples[index],
            )
            for index, (name, found) in enumerate(zip(self.names, self.distinct, strict=True))
        ]


def inspect_table(path: str | Path, seconds: float = 6.0) -> InspectedTable:
    """Find how the table at `path` is written and what its columns hold.

    After `seconds` the rest is not looked at and the number of rows is estimated; a note says so. Raises `BadData`
    when it is no table (empty, binary, rows of different lengths), and `DataTooLarge` above `MAX_TABLE_BYTES` or
    `MAX_COLUMNS`.
    """
    path = Path(path)
    encoding = _encoding(path)
    sample = _sample(path, encoding)
    delimiter = _delimiter(sample)
    header = _has_header(_cut(sample, delimiter))
    survey, encoding = _survey(path, encoding, delimiter, header, time.monotonic() + seconds)
    columns = survey.specs()
    size = path.stat().st_size
    notes = [] if survey.complete else [f"The types come from the first {survey.rows:,} rows."]
    return InspectedTable(
        bytes=size,
        rows=survey.rows if survey.complete else _estimated_rows(path, encoding, survey.rows, size),
        columns=columns,
        preview_rows=survey.preview,
        options=CsvOptions(delimiter=delimiter, header=header, targets=_likely_target(columns)),
        encoding=encoding,
        notes=notes,
    )


def read_table(path: str | Path, options: CsvOptions) -> tuple[Table, list[ColumnSpec]]:
    """Read the whole table at `path` as `options` say; raise as `inspect_table` does."""
    path = Path(path)
    survey, encoding = _survey(path, _encoding(path), options.delimiter, options.header, None)
    parts: list[list[Array]] = [[] for _ in survey.names]
    codes: list[dict[str, int]] = [{} for _ in survey.names]
    types = [survey.column_type(index) for index in range(len(survey.names))]
    for chunk in _chunks(path, encoding, options.delimiter, options.header, survey.names):
        for index, cells in enumerate(zip(*chunk, strict=True)):
            if types[index] == "number":
                numbers = numbers_in(cells, options.delimiter)
                assert numbers is not None
                parts[index].append(np.asarray(numbers, dtype=np.float64))
            else:
                parts[index].append(_codes(cells, codes[index]))
    columns = {
        name: Column(name, types[index], np.concatenate(parts[index]), list(codes[index]))
        for index, name in enumerate(survey.names)
    }
    return Table(columns, survey.rows), survey.specs()


def _codes(cells: Sequence[str], known: dict[str, int]) -> NDArray[np.int32]:
    return np.fromiter(
        (-1 if is_missing(cell) else known.setdefault(cell.strip(), len(known)) for cell in cells),
        dtype=np.int32,
        count=len(cells),
    )


def _encoding(path: Path) -> str:
    """Return `utf-8-sig` (which also reads plain UTF-8) or `utf-16`; raise when the file is no text or too large."""
    size = path.stat().st_size
    if size > MAX_TABLE_BYTES:
        raise DataTooLarge(
            "The table is too large.",
            expected=f"at most {MAX_TABLE_BYTES / 2**20:.0f} MB",
            received=f"{size / 2**20:.0f} MB",
            hint="Upload a sample of its rows, or leave out columns.",
        )
    with path.open("rb") as file:
        start = file.read(65_536)
    if not start.strip():
        raise _empty(path)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if b"\0" in start:
        raise BadData(
            "The file is not a text table.",
            expected="rows of text with a delimiter, as in a CSV file",
            received="binary data",
            hint="Save the sheet as CSV and upload that file.",
        )
    return "utf-8-sig"


def _empty(path: Path) -> BadData:
    return BadData(
        "The table is empty.",
        expected="a header and at least one row",
        received=f"{path.stat().st_size} bytes",
        hint="Check that the right file was chosen.",
    )


def _sample(path: Path, encoding: str) -> list[str]:
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        lines = itertools.islice(iter(lambda: file.readline(_LONG_LINE), ""), _SAMPLE_LINES)
        sample = [line for line in lines if line.strip()]
    if not sample:
        raise _empty(path)
    return sample


def _cut(sample: list[str], delimiter: str) -> list[list[str]]:
    """Return the rows of the sample, up to one that cannot be read; that one is told of when all is read."""
    rows: list[list[str]] = []
    with contextlib.suppress(csv.Error):
        rows.extend(csv.reader(sample, delimiter=delimiter))
    return rows


def _delimiter(sample: list[str]) -> str:
    """Return the delimiter that cuts most lines into the same number of cells, the more cells the better."""

    def score(delimiter: str) -> tuple[float, int]:
        lengths = Counter(len(row) for row in _cut(sample, delimiter) if row)
        if not lengths:
            return 0.0, 0
        length, count = lengths.most_common(1)[0]
        return (0.0, 0) if length < 2 else (round(count / lengths.total(), 1), length)

    best = max(_DELIMITERS, key=score)
    return best if score(best)[1] else ","


def _has_header(rows: list[list[str]]) -> bool:
    """The first row names the columns unless it holds a number, the same text twice, or more than one gap."""
    if len(rows) < 2:
        return bool(rows) and not any(map(_is_number, rows[0]))
    first = [cell.strip() for cell in rows[0]]
    if any(map(_is_number, first)) or len(set(first)) < len(first):
        return False
    return sum(bool(cell) for cell in first) >= len(first) - 1


def _is_number(cell: str) -> bool:
    return cell.strip() != "" and number_in(cell, ";") is not None


def _survey(path: Path, encoding: str, delimiter: str, header: bool, deadline: float | None) -> tuple[_Survey, str]:
    """Pass over the table once; a file that is neither UTF-8 nor marked as UTF-16 is read again as Latin-1."""
    try:
        return _survey_as(path, encoding, delimiter, header, deadline), encoding
    except UnicodeError as error:
        if encoding == "utf-16":
            raise BadData(
                "The table begins as UTF-16 and does not go on so.",
                expected="text in UTF-8 or UTF-16",
                received=str(error)[:200],
                hint="The file may be cut short. Save it as CSV in UTF-8.",
            ) from error
        return _survey_as(path, "latin-1", delimiter, header, deadline), "latin-1"


def _survey_as(path: Path, encoding: str, delimiter: str, header: bool, deadline: float | None) -> _Survey:
    survey = _Survey(_names(path, encoding, delimiter, header))
    width = len(survey.names)
    survey.numeric, survey.missing, survey.not_finite = [True] * width, [0] * width, [0] * width
    survey.distinct, survey.examples = [set() for _ in range(width)], [[] for _ in range(width)]
    for chunk in _chunks(path, encoding, delimiter, header, survey.names):
        survey.rows += len(chunk)
        survey.preview += chunk[: _PREVIEW_ROWS - len(survey.preview)]
        for index, cells in enumerate(zip(*chunk, strict=True)):
            _look(survey, index, cells, delimiter)
        if deadline is not None and time.monotonic() > deadline:
            survey.complete = False
            break
    if survey.rows == 0:
        raise BadData(
            "The table has no rows.",
            expected="a header and at least one row" if header else "at least one row",
            received="a header only" if header else "nothing",
            hint="If the first line holds values, say that the table has no header.",
        )
    return survey


def _look(survey: _Survey, index: int, cells: Sequence[str], delimiter: str) -> None:
    if survey.numeric[index]:
        numbers = numbers_in(cells, delimiter)
        survey.numeric[index] = numbers is not None
        survey.not_finite[index] += sum(map(math.isnan, numbers or ()))
    survey.missing[index] += sum(is_missing(cell) for cell in cells)
    distinct = survey.distinct[index]
    if distinct is not None:
        distinct.update(cell.strip() for cell in cells if not is_missing(cell))
        if len(distinct) > _MANY_CATEGORIES:
            survey.distinct[index] = None
    examples = survey.examples[index]
    if len(examples) < 3:
        fresh = dict.fromkeys(cell.strip()[:80] for cell in cells[:100] if cell.strip())
        examples += [cell for cell in fresh if cell not in examples][: 3 - len(examples)]


def _names(path: Path, encoding: str, delimiter: str, header: bool) -> list[str]:
    """Return the names of the columns: from the header, or `column_1`, `column_2`; each one once."""
    _, first = next(_rows(path, encoding, delimiter), (0, [""]))
    if len(first) > MAX_COLUMNS:
        raise DataTooLarge(
            "The table has too many columns.",
            expected=f"at most {MAX_COLUMNS:,}",
            received=f"{len(first):,}",
            hint="Check the delimiter, or leave out columns.",
        )
    names: dict[str, None] = {}
    used: Counter[str] = Counter()
    for index, cell in enumerate(first, start=1):
        name = stem = (cell.strip() if header else "") or f"column_{index}"
        while name in names:
            used[stem] += 1
            name = f"{stem}_{used[stem] + 1}"
        names[name] = None
    return list(names)


def _rows(path: Path, encoding: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells of each row that is not blank."""
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        try:
            for row in reader:
                if row and (len(row) > 1 or row[0].strip()):
                    yield reader.line_num, row
        except csv.Error as error:
            raise BadData(
                f"Line {reader.line_num} cannot be read: {error}.",
                expected="cells with a delimiter between them",
                received=str(error),
                hint="Look for a quotation mark that is not closed near that line.",
            ) from error


def _chunks(path: Path, encoding: str, delimiter: str, header: bool, names: list[str]) -> Iterator[list[list[str]]]:
    """Yield lists of rows, all as long as `names`; raise `BadData` naming the lines of those that are not."""
    rows = _rows(path, encoding, delimiter)
    width = len(names)
    if header:
        next(rows, None)
    while numbered := list(itertools.islice(rows, _CHUNK_ROWS)):
        chunk = [row for _, row in numbered]
        if any(len(row) != width for row in chunk):
            chunk = [_trimmed(row, width) for row in chunk]
            wrong = [(line, len(row)) for (line, _), row in zip(numbered, chunk, strict=True) if len(row) != width]
            if wrong:
                raise _ragged(wrong, width, delimiter)
        yield chunk


def _trimmed(row: list[str], width: int) -> list[str]:
    """Cut empty cells off the end, which spreadsheets like to add."""
    while len(row) > width and not row[-1].strip():
        row = row[:-1]
    return row


def _ragged(wrong: list[tuple[int, int]], width: int, delimiter: str) -> BadData:
    lines = ", ".join(f"line {line} has {count}" for line, count in wrong[:3])
    more = f" and {len(wrong) - 3} more near it" if len(wrong) > 3 else ""
    return BadData(
        f"Not every row has the same number of cells: {lines}{more}.",
        expected=f"{width} cells in every row, with {delimiter!r} between them",
        received=f"{wrong[0][1]} cells in line {wrong[0][0]}",
        hint="Put text that contains the delimiter in quotation marks, or choose another delimiter.",
    )


def _likely_target(columns: list[ColumnSpec]) -> list[str]:
    """Return a column with a telling name, else the last one that can be predicted."""
    usable = [column.name for column in columns if column.type != "text"]
    named = [name for name in usable if name.strip().lower() in _TARGET_NAMES]
    return named[:1] or usable[-1:]


def _estimated_rows(path: Path, encoding: str, rows: int, size: int) -> int:
    with path.open(encoding=encoding, errors="replace") as file:
        seen = sum(len(line.encode("utf-8", "replace")) for line in itertools.islice(file, min(rows, 10_000)))
    return max(rows, round(size * min(rows, 10_000) / max(seen, 1)))
