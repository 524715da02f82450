"""Whatever a shared document holds, a design comes out, and what was lost is named."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.document.model import GraphDocument
from app.rooms.normalise import normalise
from tests.document.strategies import identifiers, values

roots = st.fixed_dictionaries(
    {
        "format": st.just(1),
        "catalog": values,
        "meta": st.dictionaries(st.sampled_from(["name", "description", "other"]), values, max_size=3),
        "layers": st.dictionaries(
            identifiers | st.text(max_size=3),
            st.dictionaries(st.sampled_from(["class_name", "name", "params", "other"]), values, max_size=4) | values,
            max_size=4,
        ),
        "nodes": st.dictionaries(
            identifiers | st.text(max_size=3),
            st.dictionaries(st.sampled_from(["layer", "x", "y", "note", "arguments", "z"]), values, max_size=4)
            | values,
            max_size=4,
        ),
        "edges": st.dictionaries(st.just("a:output->b:input") | st.text(max_size=5), values, max_size=3),
        "training": st.dictionaries(
            st.sampled_from(["dataset", "optimizer", "losses", "metrics", "callbacks", "fit", "other"]),
            st.dictionaries(identifiers | st.sampled_from(["epochs", "class_weight"]), values, max_size=3) | values,
            max_size=4,
        ),
    }
)


@given(roots)
@settings(max_examples=300)
def test_any_json_becomes_a_design(document: dict[str, Any]) -> None:
    dropped: list[str] = []
    design = normalise(document, dropped)
    assert GraphDocument.model_validate_json(design.model_dump_json()) == design
    assert not any("too many faults" in entry for entry in dropped)


def test_only_what_does_not_fit_is_left_out() -> None:
    document: dict[str, Any] = {
        "format": 1,
        "catalog": "3.15.1",
        "meta": {"name": "Mine", "owner": "me"},
        "layers": {
            "a": {"class_name": "Dense", "name": "a", "params": {"units": 3}},
            "b": {"class_name": "Dense"},
            "not an id!": {"class_name": "Dense", "name": "c"},
        },
        "nodes": {"a": {"layer": "a", "x": "left", "y": 7}, "b": {"x": 1}},
        "edges": {"a:output->b:input": {}, "nonsense": {}},
        "training": {"fit": {"epochs": 0, "class_weight": 7, "batch_size": 16}, "dataset": "digits"},
    }
    dropped: list[str] = []
    assert normalise(document, dropped) == GraphDocument.model_validate(
        {
            "catalog": "3.15.1",
            "meta": {"name": "Mine"},
            "layers": {"a": {"class_name": "Dense", "name": "a", "params": {"units": 3}}},
            "nodes": {"a": {"layer": "a", "y": 7}},
            "edges": {"a:output->b:input": {}},
            "training": {"dataset": "digits", "fit": {"batch_size": 16}},
        }
    )
    assert sorted(entry.partition(":")[0] for entry in dropped) == [
        "edges.nonsense",
        "layers.b",
        "layers.not an id!",
        "meta.owner",
        "nodes.a.x",
        "nodes.b",
        "training.fit.class_weight",
        "training.fit.epochs",
    ]


@pytest.mark.parametrize(
    ("root", "limit", "value"),
    [
        ("nodes", 5_000, {"layer": "a"}),
        ("graphs", 1_000, {"name": "g"}),
        ("code", 200, {"kind": "functions", "name": "f", "source": ""}),
    ],
)
def test_more_than_a_design_has_is_cut_off(root: str, limit: int, value: dict[str, Any]) -> None:
    held = {f"n{number:05}": dict(value) for number in range(limit + 3)}
    document: dict[str, Any] = {"meta": {}, "layers": {}, "nodes": {}, "edges": {}, "training": {}, root: held}
    dropped: list[str] = []
    assert len(getattr(normalise(document, dropped), root)) == limit
    assert dropped == [f"{root}: 3 more than {limit}"]


def test_nothing_in_the_place_of_something_is_named_too() -> None:
    document: dict[str, Any] = {"meta": {"name": None}, "layers": {"a": None}, "nodes": {}, "edges": {}, "training": {}}
    dropped: list[str] = []
    assert normalise(document, dropped) == GraphDocument()
    assert sorted(entry.partition(":")[0] for entry in dropped) == ["layers.a", "meta.name"]
