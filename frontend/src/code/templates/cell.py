"""A cell for the RNN layer: it sees one time step and its own state, and is called for every step."""

import keras


class MinimalCell(keras.layers.Layer):
    """A gate decides, unit by unit, how much of the state is kept and how much is new."""

    def __init__(self, units: int = 32, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = units
        self.output_size = units

    def build(self, input_shape):
        size = input_shape[-1] + self.units
        self.candidate = self.add_weight(shape=(size, self.units), name="candidate")
        self.gate = self.add_weight(shape=(size, self.units), name="gate")

    def call(self, inputs, states):
        """Return the output of this step and the list of the new states."""
        (before,) = states
        joined = keras.ops.concatenate([inputs, before], axis=-1)
        new = keras.ops.tanh(keras.ops.matmul(joined, self.candidate))
        keep = keras.ops.sigmoid(keras.ops.matmul(joined, self.gate))
        after = keep * before + (1.0 - keep) * new
        return after, [after]

    def get_config(self):
        return {**super().get_config(), "units": self.units}
