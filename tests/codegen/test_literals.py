"""Values of a design as Python expressions."""

import ast
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.model import Kind, ParamKind, ParamSpec
from app.catalog.registry import get_spec, load_catalog
from app.codegen.literals import Literals, call, literal
from app.shared.errors import Invalid

LITERALS = Literals(load_catalog())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(JSON)
def test_a_literal_evaluates_to_what_it_was(value: Any) -> None:
    assert ast.literal_eval(literal(value)) == value


def test_numbers_that_json_lacks() -> None:
    assert [literal(float(text)) for text in ("inf", "-inf", "nan")] == [
        "float('inf')",
        "float('-inf')",
        "float('nan')",
    ]


def test_other_values_are_refused() -> None:
    with pytest.raises(Invalid):
        literal(object())


@pytest.mark.parametrize(
    ("name", "params", "source"),
    [
        ("Dense", {"units": 3}, 'layers.Dense(3, name="a")'),
        ("Dense", {"units": 3, "use_bias": True, "kernel_initializer": "glorot_uniform"}, 'layers.Dense(3, name="a")'),
        ("Dense", {"units": 3, "kernel_initializer": "HeNormal"},
         'layers.Dense(3, kernel_initializer="he_normal", name="a")'),
        ("Dense", {"units": 3, "activation": {"class_name": "relu", "config": {}}},
         'layers.Dense(3, activation="relu", name="a")'),
        ("Conv2D", {"filters": 2, "kernel_size": [3, 5], "strides": 1}, 'layers.Conv2D(2, (3, 5), name="a")'),
        ("Conv2D", {"kernel_size": 3}, 'layers.Conv2D(kernel_size=3, name="a")'),
        ("Reshape", {"target_shape": [4]}, 'layers.Reshape((4,), name="a")'),
        ("TimeDistributed", {"layer": {"class_name": "Dense", "config": {"units": 1}}},
         'layers.TimeDistributed(layers.Dense(1), name="a")'),
        ("RandomZoom", {"height_factor": [-0.1, 0.2]}, 'layers.RandomZoom((-0.1, 0.2), name="a")'),
    ],
    ids=str,
)  # fmt: skip
def test_layers_as_a_person_would_write_them(name: str, params: dict[str, Any], source: str) -> None:
    assert LITERALS.construct(get_spec("layers", name), params, "a", 0) == source


@pytest.mark.parametrize(
    ("kind", "value", "source"),
    [
        (Kind.OPTIMIZER, "Adam", '"adam"'),
        (Kind.OPTIMIZER, {"class_name": "SGD", "config": {"momentum": 0.9}}, "keras.optimizers.SGD(momentum=0.9)"),
        (Kind.REGULARIZER, {"class_name": "L2", "config": {"l2": 0.1}}, "keras.regularizers.L2(l2=0.1)"),
        (Kind.SCHEDULE, 0.5, "0.5"),
        (
            Kind.OPTIMIZER,
            {
                "class_name": "Adam",
                "config": {
                    "learning_rate": {
                        "class_name": "ExponentialDecay",
                        "config": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.9},
                    }
                },
            },
            "keras.optimizers.Adam(\n    learning_rate=keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9),\n)",
        ),
    ],
)
def test_objects(kind: Kind, value: Any, source: str) -> None:
    assert LITERALS.object(kind, value, 0) == source


@pytest.mark.parametrize("kind", [kind for kind in ParamKind if kind not in {ParamKind.OBJECT, ParamKind.LAYER}])
def test_every_kind_renders_nothing_as_none(kind: ParamKind) -> None:
    assert LITERALS.value(ParamSpec(name="x", kind=kind), None) == "None"


def test_python_and_unknown_names_are_refused() -> None:
    with pytest.raises(Invalid):
        LITERALS.value(ParamSpec(name="function", kind=ParamKind.PYTHON), "print")
    with pytest.raises(Invalid):
        LITERALS.object(Kind.LAYER, {"class_name": "Lambda"}, 0)
    with pytest.raises(Invalid):
        LITERALS.construct(get_spec("layers", "Dense"), {"units": 1, "x=1, **evil": 2}, "a", 0)


def test_long_calls_are_broken_into_lines() -> None:
    assert call("f", ["a" * 50, "b" * 50], 4) == f"f(\n        {'a' * 50},\n        {'b' * 50},\n    )"
