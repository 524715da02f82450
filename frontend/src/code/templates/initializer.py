"""An initializer: the values that a weight starts with."""

import keras


class NearIdentity(keras.initializers.Initializer):
    """Ones on the diagonal and a little noise, so that a layer begins by passing on what it gets."""

    def __init__(self, noise: float = 0.01, seed: int = 0):
        self.noise = noise
        self.seed = seed

    def __call__(self, shape, dtype=None, **kwargs):
        """Return a tensor of this shape; `shape` is that of the weight."""
        rows, columns = shape
        diagonal = keras.ops.eye(rows, columns, dtype=dtype)
        return diagonal + self.noise * keras.random.normal(shape, dtype=dtype, seed=self.seed)

    def get_config(self):
        return {"noise": self.noise, "seed": self.seed}
