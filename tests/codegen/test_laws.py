"""Laws of exported Python, over random designs and the architectures of `keras.applications`."""

import json
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from app.catalog.registry import load_catalog
from app.codegen.python_source import render_script
from app.document.model import GraphDocument
from app.graph.plan import make_plan
from app.worker.build import build_model
from app.worker.exports.configuration import configuration, first_difference
from app.worker.exports.proof import predictions
from app.worker.exports.scripts import built_by, registry_kept
from app.worker.imports.model import import_config
from tests.graph.strategies import designs

CATALOG = load_catalog()
EVERY = settings(deadline=None, suppress_health_check=list(HealthCheck))

ARCHITECTURES = sorted(
    name for name in dir(keras.applications) if name[0].isupper() and callable(getattr(keras.applications, name))
)
REPRESENTATIVE = ["MobileNetV3Small"]
"""One that is small enough for every run; the others are soaked."""


def _script_builds_what_the_plan_says(document: GraphDocument) -> None:
    keras.backend.clear_session(free_memory=False)
    plan = make_plan(document, CATALOG)
    ours = build_model(plan)
    with registry_kept():
        theirs = built_by(render_script(plan, document).source)
        received = configuration(theirs, named=bool(plan.model_name))
    assert first_difference(configuration(ours, named=bool(plan.model_name)), received) == ""
    assert theirs.count_params() == ours.count_params()


@settings(EVERY, max_examples=40)
@given(designs(across=True, references=True))
def test_a_random_design_is_its_script(document: GraphDocument) -> None:
    _script_builds_what_the_plan_says(document)


@pytest.mark.soak
@settings(EVERY, max_examples=2_000)
@given(designs(across=True, references=True))
def test_two_thousand_random_designs_are_their_scripts(document: GraphDocument) -> None:
    _script_builds_what_the_plan_says(document)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in REPRESENTATIVE else pytest.mark.soak) for name in ARCHITECTURES],
)
def test_an_architecture_comes_in_and_goes_out_the_same(name: str) -> None:
    """Imported and exported as Python and by the plan: equal names, configs, counts and, with its weights, outputs."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(0)
    original = getattr(keras.applications, name)(weights=None)
    found = import_config(json.loads(original.to_json()), name, CATALOG)
    assert [layer for layer in found.layers if layer.outcome != "ok"] == []
    plan = make_plan(found.document, CATALOG)
    expected = configuration(original, named=True)
    random = np.random.default_rng(0)
    inputs = [
        random.uniform(0, 1, (1, *(size or 96 for size in tensor.shape[1:]))).astype("float32")
        for tensor in original.inputs
    ]
    answer = predictions(original, inputs)
    weights = original.get_weights()
    del original
    for build in (lambda: build_model(plan), lambda: built_by(render_script(plan, found.document).source)):
        model: Any = build()
        assert first_difference(expected, configuration(model, named=True)) == ""
        assert model.count_params() == sum(weight.size for weight in weights)
        model.set_weights(weights)
        for ours, theirs in zip(answer, predictions(model, inputs), strict=True):
            np.testing.assert_allclose(theirs, ours, rtol=0, atol=1e-6)
        del model


def test_there_are_forty_architectures() -> None:
    assert len(ARCHITECTURES) == 40
