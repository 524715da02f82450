"""Keras layers of our own, registered under the package `layerloom`.

What Keras 3 no longer has, and the safe Lambda. Each module stands alone and imports nothing but Keras and the
standard library, because exported Python carries its text.
"""

from app.layers.expression import Expression
from app.layers.locally_connected import LocallyConnected1D, LocallyConnected2D
from app.layers.thresholded_relu import ThresholdedReLU

__all__ = ["Expression", "LocallyConnected1D", "LocallyConnected2D", "ThresholdedReLU"]
