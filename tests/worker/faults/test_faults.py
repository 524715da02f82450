"""The whole corpus of seeded mistakes: every one is caught before training, at its node, and most can be mended."""

from typing import Any

import pytest

from app.catalog.registry import load_catalog
from app.document.model import GraphDocument
from app.graph import fixes
from app.graph.check import check
from app.graph.model import Problem
from app.worker.analysis.analyse import analyse
from app.worker.preflight.check import analyse_for
from tests.graph.designs import chain, classifier, design
from tests.graph.test_check import FIXABLE
from tests.worker.analysis.test_analyse import FAULTS
from tests.worker.preflight.test_preflight import MISFITS

CATALOG = load_catalog()


def fed(dtype: str, shape: list[int | None], class_name: str, params: dict[str, Any]) -> GraphDocument:
    return chain(
        ("x", "InputLayer", {"shape": shape, "dtype": dtype}), ("layer", class_name, params), ("y", "Output", {})
    )


def joined(
    one: list[int], other: list[int], merge: tuple[str, dict[str, Any]], ports: tuple[str, str]
) -> GraphDocument:
    return design(
        {
            "a": ("InputLayer", {"shape": one}),
            "b": ("InputLayer", {"shape": other}),
            "layer": merge,
            "y": ("Output", {}),
        },
        [f"a->layer:{ports[0]}", f"b->layer:{ports[1]}", "layer->y"],
    )


MERGED = ("inputs.0", "inputs.1")
ATTENDING = ("query", "value")
FLATTEN: tuple[str, str, dict[str, Any]] = ("flatten", "Flatten", {})


def started(layer: tuple[str, dict[str, Any]], states: int) -> GraphDocument:
    """Return a recurrent layer of three units that starts from so many inputs."""
    return design(
        {
            "x": ("InputLayer", {"shape": [6, 4]}),
            "state": ("InputLayer", {"shape": [3]}),
            "layer": layer,
            "y": ("Output", {}),
        },
        ["x->layer", *(f"state->layer:initial_state.{number}" for number in range(states)), "layer->y"],
    )


