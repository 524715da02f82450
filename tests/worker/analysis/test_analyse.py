"""A corpus of seeded faults: each must blame the right node with the right code, and its fix must mend it."""

import math
from dataclasses import dataclass
from typing import Any

import keras
import pytest
from keras.src.backend.common import global_state

from app.catalog.model import Kind, ObjectSpec
from app.catalog.ports import output_ports
from app.catalog.registry import load_catalog
from app.document.model import GraphDocument
from app.graph import fixes
from app.graph.plan import make_plan
from app.graph.ports import output_keys
from app.messages.analysis import Analysis, Costs, NodeAnalysis
from app.worker.analysis.analyse import analyse
from app.worker.building.build import BuildFailed, build_model
from tests.graph.designs import chain, classifier, design

CATALOG = load_catalog()
Layer = tuple[str, str, dict[str, Any]]

FLATTEN: Layer = ("flatten", "Flatten", {})


def image(*hidden: Layer, size: int = 8, channels: int = 1) -> GraphDocument:
    return classifier(*hidden, FLATTEN, shape=[size, size, channels])


def merged(one: Layer, other: Layer, merge: tuple[str, dict[str, Any]], shape: list[int | None]) -> GraphDocument:
    """Return two branches from one Input into a merge layer and an Output."""
    return design(
        {
            "x": ("InputLayer", {"shape": shape}),
            one[0]: one[1:],
            other[0]: other[1:],
            "merge": merge,
            "y": ("Output", {}),
        },
        [f"x->{one[0]}", f"x->{other[0]}", f"{one[0]}->merge:inputs.0", f"{other[0]}->merge:inputs.1", "merge->y"],
    )


def shared(one: list[int], other: list[int], layer: tuple[str, dict[str, Any]]) -> GraphDocument:
    return design(
        {
            "a": ("InputLayer", {"shape": one}),
            "b": ("InputLayer", {"shape": other}),
            "layer": layer,
            "y": ("Output", {}),
            "z": ("Output", {}),
        },
        ["a->layer", "b->second", "layer->y", "second->z"],
        calls={"second": "layer"},
    )


CONV: Layer = ("conv", "Conv2D", {"filters": 4, "kernel_size": 3})
LSTM: Layer = ("lstm", "LSTM", {"units": 4})

