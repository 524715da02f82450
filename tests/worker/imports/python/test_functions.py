"""Functions that a script hands to Keras: the design trains and computes with them as the script does."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from app.catalog.own import catalog_for, source_faults
from app.catalog.registry import load_catalog
from app.codegen.python_source import render_script
from app.document.model import Callback, Loss, Metric
from app.graph.plan import make_plan
from app.messages.analysis import ImportedModel
from app.worker.imports.errors import NotPython
from app.worker.imports.python.source import read_script

SCRIPT = '''
import keras
from keras import layers, ops
from tensorflow.keras import backend as K

EPS = 1e-6


def safe(x):
    return x + EPS


@keras.saving.register_keras_serializable()
def rmse(y_true, y_pred):
    """Root of the mean squared error."""
    return ops.sqrt(safe(ops.mean(ops.square(y_true - y_pred), axis=-1)))


def within(y_true, y_pred, width=0.5):
    return ops.mean(ops.cast(ops.abs(y_true - y_pred) < width, "float32"), axis=-1)


def squash(x):
    return x / (1 + ops.abs(x))


def joined(pair):
    first, second = pair
    for _ in range(2):
        first = first + second
    return first


def widened(t, times):
    for _ in range(times):
        t = ops.concatenate([t, t], axis=-1)
    return t


def small(shape, dtype=None):
    return 0.1 * ops.ones(shape, dtype=dtype)


def build():
    scale = 3.0

    def turned(t):
        for _ in range(2):
            t = ops.roll(t, 1, axis=-1)
        return t

    x = keras.Input((4,), name="x")
    penalty = lambda w: 0.01 * ops.sum(w**2)
    h = layers.Dense(4, activation=squash, kernel_initializer=small, kernel_regularizer=penalty)(x)
    h = layers.Activation(lambda t: t * ops.sigmoid(1.7 * t), name="gated")(h)
    h = layers.Lambda(turned, name="turned")(h)
    h = layers.Lambda(widened, arguments={"times": 2}, name="wide")(h)
    h = layers.Lambda(lambda q: K.relu(ops.concatenate([q, *[q] * 2], axis=1)), name="class")(h)
    h = layers.Lambda(joined)([h, layers.Dense(48)(h)])
    return keras.Model(x, layers.Dense(1)(h))


model = build()
model.compile("sgd", loss=rmse, metrics=["mae", within, rmse, lambda a, b: ops.abs(a - b)])
'''
ROWS = np.linspace(-1, 1, 24, dtype="float32").reshape(6, 4)
TRUTH = np.linspace(0, 1, 6, dtype="float32").reshape(6, 1)


def imported(source: str, folder: Path) -> ImportedModel:
    script = folder / "script.py"
    script.write_text(source)
    return read_script(script, "script.py", load_catalog())


def model_of(source: str, name: str) -> keras.Model:
    names: dict[str, Any] = {"__name__": "script"}
    exec(compile(source, name, "exec"), names)
    return names["model"] if "model" in names else names["main"]()


def test_the_design_computes_what_the_script_computes(tmp_path: Path) -> None:
    document = imported(SCRIPT, tmp_path).document

    assert source_faults(document) == {}
    assert {(piece.kind, piece.name) for piece in document.code.values()} == {
        ("activations", "squash"),
        ("activations", "own_activation"),
        ("initializers", "SmallInitializer"),
        ("regularizers", "OwnRegularizer"),
        ("layers", "TurnedLayer"),
        ("layers", "WidenedLayer"),
        ("layers", "ClassLayer"),
        ("layers", "JoinedLayer"),
        ("losses", "RmseLoss"),
        ("metrics", "WithinMetric"),
        ("metrics", "RmseMetric"),
        ("metrics", "OwnMetric"),
    }
    theirs = model_of(SCRIPT, "theirs")
    ours = model_of(render_script(make_plan(document, catalog_for(document)), document).source, "ours")
    ours.set_weights(theirs.get_weights())
    found, wanted = (
        each.evaluate(ROWS, TRUTH, batch_size=3, verbose=0, return_dict=True).values() for each in (ours, theirs)
    )
    np.testing.assert_allclose(sorted(found), sorted(wanted), rtol=1e-6)


def test_code_that_no_part_of_the_design_names_stays_behind(tmp_path: Path) -> None:
    source = SCRIPT.replace("loss=rmse, metrics=[", 'loss="mse", metrics=["mse", ').replace(
        "within, rmse, lambda", "lambda"
    )

    document = imported(source, tmp_path).document

    assert document.training.losses == {"output": Loss(class_name="MeanSquaredError")}
    assert not {"RmseLoss", "RmseMetric", "WithinMetric"} & {piece.name for piece in document.code.values()}


LINES = {
    "one line": ("lambda epoch: 1e-3 * 0.9 ** epoch", "0.001 * 0.9 ** epoch"),
    "branches": ("tutorial", "lr if epoch < 10 else lr * exp(-0.1)"),
    "steps": ("steps", "0.1 * 0.5 if epoch > 20 else 0.1 * 0.7 if epoch > 10 else 0.1"),
    "powers": ("drops", "0.1 * 0.5 ** floor((1 + epoch) / 10)"),
    "half a wave": ("cosine", "0.01 * (1 + cos(pi * epoch / 10)) / 2"),
    "a rate by default": ("lambda epoch, lr=0.5: lr / 2", "lr / 2"),
    "a third argument": ("lambda epoch, lr, DROP=0.9: lr * DROP", None),
    "an own table": ("table", None),
    "a line that doubles without end": ("doubled", None),
}
SCHEDULES = f'''
import math
import keras
import numpy as np
import tensorflow as tf

RATES = [0.1, 0.01]
DROP = 0.5


def tutorial(epoch, lr):
    """Keeps the rate for ten epochs."""
    if epoch < 10:
        return lr
    else:
        return float(lr * tf.math.exp(-0.1))


def steps(epoch):
    rate = 0.1
    if epoch > 20:
        rate *= DROP
    elif epoch > 10:
        rate *= 0.7
    print("rate", rate)
    return rate


def drops(epoch):
    return 0.1 * math.pow(DROP, np.floor((1 + epoch) / 10))


def cosine(epoch):
    return 0.01 * (1 + math.cos(np.pi * epoch / 10)) / 2


def table(epoch, lr):
    return RATES[min(epoch, 1)]


def doubled(epoch, lr):
{"    lr = lr + lr" + chr(10)}{("    lr = lr + lr" + chr(10)) * 99}
    return lr


model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(np.zeros((4, 4)), np.zeros(4), callbacks=[keras.callbacks.LearningRateScheduler(HERE, verbose=1)])
'''


@pytest.mark.parametrize("name", LINES)
def test_a_schedule_is_one_line_or_own_code(name: str, tmp_path: Path) -> None:
    function, line = LINES[name]

    document = imported(SCHEDULES.replace("HERE", function), tmp_path).document

    if line is not None:
        wanted = Callback(class_name="LearningRateScheduler", config={"schedule": line, "verbose": 1})
        assert (document.training.callbacks, document.code) == ({"callback_1": wanted}, {})
        return
    (piece,) = document.code.values()
    assert document.training.callbacks == {"callback_1": Callback(class_name=piece.name, config={"verbose": 1})}
    names: dict[str, Any] = {}
    exec(compile(piece.source, "piece", "exec"), names)
    callback = names[piece.name](verbose=1)
    assert isinstance(callback, keras.callbacks.LearningRateScheduler)
    rates = {"table": 0.1, "doubled": 0.5 * 2**100}
    assert (callback.schedule(0, 0.5), callback.verbose) == (rates.get(function, 0.45), 1)


def test_functions_of_a_callback(tmp_path: Path) -> None:
    told = "keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch), on_train_end=told)"
    source = SCHEDULES.replace("keras.callbacks.LearningRateScheduler(HERE, verbose=1)", told)
    source = source.replace("model =", "def told(logs):\n    print(RATES)\n\n\nmodel =", 1)

    document = imported(source, tmp_path).document

    config = {"on_epoch_end": "own_function", "on_train_end": "told"}
    assert document.training.callbacks == {"callback_1": Callback(class_name="LambdaCallback", config=config)}
    assert {(piece.kind, piece.name) for piece in document.code.values()} == {
        ("functions", "own_function"),
        ("functions", "told"),
    }


CLOSURES = """
import keras
from keras import ops


