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
    """What an Input gets of a data set: its shape with the batch left out, and its dtype.

    `columns` are those of a table that it is made of, in their order in there, with how many values each gives.
    """

    name: str = "features"
    shape: list[int | None]
    dtype: str = "float32"
    columns: list[tuple[str, int]] = []

    @property
    def origin(self) -> str:
        """The columns in words, to be put behind a shape: `, from the columns a, colour (4 values)`."""
        shown = [name if count == 1 else f"{name} ({count} values)" for name, count in self.columns[:20]]
        more = [f"{len(self.columns) - 20} more"] if len(self.columns) > 20 else []
        return f", from the columns {', '.join([*shown, *more])}" if shown else ""


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

    `features` has one entry for whatever Input there is, or, where a design says what it wants of a table, one for each
    of its Inputs, called after the node; `targets` are then what its Outputs learn, by node. `target` is the first.

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
    targets: dict[str, TargetSpec] = {}
    columns: list[ColumnSpec] = []
    preview: dict[str, JsonValue] = {}
    histogram: list[tuple[str, int]] = []
    notes: list[str] = []

    def feature_of(self, node: str) -> FeatureSpec | None:
        """Return what the Input `node` of a design gets."""
        named = (feature for feature in self.features if feature.name == node)
        return next(named, self.features[0] if self.features else None)

    def target_of(self, node: str) -> TargetSpec:
        """Return what the Output `node` of a design learns."""
        return self.targets.get(node, self.target)


class InspectedTable(_Strict):
    """What was found in an uploaded table, and the options that read it; the answer to `inspect_table`."""

    bytes: int
    rows: int
    columns: list[ColumnSpec]
    preview_rows: list[list[str]] = []
    options: CsvOptions
    encoding: str
    notes: list[str] = []
