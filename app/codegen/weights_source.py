"""The weights that a script starts from: which file beside it holds them, and which layers take them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from app.catalog.model import Catalog, Kind
from app.codegen.literals import literal
from app.document.model import GraphDocument, Layer, Weights
from app.graph.paths import paths_of
from app.graph.topology import nearest_above


@dataclass(frozen=True)
class Order:
    """What one layer takes: `arguments` is source, the layer's places and, where it is another one, that in the file.

    `vectors` is the name of a file of word vectors, for an Embedding that may start from one. `places` and `lookups`
    are source then: its places, and those of the layers above it that may know its words, the nearest first.
    """

    file: str
    arguments: str
    vectors: str = ""
    places: tuple[str, ...] = ()
    lookups: str = ""


@dataclass(frozen=True)
class Start:
    """Names of files are ours: `weights_1`, ...; `files` says of each whether an upload or a run is behind it.

    `whole` is the file that all layers start from where they fit.
    """

    files: dict[str, Literal["upload", "run"]] = field(default_factory=dict)
    whole: str = ""
    orders: tuple[Order, ...] = ()

    @property
    def vectors(self) -> list[str]:
        return list(dict.fromkeys(order.vectors for order in self.orders if order.vectors))


def find_start(document: GraphDocument, catalog: Catalog) -> Start:
    """Return what the design starts from, in the order in which training takes it; nothing where it names none."""
    whole = document.training.weights
    layers = {key: layer for key, layer in document.layers.items() if layer.weights is not None}
    files = _files([*([whole] if whole else []), *(layer.weights for layer in layers.values() if layer.weights)])
    orders = tuple(
        _order(document, catalog, key, layer, files[_key(layer.weights)])
        for key, layer in layers.items()
        if layer.weights is not None
    )
    kinds = {file: reference[0] for reference, file in files.items()}
    return Start(kinds, files[_key(whole)] if whole else "", orders)


def _key(weights: Weights) -> tuple[Literal["upload", "run"], str]:
    return weights.source, weights.id


def _files(references: Iterable[Weights]) -> dict[tuple[Literal["upload", "run"], str], str]:
    keys = dict.fromkeys(map(_key, references))
    return {key: f"weights_{number}" for number, key in enumerate(keys, start=1)}


def _order(document: GraphDocument, catalog: Catalog, key: str, layer: Layer, file: str) -> Order:
    assert layer.weights is not None
    places, given = paths_of(document, key), layer.weights.layer
    arguments = f"{literal(places)}, {literal(given)}" if given else literal(places)
    if layer.class_name != "Embedding" or layer.weights.source != "upload":
        return Order(file, arguments)
    node = next((node for node, call in document.nodes.items() if call.layer == key), "")
    above = [document.nodes[each].layer for each in nearest_above(document, node)]
    knowing = [each for each in above if each in document.layers and _knows_words(document.layers[each], catalog)]
    lookups = list(dict.fromkeys(path for each in knowing for path in paths_of(document, each)))
    vectors = file.replace("weights", "vectors")
    return Order(file, arguments, vectors, tuple(map(literal, places)), literal(lookups))


def _knows_words(layer: Layer, catalog: Catalog) -> bool:
    spec = catalog.find(Kind.LAYER, layer.class_name)
    return spec is not None and any(param.name == "vocabulary" for param in spec.params)
