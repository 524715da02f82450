"""A loss: how wrong a prediction is. One number for every sample; Keras takes their mean."""

import keras


class LogCoshRelative(keras.losses.Loss):
    """Errors are measured against the size of the true value, and large ones count linearly."""

    def __init__(self, floor: float = 1.0, name="log_cosh_relative", **kwargs):
        super().__init__(name=name, **kwargs)
        self.floor = floor

    def call(self, y_true, y_pred):
        """Both have the shape (batch, ...); return one number for every sample."""
        y_true = keras.ops.cast(y_true, y_pred.dtype)
        size = keras.ops.maximum(keras.ops.abs(y_true), self.floor)
        error = (y_pred - y_true) / size
        return keras.ops.mean(keras.ops.logaddexp(error, -error) - keras.ops.log(2.0), axis=-1)

    def get_config(self):
        return {**super().get_config(), "floor": self.floor}
