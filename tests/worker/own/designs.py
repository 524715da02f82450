"""Designs with code of their own: a recurrent cell stacked twice, and one piece of every kind."""

from typing import Any

from app.document.model import GraphDocument
from tests.worker.designs import chain

CELL = '''
import keras


class PlainCell(keras.layers.Layer):
    """An Elman cell without bias."""

    def __init__(self, units: int = 32, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = units
        self.output_size = units

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
        self.recurrent = self.add_weight(shape=(self.units, self.units), name="recurrent")

    def call(self, inputs, states):
        after = keras.ops.tanh(inputs @ self.kernel + states[0] @ self.recurrent)
        return after, [after]

    def get_config(self):
        return {**super().get_config(), "units": self.units}
'''

PIECES = {
    "loss": (
        "losses",
        "PatientError",
        """
import keras


class PatientError(keras.losses.Loss):
    def __init__(self, scale: float = 2.0, name="patient_error", reduction="sum_over_batch_size", **kwargs):
        super().__init__(name=name, reduction=reduction, **kwargs)
        self.scale = scale

    def call(self, y_true, y_pred):
        return keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1) / self.scale

    def get_config(self):
        return {**super().get_config(), "scale": self.scale}
""",
    ),
    "metric": (
        "metrics",
        "LargestError",
        """
import keras


class LargestError(keras.metrics.Metric):
    def __init__(self, name="largest_error", **kwargs):
        super().__init__(name=name, **kwargs)
        self.largest = self.add_variable(shape=(), initializer="zeros", name="largest")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.largest.assign(keras.ops.maximum(self.largest, keras.ops.max(keras.ops.abs(y_true - y_pred))))

    def result(self):
        return self.largest
""",
    ),
    "callback": (
        "callbacks",
        "Announcer",
        """
import keras


class Announcer(keras.callbacks.Callback):
    def __init__(self, word: str = "epoch"):
        super().__init__()
        self.word = word

    def on_epoch_end(self, epoch, logs=None):
        print(f"{self.word} {epoch} ended")
""",
    ),
    "initializer": (
        "initializers",
        "Halves",
        """
import keras


class Halves(keras.initializers.Initializer):
    def __call__(self, shape, dtype=None):
        return keras.ops.full(shape, 0.5, dtype=dtype)
""",
    ),
    "regularizer": (
        "regularizers",
        "Pull",
        """
import keras


class Pull(keras.regularizers.Regularizer):
    def __init__(self, strength: float = 0.01):
        self.strength = strength

    def __call__(self, x):
        return self.strength * keras.ops.sum(keras.ops.abs(x))

    def get_config(self):
        return {"strength": self.strength}
""",
    ),
    "activation": (
        "activations",
        "gentle",
        """
import keras


def gentle(x):
    return keras.ops.tanh(x) * 0.9
""",
    ),
    "function": (
        "functions",
        "remember",
        """
def remember(epoch, logs=None):
    print(f"epoch {epoch} gave {sorted(logs)}")
""",
    ),
}


def code(*names: str) -> dict[str, Any]:
    """Return the pieces called `names`, and the cell, as a design holds them."""
    pieces = {
        name: {"kind": PIECES[name][0], "name": PIECES[name][1], "source": PIECES[name][2]}
        for name in (names or PIECES)
    }
    return {"cell": {"kind": "layers", "name": "PlainCell", "source": CELL}, **pieces}


def with_code(document: GraphDocument, pieces: dict[str, Any]) -> GraphDocument:
    return GraphDocument.model_validate({**document.model_dump(mode="json"), "code": pieces})


STACK = {
    "class_name": "StackedRNNCells",
    "config": {
        "cells": [
            {"class_name": "PlainCell", "config": {"units": 32}},
            {"class_name": "PlainCell", "config": {"units": 64}},
        ]
    },
}


def cell_design(shape: list[int | None]) -> GraphDocument:
    """The reference model: an RNN over two own cells, 32 and 64 units, on any number of steps of 5."""
    layers = (("input", "InputLayer", {"shape": shape}), ("rnn", "RNN", {"cell": STACK}), ("output", "Output", {}))
    return with_code(chain(layers), code("activation"))


def everything(training: dict[str, Any] | None = None) -> GraphDocument:
    """A regression on ten numbers in which every kind of own code takes part."""
    layers = (
        ("input", "InputLayer", {"shape": [10]}),
        ("steps", "Reshape", {"target_shape": [2, 5]}),
        ("rnn", "RNN", {"cell": STACK}),
        (
            "last",
            "Dense",
            {
                "units": 1,
                "activation": {"class_name": "gentle", "config": {}},
                "bias_initializer": {"class_name": "Halves", "config": {}},
                "kernel_regularizer": {"class_name": "Pull", "config": {"strength": 0.001}},
            },
        ),
        ("output", "Output", {}),
    )
    chosen = {
        "dataset": "diabetes",
        "losses": {"output": {"class_name": "PatientError", "config": {"scale": 4.0}}},
        "metrics": {"output": {"m": {"class_name": "LargestError", "config": {}}}},
        "callbacks": {
            "c": {"class_name": "Announcer", "config": {"word": "round"}},
            "d": {"class_name": "LambdaCallback", "config": {"on_epoch_end": "remember"}},
        },
        "fit": {"epochs": 2, "seed": 1},
    }
    return with_code(chain(layers, chosen | (training or {})), code())
