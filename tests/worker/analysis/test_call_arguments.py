"""Calls with more than one tensor: masks, states, scores, several outputs, merges. Each design is built and run."""

from typing import Any

import keras
import numpy as np
import pytest

from app.catalog.registry import load_catalog
from app.document.model import GraphDocument
from app.graph.plan import make_plan
from app.worker.analysis.analyse import analyse
from app.worker.building.build import build_model
from tests.graph.designs import design

CATALOG = load_catalog()

Layer = tuple[str, dict[str, Any]]

SEQUENCE: Layer = ("InputLayer", {"shape": [6, 4]})
STEPS_MASK: Layer = ("InputLayer", {"shape": [6], "dtype": "bool", "position": 1})
STATE: Layer = ("InputLayer", {"shape": [3], "position": 1})
OUTPUT: Layer = ("Output", {})
HEADS: Layer = ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3})
BOTH_WAYS: dict[str, Any] = {
    "layer": {"class_name": "LSTM", "config": {"units": 3, "return_state": True, "return_sequences": True}},
    "merge_mode": None,
}


def called(layer: Layer, wires: list[str], beside: Layer | None = None, **arguments: Any) -> GraphDocument:
    """Return x -> layer -> y, with `beside` as a second input; an Output for each wire from the layer."""
    outputs = [wire.split("->")[1] for wire in wires if wire.startswith("layer")]
    document = design(
        {
            "x": SEQUENCE,
            **({"beside": beside} if beside else {}),
            "layer": layer,
            **{name: ("Output", {"position": position}) for position, name in enumerate(outputs)},
        },
        wires,
    )
    document.nodes["layer"].arguments.update(arguments)
    return document


def masked(layer: Layer, *ports: str) -> GraphDocument:
    return called(layer, ["x->layer", *(f"beside->layer:{port}" for port in ports), "layer->y"], STEPS_MASK)


def attending(layer: Layer, *wires: str, beside: Layer | None = None, **arguments: Any) -> GraphDocument:
    return called(layer, ["x->layer:query", "x->layer:value", "layer->y", *wires], beside, **arguments)


def merging(class_name: str, params: dict[str, Any], count: int) -> GraphDocument:
    wires = [f"x->layer:inputs.{index}" for index in range(count)]
    return called((class_name, params), [*wires, "layer->y"])


