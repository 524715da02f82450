"""Architectures of older Keras, in their own words; Keras is not needed for it."""

from typing import Any

from app.catalog.registry import load_catalog
from app.messages.analysis import ImportedModel, LayerReport
from app.worker.imports.drawn import import_config

CATALOG = load_catalog()


def imported(data: dict[str, Any]) -> ImportedModel:
    return import_config(data, "old.json", CATALOG)


def layer(class_name: str, name: str, calls: list[Any] | None = None, **config: Any) -> dict[str, Any]:
    found = {"class_name": class_name, "name": name, "config": {"name": name, "trainable": True, **config}}
    return found if calls is None else {**found, "inbound_nodes": calls}


def given(name: str, call: int = 0, index: int = 0, **kwargs: Any) -> list[Any]:
    return [name, call, index, kwargs]


def functional(layers: list[Any], inputs: list[Any], outputs: list[Any], name: str = "m") -> dict[str, Any]:
    config = {"name": name, "layers": layers, "input_layers": inputs, "output_layers": outputs}
    return {"class_name": "Model", "config": config, "keras_version": "2.4.0", "backend": "tensorflow"}


def wires(found: ImportedModel) -> set[str]:
    return set(found.document.edges)


def test_a_chain_of_keras_1() -> None:
    found = imported(
        {
            "class_name": "Sequential",
            "config": [
                layer("Convolution2D", "c", batch_input_shape=[None, 8, 8, 1], nb_filter=4, nb_row=3, nb_col=3)
                | {
                    "config": {"name": "c", "batch_input_shape": [None, 8, 8, 1], "nb_filter": 4, "nb_row": 3}
                    | {"nb_col": 3, "border_mode": "same", "dim_ordering": "tf", "init": "glorot_uniform"}
                },
                layer("Flatten", "f"),
                layer("Dropout", "p", p=0.3),
                layer("Dense", "d", output_dim=2, activation="softmax", W_regularizer=None, bias=True),
            ],
        }
    )

    params = {each.name: (each.class_name, each.params) for each in found.document.layers.values()}
    assert params == {
        "input": ("InputLayer", {"shape": [8, 8, 1]}),
        "c": ("Conv2D", {"filters": 4, "kernel_size": [3, 3], "padding": "same"}),
        "f": ("Flatten", {}),
        "p": ("Dropout", {"rate": 0.3}),
        "d": ("Dense", {"units": 2, "activation": "softmax"}),
        "output": ("Output", {}),
    }
    assert found.layers[3] == LayerReport(
        name="p", class_name="Dropout", outcome="converted", note="p is called rate now"
    )


def test_calls_states_and_renamed_layers_of_keras_2() -> None:
    data = functional(
        [
            layer("InputLayer", "x", [], batch_input_shape=[None, 4, 3], dtype="float32", sparse=False, ragged=False),
            layer("CuDNNLSTM", "enc", [[given("x")]], units=3, return_state=True, implementation=2),
            layer("LSTM", "dec", [[given("x"), given("enc", 0, 1), given("enc", 0, 2)]], units=3, time_major=False),
            layer("BatchNormalizationV1", "bn", [[given("dec", training=False)]], axis=[1], momentum=0.9, fused=None),
            layer("LeakyReLU", "block/relu", [[given("bn")]], alpha=0.2),
            layer("Concatenate", "cat", [[given("block/relu"), given("enc")]], axis=-1),
        ],
        [["x", 0, 0]],
        [["cat", 0, 0]],
    )

    found = imported(data)

    assert [(each.name, each.outcome) for each in found.layers] == [
        ("x", "ok"),
        ("enc", "converted"),
        ("dec", "ok"),
        ("bn", "converted"),
        ("block_relu", "converted"),
        ("cat", "ok"),
    ]
    assert wires(found) == {
        "x:output->enc:input",
        "x:output->dec:input",
        "enc:state_h->dec:initial_state.0",
        "enc:state_c->dec:initial_state.1",
        "dec:output->bn:input",
        "bn:output->block_relu:input",
        "block_relu:output->cat:inputs.0",
        "enc:output->cat:inputs.1",
        "cat:output->output:input",
    }
    assert found.document.nodes["bn"].arguments == {"training": False}
    assert found.document.layers["block_relu"].params == {"negative_slope": 0.2}


def test_nested_models_whose_calls_are_counted_from_one() -> None:
    inner = functional(
        [layer("InputLayer", "i", [], batch_input_shape=[None, 3]), layer("Dense", "d", [[given("i")]], units=2)],
        [["i", 0, 0]],
        [["d", 0, 0]],
        "inner",
    )
    data = functional(
        [
            layer("InputLayer", "a", [], batch_input_shape=[None, 3]),
            layer("InputLayer", "b", [], batch_input_shape=[None, 3]),
            {**inner, "name": "inner", "inbound_nodes": [[given("a")], [given("b")]]},
            layer("Add", "sum", [[given("inner", 1), given("inner", 2)]]),
        ],
        [["a", 0, 0], ["b", 0, 0]],
        [["sum", 0, 0], ["inner", 2, 0]],
    )

    found = imported(data)

    assert wires(found) == {
        "i:output->d:input",
        "d:output->output:input",
        "a:output->inner:inputs.0",
        "b:output->inner_call2:inputs.0",
        "inner:outputs.0->sum:inputs.0",
        "inner_call2:outputs.0->sum:inputs.1",
        "sum:output->output_2:input",
        "inner_call2:outputs.0->output_3:input",
    }


def test_operations_of_tensorflow() -> None:
    data = functional(
        [
            layer("InputLayer", "x", [], batch_input_shape=[None, 4, 3]),
            layer("TFOpLambda", "plus", [["x", 0, 0, {"y": 3.0, "name": None}]], function="__operators__.add"),
            layer("TFOpLambda", "times", [["plus", 0, 0, {"y": ["x", 0, 0]}]], function="math.multiply"),
            layer("TFOpLambda", "mean", [["times", 0, 0, {"axis": 1, "keepdims": True}]], function="math.reduce_mean"),
            layer(
                "SlicingOpLambda",
                "cut",
                [["mean", 0, 0, {"slice_spec": [{"start": None, "stop": None, "step": None}, 0]}]],
                function="__operators__.getitem",
            ),
            layer("TFOpLambda", "odd", [["cut", 0, 0, {}]], function="math.bessel_i0"),
        ],
        [["x", 0, 0]],
        [["odd", 0, 0]],
    )

    found = imported(data)

    layers = {each.name: (each.class_name, each.params) for each in found.document.layers.values()}
    assert layers["plus"] == ("ops.add", {"x2": 3.0})
    assert layers["times"] == ("ops.multiply", {})
    assert layers["mean"] == ("ops.mean", {"axis": 1, "keepdims": True})
    assert layers["cut"] == ("ops.getitem", {"key": ":, 0"})
    assert layers["odd"][0] == "Placeholder"
    assert {"plus:output->times:x1", "x:output->times:x2"} <= wires(found)
