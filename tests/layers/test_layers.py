"""Layers of our own: they compute what Keras 2 computed, train, and come back from a file."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from app.layers import Expression, LocallyConnected1D, LocallyConnected2D, ThresholdedReLU

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

RANDOM = np.random.default_rng(0)


def test_parameter_counts_of_the_seed_models() -> None:
    one = keras.Sequential([keras.Input((10, 32)), LocallyConnected1D(64, 3), LocallyConnected1D(32, 3)])
    two = keras.Sequential([keras.Input((32, 32, 3)), LocallyConnected2D(64, 3), LocallyConnected2D(32, 3)])
    assert [layer.count_params() for layer in one.layers] == [49_664, 37_056]
    assert [layer.count_params() for layer in two.layers] == [1_612_800, 14_475_776]
    assert (one.output_shape, two.output_shape) == ((None, 6, 32), (None, 28, 28, 32))


@pytest.mark.parametrize("strides", [1, 2])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_one_dimension_place_by_place(data_format: str, strides: int) -> None:
    layer = LocallyConnected1D(4, 3, strides=strides, data_format=data_format, bias_initializer="glorot_uniform")
    x = RANDOM.normal(size=(2, 7, 5)).astype("float32")
    seen = x if data_format == "channels_last" else x.transpose(0, 2, 1)
    result = keras.ops.convert_to_numpy(layer(seen))
    kernel, bias = (keras.ops.convert_to_numpy(weight) for weight in layer.weights)
    for place in range(kernel.shape[0]):
        patch = x[:, place * strides : place * strides + 3]
        flat = (patch if data_format == "channels_last" else patch.transpose(0, 2, 1)).reshape(2, -1)
        got = result[:, place] if data_format == "channels_last" else result[:, :, place]
        np.testing.assert_allclose(got, flat @ kernel[place] + bias[place], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_two_dimensions_place_by_place(data_format: str) -> None:
    layer = LocallyConnected2D(2, (2, 3), strides=(2, 1), data_format=data_format, activation="relu", use_bias=False)
    x = RANDOM.normal(size=(2, 6, 5, 3)).astype("float32")
    seen = x if data_format == "channels_last" else x.transpose(0, 3, 1, 2)
    result = keras.ops.convert_to_numpy(layer(seen))
    if data_format == "channels_first":
        result = result.transpose(0, 2, 3, 1)
    (kernel,) = (keras.ops.convert_to_numpy(weight) for weight in layer.weights)
    assert result.shape == (2, 3, 3, 2)
    for place, (row, column) in enumerate(np.ndindex(3, 3)):
        patch = x[:, row * 2 : row * 2 + 2, column : column + 3]
        flat = (patch if data_format == "channels_last" else patch.transpose(0, 3, 1, 2)).reshape(2, -1)
        np.testing.assert_allclose(result[:, row, column], np.maximum(flat @ kernel[place], 0), rtol=1e-5, atol=1e-5)


def test_thresholded_relu() -> None:
    assert keras.ops.convert_to_numpy(ThresholdedReLU(0.5)(np.array([[-1.0, 0.5, 0.6, 2.0]], "float32"))).tolist() == [
        [0.0, 0.0, pytest.approx(0.6), 2.0]
    ]
    masked = keras.layers.Masking()(keras.ops.array([[[0.0], [1.0]]]))
    mask = keras.ops.convert_to_numpy(ThresholdedReLU()(masked)._keras_mask)
    assert mask.tolist() == [[False, True]]


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (LocallyConnected1D(2, 3, kernel_regularizer="l2", activation="tanh"), (6, 2)),
        (LocallyConnected2D(2, (2, 2), strides=2, kernel_constraint="max_norm"), (4, 4, 2)),
        (ThresholdedReLU(0.1), (4,)),
        (Expression("where(x > 0, x, 0.1 * x) + ops.mean(x, axis=-1, keepdims=True)"), (4,)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, keras.layers.Layer) else "",
)
def test_it_trains_and_comes_back_from_a_file(layer: Any, shape: tuple[int, ...], tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input(shape), layer, keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = RANDOM.normal(size=(4, *shape)).astype("float32")
    model.fit(x, np.ones((4, 1)), epochs=1, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.layers[0].get_config() == layer.get_config()
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize(
    ("layer", "shape", "words"),
    [
        (lambda: LocallyConnected1D(2, 3, padding="same"), (5, 1), "only padding='valid'"),
        (lambda: LocallyConnected1D(2, 3), (None, 1), "every dimension but the batch"),
        (lambda: LocallyConnected1D(2, 9), (5, 1), "larger than the input"),
        (lambda: LocallyConnected2D(2, (3, 3, 3)), (5, 5, 1), "positive integer or 2"),
        (lambda: ThresholdedReLU(-1), (3,), "at least 0"),
    ],
)
def test_mistakes_are_told(layer: Any, shape: tuple[int | None, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        layer()(keras.Input(shape))
