"""The sizes of axes do not fit together."""

import re
from collections.abc import Iterator
from typing import Final

from pydantic import JsonValue

from app.catalog.model import ParamKind
from app.document.edits import SetValue
from app.graph import fixes
from app.graph.check import Survey
from app.graph.model import Fix
from app.graph.topology import Wire, upstream_of
from app.worker.faults.site import Account, Shape, Site, shown

WIDTH_PARAMS: Final = ("units", "filters", "output_dim")
"""Parameters that set the last axis of what a layer gives."""


def wrong_axis(site: Site, match: re.Match[str]) -> Account | None:
    """An axis has another size than the weights of the layer are made for."""
    index, axis, expected = int(match["index"]), int(match["axis"]), int(match["expected"])
    if index >= len(site.wires):
        return None
    wire = site.wires[index]
    shape = site.shape_of(wire)
    shared = len(site.found.calls[site.found.document.nodes[site.node].layer]) > 1
    return Account(
        code="wrong_size",
        message=f"{site.name} was built for {expected} values on axis {axis}"
        + (", by its first call; calls that share a layer share its weights." if shared else "."),
        wire=wire,
        expected=f"{expected} on axis {axis}",
        hint="Give both calls the same size, or this call a layer of its own." if shared else "",
        fixes=_size_fixes(site, wire, shape, axis, expected, shared),
    )


def _size_fixes(site: Site, wire: Wire, shape: Shape, axis: int, expected: int, shared: bool) -> Iterator[Fix]:
    if axis in (-1, len(shape) - 1):
        yield from width_fixes(site, wire, expected)
    if shared:
        yield _own_layer(site)


def _own_layer(site: Site) -> Fix:
    document = site.found.document
    old = site.found.layer_of(site.node)
    new, name = fixes.fresh_id(document, site.node), fixes.fresh_name(document, old.name)
    layer: dict[str, JsonValue] = {**old.model_dump(), "name": name}
    return Fix(
        title="Give this call its own layer",
        edits=(
            SetValue(path=["layers", new], value=layer),
            SetValue(path=["nodes", site.node, "layer"], value=new),
        ),
    )


def width_setter(found: Survey, wire: Wire) -> tuple[str, str] | None:
    """Return the node and parameter that set the last axis of what flows through `wire`, looking upstream."""
    node = wire.source
    for _ in range(64):
        spec = found.spec_of(node)
        if spec is None:
            return None
        if spec.marker == "input":
            return node, "shape"
        for param in spec.params:
            if param.name in WIDTH_PARAMS and param.kind is ParamKind.INTEGER:
                return node, param.name
        incoming = found.topology.incoming[node]
        if len(incoming) != 1 or spec.name == "Flatten":
            return None
        node = incoming[0].source
    return None


def width_fixes(site: Site, wire: Wire, width: int | None) -> Iterator[Fix]:
    """Propose to make the last axis of what comes through `wire` equal `width`."""
    return width_fixes_of(site.found, wire, width)


def width_fixes_of(found: Survey, wire: Wire, width: int | None) -> Iterator[Fix]:
    """Propose what `width_fixes` does, for a survey without a site."""
    setter = width_setter(found, wire)
    if setter is None or width is None:
        return
    node, param = setter
    if param == "shape":
        shape = found.layer_of(node).params.get("shape")
        if isinstance(shape, list) and shape:
            yield fixes.set_param(found.document, node, "shape", [*shape[:-1], width])
    else:
        yield fixes.set_param(found.document, node, param, width)


def shapes_differ(site: Site, _match: re.Match[str]) -> Account | None:
    """A merging layer takes inputs of one shape."""
    if len(site.wires) < 2:
        return None
    shapes = [site.shape_of(wire) for wire in site.wires]
    odd = next((index for index, shape in enumerate(shapes) if _differs(site, shape, shapes[0])), 1)
    wire, first = site.wires[odd], site.wires[0]
    joined = site.class_name == "Concatenate"
    return Account(
        code="shapes_differ",
        message=f"{site.name} cannot merge what comes from {site.found.name_of(first.source)} and "
        f"{site.found.name_of(wire.source)}.",
        wire=wire,
        expected=f"{shown(shapes[0])}, as from {site.found.name_of(first.source)}"
        + (", but for the axis that is joined" if joined else ""),
        hint="Make the sizes equal upstream, or bring both to one axis with Flatten or global pooling.",
        fixes=_merge_fixes(site, first, wire, shapes[0], shapes[odd]),
    )


def _differs(site: Site, shape: Shape, first: Shape) -> bool:
    if len(shape) != len(first):
        return True
    pairs = list(zip(shape, first, strict=True))
    if site.class_name == "Concatenate":
        axis = site.params.get("axis", -1)
        del pairs[axis if isinstance(axis, int) and -len(pairs) <= axis < len(pairs) else -1]
    return any(one != other and None not in (one, other) for one, other in pairs)


def _merge_fixes(site: Site, first: Wire, wire: Wire, wanted: Shape, got: Shape) -> Iterator[Fix]:
    document, topology = site.found.document, site.found.topology
    if len(wanted) == len(got):
        yield from width_fixes(site, wire, wanted[-1])
        yield from width_fixes(site, first, got[-1])
        for end in (wire, first):
            yield from padding_fixes(site, end)
        yield from _resizing_fixes(site, wire, got, wanted)
        yield from _resizing_fixes(site, first, wanted, got)
    for end, shape in ((wire, got), (first, wanted)):
        if len(shape) > 2 and len(shape) > min(len(wanted), len(got)):
            yield fixes.insert_layer(document, topology, end, "Flatten", {})
            pooling = f"GlobalAveragePooling{len(shape) - 2}D"
            if len(shape) <= 5:
                yield fixes.insert_layer(document, topology, end, pooling, {})
    if len(wanted) == len(got) > 2:
        yield from _both_flattened(site, first, wire)


