"""Graphs in graphs, as check and plan see them."""

from typing import Any

import pytest

from app.catalog.registry import load_catalog
from app.document.model import GraphDocument
from app.graph import fixes
from app.graph.check import check, survey
from app.graph.model import Call, GraphPlan, PlannedInput, PlannedOutput, Source
from app.graph.nesting import MAX_NESTING, Held, read_held
from app.graph.plan import make_plan
from tests.graph.designs import design, nested

CATALOG = load_catalog()

Found = tuple[str, str, str, str]

DENSE = ("Dense", {"units": 4})
INPUT = ("InputLayer", {"shape": [4]})
OUTPUT: tuple[str, dict[str, Any]] = ("Output", {})


def found(document: GraphDocument) -> list[Found]:
    return [(p.severity, p.code, p.node, p.param or p.port) for p in check(document, CATALOG)]


def encoder(**outer: Any) -> GraphDocument:
    """Return x -> encoder(a -> inner -> b) -> y, with `outer` layers beside."""
    return nested(
        {
            "": {"x": INPUT, "encoder": ("Model", {"graph": "g"}), "y": OUTPUT, **outer},
            "g": {"a": INPUT, "inner": DENSE, "b": OUTPUT},
        },
        ["x->encoder:inputs.0", "encoder:outputs.0->y", "a->inner", "inner->b"],
    )


def test_the_ends_of_a_graph_are_the_ports_of_its_layer_by_position() -> None:
    document = nested(
        {
            "": {"x": INPUT, "both": ("Model", {"graph": "g"}), "y": OUTPUT, "z": OUTPUT},
            "g": {
                "late": ("InputLayer", {"shape": [4], "position": 2}),
                "early": ("InputLayer", {"shape": [4], "position": 1}),
                "sum": ("Add", {}),
                "first": ("Output", {"position": 0}),
                "second": ("Output", {"position": 1}),
            },
        },
        [
            *("x->both:inputs.0", "x->both:inputs.1", "both:outputs.0->y", "both:outputs.1->z"),
            *("late->sum:inputs.0", "early->sum:inputs.1", "sum->first", "late->second"),
        ],
    )

    assert check(document, CATALOG) == []
    read = survey(document, CATALOG)
    assert [(port.name, port.help) for port in read.inputs["both"]] == [("inputs.0", "early"), ("inputs.1", "late")]
    assert [(port.name, port.help) for port in read.outputs["both"]] == [
        ("outputs.0", "first"),
        ("outputs.1", "second"),
    ]
    plan = make_plan(document, CATALOG)
    assert plan.calls == (
        Call(
            node="both",
            layer="both",
            arguments={"inputs": (Source(node="x", port="output"), Source(node="x", port="output"))},
            outputs=("outputs.0", "outputs.1"),
        ),
    )
    assert plan.graphs == {
        "g": GraphPlan(
            inputs=(PlannedInput(node="early", layer="early"), PlannedInput(node="late", layer="late")),
            calls=(
                Call(
                    node="sum",
                    layer="sum",
                    arguments={"inputs": (Source(node="late", port="output"), Source(node="early", port="output"))},
                    outputs=("output",),
                ),
            ),
            outputs=(
                PlannedOutput(node="first", name="first", source=Source(node="sum", port="output")),
                PlannedOutput(node="second", name="second", source=Source(node="late", port="output")),
            ),
            sequential=False,
            owns=("early", "late", "sum"),
        )
    }
    assert (plan.owns, plan.takes) == (("both", "x"), ())


def test_a_model_of_one_input_is_called_on_the_tensor_itself() -> None:
    plan = make_plan(encoder(), CATALOG)

    assert plan.calls[0].arguments == {"inputs": Source(node="x", port="output")}
    assert plan.sequential
    assert plan.graphs["g"].sequential


@pytest.mark.parametrize("model_class", ["auto", "Functional", "Sequential"])
def test_a_chain_is_built_as_asked(model_class: str) -> None:
    document = encoder()
    document.graphs["g"].model_class = model_class  # type: ignore[assignment]

    assert make_plan(document, CATALOG).graphs["g"].sequential is (model_class != "Functional")


