"""Keras' errors in words for someone who drew a network: which node and port, expected, got, whose fault, what to do.

Each rule knows one family of messages of Keras 3. It proposes fixes; only one that was tried on a copy of the design
and mended it is offered.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from app.catalog.model import ParamKind
from app.document.edits import RemoveValue, SetValue
from app.graph import fixes
from app.graph.check import Survey
from app.graph.model import Fix, Problem
from app.graph.topology import Wire, upstream_of

Shape = tuple[int | None, ...]

RECURRENT: Final = frozenset({"LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "ConvLSTM1D", "ConvLSTM2D"})
SQUEEZING: Final = re.compile(r"Flatten|Global(Average|Max)Pooling[123]D")
WIDTH_PARAMS: Final = ("units", "filters", "output_dim")
"""Parameters that set the last axis of what a layer gives."""

_ANSI: Final = re.compile(r"\x1b\[[0-9;]*m")
_WRAPPED: Final = re.compile(r"^Exception encountered when calling .*?\.call\(\)\.\s*", re.DOTALL)
_ARGUMENTS: Final = re.compile(r"\s*Arguments received by .*$", re.DOTALL)
_LAYER_NAME: Final = re.compile(r"Input (\d+) with name '[^']*' of layer '[^']*' is incompatible with the layer: ")


@dataclass(frozen=True)
class Site:
    """The place of an error: the design as read, the node, shapes by `node:port`, and a way to try a fix."""

    found: Survey
    node: str
    shapes: Mapping[str, Shape]
    works: Callable[[Fix], bool]

    @property
    def name(self) -> str:
        return self.found.name_of(self.node)

    @property
    def wires(self) -> list[Wire]:
        return self.found.topology.incoming[self.node]

    @property
    def params(self) -> dict[str, JsonValue]:
        return self.found.layer_of(self.node).params

    @property
    def class_name(self) -> str:
        return self.found.layer_of(self.node).class_name

    def shape_of(self, wire: Wire) -> Shape:
        return self.shapes.get(f"{wire.source}:{wire.source_port}", ())


@dataclass
class Account:
    """What a rule makes of a message; `explain` turns it into a `Problem`."""

    code: str
    message: str
    wire: Wire | None = None
    upstream: str = ""
    param: str = ""
    expected: str = ""
    received: str = ""
    hint: str = ""
    fixes: Iterable[Fix] = field(default_factory=tuple)


Rule = Callable[[Site, re.Match[str]], Account | None]


def explain(site: Site, fault: str) -> Problem:
    """Return the problem behind `fault`, the message of an exception that Keras raised at `site`."""
    text = clean(fault)
    for pattern, rule in _RULES:
        match = pattern.search(text)
        account = rule(site, match) if match else None
        if account is not None:
            break
    else:
        account = _unexplained(site, text)
    wire = account.wire
    return Problem(
        code=account.code,
        node=site.node,
        port=wire.target_port if wire else "",
        upstream=account.upstream or (wire.source if wire else ""),
        param=account.param,
        message=account.message,
        expected=account.expected,
        received=account.received or _received(site, wire),
        hint=account.hint,
        fix=next((fix for fix in account.fixes if site.works(fix)), None),
    )


def clean(fault: str) -> str:
    """Return a message of Keras without colours, frames and argument dumps."""
    text = _ANSI.sub("", fault)
    kind, separator, rest = text.partition(": ")
    if separator and kind.isidentifier():
        text = rest
    return _ARGUMENTS.sub("", _WRAPPED.sub("", text)).strip()


def shown(shape: Iterable[int | None]) -> str:
    """Return a shape as Keras prints it: `(None, 8, 8, 1)`, `(10,)`."""
    sizes = [str(size) for size in shape]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"


def _received(site: Site, wire: Wire | None) -> str:
    if wire is None or not site.shape_of(wire):
        return ""
    return f"{shown(site.shape_of(wire))} from {site.found.name_of(wire.source)}"


def _unexplained(site: Site, text: str) -> Account:
    first = _LAYER_NAME.sub("", text).split("\n")[0][:500]
    return Account(
        code="keras_error",
        message=f"{site.name} cannot be built here: {first}",
        wire=site.wires[0] if len(site.wires) == 1 else None,
        received=", ".join(_received(site, wire) for wire in site.wires)[:500],
        hint="Look at its parameters, and at the shape that comes in.",
    )


# Ranks


def _wrong_rank(site: Site, match: re.Match[str]) -> Account | None:
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
        received=f"{len(shape)} axes, {_received(site, wire)}",
        hint=_rank_hint(len(shape), expected),
        fixes=_rank_fixes(site, wire, shape, expected),
    )


def _rank_hint(found: int, expected: int) -> str:
    if expected == 2:
        return "Put a Flatten before it."
    if found > expected:
        return "Put a Reshape or a pooling layer before it."
    return "Put a Reshape before it, or remove what flattens its input."


def _rank_fixes(site: Site, wire: Wire, shape: Shape, expected: int) -> Iterator[Fix]:
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


def _time_distributed_rank(site: Site, match: re.Match[str]) -> Account | None:
    if not site.wires:
        return None
    wire = site.wires[0]
    shape = site.shape_of(wire)
    return Account(
        code="wrong_rank",
        message=f"{site.name} has no axis of time steps to run over that leaves its inner layer enough.",
        wire=wire,
        expected="an axis of time steps after the batch",
        received=f"{len(shape)} axes, {_received(site, wire)}",
        hint="Put a Reshape before it that adds an axis.",
        fixes=_rank_fixes(site, wire, shape, len(shape) + 1),
    )


# Sizes of axes


def _wrong_axis(site: Site, match: re.Match[str]) -> Account | None:
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
        yield from _width_fixes(site, wire, expected)
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
        if len(incoming) != 1 or (SQUEEZING.fullmatch(spec.name) is not None and spec.name == "Flatten"):
            return None
        node = incoming[0].source
    return None


def _width_fixes(site: Site, wire: Wire, width: int | None) -> Iterator[Fix]:
    """Propose to make the last axis of what comes through `wire` equal `width`."""
    setter = width_setter(site.found, wire)
    if setter is None or width is None:
        return
    node, param = setter
    if param == "shape":
        shape = site.found.layer_of(node).params.get("shape")
        if isinstance(shape, list) and shape:
            yield fixes.set_param(site.found.document, node, "shape", [*shape[:-1], width])
    else:
        yield fixes.set_param(site.found.document, node, param, width)


def _shapes_differ(site: Site, _match: re.Match[str]) -> Account | None:
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
        yield from _width_fixes(site, wire, wanted[-1])
        yield from _width_fixes(site, first, got[-1])
        for end in (wire, first):
            yield from _padding_fixes(site, end)
    for end, shape in ((wire, got), (first, wanted)):
        if len(shape) > 2 and len(shape) > min(len(wanted), len(got)):
            yield fixes.insert_layer(document, topology, end, "Flatten", {})
            pooling = f"GlobalAveragePooling{len(shape) - 2}D"
            if len(shape) <= 5:
                yield fixes.insert_layer(document, topology, end, pooling, {})
    if len(wanted) == len(got) > 2:
        yield from _both_flattened(site, first, wire)


def _both_flattened(site: Site, first: Wire, wire: Wire) -> Iterator[Fix]:
    """Flatten both inputs; possible in one fix only when the two new layers get different names."""
    document, topology = site.found.document, site.found.topology
    one = fixes.insert_layer(document, topology, first, "Flatten", {})
    edited = fixes.applied(document, one)
    if edited is not None:
        two = fixes.insert_layer(edited, topology, wire, "Flatten", {})
        yield Fix(title="Insert Flatten before both", edits=(*one.edits, *two.edits))


def _padding_fixes(site: Site, wire: Wire) -> Iterator[Fix]:
    node = wire.source
    for _ in range(8):
        spec = site.found.spec_of(node)
        if spec is None or spec.marker or len(site.found.topology.incoming[node]) != 1:
            return
        padding = next((param for param in spec.params if param.name == "padding"), None)
        if padding and "same" in padding.choices and site.found.layer_of(node).params.get("padding") != "same":
            yield fixes.set_param(site.found.document, node, "padding", "same")
        node = site.found.topology.incoming[node][0].source


def _dot(site: Site, match: re.Match[str]) -> Account | None:
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
            *_width_fixes(site, wire, int(match["one"])),
            *_width_fixes(site, first, int(match["two"])),
        ],
    )


def _output_too_small(site: Site, _match: re.Match[str]) -> Account:
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
        fixes=[*proposals, *(_padding_fixes(site, wire) if wire else ())],
    )


def _undefined_axis(site: Site, _match: re.Match[str]) -> Account:
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


# Parameters


def _groups(site: Site, match: re.Match[str]) -> Account | None:
    if not site.wires:
        return None
    wire = site.wires[0]
    groups, channels = (int(match[name]) for name in ("groups", "channels"))
    filters = site.params.get("filters")
    common = math.gcd(channels, filters) if isinstance(filters, int) else channels
    best = max((size for size in range(1, min(groups, common) + 1) if common % size == 0), default=1)
    return Account(
        code="invalid_groups",
        message=f"{site.name} cannot part {channels} channels into {groups} groups.",
        wire=wire,
        param="groups",
        expected=f"a divisor of {common}",
        received=f"groups {groups}, {_received(site, wire)}",
        hint="Choose a number of groups that divides the channels.",
        fixes=[fixes.set_param(site.found.document, site.node, "groups", best)],
    )


def _filters_groups(site: Site, match: re.Match[str]) -> Account:
    groups, filters = int(match["groups"]), int(match["filters"])
    best = max(size for size in range(1, min(groups, filters) + 1) if filters % size == 0)
    return Account(
        code="invalid_groups",
        message=f"{site.name} cannot part {filters} filters into {groups} groups.",
        param="groups",
        expected=f"a divisor of {filters}",
        received=str(groups),
        hint="Choose a number of groups that divides the filters.",
        fixes=[
            fixes.set_param(site.found.document, site.node, "filters", math.ceil(filters / groups) * groups),
            fixes.set_param(site.found.document, site.node, "groups", best),
        ],
    )


def _reshape_size(site: Site, match: re.Match[str]) -> Account | None:
    if not site.wires:
        return None
    wire, target = site.wires[0], site.params.get("target_shape")
    proposals = []
    if isinstance(target, list):
        plain = [1 if size == -1 else size for size in target]
        for place in reversed(range(len(target))):
            guess = [*plain[:place], -1, *plain[place + 1 :]]
            proposals.append(fixes.set_param(site.found.document, site.node, "target_shape", guess))
        proposals.append(fixes.set_param(site.found.document, site.node, "target_shape", [-1]))
    return Account(
        code="reshape_size",
        message=f"{site.name} cannot keep every value: the sizes before and after differ.",
        wire=wire,
        param="target_shape",
        expected=f"a target shape of {_count(match['before'])} values",
        received=f"target shape {match['after']}, {_received(site, wire)}",
        hint="Make the products of the two shapes equal; one size may be -1 and is worked out.",
        fixes=proposals,
    )


def _count(shape: str) -> str:
    sizes = re.findall(r"\d+|None", shape)
    return "as many" if "None" in sizes else str(math.prod(int(size) for size in sizes))


def _invalid_axis(site: Site, _match: re.Match[str]) -> Account | None:
    param = next((name for name in ("axis", "axes", "dims") if name in site.params), None)
    if param is None:
        return None
    layer = site.found.document.nodes[site.node].layer
    wire = site.wires[0] if site.wires else None
    return Account(
        code="invalid_axis",
        message=f"{site.name} names an axis that its input does not have.",
        wire=wire,
        param=param,
        expected=f"an axis of {shown(site.shape_of(wire))}" if wire else "an axis of its input",
        received=f"{param} {site.params[param]}",
        hint="Count from 0 (the batch), or from -1 (the last axis).",
        fixes=[fixes.unset_param(site.found.document, layer, param, f"Reset {param} of {site.name}")],
    )


def _cropping(site: Site, _match: re.Match[str]) -> Account:
    layer = site.found.document.nodes[site.node].layer
    rank = len(site.shape_of(site.wires[0])) - 2 if site.wires else 0
    return Account(
        code="output_too_small",
        message=f"{site.name} cuts away more than there is.",
        wire=site.wires[0] if site.wires else None,
        param="cropping",
        expected="less than the size of each axis",
        hint="Crop less.",
        fixes=[
            fixes.unset_param(site.found.document, layer, "cropping", f"Reset cropping of {site.name}"),
            fixes.set_param(site.found.document, site.node, "cropping", [1, 1] if rank == 1 else [[1, 1]] * rank),
        ],
    )


def _needs_batch_size(site: Site, _match: re.Match[str]) -> Account:
    found = site.found
    above = sorted(
        node for node in upstream_of([site.node], found.topology.incoming) if found.marker_of(node) == "input"
    )
    size = found.document.training.fit.batch_size
    edits = tuple(
        SetValue(path=["layers", found.document.nodes[node].layer, "params", "batch_size"], value=size)
        for node in above
    )
    layer = found.document.nodes[site.node].layer
    return Account(
        code="needs_batch_size",
        message=f"{site.name} is stateful, and must know the batch size.",
        wire=site.wires[0] if site.wires else None,
        upstream=above[0] if above else "",
        param="stateful",
        expected="an Input with a batch size",
        hint="Set batch_size of the Input, or stateful off.",
        fixes=[
            *([Fix(title=f"Set batch size {size}", edits=edits)] if edits else []),
            fixes.unset_param(found.document, layer, "stateful", f"Reset stateful of {site.name}"),
        ],
    )


def _input_count(site: Site, match: re.Match[str]) -> Account:
    wanted = int(match["count"])
    extra = site.wires[wanted:]
    return Account(
        code="wrong_input_count",
        message=f"{site.name} merges exactly {wanted} inputs.",
        wire=extra[0] if extra else None,
        expected=f"{wanted} wires",
        received=f"{len(site.wires)} wires",
        hint="Remove wires, or merge in steps." if extra else "Draw another wire to it.",
        fixes=[
            Fix(
                title=f"Remove {len(extra)} wire{'s' if len(extra) > 1 else ''}",
                edits=tuple(edit for wire in extra for edit in fixes.remove_edge(wire.key).edits),
            )
        ]
        if extra
        else [],
    )


def _call_argument(site: Site, match: re.Match[str]) -> Account | None:
    name = match["name"]
    if name not in site.found.document.nodes[site.node].arguments:
        return None
    return Account(
        code="invalid_argument",
        message=f"{site.name} cannot be called with {name}.",
        param=name,
        expected="an argument that this layer takes",
        received=name,
        hint="Remove the argument.",
        fixes=[Fix(title=f"Remove {name}", edits=(RemoveValue(path=["nodes", site.node, "arguments", name]),))],
    )


def _invalid_param(site: Site, match: re.Match[str]) -> Account | None:
    """A message that names a parameter of the layer in backticks blames that parameter."""
    spec = site.found.spec_of(site.node)
    if spec is None:
        return None
    named = {param.name: param for param in spec.params}
    mentioned = [name for name in re.findall(r"`(\w+)(?:=[^`]*)?`", match.string) if name in named]
    mentioned += [name for name in re.findall(r"\b(\w+)=", match.string) if name in site.params]
    param = next((name for name in mentioned if name in site.params), mentioned[0] if mentioned else "")
    if not param:
        return None
    layer = site.found.document.nodes[site.node].layer
    proposals = []
    if param in site.params and not named[param].required:
        proposals.append(fixes.unset_param(site.found.document, layer, param, f"Reset {param} of {site.name}"))
    elif param in spec.sample:
        proposals.append(fixes.set_param(site.found.document, site.node, param, spec.sample[param]))
    sentences = [part.strip() for part in re.split(r"(?<=\.)\s+(?=Received)|Received:?", match.string)]
    return Account(
        code="invalid_param",
        message=f"{site.name}: {sentences[0][:400]}",
        param=param,
        received=f"{param} = {site.params.get(param)!r}"[:200],
        hint=f"Change {param}.",
        fixes=proposals,
    )


def _wrong_dtype(site: Site, match: re.Match[str]) -> Account:
    wire = site.wires[0] if len(site.wires) == 1 else None
    return Account(
        code="wrong_dtype",
        message=f"{site.name} does not take values of this type.",
        wire=wire,
        expected="numbers" if "string" in match.string else "another dtype",
        hint="Put a preprocessing layer (TextVectorization, StringLookup) before it, or set dtype of the Input.",
    )


_RULES: Final[tuple[tuple[re.Pattern[str], Rule], ...]] = tuple(
    (re.compile(pattern, re.DOTALL), rule)
    for pattern, rule in (
        (r"Input (?P<index>\d+) .*expected (?P<bound>min_|max_|)ndim=(?P<expected>\d+), found", _wrong_rank),
        (
            r"Input (?P<index>\d+) .*expected axis (?P<axis>-?\d+) of input shape to have value (?P<expected>\d+)",
            _wrong_axis,
        ),
        (r"`TimeDistributed` Layer should be passed|Kernel shape must have the same length", _time_distributed_rank),
        (r"requires inputs with matching shapes|Inputs have incompatible shapes", _shapes_differ),
        (r"axis values (?P<one>\d+) \(at .*\) != (?P<two>\d+)", _dot),
        (r"should be called on exactly (?P<count>\d+) inputs", _input_count),
        (r"output size would be (zero or )?negative", _output_too_small),
        (r"smaller than the corresponding spatial dimension", _cropping),
        (
            r"must be fully-defined|should be defined|NoneType' and 'int|last dimension .* Found `?None",
            _undefined_axis,
        ),
        (r"groups=(?P<groups>\d+), but the input has (?P<channels>\d+) channels", _groups),
        (r"Number of groups \((?P<groups>\d+)\).*channels \((?P<channels>\d+)\)", _groups),
        (r"filters must be evenly divisible .*groups=(?P<groups>\d+), filters=(?P<filters>\d+)", _filters_groups),
        (
            r"total size of the tensor must be unchanged.*input_shape=(?P<before>\(.*?\)), "
            r"target_shape=(?P<after>\(.*?\))",
            _reshape_size,
        ),
        (r"index out of range|out of bounds|`axis` values must be in the range", _invalid_axis),
        (r"batch size must be static", _needs_batch_size),
        (r"unexpected keyword argument '(?P<name>\w+)'", _call_argument),
        (r"[Cc]annot cast string|Unable to convert .*string|of type string", _wrong_dtype),
        (r"", _invalid_param),
    )
)
