"""Weights to start from, put into a model: by layer, by place, and only where the shapes fit.

The files are those that `app.worker.weights.files` wrote: plain arrays. Keras itself places them, through its own file
of weights, so that no order of weights is guessed. Files of Keras 2 know an order only, which is that of the layer.
"""

import json
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
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
from app.graph.paths import paths_of
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

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.contents = _contents.validate_python(json.loads(self.archive.read(INDEX)))

    @cached_property
    def layers(self) -> dict[str, tuple[int, StoredLayer]]:
        """Number and shapes of each layer, by its name in the file."""
        assert isinstance(self.contents, LayerWeights)
        return {stored.name: (number, stored) for number, stored in enumerate(self.contents.layers)}

    def array(self, layer: int, weight: int) -> Array:
        """Return a weight of a layer, both counted as in the index."""
        return self._read(member_name(layer, weight))

    def words(self) -> list[str]:
        """Return the words of a file of word vectors, in its order."""
        return self.archive.read(WORDS).decode("utf-8").split("\n")

    def vectors(self) -> Array:
        """Return the vectors of those words, `(words, dimensions)` of float32."""
        return self._read(VECTORS)

    def _read(self, name: str) -> Array:
        with self.archive.open(name) as member:
            array: Array = np.lib.format.read_array(member, allow_pickle=False)
        return array


def begin(
    model: Any, document: GraphDocument, files: Mapping[str, str], data: DataSource, scratch: Path | None = None
) -> list[Start]:
    """Put into `model`, built from `document`, the weights that the design names; return what became of each layer.

    `files` holds the converted files, keyed `upload:ID` or `run:ID`; `data` may know the words of an Embedding. Layers
    that name weights of their own must be found with fitting shapes, else `CannotStart` is raised; those of the design
    as a whole start afresh where nothing fits. The list is empty when the design names nothing. Weights are written to
    a folder below `scratch` on their way, by default to the system's temporary one.
    """
    named = (document.training.weights, *(layer.weights for layer in document.layers.values()))
    if not any(named):
        return []
    with ExitStack() as opened:
        return _begin(model, document, _Stores(files, opened), data, _Taken(model, scratch))


def _begin(model: Any, document: GraphDocument, stores: "_Stores", data: DataSource, taken: "_Taken") -> list[Start]:
    starts: dict[str, Start] = {}
    whole = document.training.weights
    orders = [(key, layer.name, layer.weights) for key, layer in document.layers.items() if layer.weights is not None]
    if whole is not None:
        store = stores.open(whole, "")
        if isinstance(store.contents, WordVectors):
            raise CannotStart(
                "Word vectors are for an Embedding, not for a whole design.",
                expected="a file of weights, or an earlier run",
                received=f"vectors of {store.contents.words:,} words",
                hint="Let the Embedding start from them.",
            )
        starts = {path: taken.take(store, path, path) for path in taken.wanted}
    vectors: list[tuple[str, Store, str]] = []
    for layer_id, name, reference in orders:
        node = next((node for node, call in document.nodes.items() if call.layer == layer_id), "")
        store = stores.open(reference, node)
        places = paths_of(document, layer_id)
        inside = [(path, place) for path in taken.wanted for place in places if f"{path}/".startswith(f"{place}/")]
        if not inside:
            raise CannotStart(f"{name} has no weights to start with.", node=node, expected="a layer with weights")
        if isinstance(store.contents, WordVectors):
            vectors += [(path, store, node) for path, _ in inside]
            continue
        for path, place in inside:
            start = taken.take(store, path, _source(store, path, place, name, reference.layer))
            if not start.found:
                raise CannotStart(
                    f"The weights that {name} should start from do not fit it.",
                    node=node,
                    expected=_told(taken.wanted[path].values()),
                    received=start.why,
                    hint="Choose another layer of the file, or let this layer start afresh.",
                )
            starts[path] = start
    taken.place()
    for path, store, node in vectors:
        starts[path] = _place_vectors(model, taken.layers.get(path), path, store, node, document, data)
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


def _source(store: Store, path: str, place: str, name: str, given: str) -> str:
    """Return the name under which the store may hold what `path` needs, at or inside the layer that stands at `place`.

    It is the path itself, or the given name; for a nested model that once was a whole model, the rest of its path.
    """
    rest = path.removeprefix(place).lstrip("/")
    renamed = f"{given or name}/{rest}".rstrip("/")
    candidates = (renamed if given else path, renamed, rest)
    return next((candidate for candidate in candidates if candidate in store.layers), renamed)


def _told(shapes: Iterable[Sequence[int]]) -> str:
    return ", ".join("x".join(map(str, shape)) or "one number" for shape in shapes)


