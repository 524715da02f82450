"""A placeholder that becomes a layer of a class: the edits, and the design that they give."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.catalog.model import Kind
from app.catalog.registry import load_catalog
from app.document.edits import apply_edits, edits_between
from app.document.model import GraphDocument
from app.document.read import validate_document
from app.graph.placeholders import replace_placeholder
from app.graph.topology import read_wire
from app.shared.errors import Invalid, NotFound
from tests.graph.designs import design

CATALOG = load_catalog()
CLASSES = sorted(
    name for kind in (Kind.LAYER, Kind.OPERATION) for name, spec in CATALOG.objects[kind].items() if not spec.marker
)
PORTS = ("input", "in_mask", "in_x", "in_initial_state.0", "in_initial_state.1", "inputs_1", "inputs_2")


def replaced(document: GraphDocument, class_name: str, layer: str = "p") -> GraphDocument:
    edits = replace_placeholder(document, layer, class_name, CATALOG)
    return validate_document(apply_edits(document.model_dump(mode="json"), edits))


def placeholder(config: dict[str, Any], *edges: str) -> GraphDocument:
    params = {"class_name": "Mine", "config": config}
    nodes: dict[str, tuple[str, dict[str, Any]]] = {
        "a": ("InputLayer", {"shape": [4]}),
        "b": ("InputLayer", {"shape": [4]}),
        "p": ("Placeholder", params),
        "y": ("Output", {}),
    }
    return design(nodes, list(edges))


def test_what_the_file_said_is_kept_where_the_class_has_it() -> None:
    config = {
        "name": "p",
        "units": 5,
        "activation": "relu",
        "use_bias": True,
        "bias_initializer": {"module": "keras.initializers", "class_name": "Ones", "config": {}},
        "mine": 3,
    }
    before = placeholder(config, "a:output->p:input", "p:output->y:input")

    after = replaced(before, "Dense")

    layer = before.layers["p"].model_copy(update={"class_name": "Dense", "params": {"units": 5, "activation": "relu"}})
    assert after == before.model_copy(update={"layers": {**before.layers, "p": layer}})


def test_wires_go_to_the_ports_of_the_class_in_order() -> None:
    before = placeholder({}, "a:output->p:inputs.1", "b:output->p:inputs.0", "p:output->y:input")

    assert set(replaced(before, "Attention").edges) == {
        "b:output->p:query",
        "a:output->p:value",
        "p:output->y:input",
    }
    assert set(replaced(before, "Concatenate").edges) == {
        "a:output->p:inputs.1",
        "b:output->p:inputs.0",
        "p:output->y:input",
    }


def test_a_wire_may_take_the_key_that_another_one_leaves() -> None:
    before = placeholder({}, "a:output->p:first", "a:output->p:query", "p:output->y:input")

    assert set(replaced(before, "Attention").edges) == {
        "a:output->p:query",
        "a:output->p:value",
        "p:output->y:input",
    }


def test_arguments_by_name_come_after_those_by_position() -> None:
    before = placeholder({}, "a:output->p:in_more", "b:output->p:input", "b:output->p:inputs_1")

    assert set(replaced(before, "Attention").edges) == {"b:output->p:query", "b:output->p:value", "a:output->p:key"}


def test_a_layer_that_feeds_another_call_of_itself_keeps_one_wire() -> None:
    before = design(
        {"p": ("Placeholder", {"config": {"return_state": True}})}, ["p:output_1->again:in_x"], {"again": "p"}
    )

    assert set(replaced(before, "LSTM").edges) == {"p:state_h->again:input"}


@st.composite
def placeholders(draw: st.DrawFn) -> GraphDocument:
    """Draw a design with a placeholder that is called once or twice, with any wires at it."""
    calls = {"again": "p"} if draw(st.booleans()) else {}
    into = [
        f"{draw(st.sampled_from(['a', 'b']))}->{node}:{port}"
        for node in ("p", *calls)
        for port in draw(st.lists(st.sampled_from(PORTS), max_size=4, unique=True))
    ]
    own = ["p:output_1->again:in_y"] if calls and draw(st.booleans()) else []
    out = [f"p:{port}->y" for port in draw(st.sampled_from([[], ["output"], ["output_2"]]))]
    config = draw(st.dictionaries(st.sampled_from(["units", "rate", "axis", "name", "mine"]), st.integers(0, 9)))
    params = {"class_name": "Mine", "config": config}
    inputs: dict[str, tuple[str, dict[str, Any]]] = {name: ("InputLayer", {"shape": [4]}) for name in ("a", "b")}
    return design({**inputs, "p": ("Placeholder", params), "y": ("Output", {})}, [*into, *own, *out], calls)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(placeholders(), st.sampled_from(CLASSES))
def test_only_the_layer_and_its_wires_change_and_it_can_be_undone(before: GraphDocument, class_name: str) -> None:
    after = replaced(before, class_name)

    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    assert apply_edits(new, edits_between(new, old)) == old
    assert after.layers["p"].class_name == class_name
    assert {**old["layers"], "p": new["layers"]["p"]} == new["layers"]
    assert {key: value for key, value in old.items() if key not in ("layers", "edges")} == {
        key: value for key, value in new.items() if key not in ("layers", "edges")
    }
    ends = [sorted((wire.source, wire.target) for wire in map(read_wire, each.edges)) for each in (before, after)]
    assert ends[0] == ends[1]


@pytest.mark.parametrize("class_name", ["Nothing", "Output", "InputLayer", "Model"])
def test_a_class_that_is_not_there_is_refused(class_name: str) -> None:
    with pytest.raises(NotFound):
        replace_placeholder(placeholder({}), "p", class_name, CATALOG)


def test_only_a_placeholder_is_replaced() -> None:
    with pytest.raises(NotFound):
        replace_placeholder(placeholder({}), "gone", "Dense", CATALOG)
    with pytest.raises(Invalid) as error:
        replace_placeholder(placeholder({}), "a", "Dense", CATALOG)
    assert error.value.received == "InputLayer"