CALLS: dict[str, tuple[GraphDocument, list[list[int | None]]]] = {
    "attention scores": (
        attending(HEADS, "layer:attention_scores->z", return_attention_scores=True, use_causal_mask=True),
        [[None, 6, 4], [None, 2, 6, 6]],
    ),
    "attention scores of one head": (
        attending(("Attention", {}), "layer:attention_scores->z", return_attention_scores=True),
        [[None, 6, 4], [None, 6, 6]],
    ),
    "masks of heads": (
        attending(HEADS, "beside->layer:query_mask", "beside->layer:value_mask", beside=STEPS_MASK),
        [[None, 6, 4]],
    ),
    "masks of one head": (
        attending(("Attention", {}), "beside->layer:query_mask", "beside->layer:value_mask", beside=STEPS_MASK),
        [[None, 6, 4]],
    ),
    "mask of an LSTM": (masked(("LSTM", {"units": 3}), "mask"), [[None, 3]]),
    "mask of an average": (masked(("GlobalAveragePooling1D", {}), "mask"), [[None, 4]]),
    "mask of each step": (
        masked(("TimeDistributed", {"layer": {"class_name": "Dense", "config": {"units": 3}}}), "mask"),
        [[None, 6, 3]],
    ),
    "both directions and their states": (
        called(
            ("Bidirectional", BOTH_WAYS), ["x->layer", "layer->y", "layer:backward_output->z", "layer:backward_c->w"]
        ),
        [[None, 6, 3], [None, 6, 3], [None, 3]],
    ),
    "initial state": (
        called(("GRU", {"units": 3}), ["x->layer", "beside->layer:initial_state.0", "layer->y"], STATE),
        [[None, 3]],
    ),
    "initial states of both directions": (
        called(
            ("Bidirectional", {"layer": {"class_name": "GRU", "config": {"units": 3}}}),
            ["x->layer", "beside->layer:initial_state.0", "beside->layer:initial_state.1", "layer->y"],
            STATE,
        ),
        [[None, 6]],
    ),
    "training": (called(("Dropout", {"rate": 0.5}), ["x->layer", "layer->y"], training=True), [[None, 6, 4]]),
    **{
        class_name: (merging(class_name, {}, count), [[None, 6, 4]])
        for class_name, count in [
            *(("Add", 3), ("Multiply", 2), ("Average", 3), ("Maximum", 2), ("Minimum", 3), ("Subtract", 2)),
        ]
    },
    "Concatenate": (merging("Concatenate", {"axis": 1}, 3), [[None, 18, 4]]),
    "Dot": (merging("Dot", {"axes": 2}, 2), [[None, 6, 6]]),
    "a fixed batch and a state that is kept": (
        design(
            {
                "x": ("InputLayer", {"shape": [6, 4], "batch_size": 2}),
                "layer": ("LSTM", {"units": 3, "stateful": True}),
                "y": OUTPUT,
            },
            ["x->layer", "layer->y"],
        ),
        [[2, 3]],
    ),
    "whole numbers and open sizes": (
        design(
            {
                "x": ("InputLayer", {"shape": [None], "dtype": "int32"}),
                "words": ("Embedding", {"input_dim": 9, "output_dim": 4, "mask_zero": True}),
                "layer": ("LSTM", {"units": 3, "return_sequences": True}),
                "y": OUTPUT,
            },
            ["x->words", "words->layer", "layer->y"],
        ),
        [[None, None, 3]],
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_gives_what_the_built_model_gives(name: str) -> None:
    document, shapes = CALLS[name]

    analysis = analyse(document, CATALOG)
    plan = make_plan(document, CATALOG)
    model = build_model(plan)
    batch = [np.ones([size or 2 for size in each.shape], each.dtype) for each in model.inputs]
    results = keras.tree.flatten(model(batch[0] if len(batch) == 1 else batch))

    assert [each for each in analysis.problems if each.code != "training_overridden"] == []
    inputs = {node.id: node.input_shapes for node in analysis.nodes}
    assert [inputs[output.node]["input"] for output in plan.outputs] == shapes
    assert [list(each.shape) for each in model.outputs] == shapes
    for shape, result in zip(shapes, results, strict=True):
        assert all(size in (None, length) for size, length in zip(shape, result.shape, strict=True))
    assert analysis.total_params == model.count_params()


WRONG: dict[str, tuple[GraphDocument, str, str]] = {
    "a state of another size": (
        called(("GRU", {"units": 5}), ["x->layer", "beside->layer:initial_state.0", "layer->y"], STATE),
        "wrong_size",
        "initial_state.0",
    ),
    "a state of another rank": (
        called(("GRU", {"units": 4}), ["x->layer", "x->layer:initial_state.0", "layer->y"]),
        "wrong_rank",
        "initial_state.0",
    ),
    "one state where there are two": (
        called(("LSTM", {"units": 3}), ["x->layer", "beside->layer:initial_state.0", "layer->y"], STATE),
        "wrong_state_count",
        "",
    ),
    "an argument that the layer does not take": (
        called(("Dense", {"units": 3}), ["x->layer", "layer->y"], use_causal_mask=True),
        "invalid_argument",
        "",
    ),
    "scores that nobody asked for": (
        attending(HEADS, "layer:attention_scores->z"),
        "unknown_port",
        "attention_scores",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_call_that_keras_would_fail_at_the_first_batch_is_found(name: str) -> None:
    document, code, port = WRONG[name]

    errors = [problem for problem in analyse(document, CATALOG).problems if problem.severity == "error"]

    assert [(problem.node, problem.code, problem.port) for problem in errors] == [("layer", code, port)]


@pytest.mark.parametrize(
    "layer",
    [
        ("LSTM", {"units": 3}),
        ("Bidirectional", {"layer": {"class_name": "GRU", "config": {"units": 3}}}),
        ("RNN", {"cell": {"class_name": "GRUCell", "config": {"units": 3}}}),
    ],
    ids=lambda layer: layer[0],
)
def test_a_shared_recurrent_layer_needs_one_width(layer: Layer) -> None:
    def shared(width: int, steps: int) -> GraphDocument:
        return design(
            {
                "x": SEQUENCE,
                "other": ("InputLayer", {"shape": [steps, width]}),
                "layer": layer,
                "y": OUTPUT,
                "z": OUTPUT,
            },
            ["x->layer", "other->second", "layer->y", "second->z"],
            calls={"second": "layer"},
        )

    assert analyse(shared(4, 9), CATALOG).problems == []
    errors = [problem for problem in analyse(shared(5, 6), CATALOG).problems if problem.severity == "error"]
    assert [(problem.node, problem.code, problem.port) for problem in errors] == [("second", "wrong_size", "input")]
    assert errors[0].fix is not None
