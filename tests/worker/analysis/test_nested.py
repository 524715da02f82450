"""Nested models, layers by reference and operations: what the analysis says is what Keras builds."""

import json
import math
from itertools import pairwise
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from keras import layers
from keras.src.ops import numpy as functions

from app.catalog.registry import load_catalog
from app.document.model import GraphDocument, KerasConfig
from app.graph.model import Problem
from app.graph.plan import make_plan
from app.worker.analysis.analyse import analyse
from app.worker.building.build import BuildFailed, build_model
from tests.graph.designs import design, nested
from tests.graph.strategies import designs

CATALOG = load_catalog()

OUTPUT: tuple[str, dict[str, Any]] = ("Output", {})


def vector(size: int) -> tuple[str, dict[str, Any]]:
    return "InputLayer", {"shape": [size]}


def dense(units: int, **params: Any) -> tuple[str, dict[str, Any]]:
    return "Dense", {"units": units, **params}


def model(graph: str, **params: Any) -> tuple[str, dict[str, Any]]:
    return "Model", {"graph": graph, **params}


def errors(document: GraphDocument) -> list[tuple[str, str, str]]:
    problems = analyse(document, CATALOG).problems
    return [(problem.code, problem.node, problem.upstream) for problem in problems if problem.severity == "error"]


def trainable(keras_model: Any) -> int:
    return sum(math.prod(weight.shape) for weight in keras_model.trainable_weights)


SIAMESE = nested(
    {
        "": {
            "left": ("InputLayer", {"shape": [8], "position": 0}),
            "right": ("InputLayer", {"shape": [8], "position": 1}),
            "encoder": model("g"),
            "apart": ("ops.subtract", {}),
            "far": ("ops.square", {}),
            "same": dense(1, activation="sigmoid"),
            "y": OUTPUT,
        },
        "g": {"pixels": vector(8), "hidden": dense(4), "drop": ("Dropout", {"rate": 0.5}), "code": OUTPUT},
    },
    [
        *("left->encoder:inputs.0", "right->second:inputs.0"),
        *("encoder:outputs.0->apart:x1", "second:outputs.0->apart:x2", "apart->far:x", "far->same", "same->y"),
        *("pixels->hidden", "hidden->drop", "drop->code"),
    ],
    calls={"second": ("encoder", "")},
    meta={"model_name": "siamese"},
)


def siamese_by_hand() -> Any:
    encoder = keras.Sequential(
        [keras.Input((8,), name="pixels"), layers.Dense(4, name="hidden"), layers.Dropout(0.5, name="drop")],
        name="encoder",
    )
    left, right = keras.Input((8,), name="left"), keras.Input((8,), name="right")
    apart = functions.Subtract(name="apart")(encoder(left), encoder(right))
    far = functions.Square(name="far")(apart)
    same = layers.Dense(1, activation="sigmoid", name="same")(far)
    return keras.Model([left, right], same, name="siamese")


FROZEN = nested(
    {
        "": {"x": vector(8), "shared": dense(8), "one": model("g"), "two": model("g", trainable=False), "y": OUTPUT},
        "g": {"a": vector(8), "own": dense(8), "b": OUTPUT},
    },
    ["x->shared", "shared->one:inputs.0", "one:outputs.0->two:inputs.0", "two:outputs.0->y", "a->own", "own->b"],
    meta={"model_class": "Functional"},
)


def frozen_by_hand() -> Any:
    def inside(name: str) -> Any:
        return keras.Sequential([keras.Input((8,), name="a"), layers.Dense(8, name="own")], name=name)

    x = keras.Input((8,), name="x")
    one, two = inside("one"), inside("two")
    two.trainable = False
    return keras.Model(x, two(one(layers.Dense(8, name="shared")(x))), name="functional")


EACH_STEP = nested(
    {
        "": {
            "x": ("InputLayer", {"shape": [3, 8]}),
            "each": ("TimeDistributed", {"layer": {"class_name": "Model", "config": {"graph": "g", "name": "inside"}}}),
            "y": OUTPUT,
        },
        "g": {"a": vector(8), "own": dense(4, activation="relu"), "c": OUTPUT},
    },
    ["x->each", "each->y", "a->own", "own->c"],
)


def each_step_by_hand() -> Any:
    inside = keras.Sequential(
        [keras.Input((8,), name="a"), layers.Dense(4, activation="relu", name="own")], name="inside"
    )
    return keras.Sequential(
        [keras.Input((3, 8), name="x"), layers.TimeDistributed(inside, name="each")], name="sequential"
    )