def test_what_is_to_be_sequential_and_is_no_chain_is_functional_with_a_warning() -> None:
    document = nested({"": {"x": INPUT, "twice": ("Add", {}), "y": OUTPUT}}, ["x->twice:inputs.0", "twice->y"])
    document.meta.model_class = "Sequential"

    (problem,) = check(document, CATALOG)

    assert (problem.severity, problem.code) == ("warning", "not_a_chain")
    assert not make_plan(document, CATALOG).sequential
    assert problem.fix is not None
    mended = fixes.applied(document, problem.fix)
    assert mended is not None
    assert check(mended, CATALOG) == []


def test_a_layer_belongs_to_the_innermost_graph_around_its_calls() -> None:
    """`inner` is called in g and outside; `deep` in g only; `lowest` in h, which stands in g; `mid` in g and h."""
    document = nested(
        {
            "": {"x": INPUT, "one": ("Model", {"graph": "g"}), "two": ("Model", {"graph": "g"}), "y": OUTPUT},
            "g": {
                "a": INPUT,
                "inner": DENSE,
                "deep": DENSE,
                "mid": DENSE,
                "low": ("Model", {"graph": "h"}),
                "b": OUTPUT,
            },
            "h": {"c": INPUT, "lowest": DENSE, "d": OUTPUT},
        },
        [
            *("x->outside", "outside->one:inputs.0", "one:outputs.0->two:inputs.0", "two:outputs.0->y"),
            *("a->inner", "inner->deep", "deep->mid", "mid->low:inputs.0", "low:outputs.0->b"),
            *("c->lowest", "lowest->again", "again->d"),
        ],
        calls={"outside": ("inner", ""), "again": ("mid", "h")},
    )

    plan = make_plan(document, CATALOG)

    assert check(document, CATALOG) == []
    assert list(plan.graphs) == ["h", "g"]
    assert (set(plan.owns), plan.takes) == ({"x", "inner", "one", "two"}, ())
    assert plan.owns.index("inner") < plan.owns.index("one")
    assert (set(plan.graphs["g"].owns), plan.graphs["g"].takes) == ({"a", "deep", "mid", "low"}, ("inner",))
    assert plan.graphs["g"].owns.index("mid") < plan.graphs["g"].owns.index("low")
    assert (plan.graphs["h"].owns, plan.graphs["h"].takes) == (("c", "lowest"), ("mid",))
    assert set(plan.layers) == {"x", "inner", "one", "two", "a", "deep", "mid", "low", "c", "lowest"}


def test_references_come_before_the_layers_that_hold_them() -> None:
    document = design(
        {
            "x": ("InputLayer", {"shape": [3, 4]}),
            "a_wrapper": ("TimeDistributed", {"layer": {"layer": "b_wrapper"}}),
            "b_wrapper": ("SpectralNormalization", {"layer": {"layer": "dense"}}),
            "dense": DENSE,
            "y": OUTPUT,
        },
        ["x->a_wrapper", "a_wrapper->y"],
    ).model_copy(deep=True)
    for node in ("b_wrapper", "dense"):
        del document.nodes[node]

    plan = make_plan(document, CATALOG)

    assert check(document, CATALOG) == []
    assert [layer for layer in plan.owns if layer != "x"] == ["dense", "b_wrapper", "a_wrapper"]


def test_ports_follow_what_a_reference_refers_to() -> None:
    document = design(
        {
            "x": ("InputLayer", {"shape": [3, 4]}),
            "lstm": ("LSTM", {"units": 2, "return_state": True}),
            "both": ("Bidirectional", {"layer": {"layer": "lstm"}}),
            "y": OUTPUT,
            "z": OUTPUT,
        },
        ["x->lstm", "x->both", "lstm->y", "both:backward_c->z"],
    )

    assert check(document, CATALOG) == []


