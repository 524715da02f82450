"""What scripts name beyond layers: models of `keras.applications`, data, formulas and classes of their own.

Each script is read, and also executed as it stands; both models are the same.
"""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from app.catalog.own import catalog_for
from app.catalog.registry import load_catalog
from app.graph.plan import make_plan
from app.messages.analysis import ImportedModel
from app.worker.analysis.analyse import analyse
from app.worker.building.build import build_model
from app.worker.imports.errors import NotPython
from app.worker.imports.python.source import read_python, read_script

CATALOG = load_catalog()
HEAD = "import keras\nimport numpy as np\nfrom keras import layers, ops\nfrom keras import backend as K\n"


def read(source: str) -> ImportedModel:
    return read_python(HEAD + source, CATALOG)


SAME = {
    "a frozen application as a layer": """
base = keras.applications.MobileNetV2(input_shape=(32, 32, 3), alpha=0.35, include_top=False, weights=None)
base.trainable = False
inputs = keras.Input((32, 32, 3))
x = keras.applications.mobilenet_v2.preprocess_input(inputs)
x = base(x, training=False)
x = layers.GlobalAveragePooling2D()(x)
model = keras.Model(inputs, layers.Dense(1)(x))
""",
    "an application continued, its first layers frozen": """
from keras.applications.mobilenet import MobileNet

base = MobileNet(input_shape=(32, 32, 3), alpha=0.25, weights=None, include_top=False)
x = layers.GlobalAveragePooling2D(name="pool")(base.output)
model = keras.Model(inputs=base.input, outputs=layers.Dense(4, activation="softmax", name="head")(x))
for layer in base.layers[:20]:
    layer.trainable = False
""",
    "an application on a tensor, two of its stages taken": """
inputs = keras.Input((32, 32, 3), name="image")
base = keras.applications.VGG16(include_top=False, weights=None, input_tensor=inputs)
model = keras.Model(inputs, [base.get_layer("block1_pool").output, base.get_layer("block2_pool").output])
""",
    "images with their colours shifted": """
inputs = keras.Input((8, 8, 3))
x = keras.applications.vgg16.preprocess_input(inputs)
model = keras.Model(inputs, layers.Conv2D(2, 3)(x))
""",
    "the shape of the data": """
(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train = np.expand_dims(x_train.astype("float32") / 255, -1)
x_test = x_test.reshape(len(x_test), 28, 28, 1)
model = keras.Sequential([keras.Input(x_train.shape[1:]), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(10)])
""",
    "a formula in a chain": """
model = keras.Sequential([
    keras.Input((4, 3)),
    layers.Lambda(lambda t: t / 2.0 - 1.0),
    layers.Dense(2),
    layers.Lambda(lambda t: ops.mean(t, axis=1)),
])
""",
    "a formula over two tensors": """
def distance(pair):
    one, other = pair
    squares = ops.square(one - other)
    return ops.sqrt(ops.maximum(ops.sum(squares, axis=1, keepdims=True), K.epsilon()))

a, b = keras.Input((3,)), keras.Input((3,))
tower = layers.Dense(2)
model = keras.Model([a, b], layers.Lambda(distance)([tower(a), tower(b)]))
""",
    "steps of preparation without a shape": """
prepare = keras.Sequential([layers.Rescaling(0.5), layers.Rescaling(1.0, offset=1.0)])
inputs = keras.Input((3,))
x = layers.Dense(3)(inputs)
model = keras.Model(inputs, layers.Dense(2)(prepare(x)))
""",
    "steps of preparation on an input": """
prepare = keras.Sequential([layers.Dense(3, name="inside"), layers.Rescaling(0.5)])
inputs = keras.Input((3,))
model = keras.Model(inputs, layers.Dense(2, name="last")(prepare(inputs)))
""",
    "a list of cells": """
cells = [layers.LSTMCell(3), layers.GRUCell(2)]
model = keras.Sequential([keras.Input((5, 3)), layers.RNN(cells), layers.Dense(2)])
""",
}
FIXED = {"the shape of the data"}
"""Scripts that load data, and are not executed: their model is given here."""


def executed(name: str) -> keras.Model:
    if name in FIXED:
        inputs = keras.Input((28, 28, 1))
        x = keras.layers.Flatten()(keras.layers.Conv2D(2, 3)(inputs))
        return keras.Model(inputs, keras.layers.Dense(10)(x))
    names: dict[str, Any] = {}
    exec(compile(HEAD + SAME[name], name, "exec"), names)
    model: keras.Model = names["model"]
    return model


