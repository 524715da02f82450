"""Weights to start from, put into a model: by layer, by place, and only where the shapes fit.

The files are those that `app.worker.weights.files` wrote: plain arrays. Keras itself places them, through its own file
of weights, so that no order of weights is guessed.
"""

import json
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import h5py
import keras
import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from app.document.model import GraphDocument, Weights
from app.graph.topology import nearest_above
from app.messages.data import DataSource, KerasSource
from app.messages.weights import LayerWeights, StoredLayer, WeightsContents, WordVectors
from app.shared.errors import Invalid
from app.worker.data import keras_sets
from app.worker.weights.files import INDEX, VECTORS, WORDS, layers_in, member_name

Array = NDArray[Any]

_contents: Final[TypeAdapter[LayerWeights | WordVectors]] = TypeAdapter(WeightsContents)


class CannotStart(Invalid):
    """What the design names to start from does not fit it; `node` is to blame."""

    code = "weights_missing"

    def __init__(self, message: str, *, node: str = "", expected: str = "", received: str = "", hint: str = "") -> None:
        super().__init__(message, expected=expected, received=received, hint=hint)
        self.node = node


@dataclass(frozen=True)
class Start:
    """What a layer starts from: `found` says where its values come from; without it, `why` it starts afresh."""

    layer: str
    found: str = ""
    why: str = ""


class Store:
    """A converted file of weights. Nothing in it is trusted beyond being arrays."""

    def __init__(self, path: Path) -> None:
        self.archive = zipfile.ZipFile(path)
        self.contents = _contents.validate_python(json.loads(self.archive.read(INDEX)))

    @cached_property
    def layers(self) -> dict[str, tuple[int, StoredLayer]]:
        assert isinstance(self.contents, LayerWeights)
        return {stored.name: (number, stored) for number, stored in enumerate(self.contents.layers)}

    def array(self, layer: int, weight: int) -> Array:
        return self._read(member_name(layer, weight))

    def words(self) -> list[str]:
        return self.archive.read(WORDS).decode("utf-8").split("\n")

    def vectors(self) -> Array:
        return self._read(VECTORS)

    def _read(self, name: str) -> Array:
        with self.archive.open(name) as member:
            array: Array = np.lib.format.read_array(member, allow_pickle=False)
        return array


def begin(model: Any, document: GraphDocument, files: Mapping[str, str], data: DataSource) -> list[Start]:
    """Put into `model`, built from `document`, the weights that the design names; return what became of each layer.

    `files` holds the converted files, keyed `upload:ID` or `run:ID`; `data` may know the words of an Embedding. Layers
    that name weights of their own must be found with fitting shapes, else `CannotStart` is raised; those of the design
    as a whole start afresh where nothing fits. The list is empty when the design names nothing.
    """
    orders = [(layer.name, layer.weights, key) for key, layer in document.layers.items() if layer.weights is not None]
    whole = document.training.weights
    if not orders and whole is None:
        return []
    stores: dict[str, Store] = {}
    values: dict[str, dict[str, Array]] = {}
    starts: dict[str, Start] = {}
    wanted = _shapes(model)
    if whole is not None:
        store = _open(stores, files, whole, "")
        if isinstance(store.contents, WordVectors):
            raise CannotStart(
                "Word vectors are for an Embedding, not for a whole design.",
                expected="a file of weights, or an earlier run",
                received=f"vectors of {store.contents.words:,} words",
                hint="Let the Embedding start from them.",
            )
        for path, shapes in wanted.items():
            starts[path] = _take(store, path, shapes, values, path)
    vectors: list[tuple[str, Store, str]] = []
    for name, reference, layer_id in orders:
        node = next((node for node, call in document.nodes.items() if call.layer == layer_id), "")
        store = _open(stores, files, reference, node)
        paths = [path for path in wanted if _is(path, name)]
        if not paths:
            raise CannotStart(f"{name} has no weights to start with.", node=node, expected="a layer with weights")
        if isinstance(store.contents, WordVectors):
            vectors.append((name, store, node))
            continue
        for path in paths:
            start = _take(store, path, wanted[path], values, _source(store, path, name, reference.layer))
            if not start.found:
                raise CannotStart(
                    f"The weights that {name} should start from do not fit it.",
                    node=node,
                    expected=", ".join(map(str, wanted[path].values())),
                    received=start.why,
                    hint="Choose another layer of the file, or let this layer start afresh.",
                )
            starts[path] = start
    _place(model, values)
    for name, store, node in vectors:
        starts[name] = _place_vectors(model, name, store, node, document, data)
    return list(starts.values())


def describe(starts: list[Start]) -> list[str]:
    """Return what to tell a person: what was loaded, and what starts afresh."""
    found = [start for start in starts if start.found]
    afresh = [start for start in starts if not start.found]
    lines = [f"{start.layer} starts from {start.found}." for start in found[:50]]
    if len(found) > 50:
        lines.append(f"So do {len(found) - 50:,} further layers.")
    lines += [f"{start.layer} starts afresh: {start.why}" for start in afresh[:50]]
    lines.append(f"{len(found):,} of {len(starts):,} layers with weights start from given values.")
    return lines


def _is(path: str, name: str) -> bool:
    """Whether the weights at `path` belong to the layer, or to the nested model, of that name."""
    return name in path.split("/")