FAULTY: dict[str, tuple[GraphDocument, list[Found]]] = {
    "unknown graph": (
        nested({"": {"x": INPUT, "m": ("Model", {"graph": "none"}), "y": OUTPUT}}, ["x->m:inputs.0", "m:outputs.0->y"]),
        [
            ("error", "unknown_port", "m", "inputs.0"),
            ("error", "unknown_port", "m", "outputs.0"),
            ("error", "unknown_graph", "m", "graph"),
        ],
    ),
    "recursion": (
        nested(
            {
                "": {"x": INPUT, "m": ("Model", {"graph": "g"}), "y": OUTPUT},
                "g": {"a": INPUT, "self": ("Model", {"graph": "h"}), "b": OUTPUT},
                "h": {"c": INPUT, "back": ("Model", {"graph": "g"}), "d": OUTPUT},
            },
            [
                *("x->m:inputs.0", "m:outputs.0->y", "a->self:inputs.0", "self:outputs.0->b"),
                *("c->back:inputs.0", "back:outputs.0->d"),
            ],
        ),
        [("error", "recursive_graph", "self", "graph"), ("error", "recursive_graph", "back", "graph")],
    ),
    "wire between graphs": (
        nested(
            {
                "": {"x": INPUT, "m": ("Model", {"graph": "g"}), "add": ("Add", {}), "y": OUTPUT},
                "g": {"a": INPUT, "dense": DENSE, "b": OUTPUT},
            },
            [
                *("x->m:inputs.0", "m:outputs.0->add:inputs.0", "add->y", "dense->add:inputs.1"),
                *("a->dense", "dense->b"),
            ],
        ),
        [("error", "wire_between_graphs", "add", "inputs.1")],
    ),
    "no Output inside": (
        nested(
            {
                "": {"x": INPUT, "m": ("Model", {"graph": "g"}), "d": DENSE, "y": OUTPUT},
                "g": {"a": INPUT, "dense": DENSE},
            },
            ["x->m:inputs.0", "x->d", "d->y", "a->dense"],
        ),
        [("warning", "graph_without_output", "m", "graph")],
    ),
    "no Input inside": (
        nested(
            {
                "": {"x": INPUT, "m": ("Model", {"graph": "g"}), "y": OUTPUT},
                "g": {"dense": DENSE, "b": OUTPUT},
            },
            ["m:outputs.0->y", "dense->b"],
        ),
        [
            ("error", "port_unconnected", "dense", "input"),
            ("error", "graph_without_input", "m", "graph"),
            ("warning", "unconnected", "x", ""),
        ],
    ),
    "an error inside": (
        nested(
            {
                "": {"x": INPUT, "m": ("Model", {"graph": "g"}), "y": OUTPUT},
                "g": {"a": INPUT, "dense": ("Dense", {"units": -1}), "b": OUTPUT},
            },
            ["x->m:inputs.0", "m:outputs.0->y", "a->dense", "dense->b"],
        ),
        [("error", "out_of_range", "dense", "units")],
    ),
    "an error where nobody looks": (
        nested(
            {
                "": {"x": INPUT, "d": DENSE, "y": OUTPUT},
                "g": {"a": INPUT, "dense": ("Dense", {"units": -1}), "b": OUTPUT},
            },
            ["x->d", "d->y", "a->dense", "dense->b"],
        ),
        [("warning", "out_of_range", "dense", "units"), ("info", "unused_graph", "", "")],
    ),
    "an Output inside without a wire": (
        nested(
            {
                "": {"x": INPUT, "m": ("Model", {"graph": "g"}), "y": OUTPUT},
                "g": {"a": INPUT, "dense": DENSE, "b": OUTPUT, "c": ("Output", {"position": 1})},
            },
            ["x->m:inputs.0", "m:outputs.0->y", "a->dense", "dense->b"],
        ),
        [("error", "port_unconnected", "c", "input")],
    ),
    "a reference to nothing": (
        design(
            {
                "x": ("InputLayer", {"shape": [3, 4]}),
                "td": ("TimeDistributed", {"layer": {"layer": "gone"}}),
                "y": OUTPUT,
            },
            ["x->td", "td->y"],
        ),
        [("error", "unknown_layer", "td", "layer")],
    ),
    "a reference to an end": (
        design(
            {"x": ("InputLayer", {"shape": [3, 4]}), "td": ("TimeDistributed", {"layer": {"layer": "x"}}), "y": OUTPUT},
            ["x->td", "td->y"],
        ),
        [("error", "unknown_layer", "td", "layer")],
    ),
    "a layer in itself": (
        design(
            {
                "x": ("InputLayer", {"shape": [3, 4]}),
                "td": ("TimeDistributed", {"layer": {"layer": "td"}}),
                "y": OUTPUT,
            },
            ["x->td", "td->y"],
        ),
        [("error", "recursive_layer", "td", "layer")],
    ),
}


