"""The activation layer that Keras 3 dropped."""

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="layerloom")
class ThresholdedReLU(keras.layers.Layer):
    """Keeps what is greater than theta and sets the rest to zero.

    `f(x) = x if x > theta else 0`.

    Args:
        theta: Float, at least 0. The threshold.
    """

    def __init__(self, theta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if theta is None or not theta >= 0:
            raise ValueError(f"theta must be a number of at least 0. Received: theta={theta}")
        self.theta = theta
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return inputs * keras.ops.cast(inputs > self.theta, inputs.dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "theta": self.theta}
