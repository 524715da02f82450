"""A layer with a weight of its own: every feature is multiplied by a factor that is learned."""

import keras


class ScaleFeatures(keras.layers.Layer):
    """The parameters of __init__ become the fields of the form; their defaults are what it starts with."""

    def __init__(self, initial: float = 1.0, **kwargs):
        super().__init__(**kwargs)
        self.initial = initial

    def build(self, input_shape):
        """Weights are made here, where the shape of the input is known."""
        self.scale = self.add_weight(
            shape=(input_shape[-1],),
            initializer=keras.initializers.Constant(self.initial),
            name="scale",
        )

    def call(self, inputs):
        """Use keras.ops for computing, so that gradients pass through."""
        return keras.ops.multiply(inputs, self.scale)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        """What is needed to make the layer again: the parameters of __init__."""
        return {**super().get_config(), "initial": self.initial}
