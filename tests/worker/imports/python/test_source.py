"""Scripts read as designs, line by line."""

from pathlib import Path

import pytest

from app.catalog.registry import load_catalog
from app.codegen.python_source import render_script
from app.designs.templates import Template, load_templates
from app.document.model import GraphDocument
from app.graph.plan import make_plan
from app.messages.analysis import ImportedModel
from app.worker.imports.errors import NotPython
from app.worker.imports.python.source import read_python

CATALOG = load_catalog()
HEAD = "import keras\nfrom keras import layers, ops\n"


def read(source: str) -> ImportedModel:
    return read_python(HEAD + source, CATALOG)


def wires(document: GraphDocument) -> set[tuple[str, str, str, str]]:
    """Return the wires by the names of layers."""
    name = {node: document.layers[call.layer].name for node, call in document.nodes.items()}
    found = set()
    for key in document.edges:
        source, _, target = key.partition("->")
        one, _, out = source.partition(":")
        other, _, into = target.partition(":")
        found.add((name[one], out, name[other], into))
    return found


def test_a_chain_with_its_training() -> None:
    found = read(
        """
model = keras.Sequential()
model.add(layers.Dense(4, input_shape=(3,), activation="relu", name="first"))
for rate in (0.1, 0.2):
    model.add(layers.Dropout(rate))
model.add(layers.Dense(units=2))
model.compile(keras.optimizers.SGD(0.1, momentum=0.9), loss="mse", metrics=["mae"])
model.fit(x_train, y_train, epochs=7, batch_size=16, callbacks=[keras.callbacks.EarlyStopping(patience=3)])
"""
    )

    assert [(each.name, each.class_name, each.outcome, each.line) for each in found.layers] == [
        ("input", "InputLayer", "ok", 5),
        ("first", "Dense", "ok", 5),
        ("dropout", "Dropout", "ok", 7),
        ("dropout_1", "Dropout", "ok", 7),
        ("dense", "Dense", "ok", 8),
    ]
    document = found.document
    assert {layer.name: layer.params for layer in document.layers.values()} == {
        "input": {"shape": [3]},
        "first": {"units": 4, "activation": "relu"},
        "dropout": {"rate": 0.1},
        "dropout_1": {"rate": 0.2},
        "dense": {"units": 2},
        "output": {},
    }
    assert document.meta.model_class == "Sequential"
    training = document.training.model_dump(exclude_defaults=True)
    assert training == {
        "optimizer": {"class_name": "SGD", "config": {"learning_rate": 0.1, "momentum": 0.9}},
        "losses": {"output": {"class_name": "MeanSquaredError"}},
        "metrics": {"output": {"metric_1": {"class_name": "MeanAbsoluteError"}}},
        "callbacks": {"callback_1": {"class_name": "EarlyStopping", "config": {"patience": 3}}},
        "fit": {"epochs": 7, "batch_size": 16, "validation_split": 0.0},
    }


def test_shared_layers_operations_and_several_ends() -> None:
    document = read(
        """
a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
dense = layers.Dense(3, name="dense")
both = layers.concatenate([dense(a), dense(b)], axis=-1)
part = (both * 2 + 1)[:, 1:]
h, *state = layers.LSTM(3, return_state=True, name="lstm")(ops.expand_dims(part, 1))
model = keras.Model([a, b], {"mean": ops.mean(part, axis=1), "state": state[1], "h": h})
"""
    ).document

    assert wires(document) == {
        ("a", "output", "dense", "input"),
        ("b", "output", "dense", "input"),
        ("dense", "output", "concatenate", "inputs.0"),
        ("dense", "output", "concatenate", "inputs.1"),
        ("concatenate", "output", "multiply", "x1"),
        ("multiply", "output", "add", "x1"),
        ("add", "output", "part", "x"),
        ("part", "output", "expand_dims", "x"),
        ("expand_dims", "output", "lstm", "input"),
        ("part", "output", "mean", "x"),
        ("lstm", "output", "h", "input"),
        ("mean", "output", "mean", "input"),
        ("lstm", "state_c", "state", "input"),
    }
    params = {layer.name: layer.params for layer in document.layers.values()}
    assert (params["multiply"], params["add"], params["part"]) == ({"x2": 2}, {"x2": 1}, {"key": ":, 1:"})
    assert len([node for node in document.nodes.values() if document.layers[node.layer].name == "dense"]) == 2


