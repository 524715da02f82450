"""What is known of data that a script loads: the shapes of `keras.datasets`, followed through simple steps."""

import math
from typing import Any, Final

from app.worker.imports.python.values import Data

LOADED: Final = {
    "mnist": ((60_000, 28, 28), (10_000, 28, 28)),
    "fashion_mnist": ((60_000, 28, 28), (10_000, 28, 28)),
    "cifar10": ((50_000, 32, 32, 3), (10_000, 32, 32, 3)),
    "cifar100": ((50_000, 32, 32, 3), (10_000, 32, 32, 3)),
    "boston_housing": ((404, 13), (102, 13)),
    "california_housing": ((16_512, 8), (4_128, 8)),
    "imdb": ((25_000,), (25_000,)),
    "reuters": ((8_982,), (2_246,)),
}
"""Shapes of the inputs for training and for testing, as `load_data()` of each set gives them (Keras' documentation)."""

_LABELS: Final = {"cifar10": (1,), "cifar100": (1,)}
"""Shape of one label, where it is no plain number."""


def loaded(path: str, line: int) -> Any:
    """Return `(x, y), (x, y)` of `keras.datasets.NAME.load_data`; None for another function."""
    prefix, _, function = path.rpartition(".")
    name = prefix.removeprefix("keras.datasets.")
    if function != "load_data" or prefix != f"keras.datasets.{name}" or name not in LOADED:
        return None
    label = _LABELS.get(name, ())
    return tuple((Data(path, line, name, shape), Data(path, line, name, (shape[0], *label))) for shape in LOADED[name])


def method(data: Data, name: str, args: list[Any]) -> Data | None:
    """Return what a method of an array gives, where its shape is known then."""
    if name in ("astype", "copy"):
        return data
    if name == "reshape":
        return reshaped(data, args[0] if len(args) == 1 and isinstance(args[0], list | tuple) else args)
    return None


def function(path: str, args: list[Any], kwargs: dict[str, Any]) -> Data | None:
    """Return what a function of NumPy gives for data, where its shape is known then."""
    module, _, name = path.rpartition(".")
    if module != "numpy" or not args or not isinstance(args[0], Data):
        return None
    match name:
        case "asarray" | "array":
            return args[0]
        case "reshape" if len(args) == 2:
            return reshaped(args[0], args[1])
        case "expand_dims":
            axis = kwargs.get("axis", args[1] if len(args) > 1 else None)
            return _with_axis(args[0], axis) if isinstance(axis, int) else None
    return None


def reshaped(data: Data, shape: Any) -> Data | None:
    """Return `data` in another shape, in which one size may be -1."""
    if not isinstance(shape, list | tuple) or not all(type(size) is int for size in shape):
        return None
    known = math.prod(size for size in shape if size != -1)
    whole = math.prod(data.shape)
    if list(shape).count(-1) > 1 or known <= 0 or whole % known:
        return None
    found = tuple(whole // known if size == -1 else size for size in shape)
    return data.of(found) if math.prod(found) == whole else None


def indexed(data: Data, key: Any) -> Data | None:
    """Return `data[:n]` and `data[..., None]`."""
    if isinstance(key, slice) and all(part is None or type(part) is int for part in (key.start, key.stop, key.step)):
        return data.of((len(range(data.shape[0])[key]), *data.shape[1:])) if key.step != 0 else None
    return _with_axis(data, -1) if key == (..., None) else None


def _with_axis(data: Data, axis: int) -> Data | None:
    place = axis if axis >= 0 else len(data.shape) + 1 + axis
    return data.of((*data.shape[:place], 1, *data.shape[place:])) if 0 <= place <= len(data.shape) else None
