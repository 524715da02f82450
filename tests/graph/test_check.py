from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.catalog.model import Kind
from app.catalog.registry import load_catalog
from app.document.model import GraphDocument
from app.document.read import validate_document
from app.graph import fixes
from app.graph.check import check
from app.graph.model import Problem
from app.graph.plan import make_plan
from tests.graph.designs import chain, classifier, design

CATALOG = load_catalog()

Found = tuple[str, str, str, str]


def found(document: GraphDocument) -> list[Found]:
    return [(p.severity, p.code, p.node, p.param or p.port) for p in check(document, CATALOG)]


def mended(document: GraphDocument) -> list[Found]:
    """Apply the fix of the first problem, and check again."""
    problem = next(problem for problem in check(document, CATALOG) if problem.fix)
    assert problem.fix
    after = fixes.applied(document, problem.fix)
    assert after is not None
    return found(after)


def dense(**params: Any) -> GraphDocument:
    return chain(("x", "InputLayer", {"shape": [4]}), ("dense", "Dense", {"units": 3, **params}), ("y", "Output", {}))


FIXABLE: dict[str, tuple[GraphDocument, list[Found]]] = {
    "missing input": (
        chain(("dense", "Dense", {"units": 3}), ("y", "Output", {})),
        [("error", "port_unconnected", "dense", "input"), ("error", "missing_input", "", "")],
    ),
    "missing output": (
        chain(("x", "InputLayer", {"shape": [4]}), ("dense", "Dense", {"units": 3})),
        [("error", "missing_output", "", "")],
    ),
    "unknown parameter": (dense(colour="red"), [("error", "unknown_param", "dense", "colour")]),
    "wrong kind": (dense(use_bias="yes"), [("error", "wrong_kind", "dense", "use_bias")]),
    "out of range": (dense(units=-3), [("error", "out_of_range", "dense", "units")]),
    "huge": (dense(units=10**18), [("error", "out_of_range", "dense", "units")]),
    "missing parameter": (
        chain(("x", "InputLayer", {"shape": [4]}), ("dense", "Dense", {}), ("y", "Output", {})),
        [("error", "missing_param", "dense", "units")],
    ),
    "unknown nested object": (
        dense(kernel_initializer="os.system"),
        [("error", "unknown_object", "dense", "kernel_initializer")],
    ),
    "dangling edge": (
        design({"x": ("InputLayer", {"shape": [4]}), "y": ("Output", {})}, ["x->y", "x->gone"]),
        [("error", "dangling_edge", "x", "")],
    ),
    "unknown input port": (
        design(
            {"x": ("InputLayer", {"shape": [4]}), "a": ("Flatten", {}), "y": ("Output", {})},
            ["x->a", "x->a:other", "a->y"],
        ),
        [("error", "unknown_port", "a", "other")],
    ),
    "unknown output port": (
        design(
            {"x": ("InputLayer", {"shape": [4]}), "a": ("Add", {}), "y": ("Output", {})},
            ["x->a:inputs.0", "x:state->a:inputs.1", "a->y"],
        ),
        [("error", "unknown_port", "x", "state")],
    ),
    "port taken": (
        design(
            {"x": ("InputLayer", {"shape": [4]}), "a": ("Flatten", {}), "b": ("Add", {}), "y": ("Output", {})},
            ["x->a", "x->b:inputs.0", "a->b:inputs.1", "x->y", "b->y"],
        ),
        [("error", "port_taken", "y", "input")],
    ),
    "cycle": (
        design(
            {"x": ("InputLayer", {"shape": [4]}), "a": ("Add", {}), "b": ("Flatten", {}), "y": ("Output", {})},
            ["x->a:inputs.0", "a->b", "b->a:inputs.1", "b->y"],
        ),
        [("error", "cycle", "a", "inputs.1")],
    ),
    "self loop": (
        design(
            {"x": ("InputLayer", {"shape": [4]}), "a": ("Add", {}), "y": ("Output", {})},
            ["x->a:inputs.0", "a->a:inputs.1", "a->y"],
        ),
        [("error", "cycle", "a", "inputs.1")],
    ),
    "one loose end": (
        design(
            {
                "x": ("InputLayer", {"shape": [4]}),
                "a": ("Dense", {"units": 3}),
                "b": ("Dropout", {"rate": 0.5}),
                "y": ("Output", {}),
            },
            ["x->a", "b->y"],
        ),
        [("error", "port_unconnected", "b", "input")],
    ),
    "invalid name": (
        design({"x": ("InputLayer", {"shape": [4]}), "y": ("Output", {})}, ["x->y"]).model_copy(deep=True),
        [],
    ),
    "invalid argument": (
        validate_document(
            {
                **dense().model_dump(),
                "nodes": {
                    "x": {"layer": "x"},
                    "dense": {"layer": "dense", "arguments": {"__class__": 1}},
                    "y": {"layer": "y"},
                },
            }
        ),
        [("error", "invalid_argument", "dense", "__class__")],
    ),
    "missing layer": (
        validate_document({**dense().model_dump(), "nodes": {**dense().model_dump()["nodes"], "z": {"layer": "gone"}}}),
        [("warning", "missing_layer", "z", "")],
    ),
    "unknown class": (
        design({"x": ("InputLayer", {"shape": [4]}), "a": ("Evil", {}), "y": ("Output", {})}, ["x->y"]),
        [("warning", "unknown_class", "a", "")],
    ),
}
FIXABLE["invalid name"][0].layers["x"].name = "in/out"
FIXABLE["invalid name"][1].append(("error", "invalid_name", "x", "name"))