FAULTS: dict[str, tuple[GraphDocument, str, str, str]] = {
    # name: design, node, code, beginning of the fix's title
    "conv on a flattened image": (image(("flat", "Flatten", {}), CONV), "conv", "wrong_rank", "Remove flat"),
    "conv on a grey image without channels": (
        classifier(CONV, FLATTEN, shape=[8, 8]),
        "conv",
        "wrong_rank",
        "Set shape of x to (8, 8, 1)",
    ),
    "conv on a row of pixels": (
        classifier(CONV, FLATTEN, shape=[64]),
        "conv",
        "wrong_rank",
        "Insert Reshape (target_shape (8, 8, 1))",
    ),
    "conv after global pooling": (
        image(("pool", "GlobalAveragePooling2D", {}), CONV),
        "conv",
        "wrong_rank",
        "Remove pool",
    ),
    "conv1d on features": (
        classifier(("conv", "Conv1D", {"filters": 4, "kernel_size": 3}), FLATTEN, shape=[16]),
        "conv",
        "wrong_rank",
        "Insert Reshape (target_shape (16, 1))",
    ),
    "conv3d on an image": (
        image(("conv", "Conv3D", {"filters": 4, "kernel_size": 1})),
        "conv",
        "wrong_rank",
        "Insert Reshape",
    ),
    "lstm on features": (classifier(LSTM, shape=[16]), "lstm", "wrong_rank", "Insert Reshape"),
    "lstm on an image": (
        classifier(CONV, LSTM, shape=[8, 8, 1]),
        "lstm",
        "wrong_rank",
        "Insert Reshape (target_shape (6, 24))",
    ),
    "lstm on an lstm that returns its last state": (
        classifier(LSTM, ("second", "LSTM", {"units": 4}), shape=[8, 4]),
        "second",
        "wrong_rank",
        "Set return_sequences of lstm to True",
    ),
    "bidirectional on features": (
        classifier(("both", "Bidirectional", {"layer": {"class_name": "LSTM", "config": {"units": 3}}}), shape=[16]),
        "both",
        "wrong_rank",
        "Insert Reshape",
    ),
    "convlstm on images": (
        image(("conv", "ConvLSTM2D", {"filters": 4, "kernel_size": 3})),
        "conv",
        "wrong_rank",
        "Insert Reshape (target_shape (1, 8, 8, 1))",
    ),
    "repeat vector on an image": (
        classifier(("repeat", "RepeatVector", {"n": 3}), FLATTEN, shape=[8, 8, 1]),
        "repeat",
        "wrong_rank",
        "Insert Flatten",
    ),
    "pooling on features": (
        classifier(("pool", "GlobalMaxPooling1D", {}), shape=[16]),
        "pool",
        "wrong_rank",
        "Insert Reshape",
    ),
    "time distributed without time": (
        classifier(
            ("each", "TimeDistributed", {"layer": {"class_name": "Dense", "config": {"units": 3}}}),
            FLATTEN,
            shape=[16],
        ),
        "each",
        "wrong_rank",
        "Insert Reshape",
    ),
    "kernel larger than the image": (
        image(("conv", "Conv2D", {"filters": 4, "kernel_size": 9})),
        "conv",
        "output_too_small",
        "Set padding of conv to same",
    ),
    "pool larger than the image": (
        image(("pool", "MaxPooling2D", {"pool_size": 9})),
        "pool",
        "output_too_small",
        "Set padding of pool to same",
    ),
    "depthwise kernel too large": (
        image(("conv", "DepthwiseConv2D", {"kernel_size": 9})),
        "conv",
        "output_too_small",
        "Set padding of conv to same",
    ),
    "cropped away": (
        image(("crop", "Cropping2D", {"cropping": 5})),
        "crop",
        "output_too_small",
        "Reset cropping of crop",
    ),
    "channels not divisible into groups": (
        image(("conv", "Conv2D", {"filters": 4, "kernel_size": 3, "groups": 2}), channels=3),
        "conv",
        "invalid_groups",
        "Set groups of conv to 1",
    ),
    "filters not divisible into groups": (
        image(("conv", "Conv2D", {"filters": 5, "kernel_size": 3, "groups": 2}), channels=4),
        "conv",
        "invalid_groups",
        "Set filters of conv to 6",
    ),
    "more groups than channels": (
        image(("norm", "GroupNormalization", {}), channels=6),
        "norm",
        "invalid_groups",
        "Set groups of norm to 6",
    ),
    "add of different widths": (
        merged(("a", "Dense", {"units": 8}), ("b", "Dense", {"units": 9}), ("Add", {}), [4]),
        "merge",
        "shapes_differ",
        "Set units of b to 8",
    ),
    "add of different channels": (
        merged(
            ("a", "Conv2D", {"filters": 8, "kernel_size": 3}),
            ("b", "Conv2D", {"filters": 4, "kernel_size": 3}),
            ("Add", {}),
            [8, 8, 1],
        ),
        "merge",
        "shapes_differ",
        "Set filters of b to 8",
    ),
    "concatenation of different sizes": (
        merged(
            ("a", "Conv2D", {"filters": 4, "kernel_size": 3, "padding": "same"}),
            ("b", "Conv2D", {"filters": 4, "kernel_size": 3}),
            ("Concatenate", {}),
            [8, 8, 1],
        ),
        "merge",
        "shapes_differ",
        "Set padding of b to same",
    ),
    "concatenation of different ranks": (
        merged(CONV, ("flat", "Flatten", {}), ("Concatenate", {}), [8, 8, 1]),
        "merge",
        "shapes_differ",
        "Insert Flatten",
    ),
    "dot of different sizes": (
        merged(("a", "Dense", {"units": 8}), ("b", "Dense", {"units": 9}), ("Dot", {"axes": 1}), [4]),
        "merge",
        "shapes_differ",
        "Set units of b to 8",
    ),
    "subtract of three": (
        design(
            {
                "x": ("InputLayer", {"shape": [4]}),
                "a": ("Dense", {"units": 4}),
                "b": ("Dense", {"units": 4}),
                "merge": ("Subtract", {}),
                "y": ("Output", {}),
            },
            ["x->a", "x->b", "a->merge:inputs.0", "b->merge:inputs.1", "x->merge:inputs.2", "merge->y"],
        ),
        "merge",
        "wrong_input_count",
        "Remove 1 wire",
    ),
    "shared dense on other widths": (
        shared([8], [9], ("Dense", {"units": 3})),
        "second",
        "wrong_size",
        "Set shape of b to (8,)",
    ),
    "shared conv on other channels": (
        shared([8, 8, 1], [8, 8, 3], ("Conv2D", {"filters": 3, "kernel_size": 3})),
        "second",
        "wrong_size",
        "Set shape of b to (8, 8, 1)",
    ),
    "dense after flattening an open size": (
        classifier(CONV, FLATTEN, shape=[None, None, 1]),
        "dense",
        "undefined_axis",
        "Put GlobalAveragePooling2D in place of flatten",
    ),
    "channels left open": (
        image(CONV).model_copy(deep=True),
        "conv",
        "undefined_axis",
        "Set shape of x to (8, 8, 1)",
    ),
    "reshape to another size": (
        classifier(("reshape", "Reshape", {"target_shape": [3, 5]}), FLATTEN, shape=[8, 3]),
        "reshape",
        "reshape_size",
        "Set target_shape of reshape to (3, -1)",
    ),
    "permutation of another rank": (
        classifier(("permute", "Permute", {"dims": [2, 1]}), FLATTEN, shape=[8, 8, 3]),
        "permute",
        "wrong_rank",
        "",
    ),
    "axis out of range": (
        classifier(("norm", "BatchNormalization", {"axis": 3}), shape=[8]),
        "norm",
        "invalid_axis",
        "Reset axis of norm",
    ),
    "stateful without a batch size": (
        classifier(("lstm", "LSTM", {"units": 4, "stateful": True}), shape=[8, 4]),
        "lstm",
        "needs_batch_size",
        "Set batch size 32",
    ),
    "strides with dilation": (
        image(("conv", "Conv2D", {"filters": 4, "kernel_size": 3, "strides": 2, "dilation_rate": 2})),
        "conv",
        "invalid_param",
        "Reset",
    ),
    "rate above one": (
        classifier(("drop", "Dropout", {"rate": 1.0}), ("cut", "SpatialDropout1D", {"rate": 0.5}), shape=[8]),
        "cut",
        "wrong_rank",
        "Insert Reshape",
    ),
}
FAULTS["channels left open"][0].layers["x"].params["shape"] = [8, 8, None]


