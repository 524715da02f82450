"""What is said of the call argument `training` is what the installed Keras does."""

from typing import Any

import keras
import numpy as np
import pytest

from app.catalog.registry import load_catalog
from app.document.model import GraphDocument
from app.graph import fixes
from app.graph.model import Problem
from app.worker.analysis.analyse import analyse
from app.worker.faults.training_argument import is_overridden
from tests.graph.designs import chain


def called(class_name: str, params: dict[str, Any], training: bool) -> GraphDocument:
    document = chain(("x", "InputLayer", {"shape": [4]}), ("layer", class_name, params), ("y", "Output", {}))
    nodes = {
        **document.nodes,
        "layer": document.nodes["layer"].model_copy(update={"arguments": {"training": training}}),
    }
    return document.model_copy(update={"nodes": nodes})


def told(document: GraphDocument) -> list[Problem]:
    problems = analyse(document, load_catalog()).problems
    return [problem for problem in problems if problem.code == "training_overridden"]


def test_whether_fit_overrides_it() -> None:
    inputs = keras.Input((4,))
    layer = keras.layers.BatchNormalization()
    model = keras.Model(inputs, layer(inputs, training=False))
    model.compile("sgd", "mse")
    model.fit(np.full((8, 4), 5.0), np.zeros((8, 4)), verbose=0)

    assert is_overridden() is bool(np.any(np.asarray(layer.moving_mean) != 0))


@pytest.mark.parametrize(("class_name", "training"), [("BatchNormalization", False), ("Dropout", True)])
def test_a_call_that_is_overridden_is_told_and_mended(class_name: str, training: bool) -> None:
    document = called(class_name, {"rate": 0.5} if training else {}, training)

    found = told(document)

    assert [(each.node, each.param, each.severity) for each in found] == (
        [("layer", "training", "warning")] if is_overridden() else []
    )
    for each in found:
        assert each.fix is not None
        mended = fixes.applied(document, each.fix)
        assert mended is not None
        assert told(mended) == []


def test_a_frozen_layer_may_say_so_twice() -> None:
    assert told(called("BatchNormalization", {"trainable": False}, False)) == []