@pytest.mark.parametrize("name", FIXABLE)
def test_a_fault_is_named_at_its_node_and_its_fix_mends_it(name: str) -> None:
    document, expected = FIXABLE[name]

    assert found(document) == expected
    assert not any(severity == "error" for severity, *_ in mended(document))


def test_a_sound_design_has_no_problems() -> None:
    assert check(classifier(("flatten", "Flatten", {}), shape=[8, 8, 1]), CATALOG) == []


def test_an_empty_design_asks_for_its_two_ends() -> None:
    assert found(GraphDocument()) == [("error", "missing_input", "", ""), ("error", "missing_output", "", "")]


def test_two_layers_of_one_name() -> None:
    document = dense()
    document.layers["dense"].name = "x"

    assert found(document) == [("error", "duplicate_name", "x", "name")]
    assert mended(document) == []


def test_a_lone_node_is_left_out_with_a_warning() -> None:
    document = design(
        {"x": ("InputLayer", {"shape": [4]}), "spare": ("LSTM", {"units": 3}), "y": ("Output", {})}, ["x->y"]
    )

    assert found(document) == [("warning", "unconnected", "spare", "")]
    assert "spare" not in make_plan(document, CATALOG).layers


def test_errors_beside_the_way_to_an_output_are_warnings() -> None:
    document = design(
        {"x": ("InputLayer", {"shape": [4]}), "side": ("Dense", {"units": -1}), "y": ("Output", {})},
        ["x->y", "x->side"],
    )

    assert found(document) == [("warning", "out_of_range", "side", "units")]


def test_a_placeholder_is_an_error_that_says_what_it_stood_for() -> None:
    document = chain(
        ("x", "InputLayer", {"shape": [4]}),
        ("own", "Placeholder", {"class_name": "MyLayer", "config": {"a": 1}}),
        ("y", "Output", {}),
    )

    assert check(document, CATALOG) == [
        Problem(
            code="placeholder",
            node="own",
            message="own stands for a layer that Layerloom could not import.",
            expected="a layer of the catalog",
            received="MyLayer",
            hint="Put a layer of the catalog in its place, or remove it.",
        )
    ]


CLASSES = [
    *CATALOG.objects[Kind.LAYER],
    *("Model", "Output", "InputLayer", "TimeDistributed", "ops.add", "ops.mean", "ops.split"),
    *("Placeholder", "Nothing", "__import__"),
]
PORTS = ["input", "output", "inputs.0", "inputs.1", "outputs.0", "query", "state_h", "x1", "nowhere"]
GRAPHS = ["", "g", "h"]
MODEL_CLASSES = st.sampled_from(["auto", "Functional", "Sequential"])
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**12),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.lists(st.integers(-3, 9), max_size=3),
    st.just({"class_name": "Dense", "config": {"units": 3}}),
    st.sampled_from(["g", "h", "gone"]),
    st.sampled_from(["n0", "n1", "gone"]).map(lambda layer: {"layer": layer}),
    st.sampled_from(["g", "h"]).map(lambda graph: {"class_name": "Model", "config": {"graph": graph}}),
)