def focal(gamma, alpha=0.25):
    powers = [gamma, alpha]

    def focal_loss(y_true, y_pred):
        weight = ops.power(1 - y_pred, powers[0])
        return -ops.mean(alpha * weight * ops.log(y_pred + keras.backend.epsilon()), axis=-1)

    return focal_loss


def steep(x):
    return 2 * x


keras.utils.get_custom_objects().update({"steep": keras.layers.Activation(steep)})
keras.saving.get_custom_objects()["twice"] = steep
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="steep")])
model.add(keras.layers.Dense(2, activation="twice"))
model.compile("sgd", loss=focal(2.0), metrics=[focal(gamma=1, alpha=0.5)])
"""


def test_what_a_function_takes_from_around_it_comes_along_as_numbers(tmp_path: Path) -> None:
    found = imported(CLOSURES, tmp_path)
    document = found.document

    told = "From the script this design has own code, taken over as text and not run yet: "
    assert found.notes[0] == f"{told}steep, FocalLoss, FocalLoss2Metric."
    assert document.code["focal_loss"].source == (
        "import keras\nfrom keras import ops\n\n\n"
        "def focal_loss(y_true, y_pred, *, alpha=0.25, powers=[2.0, 0.25]):\n"
        "    weight = ops.power(1 - y_pred, powers[0])\n"
        "    return -ops.mean(alpha * weight * ops.log(y_pred + keras.backend.epsilon()), axis=-1)\n\n\n"
        "class FocalLoss(keras.losses.Loss):\n"
        "    def call(self, y_true, y_pred):\n"
        "        return focal_loss(y_true, y_pred)\n"
    )
    other = document.code["focal_loss2_metric"].source
    assert "def focal_loss_2(y_true, y_pred, *, alpha=0.5, powers=[1, 0.5])" in other
    assert model_of(render_script(make_plan(document, catalog_for(document)), document).source, "ours").built
    assert {layer.params.get("activation") for layer in document.layers.values()} == {"steep", None}


def test_a_formula_that_doubles_without_end_stays_a_function(tmp_path: Path) -> None:
    doubled = "def doubled(x):\n" + "    x = x + x\n" * 100 + "    return x\n\n\n"
    source = f"import keras\n\n\n{doubled}model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(doubled)])\n"

    document = imported(source, tmp_path).document

    assert {piece.name: piece.source.count("x + x") for piece in document.code.values()} == {"DoubledLayer": 100}


NOT_TAKEN = {
    "a function that needs what is around it": """