@pytest.mark.parametrize("name", FAULTY)
def test_faults_of_graphs(name: str) -> None:
    document, expected = FAULTY[name]

    assert found(document) == expected


def test_a_name_is_one_of_its_graph_only() -> None:
    document = encoder()
    document.layers["a"].name = "x"
    assert found(document) == []

    document.layers["inner"].name = "x"
    assert found(document) == [("error", "duplicate_name", "inner", "name")]


def test_a_design_larger_than_can_be_built_is_refused() -> None:
    """Each of 20 graphs holds two of the next: a million instances in forty nodes."""
    graphs: dict[str, dict[str, Any]] = {"": {"x": INPUT, "m": ("Model", {"graph": "g0"}), "y": OUTPUT}}
    wires = ["x->m:inputs.0", "m:outputs.0->y"]
    for level in range(20):
        inside = ("Model", {"graph": f"g{level + 1}"}) if level < 19 else DENSE
        graphs[f"g{level}"] = {f"a{level}": INPUT, f"p{level}": inside, f"q{level}": inside, f"b{level}": OUTPUT}
        entry, out = ("inputs.0", "outputs.0") if level < 19 else ("input", "output")
        wires += [f"a{level}->p{level}:{entry}", f"p{level}:{out}->q{level}:{entry}", f"q{level}:{out}->b{level}"]

    assert found(nested(graphs, wires)) == [("error", "too_many_calls", "", "")]


@pytest.mark.parametrize(("levels", "expected"), [(MAX_NESTING, []), (MAX_NESTING + 1, ["nested_too_deeply"])])
def test_how_deep_models_may_stand_in_models(levels: int, expected: list[str]) -> None:
    graphs: dict[str, dict[str, Any]] = {"": {"x": INPUT, "m": ("Model", {"graph": "g0"}), "y": OUTPUT}}
    wires = ["x->m:inputs.0", "m:outputs.0->y"]
    for level in range(levels):
        last = level == levels - 1
        inside = DENSE if last else ("Model", {"graph": f"g{level + 1}"})
        entry, out = ("input", "output") if last else ("inputs.0", "outputs.0")
        graphs[f"g{level}"] = {f"a{level}": INPUT, f"p{level}": inside, f"b{level}": OUTPUT}
        wires += [f"a{level}->p{level}:{entry}", f"p{level}:{out}->b{level}"]

    assert [problem.code for problem in check(nested(graphs, wires), CATALOG)] == expected


def test_fixes_stay_in_the_graph_of_the_fault() -> None:
    document, _ = FAULTY["no Output inside"]
    problem = next(problem for problem in check(document, CATALOG) if problem.code == "graph_without_output")

    assert problem.fix is not None
    mended = fixes.applied(document, problem.fix)
    assert mended is not None
    assert mended.nodes["output"].graph == "g"
    assert found(mended) == []


def test_what_a_layer_holds_is_found_at_any_depth() -> None:
    spec = CATALOG.find("layers", "TimeDistributed")  # type: ignore[arg-type]
    assert spec is not None
    inner = {"class_name": "Model", "config": {"graph": "g"}}
    cells = {"class_name": "StackedRNNCells", "config": {"cells": [{"layer": "one"}, {"layer": "two"}]}}
    rnn = {"class_name": "RNN", "config": {"cell": cells}}

    held = read_held(spec, {"layer": {"class_name": "TimeDistributed", "config": {"layer": inner}}}, CATALOG)
    assert held == Held(graphs=("g",))
    assert read_held(spec, {"layer": rnn}, CATALOG) == Held(layers=("one", "two"))
    assert read_held(spec, {"layer": {"class_name": "Dense", "config": {"units": {"layer": "x"}}}}, CATALOG) == Held()
