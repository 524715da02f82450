"""A metric: what you watch. It is gathered over all batches of an epoch and told at its end."""

import keras


class WithinTolerance(keras.metrics.Metric):
    """The share of predictions that miss the true value by no more than a tolerance."""

    def __init__(self, tolerance: float = 0.1, name="within_tolerance", **kwargs):
        super().__init__(name=name, **kwargs)
        self.tolerance = tolerance
        self.hits = self.add_variable(shape=(), initializer="zeros", name="hits")
        self.seen = self.add_variable(shape=(), initializer="zeros", name="seen")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Called after every batch."""
        y_true = keras.ops.cast(y_true, y_pred.dtype)
        near = keras.ops.cast(keras.ops.abs(y_pred - y_true) <= self.tolerance, self.dtype)
        weight = keras.ops.ones_like(near)
        if sample_weight is not None:
            weight = weight * keras.ops.cast(keras.ops.reshape(sample_weight, (-1, 1)), self.dtype)
        self.hits.assign_add(keras.ops.sum(near * weight))
        self.seen.assign_add(keras.ops.sum(weight))

    def result(self):
        """The number that is shown."""
        return keras.ops.divide_no_nan(self.hits, self.seen)

    def reset_state(self):
        """Called before every epoch."""
        self.hits.assign(0.0)
        self.seen.assign(0.0)

    def get_config(self):
        return {**super().get_config(), "tolerance": self.tolerance}
