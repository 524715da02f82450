"""What fits a parameter and what does not; nothing raises on any JSON."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.catalog.model import Kind, ParamKind, ParamSpec
from app.catalog.own import catalog_for
from app.catalog.registry import get_spec, load_catalog
from app.catalog.validate import validate_params
from app.catalog.values import expected_of, is_file_name
from app.document.model import Code, GraphDocument

CATALOG = load_catalog()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)


def faults(name: str, params: dict[str, Any], kind: Kind = Kind.LAYER) -> list[tuple[str, str]]:
    return [(fault.code, fault.param) for fault in validate_params(get_spec(kind, name), params, CATALOG)]


@pytest.mark.parametrize(
    ("name", "params", "expected"),
    [
        ("Dense", {"units": 3}, []),
        ("Dense", {}, [("missing_param", "units")]),
        ("Dense", {"units": 0}, [("out_of_range", "units")]),
        ("Dense", {"units": 2**40}, [("out_of_range", "units")]),
        ("Dense", {"units": True}, [("wrong_kind", "units")]),
        ("Dense", {"units": 3.5}, [("wrong_kind", "units")]),
        ("Dense", {"units": None}, [("wrong_kind", "units")]),
        ("Dense", {"units": 3, "activation": "relu"}, []),
        ("Dense", {"units": 3, "activation": None}, []),
        ("Dense", {"units": 3, "activation": "rellu"}, [("unknown_object", "activation")]),
        ("Dense", {"units": 3, "colour": 1}, [("unknown_param", "colour")]),
        ("Dense", {"units": 3, "name": "x"}, []),
        ("Dropout", {"rate": 1.5}, [("out_of_range", "rate")]),
        ("Conv2D", {"filters": 1, "kernel_size": [3, 3]}, []),
        ("Conv2D", {"filters": 1, "kernel_size": [3]}, [("wrong_kind", "kernel_size")]),
        ("Conv2D", {"filters": 1, "kernel_size": 3, "padding": "full"}, [("wrong_kind", "padding")]),
        ("Conv2D", {"filters": 1, "kernel_size": [3, 0]}, [("out_of_range", "kernel_size")]),
        ("Reshape", {"target_shape": [2, -1]}, []),
        ("InputLayer", {"shape": [None, 3]}, []),
        ("InputLayer", {"shape": [-1]}, [("out_of_range", "shape")]),
        ("InputLayer", {"shape": [1], "dtype": "float33"}, [("wrong_kind", "dtype")]),
        ("Output", {"position": 2}, []),
        (
            "TimeDistributed",
            {"layer": {"class_name": "Dense", "config": {"units": -1}}},
            [("out_of_range", "layer.units")],
        ),
        ("TimeDistributed", {"layer": {"class_name": "Lambda", "config": {}}}, [("unknown_object", "layer")]),
        ("TimeDistributed", {"layer": {"class_name": "Output"}}, [("unknown_object", "layer")]),
        ("TimeDistributed", {"layer": 3}, [("wrong_kind", "layer")]),
        ("TimeDistributed", {"layer": {"layer": "id_1"}}, []),
        ("TimeDistributed", {"layer": {"layer": "no id"}}, [("wrong_kind", "layer")]),
        ("TimeDistributed", {"layer": {"layer": "id_1", "config": {}}}, [("wrong_kind", "layer")]),
        ("TimeDistributed", {"layer": {"class_name": "Model", "config": {"graph": "g", "name": "inner"}}}, []),
        ("TimeDistributed", {"layer": {"class_name": "Model", "config": {}}}, [("missing_param", "layer.graph")]),
        ("StackedRNNCells", {"cells": [{"layer": "a"}, {"class_name": "GRUCell", "config": {"units": 1}}]}, []),
        ("Model", {"graph": "g", "trainable": False}, []),
        ("Model", {}, [("missing_param", "graph")]),
        ("Model", {"graph": "../g"}, [("wrong_kind", "graph")]),
        ("StackedRNNCells", {"cells": []}, [("wrong_kind", "cells")]),
        ("StackedRNNCells", {"cells": [{"class_name": "GRUCell", "config": {}}]}, [("missing_param", "cells.0.units")]),
        ("Bidirectional", {"layer": {"class_name": "LSTM", "config": {"units": 2}}, "merge_mode": None}, []),
    ],
)  # fmt: skip
def test_layers(name: str, params: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert faults(name, params) == expected


@pytest.mark.parametrize(
    ("kind", "name", "params", "expected"),
    [
        (Kind.OPTIMIZER, "Adam", {"learning_rate": 0.1}, []),
        (Kind.OPTIMIZER, "Adam", {"learning_rate": -1}, [("out_of_range", "learning_rate")]),
        (Kind.OPTIMIZER, "Adam", {"learning_rate": "fast"}, [("wrong_kind", "learning_rate")]),
        (
            Kind.OPTIMIZER,
            "SGD",
            {"learning_rate": {"class_name": "CosineDecay", "config": {"initial_learning_rate": 0.1}}},
            [("missing_param", "learning_rate.decay_steps")],
        ),
        (Kind.CALLBACK, "ModelCheckpoint", {"filepath": "best.keras"}, []),
        (Kind.CALLBACK, "ModelCheckpoint", {"filepath": "epoch-{epoch:02d}.keras"}, []),
        (Kind.CALLBACK, "ModelCheckpoint", {"filepath": "../../etc/passwd"}, [("wrong_kind", "filepath")]),
        (Kind.CALLBACK, "CSVLogger", {"filename": "/tmp/x"}, [("wrong_kind", "filename")]),
    ],
)
def test_other_kinds(kind: Kind, name: str, params: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert faults(name, params, kind) == expected


def test_a_fault_says_what_to_do() -> None:
    (fault,) = validate_params(get_spec("layers", "Dropout"), {"rate": 2}, CATALOG)
    assert fault.model_dump() == {
        "code": "out_of_range",
        "param": "rate",
        "message": "rate is out of range.",
        "expected": "a number from 0 to 1",
        "received": "2",
        "hint": "Enter a number from 0 to 1.",
    }


FUNCTIONS = catalog_for(
    GraphDocument(
        code={
            "one": Code(kind="functions", name="one", source="def one(logs): ..."),
            "two": Code(kind="functions", name="two", source="def two(batch, logs=None): ..."),
            "bent": Code(kind="activations", name="bent", source="def bent(x): ..."),
        }
    )
)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, []),
        ({"on_train_begin": "one", "on_epoch_end": "two", "on_train_batch_end": {"class_name": "two"}}, []),
        ({"on_train_begin": None}, []),
        ({"on_train_begin": "two"}, []),
        ({"on_epoch_end": "one"}, [("wrong_arguments", "on_epoch_end")]),
        ({"on_test_batch_end": "one"}, [("wrong_arguments", "on_test_batch_end")]),
        ({"on_epoch_end": "bent"}, [("unknown_object", "on_epoch_end")]),
        ({"on_epoch_end": "print"}, [("unknown_object", "on_epoch_end")]),
        ({"on_epoch_end": 3}, [("wrong_kind", "on_epoch_end")]),
        ({"on_epoch_end": {"class_name": "two", "config": {"logs": 1}}}, [("unknown_param", "on_epoch_end.logs")]),
    ],
)
def test_functions_fit_what_they_are_called_with(params: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    found = validate_params(get_spec("callbacks", "LambdaCallback"), params, FUNCTIONS)
    assert [(fault.code, fault.param) for fault in found] == expected


def test_a_function_with_the_wrong_arguments_is_told_by_name() -> None:
    (fault,) = validate_params(get_spec("callbacks", "LambdaCallback"), {"on_epoch_end": "one"}, FUNCTIONS)
    assert fault.model_dump() == {
        "code": "wrong_arguments",
        "param": "on_epoch_end",
        "message": "one cannot be called as on_epoch_end.",
        "expected": "def one(epoch, logs)",
        "received": "def one(logs)",
        "hint": "Keras calls it with epoch and logs. Change its arguments in your code.",
    }


def test_samples_are_valid() -> None:
    for specs in CATALOG.objects.values():
        for spec in specs.values():
            assert validate_params(spec, spec.sample, CATALOG) == []


def test_deep_nesting_is_a_fault_and_no_crash() -> None:
    value: dict[str, Any] = {"class_name": "Dense", "config": {"units": 1}}
    for _ in range(200):
        value = {"class_name": "TimeDistributed", "config": {"layer": value}}
    found = faults("TimeDistributed", {"layer": value})
    assert [code for code, _ in found] == ["out_of_range"]


@settings(max_examples=200, deadline=None)
@given(name=st.sampled_from(sorted(CATALOG.objects[Kind.LAYER])), data=st.data())
def test_no_json_makes_it_raise(name: str, data: st.DataObject) -> None:
    spec = get_spec("layers", name)
    keys = st.sampled_from([param.name for param in spec.params]) | st.text(max_size=8)
    params = data.draw(st.dictionaries(keys, JSON, max_size=5))
    for fault in validate_params(spec, params, CATALOG):
        assert fault.message
        assert len(fault.received) <= 110


@pytest.mark.parametrize("kind", list(ParamKind))
def test_every_kind_can_be_put_into_words(kind: ParamKind) -> None:
    assert expected_of(ParamSpec(name="x", kind=kind, required=True, choices=("a", "b")))


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "a\\b", "..", "{a.__class__}", "a\nb", "x" * 300])
def test_names_that_are_no_file_names(name: str) -> None:
    assert not is_file_name(name)
