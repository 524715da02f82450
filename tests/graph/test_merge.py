"""Edited code over a design: what was not edited stays."""

import random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.document.model import GraphDocument
from app.document.read import validate_document
from app.graph.merge import merge_design
from tests.graph.designs import chain, design
from tests.graph.strategies import designs


def seen(document: GraphDocument) -> GraphDocument:
    """Return the design as somebody arranged it."""
    nodes = {
        key: node.model_copy(update={"x": 10.0 * index, "color": "red", "note": f"note {index}"})
        for index, (key, node) in enumerate(document.nodes.items())
    }
    return document.model_copy(update={"nodes": nodes})


def renamed_ids(document: GraphDocument, seed: int) -> GraphDocument:
    """Return the same design with other ids, as a reader of its code would make them up."""
    text = document.model_dump(mode="json")
    ids = {key: f"n{number}" for number, key in enumerate({**text["layers"], **text["nodes"], **text["graphs"]})}
    order = list(ids)
    random.Random(seed).shuffle(order)
    ids = {key: f"n{number}" for number, key in enumerate(order)} | {"": ""}

    def params(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: ids.get(item, item) if key in ("graph", "layer") and isinstance(item, str) else params(item)
                for key, item in value.items()
            }
        return [params(item) for item in value] if isinstance(value, list) else value

    def edge(key: str) -> str:
        source, target = key.split("->")
        one, out = source.split(":", 1)
        other, into = target.split(":", 1)
        return f"{ids[one]}:{out}->{ids[other]}:{into}"

    return validate_document(
        {
            **text,
            "graphs": {ids[key]: graph for key, graph in text["graphs"].items()},
            "layers": {ids[key]: {**layer, "params": params(layer["params"])} for key, layer in text["layers"].items()},
            "nodes": {
                ids[key]: {**node, "layer": ids[node["layer"]], "graph": ids[node["graph"]], "note": "", "color": ""}
                for key, node in text["nodes"].items()
            },
            "edges": {edge(key): {} for key in text["edges"]},
        }
    )


NET = chain(
    ("x", "InputLayer", {"shape": [4]}),
    ("one", "Dense", {"units": 3}),
    ("two", "Dense", {"units": 3, "activation": "relu"}),
    ("y", "Output", {}),
)


def test_a_renamed_layer_keeps_its_place() -> None:
    old = seen(NET)
    read = renamed_ids(NET, 1)
    layers = {
        key: layer.model_copy(update={"name": "other"}) if layer.name == "one" else layer
        for key, layer in read.layers.items()
    }

    merged = merge_design(old, read.model_copy(update={"layers": layers}), read)

    expected = {**old.layers, "one": old.layers["one"].model_copy(update={"name": "other"})}
    assert merged == old.model_copy(update={"layers": expected})


def test_a_new_layer_stands_between_and_a_removed_one_is_gone() -> None:
    old = seen(NET)
    new = chain(
        ("x", "InputLayer", {"shape": [4]}),
        ("drop", "Dropout", {"rate": 0.5}),
        ("two", "Dense", {"units": 3, "activation": "relu"}),
        ("y", "Output", {}),
    )

    merged = merge_design(old, new, NET)

    assert merged.nodes.keys() == {"x", "drop", "two", "y"}
    assert merged.edges.keys() == new.edges.keys()
    assert {key: merged.nodes[key] for key in ("x", "two", "y")} == {key: old.nodes[key] for key in ("x", "two", "y")}
    places = [(node.x, node.y) for node in merged.nodes.values()]
    assert len(set(places)) == 4


def test_only_an_edited_parameter_changes() -> None:
    old = seen(NET)
    base = renamed_ids(NET, 2)
    spelled = {
        key: layer.model_copy(update={"params": {**layer.params, "use_bias": True}})
        if layer.class_name == "Dense"
        else layer
        for key, layer in base.layers.items()
    }
    base = base.model_copy(update={"layers": spelled})
    edited = {
        key: layer.model_copy(update={"params": {**layer.params, "units": 7}}) if layer.name == "two" else layer
        for key, layer in spelled.items()
    }

    merged = merge_design(old, base.model_copy(update={"layers": edited}), base)

    assert merged.layers == {
        **old.layers,
        "two": old.layers["two"].model_copy(update={"params": {"units": 7, "activation": "relu"}}),
    }


def test_calls_with_the_same_tensors_are_told_apart_by_what_they_lead_to() -> None:
    """The Outputs are drawn in another order than the calls that lead there."""
    old = seen(
        design(
            {
                "x": ("InputLayer", {"shape": [4]}),
                "d": ("Dropout", {"rate": 0.5}),
                "y": ("Output", {"position": 1}),
                "z": ("Output", {"position": 0}),
            },
            ["x->d", "x->again", "d->y", "again->z"],
            {"again": "d"},
        )
    )
    read = renamed_ids(old, 5)
    layers = {
        key: layer.model_copy(update={"params": {"rate": 0.25}}) if layer.class_name == "Dropout" else layer
        for key, layer in read.layers.items()
    }

    merged = merge_design(old, read.model_copy(update={"layers": layers}), read)

    rate = {"d": old.layers["d"].model_copy(update={"params": {"rate": 0.25}})}
    assert merged == old.model_copy(update={"layers": {**old.layers, **rate}})


def test_an_output_keeps_the_name_that_code_does_not_say() -> None:
    old = seen(NET)
    read = renamed_ids(NET, 3)
    called = {
        key: layer.model_copy(update={"name": "two"}) if layer.class_name == "Output" else layer
        for key, layer in read.layers.items()
    }
    base = read.model_copy(update={"layers": called})
    moved = {
        key: layer.model_copy(update={"name": "one"}) if layer.class_name == "Output" else layer
        for key, layer in read.layers.items()
    }

    assert merge_design(old, read.model_copy(update={"layers": moved}), base) == old


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(designs(), st.integers(0, 1000))
def test_code_that_was_not_edited_changes_nothing(document: GraphDocument, seed: int) -> None:
    old, read = seen(document), renamed_ids(document, seed)

    assert merge_design(old, read, read) == old