BY_HAND = {
    "siamese": (SIAMESE, siamese_by_hand),
    "frozen": (FROZEN, frozen_by_hand),
    "each step": (EACH_STEP, each_step_by_hand),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_the_built_model_is_the_one_written_by_hand(name: str) -> None:
    document, by_hand = BY_HAND[name]

    built, expected = build_model(make_plan(document, CATALOG)), by_hand()

    assert type(built) is type(expected)
    assert json.loads(built.to_json()) == json.loads(expected.to_json())
    assert summary(built) == summary(expected)
    analysis = analyse(document, CATALOG)
    assert analysis.problems == []
    assert (analysis.total_params, analysis.trainable_params) == (built.count_params(), trainable(built))


def summary(keras_model: Any) -> list[str]:
    lines: list[str] = []
    keras_model.summary(expand_nested=True, print_fn=lambda line, **_: lines.append(line))
    return lines


@pytest.mark.filterwarnings("ignore:.*does not support masking:UserWarning")
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(designs(across=True, references=True))
def test_the_built_model_has_the_shapes_and_counts_of_the_analysis(document: GraphDocument) -> None:
    analysis = analyse(document, CATALOG)
    plan = make_plan(document, CATALOG)
    built = build_model(plan)

    assert [problem for problem in analysis.problems if problem.severity == "error"] == []
    assert (analysis.total_params, analysis.trainable_params) == (built.count_params(), trainable(built))
    shapes = {node.id: node.input_shapes for node in analysis.nodes}
    assert [shapes[output.node]["input"] for output in plan.outputs] == [list(each.shape) for each in built.outputs]


def test_weights_are_counted_once_for_each_instance() -> None:
    """`shared` is called outside and in both instances of g, and held by a wrapper: one layer."""
    document = nested(
        {
            "": {
                "x": ("InputLayer", {"shape": [3, 8]}),
                "flat": ("GlobalAveragePooling1D", {}),
                "shared": dense(8),
                "each": ("TimeDistributed", {"layer": {"layer": "shared"}}),
                "one": model("g"),
                "two": model("g"),
                "y": OUTPUT,
                "z": OUTPUT,
            },
            "g": {"a": vector(8), "own": dense(4), "back": dense(8), "b": OUTPUT},
        },
        [
            *("x->each", "each->z", "x->flat", "flat->shared", "shared->one:inputs.0", "one:outputs.0->two:inputs.0"),
            *("two:outputs.0->y", "a->inside", "inside->own", "own->back", "back->b"),
        ],
        calls={"inside": ("shared", "g")},
    )

    analysis = analyse(document, CATALOG)
    built = build_model(make_plan(document, CATALOG))

    assert analysis.problems == []
    assert analysis.total_params == 72 + 2 * (36 + 40) == built.count_params()
    assert {node.id: node.params for node in analysis.nodes if node.params} == {
        "inside": 72,
        "own": 36,
        "back": 40,
        "each": 72,
        "one": 72 + 36 + 40,
        "two": 72 + 36 + 40,
    }
    assert {node.id for node in analysis.nodes if node.graph == "g"} == {"a", "inside", "own", "back", "b"}
    weight = built.get_layer("shared").kernel
    assert all(
        any(each is weight for each in owner.weights)
        for owner in (built.get_layer("each"), built.get_layer("one"), built.get_layer("two"))
    )
    assert built.get_layer("one").get_layer("own").kernel is not built.get_layer("two").get_layer("own").kernel


def test_a_model_may_be_called_on_other_sizes_than_its_input_names() -> None:
    document = nested(
        {
            "": {"x": ("InputLayer", {"shape": [9, 9, 3]}), "net": model("g"), "y": OUTPUT},
            "g": {
                "a": ("InputLayer", {"shape": [None, None, 3]}),
                "conv": ("Conv2D", {"filters": 4, "kernel_size": 3}),
                "deep": model("h"),
                "b": OUTPUT,
            },
            "h": {
                "c": ("InputLayer", {"shape": [None, None, 4]}),
                "pool": ("MaxPooling2D", {}),
                "d": OUTPUT,
            },
        },
        [
            *("x->net:inputs.0", "net:outputs.0->y", "a->conv", "conv->deep:inputs.0", "deep:outputs.0->b"),
            *("c->pool", "pool->d"),
        ],
    )

    analysis = analyse(document, CATALOG)

    assert analysis.problems == []
    shapes = {node.id: node.output_shapes for node in analysis.nodes}
    assert shapes["net"] == {"outputs.0": [None, 3, 3, 4]}
    assert shapes["deep"] == {"outputs.0": [None, None, None, 4]}
    assert build_model(make_plan(document, CATALOG)).output_shape == (None, 3, 3, 4)


def classifier_of(size: int, *inside: tuple[str, tuple[str, dict[str, Any]]]) -> GraphDocument:
    names = ["a", *(name for name, _ in inside), "b"]
    return nested(
        {
            "": {"x": ("InputLayer", {"shape": [size, size, 1]}), "net": model("g"), "y": OUTPUT},
            "g": {"a": ("InputLayer", {"shape": [None, None, 1]}), **dict(inside), "b": OUTPUT},
        },
        ["x->net:inputs.0", "net:outputs.0->y", *(f"{one}->{two}" for one, two in pairwise(names))],
    )


def test_a_size_that_only_the_call_makes_wrong_is_the_fault_of_the_call() -> None:
    document = classifier_of(4, ("conv", ("Conv2D", {"filters": 2, "kernel_size": 5})))

    assert errors(document) == [("nested_fault", "net", "conv")]
    (problem,) = [problem for problem in analyse(document, CATALOG).problems if problem.severity == "error"]
    assert (problem.expected, problem.received) == ("(None, None, None, 1)", "(None, 4, 4, 1)")
    with pytest.raises(BuildFailed) as caught:
        build_model(make_plan(document, CATALOG))
    assert caught.value.node == "net"


def test_a_fault_inside_points_inward_from_every_call() -> None:
    document = classifier_of(8, ("conv", ("Conv2D", {"filters": 2, "kernel_size": 3, "groups": 2})))

    problems = analyse(document, CATALOG).problems

    assert [(p.severity, p.code, p.node, p.upstream) for p in problems] == [
        ("error", "invalid_groups", "conv", "a"),
        ("info", "blocked", "b", "conv"),
        ("info", "blocked", "net", "conv"),
        ("info", "blocked", "y", "conv"),
    ]
    with pytest.raises(BuildFailed) as caught:
        build_model(make_plan(document, CATALOG))
    assert caught.value.node == "conv"


def test_what_a_model_does_not_take_is_said_by_keras() -> None:
    document = nested(
        {
            "": {"x": vector(9), "net": model("g"), "y": OUTPUT},
            "g": {"a": vector(8), "own": dense(4), "b": OUTPUT},
        },
        ["x->net:inputs.0", "net:outputs.0->y", "a->own", "own->b"],
    )

    assert [(code, node) for code, node, _ in errors(document)] == [("keras_error", "net")]


def test_models_stand_in_models_to_the_greatest_depth() -> None:
    graphs: dict[str, dict[str, tuple[str, dict[str, Any]]]] = {"": {"x": vector(4), "m": model("g0"), "y": OUTPUT}}
    wires = ["x->m:inputs.0", "m:outputs.0->y"]
    for level in range(32):
        inside = model(f"g{level + 1}") if level < 31 else dense(4)
        graphs[f"g{level}"] = {
            f"a{level}": ("InputLayer", {"shape": [None, 4]}),
            f"p{level}": inside,
            f"b{level}": OUTPUT,
        }
        entry, out = ("inputs.0", "outputs.0") if level < 31 else ("input", "output")
        wires += [f"a{level}->p{level}:{entry}", f"p{level}:{out}->b{level}"]
    graphs[""]["x"] = ("InputLayer", {"shape": [3, 4]})
    document = nested(graphs, wires)

    analysis = analyse(document, CATALOG)
    built = build_model(make_plan(document, CATALOG))

    assert analysis.problems == []
    assert analysis.total_params == built.count_params() == 20
    assert built.output_shape == (None, 3, 4)


def test_an_edit_inside_asks_keras_about_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    from app.worker.analysis import reading

    document = FROZEN.model_copy(deep=True)
    analyse(document, CATALOG)
    asked: list[str] = []
    real = reading.dry_call

    def counting(subject: reading.Subject, *rest: Any) -> reading.Outcome:
        asked.append(subject.instance.class_name)
        return real(subject, *rest)

    monkeypatch.setattr(reading, "dry_call", counting)
    document.layers["own"].params["activation"] = "swish"
    analyse(document, CATALOG)

    assert asked == ["Dense"]


OPERATIONS: dict[str, tuple[GraphDocument, Any]] = {
    "a constant at either side": (
        design(
            {"x": vector(3), "one": ("ops.subtract", {"x1": 1.0}), "two": ("ops.divide", {"x2": 4}), "y": OUTPUT},
            ["x->one:x2", "one->two:x1", "two->y"],
        ),
        lambda x: (1.0 - x) / 4,
    ),
    "a slice": (
        design(
            {"x": ("InputLayer", {"shape": [3, 4]}), "part": ("ops.getitem", {"key": ":, -1, ::2"}), "y": OUTPUT},
            ["x->part:x", "part->y"],
        ),
        lambda x: x[:, -1, ::2],
    ),
    "a list and several results": (
        design(
            {
                "x": vector(2),
                "join": ("ops.concatenate", {"axis": -1}),
                "split": ("ops.split", {"indices_or_sections": 2, "axis": -1}),
                "y": OUTPUT,
            },
            ["x->join:xs.0", "x->join:xs.1", "join->split:x", "split:outputs.1->y"],
        ),
        lambda x: x,
    ),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_compute_what_they_say_under_their_names(name: str) -> None:
    document, expected = OPERATIONS[name]

    analysis = analyse(document, CATALOG)
    built = build_model(make_plan(document, CATALOG))
    x = np.arange(24, dtype="float32").reshape(2, *built.input_shape[1:]) if name == "a slice" else None
    x = np.arange(2 * built.input_shape[-1], dtype="float32").reshape(2, -1) if x is None else x

    assert analysis.problems == []
    assert list(built.output_shape) == analysis.nodes[-1].input_shapes["input"]
    np.testing.assert_allclose(built(x), expected(x))
    assert {operation.name for operation in built.operations} == {
        layer.name for layer in document.layers.values() if layer.class_name != "Output"
    }


def test_an_operation_without_a_wire_or_a_value_is_found() -> None:
    document = design({"x": vector(3), "one": ("ops.subtract", {}), "y": OUTPUT}, ["x->one:x2", "one->y"])

    assert errors(document) == [("port_unconnected", "one", "")]


@pytest.mark.parametrize(
    ("config", "shape", "dtype"),
    [
        (KerasConfig(), [None, 6, 6, 2], "float32"),
        (KerasConfig(dtype_policy="mixed_float16"), [None, 6, 6, 2], "float16"),
        (KerasConfig(floatx="float64"), [None, 6, 6, 2], "float64"),
        (KerasConfig(image_data_format="channels_first"), [None, 2, 6, 1], None),
    ],
    ids=["default", "mixed", "float64", "channels first"],
)
def test_shapes_and_dtypes_are_those_under_the_settings_of_the_design(
    config: KerasConfig, shape: list[int], dtype: str | None
) -> None:
    document = design(
        {
            "x": ("InputLayer", {"shape": [8, 8, 3] if dtype else [3, 8, 3]}),
            "conv": ("Conv2D", {"filters": 2, "kernel_size": 3}),
            "y": OUTPUT,
        },
        ["x->conv", "conv->y"],
    )
    document.training.config = config
    before = (keras.config.floatx(), keras.config.image_data_format(), keras.config.dtype_policy().name)

    (conv,) = [node for node in analyse(document, CATALOG).nodes if node.id == "conv"]

    assert conv.output_shapes == {"output": shape}
    assert dtype is None or conv.output_dtypes == {"output": dtype}
    assert (keras.config.floatx(), keras.config.image_data_format(), keras.config.dtype_policy().name) == before


def test_a_mask_that_a_layer_drops_is_mentioned() -> None:
    document = design(
        {
            "x": ("InputLayer", {"shape": [5], "dtype": "int32"}),
            "words": ("Embedding", {"input_dim": 9, "output_dim": 4, "mask_zero": True}),
            "lstm": ("LSTM", {"units": 4, "return_sequences": True}),
            "pool": ("GlobalMaxPooling1D", {}),
            "y": OUTPUT,
        },
        ["x->words", "words->lstm", "lstm->pool", "pool->y"],
    )

    assert analyse(document, CATALOG).problems == [
        Problem(
            code="mask_lost",
            severity="info",
            node="pool",
            port="input",
            upstream="lstm",
            message="pool does not work with masks, and drops the one that comes in.",
            expected="a layer that passes masks on",
            received="a mask from lstm",
            hint="Layers behind it see padded steps like any others.",
        )
    ]
