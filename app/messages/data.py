"""Where training data comes from and what it turned out to hold."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class BundledSource(_Strict):
    """A data set that scikit-learn ships: digits, iris, wine, breast_cancer, diabetes."""

    source: Literal["bundled"] = "bundled"
    name: str


class KerasSource(_Strict):
    """One of the eight `keras.datasets`, read through its own loader and cache folder."""

    source: Literal["keras"] = "keras"
    name: str


class CsvOptions(_Strict):
    """How an uploaded table is read. Empty `features` means every column that is not a target."""

    delimiter: str = Field(default=",", min_length=1, max_length=1)
    header: bool = True
    targets: list[str] = []
    features: list[str] = []
    missing: Literal["drop", "mean", "median", "most_frequent", "error"] = "drop"
    standardize: bool = True
    one_hot: bool = True
    task: Literal["auto", "classification", "regression"] = "auto"
    validation_fraction: float = Field(default=0.2, ge=0.0, lt=1.0)
    test_fraction: float = Field(default=0.1, ge=0.0, lt=1.0)
    seed: int = Field(default=0, ge=0, le=2**31 - 1)


class CsvSource(_Strict):
    """An uploaded table: its file in the artifact store and how to read it."""

    source: Literal["csv"] = "csv"
    path: str
    options: CsvOptions


DataSource = Annotated[BundledSource | KerasSource | CsvSource, Field(discriminator="source")]


class FeatureSpec(_Strict):
    """A model input that a data set offers: its shape with the batch left out, and its dtype."""

    name: str = "features"
    shape: list[int | None]
    dtype: str = "float32"


class TargetSpec(_Strict):
    """What is to be predicted. `classes` names the classes of a classification and is empty for a regression.

    `encoding` is how labels reach the loss: `integer` (sparse), `one_hot`, `binary` (0 or 1) or `number`.
    """

    kind: Literal["classification", "regression"]
    classes: list[str] = []
    shape: list[int]
    encoding: Literal["integer", "one_hot", "binary", "number"]


class ColumnSpec(_Strict):
    """A column of a table: `number`, `category` or `text`, how many values are missing, some examples."""

    name: str
    type: Literal["number", "category", "text"]
    missing: int = 0
    distinct: int | None = None
    examples: list[str] = []


class DatasetDescription(_Strict):
    """What a data set holds: sample counts by split, features, target, and a small preview.

    `preview` is, for images, `{"images": [[[...]]], "labels": [...]}` with grey or RGB values 0 to 255; for tables,
    `{"columns": [...], "rows": [[...]]}`; for text, `{"rows": [...]}`. `histogram` counts labels, or bins numbers.
    """

    kind: Literal["image", "table", "text", "sequence"]
    samples: int
    train_samples: int
    validation_samples: int | None = None
    test_samples: int = 0
    features: list[FeatureSpec]
    target: TargetSpec
    columns: list[ColumnSpec] = []
    preview: dict[str, JsonValue] = {}
    histogram: list[tuple[str, int]] = []
    notes: list[str] = []


class InspectedTable(_Strict):
    """What was found in an uploaded table, and the options that read it; the answer to `inspect_table`."""

    bytes: int
    rows: int
    columns: list[ColumnSpec]
    preview_rows: list[list[str]] = []
    options: CsvOptions
    encoding: str
    notes: list[str] = []
