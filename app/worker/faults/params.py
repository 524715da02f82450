"""A parameter or an argument does not fit the layer or what comes in."""

import math
import re
from collections.abc import Sequence

from pydantic import JsonValue

from app.catalog.values import expected_of
from app.document.edits import SetValue
from app.graph import fixes
from app.graph.model import Fix
from app.graph.topology import Wire, upstream_of
from app.worker.faults.site import Account, Site, received_from, shown


def groups(site: Site, match: re.Match[str]) -> Account | None:
    """Groups must divide the channels that come in, and the filters."""
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
        received=f"groups {groups}, {received_from(site, wire)}",
        hint="Choose a number of groups that divides the channels.",
        fixes=[fixes.set_param(site.found.document, site.node, "groups", best)],
    )


def filters_groups(site: Site, match: re.Match[str]) -> Account:
    """Groups must divide the filters."""
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


def reshape_size(site: Site, match: re.Match[str]) -> Account | None:
    """A Reshape keeps every value."""
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
        received=f"target shape {match['after']}, {received_from(site, wire)}",
        hint="Make the products of the two shapes equal; one size may be -1 and is worked out.",
        fixes=proposals,
    )


def _count(shape: str) -> str:
    sizes = re.findall(r"\d+|None", shape)
    return "as many" if "None" in sizes else str(math.prod(int(size) for size in sizes))


def invalid_axis(site: Site, _match: re.Match[str]) -> Account | None:
    """A parameter names an axis that the input does not have."""
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


def cropping(site: Site, _match: re.Match[str]) -> Account:
    """A Cropping layer leaves nothing."""
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


def needs_batch_size(site: Site, _match: re.Match[str]) -> Account:
    """A stateful layer must know the batch size, which its Inputs tell."""
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


def input_count(site: Site, match: re.Match[str]) -> Account:
    """A merging layer takes a certain number of inputs."""
    wanted = int(match["count"])
    extra = site.wires[wanted:]
    return Account(
        code="wrong_input_count",
        message=f"{site.name} merges exactly {wanted} inputs.",
        wire=extra[0] if extra else None,
        expected=f"{wanted} wires",
        received=f"{len(site.wires)} wires",
        hint="Remove wires, or merge in steps." if extra else "Draw another wire to it.",
        fixes=_without(extra),
    )


def state_count(site: Site, match: re.Match[str]) -> Account:
    """Initial states that are too many go; one that is missing becomes an Input like the last one given."""
    document, wanted = site.found.document, int(match["count"])
    states = [wire for wire in site.wires if wire.target_port.partition(".")[0] == "initial_state"]
    extra = states[wanted:]
    proposals = _without(extra)
    if states and len(states) == wanted - 1 and not document.nodes[site.node].graph:
        shape: list[JsonValue] = list(site.shape_of(states[-1])[1:])
        proposals = [fixes.insert_input(document, (site.node, f"initial_state.{len(states)}"), shape)]
    return Account(
        code="wrong_state_count",
        message=f"{site.name} starts from exactly {_counted(wanted, 'state')}.",
        wire=extra[0] if extra else None,
        expected=f"{_counted(wanted, 'wire')} at initial_state, or none",
        received=_counted(len(states), "wire"),
        hint="Remove wires from initial_state." if extra else "Draw the missing wire to initial_state.",
        fixes=proposals,
    )


def _without(wires: Sequence[Wire]) -> list[Fix]:
    if not wires:
        return []
    edits = tuple(edit for wire in wires for edit in fixes.remove_edge(wire.key).edits)
    return [Fix(title=f"Remove {_counted(len(wires), 'wire')}", edits=edits)]


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def call_argument(site: Site, match: re.Match[str]) -> Account | None:
    """A call has an argument that the layer does not take."""
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
        fixes=[fixes.remove_argument(site.node, name)],
    )


def invalid_param(site: Site, match: re.Match[str]) -> Account | None:
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
        expected=expected_of(named[param]),
        received=f"{param} = {site.params.get(param)!r}"[:200],
        hint=f"Change {param}.",
        fixes=proposals,
    )


def wrong_dtype(site: Site, match: re.Match[str]) -> Account:
    """The layer does not take values of the type that comes in."""
    wire = site.wires[0] if len(site.wires) == 1 else None
    return Account(
        code="wrong_dtype",
        message=f"{site.name} does not take values of this type.",
        wire=wire,
        expected="numbers" if "string" in match.string else "another dtype",
        hint="Put a preprocessing layer (TextVectorization, StringLookup) before it, or set dtype of the Input.",
    )
