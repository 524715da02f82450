"""Equal graphs become one, with an instance for each."""

import copy
from typing import Any

from hypothesis import HealthCheck, given, settings

from app.catalog.registry import load_catalog
from app.document.model import GraphDocument
from app.document.read import validate_document
from app.graph.check import survey
from app.graph.equal_graphs import join_equal_graphs
from app.graph.ownership import read_ownership
from tests.graph.designs import nested
from tests.graph.strategies import designs

CATALOG = load_catalog()


def block(name: str, units: int = 3) -> dict[str, tuple[str, dict[str, Any]]]:
    return {
        f"{name}_x": ("InputLayer", {"shape": [3]}),
        f"{name}_dense": ("Dense", {"units": units}),
        f"{name}_y": ("Output", {}),
    }


def named_alike(document: GraphDocument) -> GraphDocument:
    """Return the design with the names of layers in nested graphs cut to what follows the first `_`."""
    layers = {
        key: layer.model_copy(update={"name": key.partition("_")[2] or key}) for key, layer in document.layers.items()
    }
    return document.model_copy(update={"layers": layers})


def two_blocks(units: int = 3) -> GraphDocument:
    wires = ["x->m:inputs.0", "m:outputs.0->n:inputs.0", "n:outputs.0->y"]
    wires += [f"{name}_{one}->{name}_{other}" for name in "ab" for one, other in (("x", "dense"), ("dense", "y"))]
    top = {
        "x": ("InputLayer", {"shape": [3]}),
        "m": ("Model", {"graph": "a"}),
        "n": ("Model", {"graph": "b", "trainable": False}),
        "y": ("Output", {}),
    }
    return named_alike(nested({"": top, "a": block("a"), "b": block("b", units)}, wires))


def test_two_equal_graphs_become_one_with_two_instances() -> None:
    document = two_blocks()

    joined = join_equal_graphs(document)

    gone = {"b_x", "b_dense", "b_y"}
    assert joined == document.model_copy(
        update={
            "graphs": {"a": document.graphs["a"]},
            "nodes": {key: node for key, node in document.nodes.items() if key not in gone},
            "layers": {key: layer for key, layer in document.layers.items() if key not in gone}
            | {"n": document.layers["n"].model_copy(update={"params": {"graph": "a", "trainable": False}})},
            "edges": {key: edge for key, edge in document.edges.items() if not key.startswith("b_")},
        }
    )


def test_graphs_that_differ_in_a_parameter_stay_two() -> None:
    document = two_blocks(units=4)

    assert join_equal_graphs(document) is document


def test_a_layer_that_two_graphs_share_keeps_them_apart() -> None:
    """As one graph, each of its instances would get a layer of its own."""
    document = two_blocks()
    nodes = {**document.nodes, "b_dense": document.nodes["b_dense"].model_copy(update={"layer": "a_dense"})}
    document = document.model_copy(update={"nodes": nodes})

    assert join_equal_graphs(document) is document


def test_a_layer_that_is_called_outside_too_stays_shared() -> None:
    document = two_blocks()
    shared = {"layer": "a_dense"}
    document = document.model_copy(
        update={
            "nodes": {
                **document.nodes,
                "b_dense": document.nodes["b_dense"].model_copy(update=shared),
                "outside": document.nodes["x"].model_copy(update=shared),
            }
        }
    )

    joined = join_equal_graphs(document)

    assert joined.graphs.keys() == {"a"}
    assert owners(joined)["a_dense"] == ""


def owners(document: GraphDocument) -> dict[str, str]:
    found = survey(document, CATALOG)
    owns = read_ownership(found, found.nesting).owns
    return {layer: graph for graph, layers in owns.items() for layer in layers}


def apart(document: GraphDocument) -> GraphDocument:
    """Return the design with a copy of its graph for every further instance, as a reader of files makes it.

    Only graphs with layers of their own are copied.
    """
    data = document.model_dump(mode="json")
    owned = owners(document)
    instances = [
        layer["params"]
        for key, layer in data["layers"].items()
        if layer["class_name"] == "Model" and key in owned and not owned[key]
    ]
    seen: set[str] = set()
    for number, params in enumerate(instances):
        graph = params["graph"]
        if graph in seen:
            _copy(data, graph, params, f"_{number}")
        seen.add(graph)
    return validate_document(data)


def _copy(data: dict[str, Any], graph: str, params: dict[str, Any], suffix: str) -> None:
    nodes = {key: node for key, node in data["nodes"].items() if node["graph"] == graph}
    layers = {node["layer"] for node in nodes.values()}
    users = {node["graph"] for node in data["nodes"].values() if node["layer"] in layers}
    if users != {graph}:
        return
    params["graph"] = graph + suffix
    data["graphs"][graph + suffix] = data["graphs"][graph]
    for layer in layers:
        data["layers"][layer + suffix] = copy.deepcopy(data["layers"][layer])
    for key, node in nodes.items():
        data["nodes"][key + suffix] = {**node, "graph": graph + suffix, "layer": node["layer"] + suffix}
    for key in list(data["edges"]):
        source, target = key.split("->")
        one, out = source.split(":", 1)
        other, into = target.split(":", 1)
        if other in nodes:
            data["edges"][f"{one}{suffix}:{out}->{other}{suffix}:{into}"] = {}


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(designs())
def test_copies_of_a_graph_are_found(document: GraphDocument) -> None:
    once = join_equal_graphs(document)

    assert join_equal_graphs(apart(once)) == once