MORE: dict[str, tuple[GraphDocument, str, str, str]] = {
    # name: design, node, code, beginning of the fix's title
    "text into a dense": (
        fed("string", [4], "Dense", {"units": 3}),
        "layer",
        "wrong_dtype",
        "Set dtype of x to float32",
    ),
    "text into an embedding": (
        fed("string", [4], "Embedding", {"input_dim": 3, "output_dim": 2}),
        "layer",
        "wrong_dtype",
        "Set dtype of x to float32",
    ),
    "numbers into text vectorization": (
        fed("float32", [1], "TextVectorization", {"max_tokens": 10}),
        "layer",
        "wrong_dtype",
        "Set dtype of x to string",
    ),
    "numbers into a string lookup": (
        fed("float32", [1], "StringLookup", {"vocabulary": ["a"]}),
        "layer",
        "wrong_dtype",
        "Set dtype of x to string",
    ),
    "queries and keys of different widths": (
        joined([8, 4], [6, 5], ("Attention", {}), ATTENDING),
        "layer",
        "shapes_differ",
        "Set shape of b to (6, 4)",
    ),
    "attention without positions": (
        joined([4], [4], ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3}), ATTENDING),
        "layer",
        "wrong_rank",
        "Insert Reshape before every input",
    ),
    "softmax along an axis that is not there": (
        classifier(("layer", "Softmax", {"axis": 4}), shape=[8]),
        "layer",
        "invalid_axis",
        "Reset axis of layer",
    ),
    "add of a smaller image": (
        joined([8, 8, 4], [6, 6, 4], ("Add", {}), MERGED),
        "layer",
        "shapes_differ",
        "Insert ZeroPadding2D (padding ((1, 1), (1, 1)))",
    ),
    "concatenation of a larger image": (
        joined([7, 7, 4], [8, 8, 3], ("Concatenate", {}), MERGED),
        "layer",
        "shapes_differ",
        "Insert Cropping2D (cropping ((0, 1), (0, 1)))",
    ),
    "concatenation of sequences of different length": (
        joined([10, 4], [8, 4], ("Concatenate", {}), MERGED),
        "layer",
        "shapes_differ",
        "Insert ZeroPadding1D (padding (1, 1))",
    ),
    "negative slope": (
        classifier(("layer", "LeakyReLU", {"negative_slope": -1.0}), shape=[8]),
        "layer",
        "invalid_param",
        "Reset negative_slope of layer",
    ),
    "two ways to say the bins": (
        classifier(("layer", "Discretization", {"bin_boundaries": [1.0], "num_bins": 3}), shape=[8]),
        "layer",
        "invalid_param",
        "Reset num_bins of layer",
    ),
    "permutation that leaves an axis out": (
        classifier(("layer", "Permute", {"dims": [1, 3]}), FLATTEN, shape=[8, 8]),
        "layer",
        "invalid_param",
        "Set dims of layer to (2, 1)",
    ),
    "upsampling without channels": (
        classifier(("layer", "UpSampling2D", {}), FLATTEN, shape=[8, 3]),
        "layer",
        "wrong_rank",
        "Set shape of x to (8, 3, 1)",
    ),
    "no stride": (
        classifier(("layer", "Conv2D", {"filters": 3, "kernel_size": 3, "strides": 0}), FLATTEN, shape=[8, 8, 1]),
        "layer",
        "out_of_range",
        "Reset strides of layer",
    ),
    "a state more than a GRU has": (
        started(("GRU", {"units": 3}), 2),
        "layer",
        "wrong_state_count",
        "Remove 1 wire",
    ),
    "a state less than an LSTM has": (
        started(("LSTM", {"units": 3}), 1),
        "layer",
        "wrong_state_count",
        "Insert Input",
    ),
    "states of more directions than two": (
        started(("Bidirectional", {"layer": {"class_name": "SimpleRNN", "config": {"units": 3}}}), 4),
        "layer",
        "wrong_state_count",
        "Remove 2 wires",
    ),
    "activation that Keras does not have": (
        classifier(("layer", "Dense", {"units": 3, "activation": "foo"}), shape=[8]),
        "layer",
        "unknown_object",
        "Reset activation of layer",
    ),
    "causal padding of images": (
        classifier(
            ("layer", "Conv2D", {"filters": 3, "kernel_size": 3, "padding": "causal"}), FLATTEN, shape=[8, 8, 1]
        ),
        "layer",
        "wrong_kind",
        "Reset padding of layer",
    ),
}


def errors(problems: list[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.severity == "error"]


@pytest.mark.parametrize("name", MORE)
def test_a_seeded_mistake_blames_its_node_and_the_fix_mends_it(name: str) -> None:
    document, node, code, title = MORE[name]

    problems = errors(analyse(document, CATALOG).problems)

    assert [(problem.node, problem.code) for problem in problems] == [(node, code)]
    assert problems[0].expected
    assert problems[0].received
    assert problems[0].hint
    assert problems[0].fix is not None
    assert problems[0].fix.title.startswith(title)
    mended = fixes.applied(document, problems[0].fix)
    assert mended is not None
    assert errors(analyse(mended, CATALOG).problems) == []


def test_the_corpus_is_as_large_as_promised_and_most_of_it_can_be_mended_at_a_click() -> None:
    mistakes = {
        **{f"shape: {name}": analyse(fault[0], CATALOG).problems for name, fault in (FAULTS | MORE).items()},
        **{f"training: {name}": analyse_for(fault[0], CATALOG, fault[1]).problems for name, fault in MISFITS.items()},
        **{f"graph: {name}": check(fault[0], CATALOG) for name, fault in FIXABLE.items()},
    }

    uncaught = [name for name, problems in mistakes.items() if not problems]
    fixable = [name for name, problems in mistakes.items() if any(problem.fix for problem in problems)]

    assert uncaught == []
    assert len(mistakes) >= 60
    assert len(fixable) >= 40