def _source(store: Store, path: str, name: str, given: str) -> str:
    """Return the name under which the store may hold what `path` needs: the layer's own, the given one, or, for a
    nested model that once was a whole model, the rest of its path."""
    parts = path.split("/")
    rest = parts[parts.index(name) + 1 :]
    renamed = "/".join([given or name, *rest])
    for candidate in (path if not given else renamed, renamed, "/".join(rest), (given or name) if not rest else ""):
        if candidate and candidate in store.layers:
            return candidate
    return renamed


def _take(
    store: Store, path: str, wanted: Mapping[str, tuple[int, ...]], values: dict[str, dict[str, Array]], source: str
) -> Start:
    if source not in store.layers:
        return Start(path, why="There is no layer of this name in what it would start from.")
    number, stored = store.layers[source]
    offered = [tuple(shape) for shape in stored.shapes.values()]
    places = list(stored.shapes)
    if all(place.isdigit() for place in places):
        order = list(range(len(places))) if offered == list(wanted.values()) else None
    else:
        fits = set(places) == set(wanted) and all(tuple(stored.shapes[place]) == wanted[place] for place in wanted)
        order = [places.index(place) for place in wanted] if fits else None
    if order is None:
        return Start(path, why=f"Its weights have the shapes {_told(list(wanted.values()))}, those {_told(offered)}.")
    values[path] = {place: store.array(number, position) for place, position in zip(wanted, order, strict=True)}
    return Start(path, found=source)


def _told(shapes: list[tuple[int, ...]]) -> str:
    return ", ".join("x".join(map(str, shape)) or "one number" for shape in shapes)


def _open(stores: dict[str, Store], files: Mapping[str, str], reference: Weights, node: str) -> Store:
    key = f"{reference.source}:{reference.id}"
    if key not in files:
        raise CannotStart(
            "The weights to start from are not there any more.",
            node=node,
            expected=f"the {reference.source} {reference.id}",
            hint="Choose other weights, or start afresh.",
        )
    if key not in stores:
        stores[key] = Store(Path(files[key]))
    return stores[key]


# --- into Keras -------------------------------------------------------------------------------------------------------


def _shapes(model: Any) -> dict[str, dict[str, tuple[int, ...]]]:
    """Return the shapes of the weights of each layer by place, as Keras itself writes them to a file."""
    with _saved(model) as (_, layers):
        return {path: {place: tuple(data.shape) for place, data in held.items()} for path, held in layers.items()}


def _place(model: Any, values: dict[str, dict[str, Array]]) -> None:
    """Have Keras load its own file of weights in which `values` replace what was there."""
    if not values:
        return
    with _saved(model) as (path, layers):
        file = next(iter(next(iter(layers.values())).values())).file
        for layer, held in values.items():
            for place, array in held.items():
                layers[layer][place][...] = array
        file.flush()
        file.close()
        model.load_weights(path)


@contextmanager
def _saved(model: Any) -> Iterator[tuple[Path, dict[str, dict[str, Any]]]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "start.weights.h5"
        model.save_weights(path)
        with h5py.File(path, "r+") as file:
            yield path, dict(layers_in(file))


def _place_vectors(model: Any, name: str, store: Store, node: str, document: GraphDocument, data: DataSource) -> Start:
    """Fill an Embedding with the vectors of its words; rows of words that the file does not have become zeros."""
    layer = next((each for each in _layers_below(model) if each.name == name), None)
    if not isinstance(layer, keras.layers.Embedding):
        raise CannotStart(
            f"{name} cannot start from word vectors.",
            node=node,
            expected="an Embedding",
            received=type(layer).__name__,
        )
    assert isinstance(store.contents, WordVectors)
    rows, width = tuple(layer.embeddings.shape)
    if width != store.contents.dimensions:
        raise CannotStart(
            f"The word vectors do not fit {name}.",
            node=node,
            expected=f"vectors of {width} numbers",
            received=f"{store.contents.dimensions}",
            hint=f"Set its output_dim to {store.contents.dimensions}.",
        )
    words, origin = _vocabulary(model, document, node, data, store)
    positions = {word: position for position, word in enumerate(store.words())}
    matrix = np.zeros((rows, width), dtype=np.float32)
    found = [(row, positions[word]) for row, word in enumerate(words[:rows]) if word in positions]
    if found:
        taken, given = np.array(found).T
        matrix[taken] = store.vectors()[given]
    layer.embeddings.assign(matrix)
    asked = sum(bool(word) for word in words[:rows])
    return Start(name, found=f"word vectors: found {len(found):,} of {asked:,} words of {origin}")


def _vocabulary(
    model: Any, document: GraphDocument, node: str, data: DataSource, store: Store
) -> tuple[list[str], str]:
    """Return the words in the order of their ids, and whose vocabulary it is.

    That of a TextVectorization or StringLookup above the Embedding, else of the data set, else the file's own order,
    in which ids 0 and 1 are padding and unknown words.
    """
    lookups = {each.name: each for each in _layers_below(model) if hasattr(each, "get_vocabulary")}
    for above in nearest_above(document, node):
        layer = document.layers.get(document.nodes[above].layer)
        if layer is not None and layer.name in lookups:
            return [str(word) for word in lookups[layer.name].get_vocabulary()], layer.name
    if isinstance(data, KerasSource) and (index := keras_sets.word_index(data.name)):
        words = [""] * (max(index.values()) + 1)
        for word, row in index.items():
            words[row] = word
        return words, data.name
    return ["", "", *store.words()], "the file's own order"


def _layers_below(model: Any) -> Iterator[Any]:
    for layer in model.layers:
        yield layer
        if hasattr(layer, "layers"):
            yield from _layers_below(layer)
