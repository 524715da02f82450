"""The texts that own code starts from are correct Keras: built, trained with, saved by config and made again."""

import runpy
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

TEMPLATES = Path(__file__).parents[3] / "frontend" / "src" / "code" / "templates"
X = np.linspace(-1.0, 1.0, 24, dtype="float32").reshape(8, 3)
Y = X.sum(axis=1, keepdims=True)


def load(name: str, defined: str) -> Any:
    return runpy.run_path(str(TEMPLATES / f"{name}.py"))[defined]


def again(made: Any) -> Any:
    """Make an object anew from its config."""
    return type(made).from_config(made.get_config())


@pytest.fixture(scope="module", autouse=True)
def _release() -> Any:
    yield
    keras.utils.clear_session()


def test_layer_scales_and_survives_its_config() -> None:
    layer = again(load("layer", "ScaleFeatures")(initial=2.0))
    np.testing.assert_allclose(layer(X), 2.0 * X)
    assert (layer.count_params(), layer.get_config()["initial"]) == (3, 2.0)


def test_cell_runs_over_time() -> None:
    cell = again(load("cell", "MinimalCell")(units=4))
    steps = np.stack([X, X, X], axis=1)
    rnn = keras.layers.RNN(cell, return_sequences=True)
    assert tuple(rnn(steps).shape) == (8, 3, 4)
    assert rnn.count_params() == 2 * (3 + 4) * 4


def test_all_other_kinds_train_together(capsys: pytest.CaptureFixture[str]) -> None:
    initializer = again(load("initializer", "NearIdentity")(noise=0.0))
    np.testing.assert_array_equal(initializer((3, 3)), np.eye(3))
    regularizer = again(load("regularizer", "LargestWeight")(strength=0.5))
    assert float(regularizer(np.array([[-4.0, 1.0]], "float32"))) == 2.0
    activation = load("activation", "soft_step")
    np.testing.assert_allclose(activation(np.array([-50.0, 0.0, 50.0])), [0.0, 0.5, 1.0], atol=1e-6)

    metric = again(load("metric", "WithinTolerance")(tolerance=0.5))
    metric.update_state(np.array([[0.0], [0.0]]), np.array([[0.25], [1.0]]))
    assert float(metric.result()) == 0.5
    metric.update_state(np.array([[0.0], [0.0]]), np.array([[0.25], [1.0]]), sample_weight=np.array([2.0, 0.0]))
    assert float(metric.result()) == 0.75

    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(
                3, activation=activation, kernel_initializer=initializer, kernel_regularizer=regularizer
            ),
            keras.layers.Dense(1),
        ]
    )
    loss = again(load("loss", "LogCoshRelative")())
    np.testing.assert_allclose(loss(np.array([[100.0]]), np.array([[100.0]])), 0.0, atol=1e-6)
    model.compile(optimizer="sgd", loss=loss, metrics=[metric])
    good = load("callback", "StopWhenGood")(monitor="loss", target=1e6)
    told = keras.callbacks.LambdaCallback(on_epoch_end=load("function", "tell_epoch"))
    history = model.fit(X, Y, epochs=3, batch_size=8, verbose=0, callbacks=[good, told])
    assert history.epoch == [0]
    assert np.isfinite(history.history["loss"][0])
    said = capsys.readouterr().out
    assert "that is good enough" in said
    assert "Epoch 1: loss " in said
