"""A regularizer: a number that is added to the loss for weights that are not as you wish."""

import keras


class LargestWeight(keras.regularizers.Regularizer):
    """Only the weight that stands out most has a price."""

    def __init__(self, strength: float = 0.01):
        self.strength = strength

    def __call__(self, weights):
        """Return one number for the whole weight."""
        return self.strength * keras.ops.max(keras.ops.abs(weights))

    def get_config(self):
        return {"strength": self.strength}
