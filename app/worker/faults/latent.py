"""Faults that Keras finds only when numbers flow: it accepts the layer symbolically, and the first batch fails."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from app.graph import fixes
from app.graph.check import Survey
from app.graph.model import Fix, Problem
from app.graph.topology import Wire
from app.worker.faults.site import Shape, shown
from app.worker.faults.sizes import width_fixes_of


class TensorSpec(Protocol):
    """What is known of a tensor: shape with the batch axis, and dtype."""

    @property
    def shape(self) -> Shape: ...
    @property
    def dtype(self) -> str: ...


_READS_TEXT: Final = frozenset({"TextVectorization", "StringLookup"})
_READS_TEXT_TOO: Final = frozenset(
    {"Hashing", "HashedCrossing", "Identity", "Flatten", "Reshape", "Permute", "RepeatVector", "Concatenate", "Output"}
)
_ATTENTION: Final = frozenset({"Attention", "AdditiveAttention"})
_HEADS: Final = frozenset({"MultiHeadAttention", "GroupQueryAttention"})
_SUSPECTS: Final = _ATTENTION | _HEADS | _READS_TEXT | {"Softmax"}

Specs = Mapping[tuple[str, str], TensorSpec]


@dataclass(frozen=True)
class Place:
    """A node that Keras accepted, with what comes in; `works` tries a fix on a copy of the design."""

    found: Survey
    node: str
    specs: Specs
    works: Callable[[str, Fix], bool]

    @property
    def name(self) -> str:
        return self.found.name_of(self.node)

    @property
    def class_name(self) -> str:
        return self.found.layer_of(self.node).class_name

    @property
    def incoming(self) -> list[tuple[Wire, TensorSpec]]:
        return [
            (wire, spec)
            for wire in self.found.topology.incoming[self.node]
            if (spec := self.specs.get((wire.source, wire.source_port))) is not None
        ]

    def first_working(self, proposals: Iterator[Fix]) -> Fix | None:
        return next((fix for fix in proposals if self.works(self.node, fix)), None)


def latent_problems(found: Survey, specs: Specs, works: Callable[[str, Fix], bool]) -> Iterator[Problem]:
    """Yield what would fail at the first batch, at nodes that Keras accepts.

    `works(node, fix)` says whether a design with `fix` applied has the node in order and nothing else broken.
    """
    text = any(spec.dtype == "string" for spec in specs.values())
    for node in found.topology.order:
        kind = found.spec_of(node)
        if kind is None or not (text or kind.name in _SUSPECTS):
            continue
        if node in found.faulty or not found.topology.incoming[node]:
            continue
        place = Place(found, node, specs, works)
        yield from _text_problems(place)
        if place.class_name in _ATTENTION:
            yield from _attention_width(place)
        if place.class_name in _HEADS:
            yield from _attention_rank(place)
        if place.class_name == "Softmax":
            yield from _softmax_axis(place)


def _text_problems(place: Place) -> Iterator[Problem]:
    """A layer that computes was given text, or one that reads text was given numbers."""
    reads = place.class_name in _READS_TEXT
    if place.class_name in _READS_TEXT_TOO and not _mixes(place):
        return
    for wire, spec in place.incoming:
        text = spec.dtype == "string"
        if text is reads or (place.class_name == "StringLookup" and _inverts(place)):
            continue
        source = place.found.name_of(wire.source)
        yield Problem(
            code="wrong_dtype",
            node=place.node,
            port=wire.target_port,
            upstream=wire.source,
            param="dtype",
            message=f"{place.name} computes with numbers, and {source} gives text."
            if text
            else f"{place.name} reads text, and {source} gives numbers.",
            expected="numbers" if text else "dtype string",
            received=f"{spec.dtype} from {source}",
            hint="Set the dtype of the Input, or put TextVectorization or StringLookup before it."
            if text
            else "Set the dtype of the Input to string.",
            fix=place.first_working(_dtype_fixes(place, wire, "float32" if text else "string")),
        )


def _mixes(place: Place) -> bool:
    """Return whether text and numbers meet in one layer."""
    return len({spec.dtype == "string" for _, spec in place.incoming}) > 1


def _inverts(place: Place) -> bool:
    return bool(place.found.layer_of(place.node).params.get("invert"))


def _dtype_fixes(place: Place, wire: Wire, dtype: str) -> Iterator[Fix]:
    """Set the dtype of the Input that `wire` comes from, through layers that hand it on."""
    node = wire.source
    while place.found.marker_of(node) != "input":
        incoming = place.found.topology.incoming[node]
        if len(incoming) != 1:
            return
        node = incoming[0].source
    layer = place.found.document.nodes[node].layer
    name = place.found.document.layers[layer].name
    yield fixes.set_value(["layers", layer, "params", "dtype"], dtype, f"Set dtype of {name} to {dtype}")


def _attention_width(place: Place) -> Iterator[Problem]:
    """Scores are products of a query and a key: their last axes are one."""
    ports = {wire.target_port: (wire, spec) for wire, spec in place.incoming}
    query, key = ports.get("query"), ports.get("key") or ports.get("value")
    if query is None or key is None or None in (query[1].shape[-1], key[1].shape[-1]):
        return
    if query[1].shape[-1] == key[1].shape[-1]:
        return
    yield Problem(
        code="shapes_differ",
        node=place.node,
        port=key[0].target_port,
        upstream=key[0].source,
        message=f"{place.name} compares queries of {query[1].shape[-1]} features with keys of {key[1].shape[-1]}.",
        expected=f"{query[1].shape[-1]} on the last axis, as from {place.found.name_of(query[0].source)}",
        received=f"{shown(key[1].shape)} from {place.found.name_of(key[0].source)}",
        hint="Give both as many features, with a Dense before one of them.",
        fix=place.first_working(_widths(place, query, key)),
    )


def _widths(place: Place, query: tuple[Wire, TensorSpec], key: tuple[Wire, TensorSpec]) -> Iterator[Fix]:
    yield from width_fixes_of(place.found, key[0], query[1].shape[-1])
    yield from width_fixes_of(place.found, query[0], key[1].shape[-1])
    yield fixes.insert_layer(place.found.document, place.found.topology, key[0], "Dense", {"units": query[1].shape[-1]})


def _attention_rank(place: Place) -> Iterator[Problem]:
    ports = ("query", "value", "key")
    flat = [(wire, spec) for wire, spec in place.incoming if wire.target_port in ports and len(spec.shape) < 3]
    if not flat:
        return
    wire, spec = flat[0]
    yield Problem(
        code="wrong_rank",
        node=place.node,
        port=wire.target_port,
        upstream=wire.source,
        message=f"{place.name} attends along an axis of positions, and what comes in has none.",
        expected="at least 3 axes: batch, positions, features",
        received=f"{shown(spec.shape)} from {place.found.name_of(wire.source)}",
        hint="Keep the sequence (return_sequences) upstream, or put a Reshape before it.",
        fix=place.first_working(_with_positions(place, flat)),
    )


def _with_positions(place: Place, flat: list[tuple[Wire, TensorSpec]]) -> Iterator[Fix]:
    sources = dict.fromkeys(wire.source for wire, _ in flat)
    kept = [fixes.set_param(place.found.document, node, "return_sequences", True) for node in sources]
    yield Fix(
        title=kept[0].title if len(kept) == 1 else "Set return_sequences of what comes in to True",
        edits=tuple(edit for fix in kept for edit in fix.edits),
    )
    document, made = place.found.document, list[Fix]()
    for wire, spec in flat:
        sizes = [size or -1 for size in spec.shape[1:]]
        fix = fixes.insert_layer(document, place.found.topology, wire, "Reshape", {"target_shape": [1, *sizes]})
        made.append(fix)
        document = fixes.applied(document, fix) or document
    title = made[0].title if len(made) == 1 else f"Insert Reshape before every input of {place.name}"
    yield Fix(title=title, edits=tuple(edit for fix in made for edit in fix.edits))


def _softmax_axis(place: Place) -> Iterator[Problem]:
    axis = place.found.layer_of(place.node).params.get("axis", -1)
    rank = len(place.incoming[0][1].shape) if place.incoming else 0
    if not isinstance(axis, int) or -rank <= axis < rank:
        return
    layer = place.found.document.nodes[place.node].layer
    wire, spec = place.incoming[0]
    yield Problem(
        code="invalid_axis",
        node=place.node,
        port=wire.target_port,
        upstream=wire.source,
        param="axis",
        message=f"{place.name} names an axis that its input does not have.",
        expected=f"an axis of {shown(spec.shape)}",
        received=f"axis {axis}",
        hint="Count from 0 (the batch), or from -1 (the last axis).",
        fix=place.first_working(
            iter([fixes.unset_param(place.found.document, layer, "axis", f"Reset axis of {place.name}")])
        ),
    )