class _Stores:
    """The converted files, each opened once, and closed with `opened`."""

    def __init__(self, files: Mapping[str, str], opened: ExitStack) -> None:
        self._files = files
        self._opened = opened
        self._stores: dict[str, Store] = {}

    def open(self, reference: Weights, node: str) -> Store:
        """Return what `reference` names; raise `CannotStart`, blaming `node`, where it is gone."""
        key = f"{reference.source}:{reference.id}"
        if key not in self._files:
            raise CannotStart(
                "The weights to start from are not there any more.",
                node=node,
                expected=f"the {reference.source} {reference.id}",
                hint="Choose other weights, or start afresh.",
            )
        if key not in self._stores:
            self._stores[key] = Store(self._opened.enter_context(zipfile.ZipFile(self._files[key])))
        return self._stores[key]


# --- into Keras -------------------------------------------------------------------------------------------------------


class _Taken:
    """The values that layers of `model` are to start from, by path, until they are put in.

    `wanted` are the shapes of the weights of each layer by place, as Keras itself writes them to a file.
    """

    def __init__(self, model: Any, scratch: Path | None) -> None:
        self.model = model
        self.scratch = scratch
        self.layers = dict(_layers_below(model))
        self._by_place: dict[str, dict[str, Array]] = {}
        self._in_order: dict[str, list[Array]] = {}
        with _saved(model, scratch) as (_, layers):
            self.wanted = {
                path: {place: tuple(data.shape) for place, data in held.items()} for path, held in layers.items()
            }

    def take(self, store: Store, path: str, source: str) -> Start:
        """Take what `store` holds as `source` for the layer at `path`, in place of what was taken before."""
        if source not in store.layers:
            return Start(path, why="There is no layer of this name in what it would start from.")
        number, stored = store.layers[source]
        offered = {place: tuple(shape) for place, shape in stored.shapes.items()}
        wanted = self.wanted[path]
        older = all(place.isdigit() for place in offered)
        fits = list(offered.values()) == self._ordered_shapes(path) if older else offered == wanted
        if not fits:
            return Start(
                path, why=f"Its weights have the shapes {_told(wanted.values())}, those {_told(offered.values())}."
            )
        self._by_place.pop(path, None)
        self._in_order.pop(path, None)
        arrays = [store.array(number, position) for position in range(len(offered))]
        if older:
            self._in_order[path] = arrays
        else:
            self._by_place[path] = dict(zip(offered, arrays, strict=True))
        return Start(path, found=source)

    def place(self) -> None:
        """Have Keras load its own file of weights in which the values replace what was there."""
        if self._by_place:
            with _saved(self.model, self.scratch) as (path, layers):
                file = next(iter(next(iter(layers.values())).values())).file
                for layer, held in self._by_place.items():
                    for place, array in held.items():
                        layers[layer][place][...] = array
                file.flush()
                file.close()
                self.model.load_weights(path)
        for layer, arrays in self._in_order.items():
            for variable, array in zip(_in_older_order(self.layers[layer]), arrays, strict=True):
                variable.assign(array)

    def _ordered_shapes(self, path: str) -> list[tuple[int, ...]]:
        layer = self.layers.get(path)
        return [] if layer is None else [tuple(variable.shape) for variable in _in_older_order(layer)]


def _in_older_order(layer: Any) -> list[Any]:
    """Return the weights of a layer in the order in which files of Keras 2 hold them."""
    return [*layer.trainable_weights, *layer.non_trainable_weights]


@contextmanager
def _saved(model: Any, scratch: Path | None) -> Iterator[tuple[Path, dict[str, dict[str, Any]]]]:
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        path = Path(folder) / "start.weights.h5"
        model.save_weights(path)
        with h5py.File(path, "r+") as file:
            yield path, dict(layers_in(file))


def _place_vectors(
    model: Any, layer: Any, name: str, store: Store, node: str, document: GraphDocument, data: DataSource
) -> Start:
    """Fill an Embedding with the vectors of its words; rows of words that the file does not have become zeros."""
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
    lookups = {path: each for path, each in _layers_below(model) if hasattr(each, "get_vocabulary")}
    for above in nearest_above(document, node):
        for path in paths_of(document, document.nodes[above].layer):
            if path in lookups:
                return [str(word) for word in lookups[path].get_vocabulary()], path
    if isinstance(data, KerasSource) and (index := keras_sets.word_index(data.name)):
        words = [""] * (max(index.values()) + 1)
        for word, row in index.items():
            words[row] = word
        return words, data.name
    return ["", "", *store.words()], "the file's own order"


def _layers_below(model: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the layers of a model, those of nested models too, with their paths."""
    for layer in model.layers:
        path = f"{prefix}{layer.name}"
        yield path, layer
        if hasattr(layer, "layers"):
            yield from _layers_below(layer, f"{path}/")
