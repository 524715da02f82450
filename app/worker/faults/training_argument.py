"""The call argument `training`: whether it has a say while a model is fitted, which the installed Keras decides."""

from collections.abc import Iterator
from functools import cache

import keras

from app.graph import fixes
from app.graph.check import Survey
from app.graph.model import Problem


@cache
def is_overridden() -> bool:
    """Return whether a model hands its own `training` to layers that were called with another one.

    Keras 3.15.1 does; pull request 23364 of keras-team/keras changes it.
    """
    inputs = keras.Input((64,), name="inputs")
    dropout = keras.layers.Dropout(0.5, name="dropout")
    model = keras.Model(inputs, dropout(inputs, training=True), name="model")
    ones = keras.ops.ones((1, 64))
    return bool(keras.ops.all(model(ones, training=False) == ones))


def training_arguments(found: Survey) -> Iterator[Problem]:
    """Yield the calls whose `training` does nothing in `fit`, `evaluate` and `predict`.

    A frozen layer that is called with False is left out: that it is frozen says the same.
    """
    for node, call in found.document.nodes.items():
        value = call.arguments.get("training")
        if not isinstance(value, bool) or node in found.faulty or found.spec_of(node) is None or not is_overridden():
            continue
        name, layer = found.name_of(node), found.layer_of(node)
        if value is False and layer.params.get("trainable") is False:
            continue
        yield Problem(
            code="training_overridden",
            severity="warning",
            node=node,
            param="training",
            message=f"training={value} of {name} has no effect in fit, evaluate and predict: "
            f"Keras {keras.__version__} calls every layer as it calls the model.",
            expected="no argument training, or a frozen layer called with training=False",
            received=f"training={value}",
            hint="Leave it out; an own layer can drop out in predictions too."
            if value
            else "Set trainable to false: BatchNormalization keeps its statistics then.",
            fix=fixes.remove_argument(node, "training")
            if value
            else fixes.set_param(found.document, node, "trainable", False),
        )
