"""What Keras fills into a call by itself, and writes into the file as if somebody had said it."""

from collections.abc import Mapping
from typing import Any, Final

_MASKED: Final = frozenset(
    {
        "AdditiveAttention",
        "Attention",
        "ConvLSTM1D",
        "ConvLSTM2D",
        "ConvLSTM3D",
        "GRU",
        "LSTM",
        "RNN",
        "SimpleRNN",
    }
)
_INFERENCE: Final = _MASKED | {
    "AlphaDropout",
    "Dropout",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "LSTMCell",
    "SimpleRNNCell",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "SpectralNormalization",
    "StackedRNNCells",
}
"""Layers whose call says `training=False` unless it is told otherwise."""

_TRAINING: Final = frozenset(
    {
        "AugMix",
        "AutoContrast",
        "CenterCrop",
        "ContrastLimitedAdaptiveHistogramEqualization",
        "CutMix",
        "Equalization",
        "MaxNumBoundingBoxes",
        "MixUp",
        "Pipeline",
        "RandAugment",
        "Resizing",
        "Solarization",
    }
)
"""Layers whose call says `training=True`, beside those called Random."""


def is_filled_in(class_name: str, kwargs: Mapping[str, Any]) -> bool:
    """Return whether `training` in a call is what Keras fills in where nobody says anything.

    Where it fills that in for a layer with a mask, it fills in the mask too; where somebody says it, it does not.
    """
    value = kwargs.get("training")
    if class_name in _TRAINING or class_name.startswith("Random"):
        return value is True
    if class_name in _MASKED and "mask" not in kwargs:
        return False
    return value is False and class_name in _INFERENCE
