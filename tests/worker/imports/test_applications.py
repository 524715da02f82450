"""The law over `keras.applications`: imported, not edited and exported, an architecture is what it was.

It holds for all 40, as a `.keras` file and as Python: the number of parameters, the layers' names and configurations
and, with the weights of the original, the outputs.
"""

import gc
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import keras
import numpy as np
import pytest

from app.catalog.registry import load_catalog
from app.codegen.python_source import render_script
from app.graph.plan import make_plan
from app.worker.building.build import build_model
from app.worker.exports.configuration import configuration, first_difference
from app.worker.exports.proof import largest_difference, predictions
from app.worker.exports.scripts import built_by
from app.worker.imports.drawn import import_config

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

CATALOG: Final = load_catalog()
ARCHITECTURES: Final = sorted(
    name for name in dir(keras.applications) if name[0].isupper() and callable(getattr(keras.applications, name))
)
EVERY_RUN: Final = ("ConvNeXtTiny", "EfficientNetB0", "MobileNetV3Small")
"""Layers that Keras does not export, normalisation inside the model, and inputs of any size; the others are soaked."""

TOLERANCE: Final = 1e-6


class Comparison(NamedTuple):
    """An architecture and its exports: `keras` and `python` are the largest differences of their outputs from its own.

    `spread` is between the least and the likeliest class, on one sample of noise.
    """

    parameters: int
    spread: float
    keras: float
    python: float


class Facts(NamedTuple):
    """What must be equal before outputs are compared."""

    parameters: int
    names: list[str]
    configuration: Any


def facts(model: Any) -> Facts:
    return Facts(model.count_params(), [layer.name for layer in model.layers], configuration(model, named=True))


def compare(name: str) -> Comparison:
    """Import the architecture `name` with random weights, export it, and measure; raise `AssertionError` if unequal."""
    try:
        with TemporaryDirectory() as folder:
            return _compare(name, Path(folder) / "exported.keras")
    finally:
        keras.backend.clear_session()
        gc.collect()


def _compare(name: str, exported: Path) -> Comparison:
    keras.utils.set_random_seed(0)
    original = getattr(keras.applications, name)(weights=None)
    image = np.random.default_rng(0).uniform(0, 255, (1, *(size or 224 for size in original.input_shape[1:])))
    inputs = [image.astype("float32")]
    _tell_classes_apart(original, inputs)
    expected, (answer,), weights = facts(original), predictions(original, inputs), original.get_weights()
    found = import_config(json.loads(original.to_json()), name, CATALOG)
    del original
    assert [layer for layer in found.layers if layer.outcome != "ok"] == []
    plan = make_plan(found.document, CATALOG)

    ours = build_model(plan)
    ours.set_weights(weights)
    ours.save(exported)
    del ours
    loaded = keras.saving.load_model(exported)
    _assert_equal(facts(loaded), expected)
    (from_file,) = predictions(loaded, inputs)
    del loaded

    scripted = built_by(render_script(plan, found.document).source)
    _assert_equal(facts(scripted), expected)
    scripted.set_weights(weights)
    (from_script,) = predictions(scripted, inputs)

    return Comparison(
        expected.parameters,
        float(np.ptp(answer)),
        largest_difference(answer, from_file),
        largest_difference(answer, from_script),
    )


def _tell_classes_apart(model: Any, inputs: list[Any]) -> None:
    """Scale the last kernel: fresh weights give each class a chance of 1 in 1,000, which would hide a difference."""
    last = [layer for layer in model.layers if hasattr(layer, "kernel")][-1]
    (features,) = predictions(keras.Model(model.input, last.input), inputs)
    scores = features.ravel() @ keras.ops.convert_to_numpy(last.kernel).reshape(features.size, -1)
    last.kernel.assign(last.kernel * (5.0 / np.ptp(scores)))


def _assert_equal(received: Facts, expected: Facts) -> None:
    assert received.parameters == expected.parameters
    assert received.names == expected.names
    assert first_difference(expected.configuration, received.configuration) == ""


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in EVERY_RUN else pytest.mark.soak) for name in ARCHITECTURES],
)
def test_an_architecture_comes_in_and_goes_out_the_same(name: str) -> None:
    found = compare(name)
    assert found.spread > 100 * TOLERANCE
    assert found.keras <= TOLERANCE
    assert found.python <= TOLERANCE


def test_there_are_forty_architectures() -> None:
    assert len(ARCHITECTURES) == 40
