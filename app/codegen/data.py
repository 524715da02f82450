"""What a script needs to know of its data: read off the messages that describe it, which this room does not import."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

TABLES: Final = frozenset({"iris", "wine", "breast_cancer", "diabetes"})
"""The bundled sets that are tables."""

PICTURES: Final = {
    "digits": (8, 8, 1),
    "mnist": (28, 28, 1),
    "fashion_mnist": (28, 28, 1),
    "cifar10": (32, 32, 3),
    "cifar100": (32, 32, 3),
}
"""The shapes of sets of pictures: height, width, channels."""

_BUNDLED: Final = TABLES | {"digits"}
_KERAS: Final = frozenset(
    {
        "boston_housing",
        "california_housing",
        "cifar10",
        "cifar100",
        "fashion_mnist",
        "imdb",
        "mnist",
        "reuters",
    }
)


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True, extra="ignore")


class Table(_Read):
    """How an uploaded table is read."""

    delimiter: str
    header: bool
    targets: list[str]
    features: list[str]
    missing: Literal["drop", "mean", "median", "most_frequent", "error"]
    standardize: bool
    one_hot: bool
    task: Literal["auto", "classification", "regression"]
    validation_fraction: float
    test_fraction: float
    seed: int


class Data(_Read):
    """Where the data comes from; `name` is that of a bundled or a Keras set, `options` are those of a table."""

    source: Literal["bundled", "keras", "csv"]
    name: str = ""
    options: Table | None = None


class Target(_Read):
    """What the data turned out to hold."""

    kind: Literal["classification", "regression"]
    classes: list[str] = []


def find_data(source: object) -> Data | None:
    """Return what a `DataSource` says, or None when it names a set that no script can load."""
    data = Data.model_validate(source)
    known = {"bundled": _BUNDLED, "keras": _KERAS}
    return data if data.source == "csv" or data.name in known[data.source] else None