@pytest.mark.parametrize("name", FAULTS)
def test_a_seeded_fault_blames_its_node_and_the_fix_mends_it(name: str) -> None:
    document, node, code, title = FAULTS[name]

    problems = [problem for problem in analyse(document, CATALOG).problems if problem.severity == "error"]

    assert [(problem.node, problem.code) for problem in problems] == [(node, code)]
    (problem,) = problems
    assert "KerasTensor" not in problem.message
    assert "with name 'None'" not in problem.message
    assert problem.hint
    if not title:
        assert problem.fix is None
        return
    assert problem.fix is not None
    assert problem.fix.title.startswith(title)
    mended = fixes.applied(document, problem.fix)
    assert mended is not None
    assert [problem for problem in analyse(mended, CATALOG).problems if problem.severity == "error"] == []
    assert build_model(make_plan(mended, CATALOG)).count_params() == analyse(mended, CATALOG).total_params


def test_figures_of_a_small_network() -> None:
    analysis = analyse(image(CONV, ("norm", "BatchNormalization", {})), CATALOG)

    def node(
        id: str, class_name: str, taken: list[Any], given: list[Any], params: int, trainable: int, flops: int = 0
    ) -> NodeAnalysis:
        return NodeAnalysis(
            id=id,
            name=id,
            class_name=class_name,
            input_shapes={"input": taken} if taken else {},
            output_shapes={"output": given} if given else {},
            output_dtypes={"output": "float32"} if given else {},
            params=params,
            trainable_params=trainable,
            flops=flops,
            activation_bytes=4 * math.prod(given[1:]) if given else 0,
        )

    assert analysis == Analysis(
        nodes=[
            node("x", "InputLayer", [], [None, 8, 8, 1], 0, 0),
            node("conv", "Conv2D", [None, 8, 8, 1], [None, 6, 6, 4], 40, 40, 2 * 36 * 36 + 144),
            node("norm", "BatchNormalization", [None, 6, 6, 4], [None, 6, 6, 4], 16, 8, 2 * 144),
            node("flatten", "Flatten", [None, 6, 6, 4], [None, 144], 0, 0),
            node("dense", "Dense", [None, 144], [None, 10], 1450, 1450, 2 * 1440 + 10),
            node("y", "Output", [None, 10], [], 0, 0),
        ],
        total_params=1506,
        trainable_params=1498,
        costs=Costs(
            flops=5_914,
            weights_bytes=4 * 1506,
            activation_bytes=2_024,
            training_bytes=4 * (1506 + 3 * 1498) + 2 * 2_024 * 32,
        ),
        problems=[],
    )


