from app.catalog.registry import load_catalog
from app.document.read import validate_document
from app.messages.analysis import Costs
from app.worker.analysis.analyse import analyse
from tests.graph.designs import classifier


def test_costs_of_a_small_network() -> None:
    document = classifier(("flatten", "Flatten", {}), shape=[8, 8, 1])

    analysis = analyse(document, load_catalog())

    assert {node.id: (node.flops, node.activation_bytes) for node in analysis.nodes} == {
        "x": (0, 256),
        "flatten": (0, 256),
        "dense": (10 * 129, 40),
        "y": (0, 0),
    }
    assert analysis.costs == Costs(
        flops=1_290,
        weights_bytes=4 * 650,
        activation_bytes=552,
        training_bytes=4 * 650 * 4 + 2 * 552 * 32,
    )


def test_a_nested_model_costs_what_is_inside_at_every_call() -> None:
    document = validate_document(
        {
            "graphs": {"g": {"name": "inner"}},
            "layers": {
                "in": {"class_name": "InputLayer", "name": "in", "params": {"shape": [20]}},
                "dense": {"class_name": "Dense", "name": "dense", "params": {"units": 10}},
                "out": {"class_name": "Output", "name": "out"},
                "x": {"class_name": "InputLayer", "name": "x", "params": {"shape": [7, 20]}},
                "each": {
                    "class_name": "TimeDistributed",
                    "name": "each",
                    "params": {"layer": {"class_name": "Model", "config": {"graph": "g", "name": "inner"}}},
                },
                "y": {"class_name": "Output", "name": "y"},
            },
            "nodes": {
                **{node: {"layer": node, "graph": "g"} for node in ("in", "dense", "out")},
                **{node: {"layer": node} for node in ("x", "each", "y")},
            },
            "edges": {
                "in:output->dense:input": {},
                "dense:output->out:input": {},
                "x:output->each:input": {},
                "each:output->y:input": {},
            },
        }
    )

    analysis = analyse(document, load_catalog())

    assert analysis.problems == []
    assert {node.id: node.flops for node in analysis.nodes if node.flops} == {"dense": 410, "each": 7 * 410}
    assert analysis.costs.flops == 7 * 410