def test_functions_nested_models_and_inner_layers() -> None:
    document = read(
        """
def block(units, name):
    x = keras.Input((4,))
    return keras.Model(x, layers.Dense(units)(x), name=name)

def build_model(width=8):
    frames = keras.Input((5, 4), name="frames")
    inner = block(width, "inner")
    each = layers.TimeDistributed(inner, name="each")(frames)
    back = layers.Bidirectional(layers.GRU(2), name="back")(each)
    return keras.Model(frames, back, name="whole")
"""
    ).document

    assert document.meta.model_name == "whole"
    [(graph, inner)] = document.graphs.items()
    assert (inner.name, inner.model_class) == ("inner", "Functional")
    layers = {layer.name: layer.params for layer in document.layers.values()}
    assert layers["each"] == {"layer": {"class_name": "Model", "config": {"graph": graph, "name": "inner"}}}
    assert layers["back"] == {"layer": {"class_name": "GRU", "config": {"units": 2}}}
    assert sorted(node.graph for node in document.nodes.values()) == ["", "", "", "", graph, graph, graph]


def test_a_function_that_builds_two_models_is_one_graph_with_two_instances() -> None:
    found = read(
        """
def block(name, trainable=True):
    x = keras.Input((4,), name="x")
    total = layers.Dense(4, name="dense")(x) + x
    model = keras.Model(x, total, name=name)
    model.trainable = trainable
    return model

x = keras.Input((4,), name="x")
model = keras.Model(x, block("upper", trainable=False)(block("lower")(x)))
"""
    )

    document = found.document
    [graph] = document.graphs
    models = {layer.name: layer.params for layer in document.layers.values() if layer.class_name == "Model"}
    assert models == {"lower": {"graph": graph}, "upper": {"graph": graph, "trainable": False}}
    inside = {document.layers[node.layer].name for node in document.nodes.values() if node.graph == graph}
    assert inside == {"x", "dense", "total", "output"}
    assert found.lines.keys() <= document.nodes.keys()
    assert {each.name for each in found.layers if "dense" in each.name} == {"lower/dense", "upper/dense"}


def test_a_comment_above_a_call_is_a_note() -> None:
    found = read(
        """
x = keras.Input((3,), name="x")
# This one
# matters.
y = layers.Dense(2, name="y")(x)

# Not this.

model = keras.Model(x, y)
"""
    )

    assert {node: call.note for node, call in found.document.nodes.items() if call.note} == {"y": "This one\nmatters."}
    assert found.lines == {"x": 4, "y": 7}


def test_a_class_of_the_script_becomes_a_placeholder() -> None:
    found = read(
        """
class Mine(layers.Layer):
    pass
x = keras.Input((3,), name="x")
model = keras.Model(x, Mine(4, rate=0.5)(x))
"""
    )

    assert [(each.class_name, each.outcome) for each in found.layers] == [("InputLayer", "ok"), ("Mine", "placeholder")]


@pytest.mark.parametrize("template", load_templates(), ids=lambda template: template.name)
def test_exported_scripts_come_back(template: Template) -> None:
    document = template.document
    if document.code:
        pytest.skip("own code has a catalog of its own")
    source = render_script(make_plan(document, CATALOG), document).source

    found = read_python(source, CATALOG)

    assert [each for each in found.layers if each.outcome == "placeholder"] == []
    again = render_script(make_plan(found.document, CATALOG), found.document).source
    assert building_lines(again) == building_lines(source)


def building_lines(source: str) -> list[str]:
    """Return the lines that build the model; which of two independent calls comes first hangs on ids."""
    return sorted(source.partition("def compile_model")[0].splitlines())


BEYOND = {
    "data in a layer": ("model = keras.Sequential([\n    layers.Dense(len(words)),\n])", 4),
    "a loop over data": ("m = keras.Sequential()\nfor n in sizes():\n    m.add(layers.Dense(n))", 4),
    "a condition on data": ("m = keras.Sequential()\nif big:\n    m.add(layers.Dense(3))", 4),
    "tensorflow on a tensor": ("import tensorflow as tf\nx = keras.Input((3,))\ny = tf.sin(x)", 5),
    "a wrong number of values": ("a, b = 1, 2, 3", 3),
    "no python": ("x = = 3", 3),
    "a missing argument": ("def f(a):\n    return a\nf()", 5),
}


@pytest.mark.parametrize("name", BEYOND)
def test_what_cannot_be_read_is_named_by_line(name: str) -> None:
    source, line = BEYOND[name]

    with pytest.raises(NotPython) as caught:
        read(source)

    text = (HEAD + source).splitlines()[line - 1].strip()
    assert (caught.value.line, caught.value.received) == (line, f"line {line}: {text}")
    assert caught.value.message.startswith(f"Line {line}: ")
    assert caught.value.expected


def test_nothing_is_executed(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    source = f"import os\nos.system('touch {canary}')\nopen({str(canary)!r}, 'w')\n__import__('os')\n"

    read(source + "model = keras.Sequential([layers.Dense(3)])\n")

    assert not canary.exists()
