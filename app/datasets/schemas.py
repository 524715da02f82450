"""What the datasets routes send and receive."""

from typing import Literal

from pydantic import BaseModel

from app.messages.data import ColumnSpec, CsvOptions


class DatasetSummary(BaseModel):
    """A data set in the list. `available` is false when its file is missing; `problem` then says what to do.

    `feature_shape` leaves the batch out; `classes` counts them and is null for numbers to predict.
    """

    name: str
    title: str
    summary: str
    source: Literal["bundled", "keras", "csv"]
    kind: Literal["image", "table", "text", "sequence"]
    task: Literal["classification", "regression"] | None
    samples: int | None
    feature_shape: list[int | None] | None
    classes: int | None
    available: bool = True
    problem: str | None = None


class UploadedTable(BaseModel):
    """An uploaded table right after it was inspected: what it holds and how it will be read."""

    name: str
    title: str
    filename: str
    bytes: int
    rows: int
    columns: list[ColumnSpec]
    preview_rows: list[list[str]]
    options: CsvOptions
    notes: list[str] = []


class DatasetDeleted(BaseModel):
    deleted: Literal[True] = True
