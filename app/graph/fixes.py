"""The edits behind one-click fixes. All are pure: a document in, a `Fix` out."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from pydantic import JsonValue, ValidationError

from app.document.edits import Edit, RemoveValue, SetValue, apply_edits
from app.document.model import GraphDocument
from app.graph.model import Fix
from app.graph.topology import Topology, Wire, downstream_of

ROW: Final = 130.0
"""Pixels between a node and the one below it; the same as in the automatic layout."""

_MAX_SHIFTED: Final = 200


def fresh_id(document: GraphDocument, base: str) -> str:
    """Return `base`, or `base_2`, ..., such that no layer and no node has it: the same for equal documents."""
    return _fresh(base, document.layers.keys() | document.nodes.keys())


def fresh_name(document: GraphDocument, base: str) -> str:
    """Return a layer name like `base` that no layer has yet."""
    return _fresh(base, {layer.name for layer in document.layers.values()})


def _fresh(base: str, taken: Collection[str]) -> str:
    number, candidate = 1, base
    while candidate in taken:
        number += 1
        candidate = f"{base}_{number}"
    return candidate


def applied(document: GraphDocument, fix: Fix) -> GraphDocument | None:
    """Return `document` with `fix` applied, or None when it is no valid design any more."""
    try:
        return GraphDocument.model_validate(apply_edits(document.model_dump(), fix.edits))
    except ValidationError:
        return None


def set_value(path: list[str], value: JsonValue, title: str) -> Fix:
    """Set the value at `path` of the design."""
    return Fix(title=title, edits=(SetValue(path=path, value=value),))


def remove_value(path: list[str], title: str) -> Fix:
    """Remove the value at `path` of the design."""
    return Fix(title=title, edits=(RemoveValue(path=path),))


def set_param(document: GraphDocument, node: str, param: str, value: JsonValue) -> Fix:
    """Set `param` of the layer that `node` calls."""
    layer = document.nodes[node].layer
    name = document.layers[layer].name
    return set_value(["layers", layer, "params", param], value, f"Set {param} of {name} to {_shown(value)}")


def unset_param(document: GraphDocument, layer: str, param: str, title: str) -> Fix:
    return remove_value(["layers", layer, "params", param], title)


def remove_argument(node: str, name: str) -> Fix:
    """Call the layer of `node` without the argument `name`."""
    return remove_value(["nodes", node, "arguments", name], f"Remove {name}")


def rename(layer: str, base: str, taken: Collection[str]) -> Fix:
    """Give `layer` a name like `base` that is not `taken`."""
    name = _fresh(base, taken)
    return set_value(["layers", layer, "name"], name, f"Rename to {name}")


def remove_edge(key: str, title: str = "Remove this wire") -> Fix:
    return remove_value(["edges", key], title)


def remove_node(document: GraphDocument, node: str, title: str, edges: Iterable[str], *, alone: bool) -> Fix:
    """Remove `node` with its wires `edges`; its layer too when it is `alone` in calling it."""
    return Fix(title=title, edits=_removal(document, node, edges, alone=alone))


def bypass_node(document: GraphDocument, topology: Topology, node: str) -> Fix | None:
    """Remove `node`, which has one source, and lead that source to everything it fed."""
    sources = topology.incoming[node]
    if len(sources) != 1:
        return None
    source = sources[0]
    layer = document.nodes[node].layer
    edges = [key for key in document.edges if key.startswith(f"{node}:") or f"->{node}:" in key]
    alone = sum(other.layer == layer for other in document.nodes.values()) == 1
    edits = list(_removal(document, node, edges, alone=alone))
    for wire in topology.outgoing[node]:
        edits.append(_edge(source.source, source.source_port, wire.target, wire.target_port))
    return Fix(title=f"Remove {document.layers[document.nodes[node].layer].name}", edits=tuple(edits))


def insert_layer(
    document: GraphDocument,
    topology: Topology,
    wire: Wire,
    class_name: str,
    params: Mapping[str, JsonValue],
    ports: tuple[str, str] = ("input", "output"),
) -> Fix:
    """Put a new layer on `wire`, between its source and its target; what is below moves down to make room."""
    base = class_name.lower()
    new, name = fresh_id(document, base), fresh_name(document, base)
    above, below = document.nodes[wire.source], document.nodes[wire.target]
    edits: list[Edit] = []
    y = (above.y + below.y) / 2
    if 0 <= below.y - above.y < 2 * ROW:
        y = above.y + ROW
        edits += _moved_down(document, topology, wire.target, above.y + 2 * ROW - below.y)
    edits += _new_node(new, class_name, name, params, (above.x + below.x) / 2, y, below.graph)
    edits += [
        RemoveValue(path=["edges", wire.key]),
        _edge(wire.source, wire.source_port, new, ports[0]),
        _edge(new, ports[1], wire.target, wire.target_port),
    ]
    shown = ", ".join(f"{key} {_shown(value)}" for key, value in params.items())
    target = document.layers[below.layer].name
    return Fix(title=f"Insert {class_name}{f' ({shown})' if shown else ''} before {target}", edits=tuple(edits))


def insert_input(
    document: GraphDocument, target: tuple[str, str] | None, shape: JsonValue, dtype: str = "", graph: str = ""
) -> Fix:
    """Insert an Input of `shape` (batch left out) into a graph, wired to a node and port when `target` names one."""
    new, name = fresh_id(document, "input"), fresh_name(document, "input")
    params: dict[str, JsonValue] = {"shape": shape}
    if dtype:
        params["dtype"] = dtype
    place = document.nodes[target[0]] if target else None
    x, y = (place.x, place.y - ROW) if place else (0.0, 0.0)
    edits = _new_node(new, "InputLayer", name, params, x, y, graph)
    if target:
        edits.append(_edge(new, "output", *target))
    return Fix(title="Insert Input", edits=tuple(edits))


def insert_output(document: GraphDocument, source: tuple[str, str] | None, graph: str = "") -> Fix:
    """Insert an Output into a graph, fed by a node and port when `source` names one."""
    new, name = fresh_id(document, "output"), fresh_name(document, "output")
    place = document.nodes[source[0]] if source else None
    x, y = (place.x, place.y + ROW) if place else (0.0, ROW)
    edits = _new_node(new, "Output", name, {}, x, y, graph)
    if source:
        edits.append(_edge(*source, new, "input"))
    return Fix(title="Insert Output", edits=tuple(edits))


def connect(document: GraphDocument, source: tuple[str, str], target: tuple[str, str]) -> Fix:
    name = document.layers[document.nodes[source[0]].layer].name
    return Fix(title=f"Connect {name}", edits=(_edge(*source, *target),))


def _removal(document: GraphDocument, node: str, edges: Iterable[str], *, alone: bool) -> tuple[Edit, ...]:
    edits: list[Edit] = [RemoveValue(path=["edges", key]) for key in sorted(edges)]
    edits.append(RemoveValue(path=["nodes", node]))
    if alone:
        edits.append(RemoveValue(path=["layers", document.nodes[node].layer]))
    return tuple(edits)


def _new_node(
    new: str, class_name: str, name: str, params: Mapping[str, JsonValue], x: float, y: float, graph: str
) -> list[Edit]:
    layer: dict[str, JsonValue] = {"class_name": class_name, "name": name, "params": dict(params)}
    node: dict[str, JsonValue] = {"layer": new, "x": x, "y": y, **({"graph": graph} if graph else {})}
    return [SetValue(path=["layers", new], value=layer), SetValue(path=["nodes", new], value=node)]


def _edge(source: str, source_port: str, target: str, target_port: str) -> SetValue:
    return SetValue(path=["edges", f"{source}:{source_port}->{target}:{target_port}"], value={})


def _moved_down(document: GraphDocument, topology: Topology, first: str, by: float) -> list[Edit]:
    moved = sorted(downstream_of([first], topology.outgoing))
    if len(moved) > _MAX_SHIFTED:
        return []
    return [SetValue(path=["nodes", node, "y"], value=document.nodes[node].y + by) for node in moved]


def _shown(value: JsonValue) -> str:
    if isinstance(value, list):
        return f"({', '.join(_shown(item) for item in value)}{',' if len(value) == 1 else ''})"
    return str(value)
