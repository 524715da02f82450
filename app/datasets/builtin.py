"""The data sets that need no upload: five of scikit-learn, eight of `keras.datasets`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from app.datasets.schemas import DatasetSummary
from app.messages.data import BundledSource, DataSource, KerasSource

Kind = Literal["image", "table", "text", "sequence"]


@dataclass(frozen=True)
class Builtin:
    """What is known of a built-in set without reading it. `files` lie below the Keras folder; bundled sets have none.

    `classes` is 0 for a regression. `samples` counts training and test samples together.
    """

    name: str
    title: str
    summary: str
    kind: Kind
    samples: int
    shape: tuple[int, ...]
    classes: int
    files: tuple[str, ...] = ()
    origin: str = ""

    @property
    def source(self) -> DataSource:
        return KerasSource(name=self.name) if self.files else BundledSource(name=self.name)

    def summarize(self, keras_folder: Path) -> DatasetSummary:
        """Return the entry of the list; a missing file is named, with where it comes from and where it belongs."""
        missing = [path for path in (keras_folder / file for file in self.files) if not path.exists()]
        return DatasetSummary(
            name=self.name,
            title=self.title,
            summary=self.summary,
            source="keras" if self.files else "bundled",
            kind=self.kind,
            task="classification" if self.classes else "regression",
            samples=self.samples,
            feature_shape=list(self.shape),
            classes=self.classes or None,
            available=not missing,
            problem=self._problem(missing) if missing else None,
        )

    def _problem(self, missing: list[Path]) -> str:
        places = ", ".join(map(str, missing))
        return (
            f"Not on this machine yet. Connect to the network once, or download {self.origin} and place it as {places}."
        )


_ORIGIN: Final = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_CIFAR: Final = "https://www.cs.toronto.edu/~kriz/"
_FASHION_FILES: Final = tuple(
    f"datasets/fashion-mnist/{name}-ubyte.gz"
    for name in ("train-labels-idx1", "train-images-idx3", "t10k-labels-idx1", "t10k-images-idx3")
)


def _keras(
    name: str, title: str, summary: str, kind: Kind, samples: int, shape: tuple[int, ...], classes: int
) -> Builtin:
    file = f"{name}.npz"
    return Builtin(name, title, summary, kind, samples, shape, classes, (f"datasets/{file}",), f"{_ORIGIN}{file}")


_ALL: Final = (
    Builtin(
        "digits",
        "Handwritten digits",
        "Small grey images of the digits 0 to 9. Quick to learn, a good first data set.",
        "image",
        1797,
        (8, 8, 1),
        10,
    ),
    Builtin("iris", "Iris flowers", "Four measurements of three species of iris.", "table", 150, (4,), 3),
    Builtin("wine", "Wine", "Thirteen chemical measurements of wines of three growers.", "table", 178, (13,), 3),
    Builtin(
        "breast_cancer",
        "Breast cancer",
        "Thirty measurements of cell nuclei; malignant or benign.",
        "table",
        569,
        (30,),
        2,
    ),
    Builtin(
        "diabetes",
        "Diabetes",
        "Ten measurements of patients; how far the disease went a year later, as a number.",
        "table",
        442,
        (10,),
        0,
    ),
    _keras("mnist", "MNIST", "Grey images of handwritten digits, 28 by 28.", "image", 70_000, (28, 28, 1), 10),
    Builtin(
        "fashion_mnist",
        "Fashion-MNIST",
        "Grey images of ten kinds of clothing, 28 by 28.",
        "image",
        70_000,
        (28, 28, 1),
        10,
        _FASHION_FILES,
        f"the four files of fashion-mnist from {_ORIGIN}",
    ),
    Builtin(
        "cifar10",
        "CIFAR-10",
        "Colour images of ten kinds of things, 32 by 32.",
        "image",
        60_000,
        (32, 32, 3),
        10,
        ("datasets/cifar-10-batches-py-target_archive",),
        f"{_CIFAR}cifar-10-python.tar.gz",
    ),
    Builtin(
        "cifar100",
        "CIFAR-100",
        "Colour images of a hundred kinds of things, 32 by 32.",
        "image",
        60_000,
        (32, 32, 3),
        100,
        ("datasets/cifar-100-python-target_archive",),
        f"{_CIFAR}cifar-100-python.tar.gz",
    ),
    _keras(
        "imdb",
        "IMDB reviews",
        "Film reviews as 100 word numbers below 20,000; negative or positive.",
        "sequence",
        50_000,
        (100,),
        2,
    ),
    _keras(
        "reuters",
        "Reuters newswires",
        "Short news as 1,000 multi-hot words, in 46 topics.",
        "table",
        11_228,
        (1000,),
        46,
    ),
    _keras(
        "boston_housing",
        "Boston housing",
        "Thirteen facts about suburbs of Boston; the price of homes. Old, with a column unfit for use.",
        "table",
        506,
        (13,),
        0,
    ),
    _keras(
        "california_housing",
        "California housing",
        "Eight facts about districts of California; the price of homes.",
        "table",
        20_640,
        (8,),
        0,
    ),
)

BUILTIN: Final = {builtin.name: builtin for builtin in _ALL}