@pytest.mark.parametrize("name", SAME)
def test_the_design_is_the_model_of_the_script(name: str) -> None:
    wanted = executed(name)

    found = read(SAME[name])
    model = build_model(make_plan(found.document, CATALOG))

    assert [each for each in found.layers if each.outcome == "placeholder"] == []
    weights, ours = wanted.weights, model.weights
    assert sorted(tuple(each.shape) for each in ours) == sorted(tuple(each.shape) for each in weights)
    trainable = [sorted(tuple(each.shape) for each in each.trainable_weights) for each in (model, wanted)]
    assert trainable[0] == trainable[1]
    random = np.random.default_rng(0)
    for each in (*weights, *ours):
        each.assign(np.full(each.shape, 0.05))
    batch = [random.random((2, *(size or 4 for size in each.shape[1:])), dtype="float32") for each in wanted.inputs]
    given = batch[0] if len(batch) == 1 else batch
    for one, other in zip(keras.tree.flatten(wanted(given)), keras.tree.flatten(model(given)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)


def test_pretrained_weights_are_told_to_be_missing() -> None:
    found = read("model = keras.applications.MobileNetV2(alpha=0.35, input_shape=(96, 96, 3))")

    assert len(found.notes) == 1
    assert "pretrained weights of MobileNetV2" in found.notes[0]


def test_the_data_set_of_a_script_is_that_of_the_design() -> None:
    found = read(
        """
(x, y), _ = keras.datasets.fashion_mnist.load_data()
model = keras.Sequential([keras.Input(x.shape[1:]), layers.Flatten(), layers.Dense(10)])
model.compile(loss="sparse_categorical_crossentropy")
model.fit(x, y, epochs=3)
"""
    )

    assert (found.document.training.dataset, found.document.training.fit.epochs) == ("fashion_mnist", 3)


BEYOND = {
    "an argument that Keras does not take": "model = keras.applications.MobileNetV2(input_shape=(4, 4, 3), alpha=7.0)",
    "an argument of another sort": "model = keras.applications.VGG16(input_shape=7)",
    "an argument that nobody has": "model = keras.applications.MobileNetV2(flavour='mild')",
    "a tensor that is no input": (
        "x = layers.Rescaling(2.0)(keras.Input((32, 32, 3)))\nmodel = keras.applications.MobileNetV2(input_tensor=x)"
    ),
    "more models than anybody needs": (
        "m = [keras.applications.VGG16(input_shape=(32, 32, 3), include_top=False) for _ in range(20)]\nmodel = m[0]"
    ),
}


@pytest.mark.parametrize("name", BEYOND)
def test_what_keras_does_not_make_is_told_with_its_line(name: str) -> None:
    with pytest.raises(NotPython) as caught:
        read(BEYOND[name])

    line = 4 + len(BEYOND[name].splitlines())
    assert caught.value.line == (line - 1 if "20" in BEYOND[name] else line)


def test_a_lambda_that_is_no_formula_is_one_placeholder() -> None:
    found = read(
        """
def twist(t):
    for _ in range(3):
        t = ops.roll(t, 1)
    return t

model = keras.Sequential([keras.Input((4,)), layers.Lambda(twist, name="twist"), layers.Dense(2)])
"""
    )

    assert [(each.name, each.outcome) for each in found.layers if each.outcome != "ok"] == [("twist", "placeholder")]


@pytest.mark.parametrize(
    ("base", "body"),
    [
        ("tf.keras.layers.Layer", "    def call(self, x):\n        return x\n"),
        ("layers.Layer", "    def call(self, x, x):\n        return x\n"),
    ],
    ids=["of tensorflow.keras", "that Python cannot compile"],
)
def test_a_class_is_taken_over_where_it_is_one_of_keras_and_is_python(base: str, body: str, tmp_path: Path) -> None:
    script = tmp_path / "own.py"
    script.write_text(
        f"import tensorflow as tf\nfrom tensorflow.keras import layers\n\nclass Own({base}):\n{body}\n"
        'x = tf.keras.Input((4,), name="x")\nmodel = tf.keras.Model(x, Own(name="own")(x))\n'
    )

    found = read_script(script, "own.py", CATALOG)

    outcome = "ok" if base.startswith("tf.") else "placeholder"
    assert {each.name: each.outcome for each in found.layers} == {"x": "ok", "own": outcome}
    assert [piece.name for piece in found.document.code.values()] == (["Own"] if outcome == "ok" else [])


OWN = '''
"""A script with classes of its own."""
import keras
import numpy as np
from keras import layers, ops

SCALE = 3
TABLE = np.zeros(4)


def doubled(x):
    return x * 2


@keras.saving.register_keras_serializable()
class Scaled(layers.Layer):
    def __init__(self, position, units, **kwargs):
        super().__init__(**kwargs)
        self.position, self.units = position, units

    def call(self, x):
        y = doubled(x)
        return ops.matmul(y, ops.ones((x.shape[-1], self.units))) * SCALE


class Looks(layers.Layer):
    def call(self, x):
        return x + TABLE


class Unused(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return ops.abs(y_true - y_pred)


x = keras.Input((4,), name="x")
y = Scaled(5, 2, name="scaled")(x)
model = keras.Model(x, Looks(name="looks")(y))
'''


def test_classes_of_a_script_become_code_of_the_design(tmp_path: Path) -> None:
    script = tmp_path / "own.py"
    script.write_text(OWN)

    found = read_script(script, "own.py", CATALOG)

    (piece,) = found.document.code.values()
    assert (piece.kind, piece.name) == ("layers", "Scaled")
    names: dict[str, Any] = {}
    exec(compile(piece.source, "piece", "exec"), names)
    assert names.keys() >= {"Scaled", "doubled", "SCALE", "ops", "layers"}
    assert not names.keys() & {"Looks", "Unused", "TABLE", "np", "x"}
    assert {each.name: each.outcome for each in found.layers} == {"x": "ok", "scaled": "ok", "looks": "placeholder"}
    scaled = next(layer for layer in found.document.layers.values() if layer.name == "scaled")
    assert (scaled.class_name, scaled.params) == ("Scaled", {"position": 5, "units": 2})
    problems = analyse(found.document, catalog_for(found.document)).problems
    assert "own_code_not_run" in {each.code for each in problems}
