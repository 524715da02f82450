"""Names to Keras objects, through the catalog only."""

from typing import Any

import keras
import pytest

from app.catalog.model import Kind
from app.catalog.own import catalog_for
from app.catalog.registry import get_spec
from app.document.model import Code, GraphDocument
from app.shared.errors import Invalid, NotFound
from app.worker.building.resolve import MAX_DEPTH, build_layer, build_object, keras_class


def test_nested_objects_are_built() -> None:
    schedule = {"class_name": "CosineDecay", "config": {"initial_learning_rate": 0.1, "decay_steps": 10}}
    optimizer = build_object(Kind.OPTIMIZER, {"class_name": "Adam", "config": {"learning_rate": schedule}})
    assert isinstance(optimizer, keras.optimizers.Adam)
    assert optimizer.get_config()["learning_rate"]["class_name"] == "CosineDecay"


def test_names_that_keras_takes_are_taken() -> None:
    assert isinstance(build_object("losses", "mse"), keras.losses.MeanSquaredError)
    assert isinstance(build_object("initializers", "he_normal"), keras.initializers.HeNormal)
    assert isinstance(build_object("optimizers", "adam"), keras.optimizers.Adam)
    assert build_object("activations", "swish") is keras.activations.silu
    assert build_object("regularizers", None) is None
    assert build_object("schedules", 0.5) == 0.5


def test_wrapped_layers_are_built() -> None:
    layer = build_layer(
        "TimeDistributed", {"layer": {"class_name": "Dense", "config": {"units": 3, "name": "inner"}}}, "outer"
    )
    assert (layer.name, layer.layer.name, layer.layer.units) == ("outer", "inner", 3)


@pytest.mark.parametrize("name", ["Lambda", "__class__", "Layer", "os.system", "dense", ""])
def test_a_class_outside_the_catalog_is_refused(name: str) -> None:
    with pytest.raises(NotFound):
        build_object(Kind.LAYER, {"class_name": name, "config": {}})


def test_unknown_parameters_are_refused() -> None:
    with pytest.raises(Invalid, match="no parameter 'function'"):
        build_layer("Dense", {"units": 1, "function": "print"})


@pytest.mark.parametrize("value", [3, [], {"config": {}}, {"class_name": 1}, {"class_name": "L2", "config": []}])
def test_what_describes_no_object_is_refused(value: Any) -> None:
    if value == {"class_name": "L2", "config": []}:
        assert isinstance(build_object("regularizers", value), keras.regularizers.L2)
        return
    with pytest.raises(Invalid, match="does not describe"):
        build_object("regularizers", value)


def test_depth_is_limited() -> None:
    value: dict[str, Any] = {"class_name": "Dense", "config": {"units": 1}}
    for _ in range(MAX_DEPTH + 2):
        value = {"class_name": "TimeDistributed", "config": {"layer": value}}
    with pytest.raises(Invalid, match="too deeply"):
        build_object(Kind.LAYER, value)


def test_a_layer_inside_a_layer_may_be_one_of_the_design() -> None:
    inner = keras.layers.Dense(3, name="mine")
    reference = {"layer": {"layer": "l1"}}
    outer = build_layer("TimeDistributed", reference, inner=lambda value: {"l1": inner}[value["layer"]])
    assert outer.layer is inner
    with pytest.raises(Invalid, match="there is no design here"):
        build_layer("TimeDistributed", reference)


def test_own_code_is_not_built_where_it_is_not_loaded() -> None:
    code = Code(kind="layers", name="Mine", source="class Mine(keras.Layer):\n  def call(self, x):\n    return x")
    catalog = catalog_for(GraphDocument(code={"c": code}))
    with pytest.raises(Invalid) as caught:
        build_layer("Mine", {}, catalog=catalog)
    assert caught.value.code == "own_code_not_loaded"
    with pytest.raises(NotFound):
        build_layer("Mine", {})


def test_layers_of_our_own_and_of_applications() -> None:
    names = [
        type(build_layer(name, get_spec(Kind.LAYER, name).sample)).__name__ for name in ("Expression", "LayerScale")
    ]
    assert names == ["Expression", "LayerScale"]


def test_a_marker_is_no_keras_class() -> None:
    with pytest.raises(Invalid, match="marker"):
        keras_class(get_spec(Kind.LAYER, "Output"))
