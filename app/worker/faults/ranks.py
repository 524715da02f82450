"""A tensor has more or fewer axes than a layer takes."""

import math
import re
from collections.abc import Iterator
from typing import Final

from pydantic import JsonValue

from app.graph import fixes
from app.graph.model import Fix
from app.graph.topology import Wire
from app.worker.faults.site import RECURRENT, Account, Shape, Site, received_from

SQUEEZING: Final = re.compile(r"Flatten|Global(Average|Max)Pooling[123]D")


def wrong_rank(site: Site, match: re.Match[str]) -> Account | None:
    """The layer takes tensors of another number of axes."""
    index, bound, expected = int(match["index"]), match["bound"] or "", int(match["expected"])
    if index >= len(site.wires):
        return None
    wire = site.wires[index]
    shape = site.shape_of(wire)
    amount = {"": "", "min_": "at least ", "max_": "at most "}[bound]
    return Account(
        code="wrong_rank",
        message=f"{site.name} takes tensors of {amount}{expected} axes, batch included.",
        wire=wire,
        expected=f"{amount}{expected} axes",
        received=f"{len(shape)} axes, {received_from(site, wire)}",
        hint=_rank_hint(len(shape), expected),
        fixes=rank_fixes(site, wire, shape, expected),
    )


def _rank_hint(found: int, expected: int) -> str:
    if expected == 2:
        return "Put a Flatten before it."
    if found > expected:
        return "Put a Reshape or a pooling layer before it."
    return "Put a Reshape before it, or remove what flattens its input."


def rank_fixes(site: Site, wire: Wire, shape: Shape, expected: int) -> Iterator[Fix]:
    """Propose ways in which what comes through `wire` gets `expected` axes, batch included."""
    document, topology = site.found.document, site.found.topology
    source = site.found.layer_of(wire.source)
    if site.class_name == "Permute":
        return
    if len(shape) < expected:
        if source.class_name in RECURRENT and not source.params.get("return_sequences"):
            yield fixes.set_param(document, wire.source, "return_sequences", True)
        if SQUEEZING.fullmatch(source.class_name):
            bypass = fixes.bypass_node(document, topology, wire.source)
            if bypass:
                yield bypass
        if source.class_name == "InputLayer" and expected == 4 and len(shape) == 3:
            yield fixes.set_param(document, wire.source, "shape", [*shape[1:], 1])
    if expected == 2:
        yield fixes.insert_layer(document, topology, wire, "Flatten", {})
    for target in _reshapes(site, shape[1:], expected - 1):
        yield fixes.insert_layer(document, topology, wire, "Reshape", {"target_shape": target})


def _reshapes(site: Site, sizes: Shape, rank: int) -> Iterator[JsonValue]:
    """Return ways to give `sizes` (batch left out) the rank `rank` without losing a value."""
    known = [size if size is not None else -1 for size in sizes]
    if known.count(-1) > 1 or not known:
        return
    if len(known) == 1 and rank == 3 and known[0] > 0:
        for channels in (1, 3):
            side = math.isqrt(known[0] // channels)
            if side > 1 and side * side * channels == known[0]:
                yield [side, side, channels]
    if len(known) < rank:
        times = "ConvLSTM" in site.class_name or "TimeDistributed" in site.class_name
        padding = [1] * (rank - len(known))
        yield [*padding, *known] if times and len(known) > 1 else [*known, *padding]
    elif rank > 1 and known[rank:]:
        kept, merged = known[: rank - 1], known[rank - 1 :]
        if site.class_name in RECURRENT:
            yield [*kept, _product(merged)]
        yield [_product(known[: len(known) - rank + 1]), *known[len(known) - rank + 1 :]]


def _product(sizes: list[int]) -> int:
    return -1 if -1 in sizes else math.prod(sizes)


def without_time(site: Site, match: re.Match[str]) -> Account | None:
    """There is no axis of time steps, or none that leaves an inner layer enough."""
    if not site.wires:
        return None
    wire = site.wires[0]
    shape = site.shape_of(wire)
    return Account(
        code="wrong_rank",
        message=f"{site.name} has no axis of time steps to run over that leaves its inner layer enough.",
        wire=wire,
        expected="an axis of time steps after the batch",
        received=f"{len(shape)} axes, {received_from(site, wire)}",
        hint="Put a Reshape before it that adds an axis.",
        fixes=rank_fixes(site, wire, shape, len(shape) + 1),
    )