def _resizing_fixes(site: Site, wire: Wire, got: Shape, wanted: Shape) -> Iterator[Fix]:
    """Propose to pad or crop what comes through `wire` until its rows, columns and depth are those of `wanted`.

    The odd one of an uneven difference goes after. Both shapes are channels_last; the channels are left alone.
    """
    rank = len(got) - 2
    differences = [
        (other or 0) - (size or 0) if None not in (size, other) else 0
        for size, other in zip(got[1:-1], wanted[1:-1], strict=True)
    ]
    if not 1 <= rank <= 3 or not any(differences):
        return
    amounts: list[JsonValue] = [[abs(amount) // 2, abs(amount) - abs(amount) // 2] for amount in differences]
    value = amounts[0] if rank == 1 else amounts
    if all(amount >= 0 for amount in differences):
        layer, param = f"ZeroPadding{rank}D", "padding"
    elif all(amount <= 0 for amount in differences):
        layer, param = f"Cropping{rank}D", "cropping"
    else:
        return
    yield fixes.insert_layer(site.found.document, site.found.topology, wire, layer, {param: value})


def _both_flattened(site: Site, first: Wire, wire: Wire) -> Iterator[Fix]:
    """Flatten both inputs; possible in one fix only when the two new layers get different names."""
    document, topology = site.found.document, site.found.topology
    one = fixes.insert_layer(document, topology, first, "Flatten", {})
    edited = fixes.applied(document, one)
    if edited is not None:
        two = fixes.insert_layer(edited, topology, wire, "Flatten", {})
        yield Fix(title="Insert Flatten before both", edits=(*one.edits, *two.edits))


def padding_fixes(site: Site, wire: Wire) -> Iterator[Fix]:
    """Propose padding "same" for the layers above `wire` that shrink what flows."""
    node = wire.source
    for _ in range(8):
        spec = site.found.spec_of(node)
        if spec is None or spec.marker or len(site.found.topology.incoming[node]) != 1:
            return
        padding = next((param for param in spec.params if param.name == "padding"), None)
        if padding and "same" in padding.choices and site.found.layer_of(node).params.get("padding") != "same":
            yield fixes.set_param(site.found.document, node, "padding", "same")
        node = site.found.topology.incoming[node][0].source


def dot(site: Site, match: re.Match[str]) -> Account | None:
    """A Dot multiplies along axes of one size."""
    if len(site.wires) < 2:
        return None
    first, wire = site.wires[:2]
    return Account(
        code="shapes_differ",
        message=f"{site.name} multiplies along axes of different sizes.",
        wire=wire,
        expected=f"{match['one']} values, as from {site.found.name_of(first.source)}",
        hint="Make the two sizes equal upstream, or choose other axes.",
        param="axes",
        fixes=[
            *width_fixes(site, wire, int(match["one"])),
            *width_fixes(site, first, int(match["two"])),
        ],
    )


def output_too_small(site: Site, _match: re.Match[str]) -> Account:
    """A window is larger than what it slides over."""
    spec = site.found.spec_of(site.node)
    has_padding = spec is not None and any(param.name == "padding" for param in spec.params)
    proposals = [fixes.set_param(site.found.document, site.node, "padding", "same")] if has_padding else []
    wire = site.wires[0] if site.wires else None
    return Account(
        code="output_too_small",
        message=f"{site.name} has a window larger than what comes in: nothing would be left.",
        wire=wire,
        param="pool_size" if "Pooling" in site.class_name else "kernel_size",
        expected="an input at least as large as the window",
        hint='Use padding "same", a smaller window, or fewer layers that shrink before it.',
        fixes=[*proposals, *(padding_fixes(site, wire) if wire else ())],
    )


def undefined_axis(site: Site, _match: re.Match[str]) -> Account:
    """An axis that decides the shape of weights is left open."""
    wire = next((wire for wire in site.wires if None in site.shape_of(wire)[1:]), None)
    origin = _origin_of_none(site)
    return Account(
        code="undefined_axis",
        message=f"{site.name} must know a size that is left open (None) upstream, to know its weights.",
        wire=wire,
        upstream=origin,
        expected="a number on every axis that has weights",
        hint="Give the Input a full shape, or put global pooling in place of Flatten.",
        fixes=_definition_fixes(site, wire, origin),
    )


def _origin_of_none(site: Site) -> str:
    """Return the Input upstream that leaves an axis open, or an empty string."""
    above = upstream_of([site.node], site.found.topology.incoming)
    for node in sorted(above):
        shape = site.found.layer_of(node).params.get("shape") if site.found.marker_of(node) == "input" else None
        if isinstance(shape, list) and None in shape:
            return node
    return ""


def _definition_fixes(site: Site, wire: Wire | None, origin: str) -> Iterator[Fix]:
    found = site.found
    if wire is not None and found.layer_of(wire.source).class_name == "Flatten":
        rank = len(site.shape_of(found.topology.incoming[wire.source][0]))
        if 3 <= rank <= 5:
            layer, new = found.document.nodes[wire.source].layer, f"GlobalAveragePooling{rank - 2}D"
            yield Fix(
                title=f"Put {new} in place of {found.name_of(wire.source)}",
                edits=(
                    SetValue(path=["layers", layer, "class_name"], value=new),
                    SetValue(path=["layers", layer, "params"], value={}),
                ),
            )
    shape = found.layer_of(origin).params.get("shape") if origin else None
    if isinstance(shape, list) and shape and shape[-1] is None:
        yield fixes.set_param(found.document, origin, "shape", [*shape[:-1], 1])
