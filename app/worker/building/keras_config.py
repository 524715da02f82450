"""What a design sets of `keras.config`, in force while something is built or trained and taken back afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from app.document.model import KerasConfig


@contextmanager
def configured(config: KerasConfig) -> Iterator[None]:
    """Set `keras.config` as `config` says before a model is built, and restore all of it at the end.

    `dtype_policy` "float32" is Keras' default, which follows `floatx`: with floatx "float64" and no other policy,
    layers compute in float64, as they do in a script that only calls `set_floatx`.
    """
    before = (
        keras.config.floatx(),
        keras.config.epsilon(),
        keras.config.image_data_format(),
        keras.config.dtype_policy(),
    )
    policy = config.floatx if config.dtype_policy == "float32" else config.dtype_policy
    try:
        _set(config.floatx, config.epsilon, config.image_data_format, policy)
        yield
    finally:
        _set(*before)


def _set(floatx: str, epsilon: float, image_data_format: str, policy: str | keras.DTypePolicy) -> None:
    keras.config.set_floatx(floatx)
    keras.config.set_epsilon(epsilon)
    keras.config.set_image_data_format(image_data_format)
    keras.config.set_dtype_policy(policy)
