"""Every operation of the catalog: built from its sample it is what the function of `keras.ops` records."""

import copy
import json
from typing import Any

import keras
import pytest

from app.catalog.indexing import parse_key
from app.catalog.model import Kind, ObjectSpec
from app.catalog.ports import output_ports
from app.catalog.registry import get_spec, load_catalog
from app.shared.errors import Invalid
from app.worker.building.operate import call_operation
from app.worker.building.resolve import build_layer

OPERATIONS = list(load_catalog().objects[Kind.OPERATION].values())
NAMELESS_IN_A_FILE = {"ops.image.extract_patches"}
"""Keras leaves the name out of their config."""


def tensors_of(spec: ObjectSpec) -> tuple[list[Any], dict[str, Any]]:
    """Return the inputs of a model made of `sample_inputs`, and the same by argument of the call."""
    inputs, arguments = [], {}  # type: list[Any], dict[str, Any]
    for port in spec.inputs:
        takes_list = port.variadic or sum(other.argument == port.argument for other in spec.inputs) > 1
        for key, shape in spec.sample_inputs.items():
            if key.partition(".")[0] != port.name:
                continue
            told = shape if isinstance(shape, dict) else {"shape": shape}
            tensor = keras.Input(batch_shape=(told.get("batch", 2), *told["shape"]), dtype=told.get("dtype", "float32"))
            inputs.append(tensor)
            if takes_list:
                arguments.setdefault(port.argument, []).append(tensor)
            else:
                arguments[port.argument] = tensor
    return inputs, arguments


def called_as_a_function(spec: ObjectSpec, arguments: dict[str, Any]) -> Any:
    """Return what a person gets who writes `keras.ops.mean(x, axis=1)`."""
    function: Any = keras
    for part in spec.qualified_name.split(".")[1:]:
        function = getattr(function, part)
    values: dict[str, Any] = {
        key: tuple(value) if key in {"size", "shape", "newshape"} and isinstance(value, list) else value
        for key, value in spec.sample.items()
    }
    if spec.name == "ops.getitem":
        values["key"] = parse_key(values["key"])
    if spec.name == "ops.digitize":
        values["bins"] = keras.ops.convert_to_numpy(keras.ops.array(values["bins"], "float32"))
    first = [values.pop("subscripts"), *arguments.pop("operands")] if spec.name == "ops.einsum" else []
    if spec.name == "ops.meshgrid":
        first = arguments.pop("x")
    return function(*first, **arguments, **values)


def recorded(output: Any) -> tuple[Any, dict[str, Any], tuple[Any, ...], dict[str, Any]]:
    """Return the class, the config without its name and the call of the operation behind `output`."""
    operation = keras.tree.flatten(output)[0]._keras_history.operation
    config = {key: value for key, value in operation.get_config().items() if key != "name"}
    call = operation._inbound_nodes[-1].arguments
    plain = keras.tree.map_structure(repr, (call.args, call.kwargs))
    return type(operation), json.loads(json.dumps(config)), *plain


@pytest.mark.parametrize("spec", OPERATIONS, ids=lambda spec: spec.name)
def test_an_operation_is_what_its_function_records(spec: ObjectSpec) -> None:
    inputs, arguments = tensors_of(spec)
    operation = build_layer(spec.name, spec.sample, "named")
    outputs = call_operation(operation, spec, spec.sample, arguments)
    assert recorded(outputs) == recorded(called_as_a_function(spec, dict(arguments)))
    flat, ports = keras.tree.flatten(outputs), output_ports(spec, spec.sample)
    assert len(flat) == len(ports) or (ports[-1].variadic and len(flat) >= len(ports))
    config = json.loads(json.dumps(keras.Model(inputs, flat, name="whole").get_config()))
    assert [layer["class_name"] for layer in config["layers"] if layer["name"] == "named"] == [type(operation).__name__]
    if spec.name not in NAMELESS_IN_A_FILE:
        again = keras.Model.from_config(copy.deepcopy(config)).get_config()
        assert json.loads(json.dumps(again)) == config


def test_each_class_stands_behind_one_function() -> None:
    catalog = load_catalog()
    for spec in OPERATIONS:
        assert spec.operation is not None
        assert catalog.operation_of(spec.operation.class_name) is spec
    assert catalog.operation_of("Dense") is None


def test_constants_take_the_place_of_wires() -> None:
    spec, x = get_spec(Kind.LAYER, "ops.subtract"), keras.Input((3,))
    left = call_operation(build_layer(spec.name, {"x1": 1.0}), spec, {"x1": 1.0}, {"x2": x})
    right = call_operation(build_layer(spec.name, {}), spec, {"x2": [1, 2, 3]}, {"x1": x})
    model = keras.Model(x, [left, right])
    values = model(keras.ops.ones((1, 3)))
    assert [keras.ops.convert_to_numpy(value).tolist() for value in values] == [[[0.0, 0.0, 0.0]], [[0.0, -1.0, -2.0]]]


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        ("ops.add", {}, "needs x2"),
        ("ops.add", {"x2": ["a"]}, "constant is a number"),
        ("ops.getitem", {"key": "print()"}, "integers, slices"),
    ],
)
def test_what_cannot_be_called(name: str, params: dict[str, Any], message: str) -> None:
    spec, first = get_spec(Kind.LAYER, name), "x" if name == "ops.getitem" else "x1"
    with pytest.raises(Invalid, match=message):
        call_operation(build_layer(name, params), spec, params, {first: keras.Input((3,))})


def test_functions_are_found_by_every_name_of_theirs() -> None:
    found = {name: get_spec(Kind.LAYER, name).name for name in ("ops.abs", "ops.get_item", "ops.swish", "ops.mean")}
    assert found == {
        "ops.abs": "ops.absolute", "ops.get_item": "ops.getitem", "ops.swish": "ops.silu", "ops.mean": "ops.mean",
    }  # fmt: skip