def build(scale):
    def scaled(t):
        for _ in range(2):
            t = t * scale
        return t
    return keras.Sequential([keras.Input((4,)), layers.Lambda(scaled, name="lambda")])

model = build(np.random.rand())
""",
    "a function with a mask": """
def masked(t, mask=None):
    for _ in range(2):
        t = t + 1
    return t

model = keras.Sequential([keras.Input((4,)), layers.Lambda(masked, mask=None, name="lambda")])
""",
    "a function that takes two tensors": """
def two(a, b):
    for _ in range(2):
        a = a + b
    return a

model = keras.Sequential([keras.Input((4,)), layers.Lambda(two, name="lambda")])
""",
}


@pytest.mark.parametrize("name", NOT_TAKEN)
def test_a_lambda_whose_function_does_not_stand_alone_is_a_placeholder(name: str, tmp_path: Path) -> None:
    source = "import keras\nimport numpy as np\nfrom keras import layers, ops\n" + NOT_TAKEN[name]

    found = imported(source, tmp_path)

    assert [each.outcome for each in found.layers if each.name == "lambda"] == ["placeholder"]
    assert found.document.code == {}


def test_an_activation_that_does_not_stand_alone_is_told_with_its_line(tmp_path: Path) -> None:
    source = """
import keras
import numpy as np

table = np.random.rand(4)


def looked_up(x):
    return x * table


model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, activation=looked_up)])
"""
    with pytest.raises(NotPython) as caught:
        imported(source, tmp_path)

    assert caught.value.line == 12


def test_metrics_of_a_script_keep_their_names(tmp_path: Path) -> None:
    document = imported(SCRIPT, tmp_path).document

    assert document.training.metrics == {
        "output": {
            f"metric_{number}": Metric(class_name=name, position=float(number - 1))
            for number, name in enumerate(["MeanAbsoluteError", "WithinMetric", "RmseMetric", "OwnMetric"], 1)
        }
    }
    ours = model_of(render_script(make_plan(document, catalog_for(document)), document).source, "ours")
    assert list(ours.evaluate(ROWS, TRUTH, verbose=0, return_dict=True)) == [
        "loss", "mean_absolute_error", "own_metric", "rmse", "within",
    ]  # fmt: skip
