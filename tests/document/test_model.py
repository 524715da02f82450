"""The schema of the design file."""

import json
from typing import Any

import pytest
from hypothesis import given
from pydantic import ValidationError

from app.document.model import EdgeEnds, GraphDocument, parse_edge_key
from app.rooms.room import Room
from tests.document.strategies import documents, identifiers, ports


@given(documents())
def test_a_document_survives_json(document: GraphDocument) -> None:
    assert GraphDocument.model_validate_json(document.model_dump_json()) == document


@given(identifiers, ports, identifiers, ports)
def test_an_edge_key_names_its_ends(source: str, source_port: str, target: str, target_port: str) -> None:
    ends = EdgeEnds(source=source, source_port=source_port, target=target, target_port=target_port)
    assert parse_edge_key(ends.key) == ends


@pytest.mark.parametrize(
    "key",
    [
        *("", "a->b", "a:output", "a:output->b", "a:output->b:input:more", "a b:output->c:input", "a:Output->b:input"),
        *("a:output->b:input\n", "\na:output->b:input"),
    ],
)
def test_another_edge_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="source:port->target:port"):
        parse_edge_key(key)
    with pytest.raises(ValidationError):
        GraphDocument.model_validate({"edges": {key: {}}})


def nested(levels: int) -> object:
    """Return lists and objects in turn, so many inside one another."""
    value: object = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


@pytest.mark.parametrize("value", [nested(56), 2**63 - 1, -(2**63), 2**53 + 1, "\0", "\U0001f600", {}])
def test_every_value_of_a_design_is_held_by_its_room(value: Any) -> None:
    layer = {"class_name": "Dense", "name": "d", "params": {"x": value}}
    document = GraphDocument.model_validate({"layers": {"a": layer}})
    room = Room("design", "epoch")
    room.write(document.model_dump(mode="json"))
    told = json.loads(room.snapshot())
    assert (GraphDocument.model_validate(told["document"]), told["dropped"]) == (document, [])


@pytest.mark.parametrize(
    "data",
    [
        {"unknown": 1},
        {"layers": {"a": {"class_name": "Dense", "name": "d", "units": 3}}},
        {"layers": {"../a": {"class_name": "Dense", "name": "d"}}},
        {"layers": {"a": {"class_name": "os.system", "name": "d"}}},
        {"layers": {"a": {"class_name": "Dense", "name": ""}}},
        {"nodes": {"a": {"layer": "a", "x": float("nan")}}},
        {"nodes": {"a": {"layer": "a", "x": 1e12}}},
        {"layers": {"a": {"class_name": "Dense", "name": "d", "params": {"x": [{"y": "\ud800"}]}}}},
        {"layers": {"a": {"class_name": "Dense", "name": "d", "params": {"x": [{"\ud800": 1}]}}}},
        {"layers": {"a": {"class_name": "Dense", "name": "d", "params": {"\ud800": 1}}}},
        {"layers": {"a": {"class_name": "Dense", "name": "d", "params": {"x": [2**63]}}}},
        {"layers": {"a": {"class_name": "Dense", "name": "d", "params": {"x": -(2**63) - 1}}}},
        {"layers": {"a": {"class_name": "Dense", "name": "d", "params": {"x": nested(57)}}}},
        {"nodes": {"a": {"layer": "a", "arguments": {"\ud800": True}}}},
        {"training": {"fit": {"class_weight": {"\ud800": 1.0}}}},
        {"training": {"fit": {"epochs": 0}}},
        {"training": {"fit": {"validation_split": 1.0}}},
        {"training": {"fit": {"batch_size": 10**12}}},
        {"format": 2},
    ],
)
def test_what_does_not_fit_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        GraphDocument.model_validate(data)
