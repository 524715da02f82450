"""What counts as the end of a model."""

from typing import Final

TRANSPARENT: Final = frozenset({"Dropout", "Flatten", "Identity", "Reshape", "Permute", "GaussianNoise"})
"""Layers behind which the last activation is still the one that counts."""
