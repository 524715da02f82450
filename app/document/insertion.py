"""One design put into another as a nested model: edits that somebody applies as one step."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from app.document.edits import SetValue
from app.document.model import Code, Edge, Graph, GraphDocument, Layer, Node, Weights, parse_edge_key
from app.shared.errors import Conflict
from app.shared.ids import new_id


@dataclass(frozen=True)
class Insertion:
    """Edits that insert a design; `layer` is the Model layer that they make, `node` its call, `graph` its inside."""

    edits: tuple[SetValue, ...]
    layer: str
    node: str
    graph: str


def insert_design(
    document: GraphDocument,
    other: GraphDocument,
    *,
    into: str = "",
    x: float = 0.0,
    y: float = 0.0,
    trainable: bool = True,
    weights: Weights | None = None,
    make_id: Callable[[], str] = new_id,
) -> Insertion:
    """Return the edits that put `other` into the graph `into` of `document` as one layer of class Model at (x, y).

    Everything of `other` gets new ids, own code that both hold in the same words is shared. `weights` are values for
    all of it, in place of those that its layers name for themselves. Raises `Conflict` when both
    call different own code by one name.
    """
    graph = make_id()
    graphs = {"": graph, **{each: make_id() for each in other.graphs}}
    layers = {each: make_id() for each in other.layers}
    nodes = {each: make_id() for each in other.nodes}
    outer, call = make_id(), make_id()
    edits = [
        _set("graphs", graph, Graph(name=other.meta.name, model_class=other.meta.model_class)),
        *(_set("graphs", graphs[each], inside) for each, inside in other.graphs.items()),
        *(
            _set("layers", layers[each], _moved(layer, layers, graphs, keep_weights=weights is None))
            for each, layer in other.layers.items()
        ),
        *(_set("nodes", nodes[each], _placed(node, layers, graphs)) for each, node in other.nodes.items()),
        *(_set("edges", _rekeyed(key, nodes), Edge()) for key in other.edges if _joins(key, nodes)),
        *(_set("code", make_id(), piece) for piece in _new_code(document, other)),
        _set(
            "layers",
            outer,
            Layer(
                class_name="Model",
                name=_free_name(document, other.meta.name, into),
                params={"graph": graph, **({} if trainable else {"trainable": False})},
                weights=weights,
            ),
        ),
        _set("nodes", call, Node(layer=outer, graph=into, x=x, y=y)),
    ]
    return Insertion(tuple(edits), layer=outer, node=call, graph=graph)


def _set(root: str, key: str, value: Any) -> SetValue:
    return SetValue(path=[root, key], value=value.model_dump(mode="json"))


def _moved(layer: Layer, layers: dict[str, str], graphs: dict[str, str], *, keep_weights: bool) -> Layer:
    params = {name: _renamed(value, layers, graphs) for name, value in layer.params.items()}
    if layer.class_name == "Model":
        params |= _inside(params, graphs)
    return layer.model_copy(update={"params": params, "weights": layer.weights if keep_weights else None})


def _renamed(value: JsonValue, layers: dict[str, str], graphs: dict[str, str]) -> JsonValue:
    """Return `value` with the layers and graphs that it refers to under their new ids."""
    if isinstance(value, list):
        return [_renamed(each, layers, graphs) for each in value]
    if not isinstance(value, dict):
        return value
    reference = value.get("layer")
    if set(value) == {"layer"} and isinstance(reference, str):
        return {"layer": layers.get(reference, reference)}
    changed = {key: _renamed(each, layers, graphs) for key, each in value.items()}
    config = changed.get("config")
    if value.get("class_name") == "Model" and isinstance(config, dict):
        changed["config"] = config | _inside(config, graphs)
    return changed


def _inside(params: dict[str, JsonValue], graphs: dict[str, str]) -> dict[str, JsonValue]:
    graph = params.get("graph")
    return {"graph": graphs[graph]} if isinstance(graph, str) and graph in graphs else {}


def _placed(node: Node, layers: dict[str, str], graphs: dict[str, str]) -> Node:
    return node.model_copy(
        update={"layer": layers.get(node.layer, node.layer), "graph": graphs.get(node.graph, graphs[""])}
    )


def _joins(key: str, nodes: dict[str, str]) -> bool:
    ends = parse_edge_key(key)
    return ends.source in nodes and ends.target in nodes


def _rekeyed(key: str, nodes: dict[str, str]) -> str:
    ends = parse_edge_key(key)
    return ends.model_copy(update={"source": nodes[ends.source], "target": nodes[ends.target]}).key


def _new_code(document: GraphDocument, other: GraphDocument) -> Iterable[Code]:
    present = {(piece.kind, piece.name): piece for piece in document.code.values()}
    for piece in other.code.values():
        ours = present.get((piece.kind, piece.name))
        if ours is None:
            yield piece
        elif ours.source != piece.source:
            raise Conflict(
                f"Both designs have code named {piece.name}, and it is not the same.",
                expected="the same code, or another name",
                received=piece.name,
                hint="Rename it in one of the two designs.",
            )


def _free_name(document: GraphDocument, title: str, into: str) -> str:
    """Return a layer name after `title` that no layer in the graph has."""
    taken = {
        document.layers[node.layer].name
        for node in document.nodes.values()
        if node.graph == into and node.layer in document.layers
    }
    base = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")[:100] or "model"
    base = base if base[0].isalpha() else f"model_{base}"
    number, name = 1, base
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    return name
