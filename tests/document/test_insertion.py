"""One design as a layer of another: everything arrives, under new ids, and nothing of either is changed."""

import itertools
from typing import Any

import pytest

from app.document.edits import apply_edits
from app.document.insertion import Insertion, insert_design
from app.document.model import GraphDocument, Weights
from app.shared.errors import Conflict

INNER: dict[str, Any] = {
    "meta": {"name": "Feature maker", "model_class": "Functional"},
    "graphs": {"g": {"name": "block"}},
    "layers": {
        "i": {"class_name": "InputLayer", "name": "input", "params": {"shape": [4]}},
        "b": {"class_name": "Model", "name": "block", "params": {"graph": "g"}},
        "t": {"class_name": "TimeDistributed", "name": "times", "params": {"layer": {"layer": "d"}}},
        "w": {
            "class_name": "TimeDistributed",
            "name": "wrapped",
            "params": {"layer": {"class_name": "Model", "config": {"graph": "g", "name": "again"}}},
        },
        "d": {"class_name": "Dense", "name": "dense", "params": {"units": 3}},
        "o": {"class_name": "Output", "name": "output"},
    },
    "nodes": {
        "i": {"layer": "i"},
        "b": {"layer": "b", "x": 5.0, "note": "kept"},
        "d": {"layer": "d", "graph": "g"},
        "o": {"layer": "o"},
    },
    "edges": {"i:output->b:inputs.0": {}, "b:outputs.0->o:input": {}},
    "code": {"c": {"kind": "layers", "name": "Mine", "source": "x = 1"}},
}
OUTER: dict[str, Any] = {
    "layers": {"f": {"class_name": "Dense", "name": "feature_maker", "params": {"units": 1}}},
    "nodes": {"f": {"layer": "f"}},
}


def inserted(outer: dict[str, Any], inner: dict[str, Any], **options: Any) -> tuple[Insertion, GraphDocument]:
    numbers = itertools.count()
    document = GraphDocument.model_validate(outer)
    made = insert_design(
        document, GraphDocument.model_validate(inner), make_id=lambda: f"new{next(numbers)}", **options
    )
    return made, GraphDocument.model_validate(apply_edits(document.model_dump(mode="json"), made.edits))


def test_a_design_becomes_a_layer_with_all_that_it_holds() -> None:
    made, after = inserted(OUTER, INNER, x=10.0, y=20.0)
    layer, call = after.layers[made.layer], after.nodes[made.node]
    assert (layer.class_name, layer.name, layer.params) == ("Model", "feature_maker_2", {"graph": made.graph})
    assert (call.graph, call.x, call.y) == ("", 10.0, 20.0)
    assert (after.graphs[made.graph].name, after.graphs[made.graph].model_class) == ("Feature maker", "Functional")
    inside = {after.layers[node.layer].name: node for node in after.nodes.values() if node.graph == made.graph}
    assert set(inside) == {"input", "block", "output"}
    assert (inside["block"].x, inside["block"].note) == (5.0, "kept")
    by_name = {layer.name: (key, layer) for key, layer in after.layers.items()}
    (block,) = [key for key, graph in after.graphs.items() if graph.name == "block"]
    assert by_name["block"][1].params == {"graph": block}
    assert by_name["times"][1].params == {"layer": {"layer": by_name["dense"][0]}}
    assert by_name["wrapped"][1].params == {
        "layer": {"class_name": "Model", "config": {"graph": block, "name": "again"}}
    }
    assert len(after.edges) == 2
    assert [piece.name for piece in after.code.values()] == ["Mine"]
    assert after.nodes["f"] == GraphDocument.model_validate(OUTER).nodes["f"]


def test_it_may_be_frozen_and_start_from_a_run() -> None:
    weights, before = Weights(source="run", id="r1"), Weights(source="upload", id="u1")
    inner = {**INNER, "layers": {**INNER["layers"], "d": {**INNER["layers"]["d"], "weights": before.model_dump()}}}
    _, fresh = inserted(OUTER, inner)
    assert [layer.weights for layer in fresh.layers.values() if layer.weights] == [before]
    made, after = inserted(OUTER, inner, trainable=False, weights=weights)
    assert [layer.weights for layer in after.layers.values() if layer.weights] == [weights]
    assert after.layers[made.layer].params == {"graph": made.graph, "trainable": False}
    assert after.layers[made.layer].weights == weights


def test_a_design_can_be_inserted_twice_and_into_itself() -> None:
    _, once = inserted(OUTER, INNER)
    numbers = itertools.count(1000)
    made = insert_design(once, once, make_id=lambda: f"new{next(numbers)}")
    twice = GraphDocument.model_validate(apply_edits(once.model_dump(mode="json"), made.edits))
    assert len(twice.nodes) == 2 * len(once.nodes) + 1
    assert len(twice.code) == len(once.code)


def test_different_code_of_one_name_is_refused() -> None:
    other = {**OUTER, "code": {"z": {"kind": "layers", "name": "Mine", "source": "x = 2"}}}
    with pytest.raises(Conflict, match="code named Mine"):
        inserted(other, INNER)