def test_nodes_behind_an_error_are_blocked_and_others_are_analysed() -> None:
    document = design(
        {
            "x": ("InputLayer", {"shape": [8, 8, 1]}),
            "conv": ("Conv2D", {"filters": 4, "kernel_size": 9}),
            "flat": ("Flatten", {}),
            "other": ("Flatten", {}),
            "merge": ("Concatenate", {}),
            "y": ("Output", {}),
        },
        ["x->conv", "conv->flat", "x->other", "flat->merge:inputs.0", "other->merge:inputs.1", "merge->y"],
    )

    analysis = analyse(document, CATALOG)

    assert [(p.severity, p.code, p.node, p.upstream) for p in analysis.problems] == [
        ("error", "output_too_small", "conv", "x"),
        ("info", "blocked", "flat", "conv"),
        ("info", "blocked", "merge", "conv"),
        ("info", "blocked", "y", "conv"),
    ]
    assert {node.id: node.output_shapes for node in analysis.nodes}["other"] == {"output": [None, 64]}


def test_a_dense_on_a_picture_suggests_flatten() -> None:
    document = classifier(CONV, shape=[8, 8, 1])

    (problem,) = analyse(document, CATALOG).problems

    assert (problem.severity, problem.code, problem.node) == ("warning", "flatten_suggested", "dense")
    assert problem.fix is not None
    mended = fixes.applied(document, problem.fix)
    assert mended is not None
    assert analyse(mended, CATALOG).problems == []
    rows = sorted(mended.nodes, key=lambda node: mended.nodes[node].y)
    assert rows == ["x", "conv", "flatten", "dense", "y"]


def test_a_dense_on_a_sequence_suggests_nothing() -> None:
    document = classifier(("lstm", "LSTM", {"units": 4, "return_sequences": True}), shape=[8, 4])

    assert analyse(document, CATALOG).problems == []


def test_a_shared_layer_counts_once_at_its_first_call() -> None:
    analysis = analyse(shared([8], [8], ("Dense", {"units": 3})), CATALOG)

    assert analysis.total_params == 27
    assert {node.id: node.params for node in analysis.nodes} == {
        "a": 0,
        "b": 0,
        "layer": 27,
        "second": 0,
        "y": 0,
        "z": 0,
    }


COUNTED: dict[str, GraphDocument] = {
    "frozen": image(("conv", "Conv2D", {"filters": 4, "kernel_size": 3, "trainable": False})),
    "seeds": classifier(("drop", "Dropout", {"rate": 0.5}), ("noise", "GaussianNoise", {"stddev": 0.1}), shape=[4]),
    "preprocessing": classifier(("norm", "Normalization", {}), ("scale", "Rescaling", {"scale": 0.1}), shape=[4]),
    "wrappers": classifier(
        ("both", "Bidirectional", {"layer": {"class_name": "GRU", "config": {"units": 3}}}), shape=[8, 4]
    ),
    "attention": design(
        {
            "x": ("InputLayer", {"shape": [8, 4]}),
            "attend": ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3}),
            "y": ("Output", {}),
        },
        ["x->attend:query", "x->attend:value", "attend->y"],
    ),
    "spectral": classifier(
        ("spectral", "SpectralNormalization", {"layer": {"class_name": "Dense", "config": {"units": 3}}}), shape=[4]
    ),
    "stateful": chain(
        ("x", "InputLayer", {"shape": [8, 16], "batch_size": 32}),
        ("lstm", "LSTM", {"units": 4, "stateful": True}),
        ("y", "Output", {}),
    ),
    "embedding": chain(
        ("x", "InputLayer", {"shape": [None], "dtype": "int32"}),
        ("embed", "Embedding", {"input_dim": 10, "output_dim": 4, "mask_zero": True}),
        ("lstm", "LSTM", {"units": 3}),
        ("y", "Output", {}),
    ),
}


