"""The eight `keras.datasets`, through their own loaders and cache folder; offline, the file to place is named."""

import contextlib
import importlib
import io
import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.worker.data.errors import BadData, DataMissing

Array = NDArray[Any]

CONNECT_SECONDS: Final = 3.0
"""How long is waited for the host of a file that must be downloaded."""

WORDS: Final = 20_000
"""Size of the vocabulary of `imdb`: ids below it, rarer words are 2."""

IMDB_FIRST: Final = 3
"""What is added to the ids of the word list of `imdb`: 0, 1 and 2 are padding, start and rarer words."""

REVIEW_LENGTH: Final = 100
"""Words of an `imdb` review that are kept, the last ones; shorter ones are padded with 0 in front."""

TOPIC_WORDS: Final = 1_000
"""Length of the multi-hot vector of a `reuters` newswire."""

_GOOGLE: Final = "storage.googleapis.com"
_TORONTO: Final = "www.cs.toronto.edu"
_ORIGIN: Final = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


@dataclass(frozen=True)
class KerasSet:
    """Where a set's files lie below the Keras folder, where they come from, and what its labels are."""

    files: tuple[str, ...]
    origin: str
    host: str
    classes: tuple[str, ...] = ()


_FASHION = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Boot")
_CIFAR = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_CIFAR_100 = """
    apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly
    camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup
    dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower
    leopard lion lizard lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid
    otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray
    road rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar
    sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle
    wardrobe whale willow_tree wolf woman worm
"""

SETS: Final[dict[str, KerasSet]] = {
    "mnist": KerasSet(("datasets/mnist.npz",), _ORIGIN, _GOOGLE, tuple(map(str, range(10)))),
    "fashion_mnist": KerasSet(
        tuple(
            f"datasets/fashion-mnist/{name}-ubyte.gz"
            for name in ("train-labels-idx1", "train-images-idx3", "t10k-labels-idx1", "t10k-images-idx3")
        ),
        _ORIGIN,
        _GOOGLE,
        _FASHION,
    ),
    "cifar10": KerasSet(
        ("datasets/cifar-10-batches-py-target_archive",),
        "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        _TORONTO,
        _CIFAR,
    ),
    "cifar100": KerasSet(
        ("datasets/cifar-100-python-target_archive",),
        "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",
        _TORONTO,
        tuple(_CIFAR_100.split()),
    ),
    "imdb": KerasSet(("datasets/imdb.npz",), _ORIGIN, _GOOGLE, ("negative", "positive")),
    "reuters": KerasSet(("datasets/reuters.npz",), _ORIGIN, _GOOGLE),
    "boston_housing": KerasSet(("datasets/boston_housing.npz",), _ORIGIN, _GOOGLE),
    "california_housing": KerasSet(("datasets/california_housing.npz",), _ORIGIN, _GOOGLE),
}


def missing_files(name: str) -> list[Path]:
    """Return the files of the set `name` that are not in the Keras folder yet."""
    return [path for path in (_home() / file for file in SETS[name].files) if not path.exists()]


def load_arrays(name: str) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Return `(x, y)` for training and for testing, as the loader of Keras gives them.

    Sequences become arrays: `imdb` ids padded to `REVIEW_LENGTH`, `reuters` multi-hot of `TOPIC_WORDS`. Raises
    `DataMissing`, naming the files to place, when they are neither here nor to be had.
    """
    missing = missing_files(name)
    if missing and not _reachable(SETS[name].host):
        raise _not_here(name, missing, "no connection")
    try:
        with download_limits():
            loaded = _LOADERS.get(name, _plain)(name)
    except MemoryError:
        raise
    except Exception as error:
        if missing:
            raise _not_here(name, missing, str(error)) from error
        raise BadData(
            f"The files of the data set {name} cannot be read.",
            expected=", ".join(str(_home() / file) for file in SETS[name].files),
            received=str(error)[:300],
            hint=f"Remove them and place fresh copies from {SETS[name].origin}.",
        ) from error
    return loaded


def _not_here(name: str, missing: list[Path], reason: str) -> DataMissing:
    files = ", ".join(map(str, missing))
    return DataMissing(
        f"The data set {name} is not on this machine and could not be downloaded.",
        expected=files,
        received=reason[:300],
        hint=f"Connect to the network once, or download from {SETS[name].origin} and place it as {files}.",
    )


def classes(name: str) -> list[str]:
    """Return the names of the classes of the set `name`, by label; empty for a regression."""
    if name == "reuters":
        return list(_module(name).get_label_names())
    return list(SETS[name].classes)


def _home() -> Path:
    from keras.src.backend import config

    return Path(config.keras_home()).expanduser()


def _reachable(host: str) -> bool:
    try:
        socket.create_connection((host, 443), timeout=CONNECT_SECONDS).close()
    except OSError:
        return False
    return True


@contextlib.contextmanager
def download_limits() -> Iterator[None]:
    """Bound each wait for the network, and keep the loader's progress bar off our output."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(15)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        socket.setdefaulttimeout(before)


def _module(name: str) -> Any:
    return importlib.import_module(f"keras.datasets.{name}")


Arrays = tuple[tuple[Array, Array], tuple[Array, Array]]


def _plain(name: str) -> Arrays:
    loaded: Arrays = _module(name).load_data()
    return loaded


def _imdb(name: str) -> Arrays:
    (x, y), (x_test, y_test) = _module(name).load_data(num_words=WORDS)
    return (pad(x), np.asarray(y)), (pad(x_test), np.asarray(y_test))


def _reuters(name: str) -> Arrays:
    (x, y), (x_test, y_test) = _module(name).load_data(num_words=TOPIC_WORDS)
    return (multi_hot(x), np.asarray(y)), (multi_hot(x_test), np.asarray(y_test))


def pad(sequences: Any) -> Array:
    """Return the ends of `sequences` as rows of `REVIEW_LENGTH` ids, zeros in front of short ones."""
    rows = np.zeros((len(sequences), REVIEW_LENGTH), dtype=np.int32)
    for row, words in zip(rows, sequences, strict=True):
        kept = words[-REVIEW_LENGTH:]
        row[REVIEW_LENGTH - len(kept) :] = kept
    return rows


def multi_hot(sequences: Any) -> Array:
    """Return rows of `TOPIC_WORDS` that are 1 at the ids that a sequence holds."""
    rows = np.zeros((len(sequences), TOPIC_WORDS), dtype=np.float32)
    for row, words in zip(rows, sequences, strict=True):
        row[list(words)] = 1.0
    return rows


_LOADERS: Final[dict[str, Callable[[str], Arrays]]] = {"imdb": _imdb, "reuters": _reuters}


def word_index(name: str) -> dict[str, int]:
    """Return the id that each word of `imdb` has in its samples; {} for other sets, and where its list is missing."""
    path = _home() / "datasets" / "imdb_word_index.json"
    if name != "imdb" or not path.exists():
        return {}
    index: dict[str, int] = json.loads(path.read_bytes())
    return {word: place + IMDB_FIRST for word, place in index.items()}
