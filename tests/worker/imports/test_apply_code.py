"""Edited Python as edits of its design."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings

from app.catalog.own import catalog_for
from app.codegen.python_source import render_script
from app.designs.templates import get_template
from app.document.edits import apply_edits, edits_between
from app.document.model import GraphDocument
from app.graph.plan import make_plan
from app.messages.analysis import AppliedCode, ApplyCodeRequest
from app.messages.data import BundledSource
from app.shared.errors import AppError
from app.worker.imports.edited_code import apply_code
from tests.graph.strategies import designs
from tests.worker.own.designs import everything


def source_of(document: GraphDocument) -> str:
    return render_script(make_plan(document, catalog_for(document)), document).source


def asked(document: GraphDocument, source: str) -> AppliedCode:
    return apply_code(ApplyCodeRequest(document=document, shown=source_of(document), source=source))


def edited(document: GraphDocument, change: Callable[[str], str]) -> GraphDocument:
    """Return the design after `change` was made to its script, by the edits that come back."""
    source = source_of(document)
    assert change(source) != source
    found = asked(document, change(source))
    return GraphDocument.model_validate(apply_edits(document.model_dump(mode="json"), found.edits))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(designs(across=True, references=True))
def test_a_script_that_nobody_edited_changes_nothing(document: GraphDocument) -> None:
    assert asked(document, source_of(document)).edits == []


def test_what_the_data_decided_is_no_edit() -> None:
    """The script of a regression compiles with another loss than the design by itself would get."""
    document = get_template("diabetes_regression").document
    plan = make_plan(document, catalog_for(document))
    shown = render_script(plan, document, BundledSource(name="diabetes")).source
    assert apply_code(ApplyCodeRequest(document=document, shown=shown, source=shown)).edits == []


def test_own_functions_are_read_back_by_name() -> None:
    """An activation in the network, and a function of a callback."""
    document = everything()
    shown = render_script(make_plan(document, catalog_for(document)), document, BundledSource(name="diabetes")).source
    changed = shown.replace("on_epoch_end=remember", "on_epoch_begin=remember")
    assert changed != shown
    found = apply_code(ApplyCodeRequest(document=document, shown=shown, source=changed))
    made = GraphDocument.model_validate(apply_edits(document.model_dump(mode="json"), found.edits))
    assert (made.nodes, made.layers, made.code) == (document.nodes, document.layers, document.code)
    assert [(callback.class_name, callback.config) for callback in made.training.callbacks.values()] == [
        ("Announcer", {"word": "round"}),
        ("LambdaCallback", {"on_epoch_begin": "remember"}),
    ]


def test_one_number_is_one_edit() -> None:
    document = get_template("digits_cnn").document
    source = source_of(document)
    found = asked(document, source.replace("Conv2D(32", "Conv2D(48"))
    assert [(edit.path[0], edit.path[-1]) for edit in found.edits] == [("layers", "filters")]
    layer = found.edits[0].path[1]
    assert document.layers[layer].params["filters"] == 32


def test_a_layer_that_is_added_keeps_the_others_in_their_places() -> None:
    document = get_template("iris_mlp").document
    nodes = {key: node.model_copy(update={"note": f"note {key}"}) for key, node in document.nodes.items()}
    document = document.model_copy(update={"nodes": nodes})

    def add_dropout(source: str) -> str:
        lines = source.split("\n")
        last = max(index for index, line in enumerate(lines) if "layers.Dense" in line)
        first = next(index for index in range(last, 0, -1) if lines[index - 1].lstrip().startswith("#"))
        return "\n".join([*lines[: first - 1], '            layers.Dropout(0.3, name="rest"),', *lines[first - 1 :]])

    after = edited(document, add_dropout)
    assert [layer.params for layer in after.layers.values() if layer.name == "rest"] == [{"rate": 0.3}]
    assert {key: after.nodes[key] for key in document.nodes} == document.nodes
    assert len(after.nodes) == len(document.nodes) + 1


def test_python_that_is_no_design_names_the_line() -> None:
    document = get_template("iris_mlp").document
    with pytest.raises(AppError) as caught:
        asked(document, "import keras\n\nmodel = keras.Sequential(\n")
    assert "line 3" in f"{caught.value.message} {caught.value.received}"


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(designs(), designs())
def test_edits_lead_from_one_design_to_another(one: GraphDocument, other: GraphDocument) -> None:
    old, new = one.model_dump(mode="json"), other.model_dump(mode="json")
    assert apply_edits(old, edits_between(old, new)) == new