def sampled(spec: ObjectSpec) -> GraphDocument:
    """Return a design of one layer of the catalog, from its sample values."""
    layers: dict[str, tuple[str, dict[str, Any]]] = {"layer": (spec.name, dict(spec.sample)), "y": ("Output", {})}
    wires = [f"layer:{output_keys(output_ports(spec, spec.sample), 1)[0]}->y"]
    for number, (port, shape) in enumerate(spec.sample_inputs.items()):
        params = shape if isinstance(shape, dict) else {"shape": shape}
        layers[f"x{number}"] = ("InputLayer", params)
        wires.append(f"x{number}->layer:{port}")
    return design(layers, wires)


COUNTED |= {
    spec.name: sampled(spec)
    for spec in CATALOG.objects[Kind.LAYER].values()
    if not spec.marker and spec.sample_inputs and spec.name != "Equalization"
}


@pytest.mark.parametrize("name", COUNTED)
def test_counts_are_those_of_the_built_model(name: str) -> None:
    document = COUNTED[name]

    analysis = analyse(document, CATALOG)
    model = build_model(make_plan(document, CATALOG))

    assert analysis.problems == []
    assert analysis.total_params == model.count_params()
    assert analysis.trainable_params == sum(math.prod(weight.shape) for weight in model.trainable_weights)
    assert analysis.nodes[-1].input_shapes["input"] == list(model.output_shape)


def test_a_layer_that_keras_cannot_put_into_a_model_is_an_error() -> None:
    """`Equalization` returns its input tensor; a functional model of Keras 3.15 takes that for a cycle."""
    document = sampled(CATALOG.objects[Kind.LAYER]["Equalization"])

    assert [problem.code for problem in analyse(document, CATALOG).problems if problem.severity == "error"] == [
        "keras_error"
    ]
    with pytest.raises(BuildFailed):
        build_model(make_plan(document, CATALOG))


def test_no_weights_are_left_to_be_initialised() -> None:
    before = list(global_state.get_global_attribute("uninitialized_variables", []))

    analyse(classifier(("huge", "Dense", {"units": 2**31 - 1}), shape=[2**31 - 1]), CATALOG)

    after = global_state.get_global_attribute("uninitialized_variables", [])
    assert [id(variable) for variable in after] == [id(variable) for variable in before]
    assert keras.Variable([1.0]).numpy().tolist() == [1.0]


@dataclass
class Edit:
    """One change to a design, and how many layers Keras must be asked about again."""

    node: str
    param: str
    value: Any
    calls: int


@pytest.mark.parametrize(
    "edit",
    [Edit("dense", "units", 11, 1), Edit("flatten", "name", "flat", 1), Edit("conv", "filters", 5, 4)],
    ids=lambda edit: edit.node,
)
def test_an_edit_asks_keras_only_about_what_it_touches(edit: Edit, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.worker.analysis import reading as module

    document = image(CONV, ("norm", "BatchNormalization", {"momentum": 0.123}))
    analyse(document, CATALOG)
    asked: list[str] = []
    real = module.dry_call

    def counting(subject: module.Subject, *rest: Any) -> module.Outcome:
        asked.append(subject.instance.class_name)
        return real(subject, *rest)

    monkeypatch.setattr(module, "dry_call", counting)
    edited = document.model_copy(deep=True)
    edited.layers[edit.node].params[edit.param] = edit.value
    analyse(edited, CATALOG)

    assert len(asked) == edit.calls
