"""What counts as the end of a model."""

from typing import Final

TRANSPARENT: Final = frozenset({"Dropout", "Flatten", "Identity", "Reshape", "Permute", "GaussianNoise"})
"""Layers behind which the last activation is still the one that counts."""

PROBABILITIES: Final = frozenset({"hard_sigmoid", "sigmoid", "softmax", "sparsemax"})
"""Activations that give values from 0 to 1; what others give, losses take as raw scores."""