@st.composite
def any_designs(draw: st.DrawFn) -> GraphDocument:
    names = [f"n{index}" for index in range(draw(st.integers(0, 6)))]
    params = st.dictionaries(
        st.sampled_from(["units", "filters", "shape", "axis", "layer", "graph", "name", "x"]), VALUES
    )
    layers = {
        name: {
            "class_name": draw(st.sampled_from(CLASSES)),
            "name": draw(st.sampled_from(["a", "b/c", name])),
            "params": draw(params),
        }
        for name in names
    }
    ends = st.sampled_from([*names, "gone"])
    ports = st.sampled_from(PORTS)
    edges = draw(st.lists(st.tuples(ends, ports, ends, ports), max_size=10))
    return validate_document(
        {
            "graphs": {graph: {"name": graph, "model_class": draw(MODEL_CLASSES)} for graph in GRAPHS if graph},
            "meta": {"model_class": draw(MODEL_CLASSES)},
            "layers": layers,
            "nodes": {
                name: {
                    "layer": draw(st.sampled_from([*names, "gone"])),
                    "graph": draw(st.sampled_from([*GRAPHS, "gone"])),
                    "arguments": draw(st.dictionaries(st.sampled_from(["training", "x"]), VALUES, max_size=1)),
                }
                for name in names
            },
            "edges": {f"{a}:{p}->{b}:{q}": {} for a, p, b, q in edges},
        }
    )


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(any_designs())
def test_check_never_raises_and_a_design_without_errors_has_a_plan(document: GraphDocument) -> None:
    problems = check(document, CATALOG)

    assert all(problem.node in document.nodes or problem.node == "" for problem in problems)
    for problem in problems:
        assert problem.fix is None or fixes.applied(document, problem.fix) is not None
    if not any(problem.severity == "error" for problem in problems):
        plan = make_plan(document, CATALOG)
        for graph in (plan, *plan.graphs.values()):
            known = {planned.node for planned in graph.inputs}
            constructed = {*graph.owns, *graph.takes}
            for call in graph.calls:
                assert call.layer in constructed
                for sources in call.arguments.values():
                    for source in sources if isinstance(sources, tuple) else (sources,):
                        assert source.node in known
                known.add(call.node)


def in_a_row(count: int) -> GraphDocument:
    """Return a design of `count` wrappers, each of which holds the next by reference, and the last a Dense."""
    held = {f"l{number}": {"class_name": "TimeDistributed", "name": f"l{number}"} for number in range(count)}
    layers = {
        **{name: {**layer, "params": {"layer": {"layer": f"l{int(name[1:]) + 1}"}}} for name, layer in held.items()},
        f"l{count}": {"class_name": "Dense", "name": "dense", "params": {"units": 2}},
    }
    base = chain(("x", "InputLayer", {"shape": [4] * 20}), ("l0", "Identity", {}), ("y", "Output", {}))
    return GraphDocument.model_validate({**base.model_dump(), "layers": {**base.model_dump()["layers"], **layers}})


@pytest.mark.parametrize(("count", "expected"), [(16, []), (17, ["17 levels"]), (900, ["900 levels"])])
def test_layers_hold_one_another_to_a_limit(count: int, expected: list[str]) -> None:
    problems = check(in_a_row(count), CATALOG)
    assert [(p.code, p.node, p.received) for p in problems] == [("out_of_range", "l0", each) for each in expected]


@pytest.mark.parametrize(
    ("class_name", "ring", "code", "count"),
    [
        ("Nothing", (), "unknown_class", 5_000),
        ("Add", (), "port_unconnected", 1),
        ("Add", ((0, 1), (1, 0)), "cycle", 1),
        ("Add", ((4_999, 0),), "cycle", 1),
    ],
)
def test_the_faults_of_the_largest_designs_are_told(
    class_name: str, ring: tuple[tuple[int, int], ...], code: str, count: int
) -> None:
    """Twenty thousand wires: what takes a look at all of them for each node would take minutes."""
    pairs = {(max(0, number - step), number) for number in range(1, 5_000) for step in (1, 2, 3)} | set(ring)
    document = GraphDocument.model_validate(
        {
            "layers": {f"n{number}": {"class_name": class_name, "name": f"n{number}"} for number in range(5_000)},
            "nodes": {f"n{number}": {"layer": f"n{number}"} for number in range(5_000)},
            "edges": {f"n{a}:output->n{b}:inputs.{b - a if a < b else 0}": {} for a, b in pairs},
        }
    )
    assert [problem.code for problem in check(document, CATALOG)].count(code) == count
