"""Any design, built by Keras, written as JSON, imported and built again, is the same model."""

import json
from typing import Any

import keras
import pytest
from hypothesis import HealthCheck, given, settings

from app.catalog.registry import load_catalog
from app.document.model import GraphDocument
from app.graph.plan import make_plan
from app.worker.building.build import build_model
from app.worker.imports.drawn import import_config
from tests.graph.strategies import designs

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning", "ignore::UserWarning")

CATALOG = load_catalog()
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def architecture(document: GraphDocument) -> dict[str, Any]:
    keras.utils.clear_session(free_memory=False)
    found: dict[str, Any] = json.loads(build_model(make_plan(document, CATALOG)).to_json())
    return found


def check_round_trip(document: GraphDocument) -> None:
    data = architecture(document)
    found = import_config(data, "model.json", CATALOG)

    assert [each for each in found.layers if each.outcome == "placeholder"] == []
    assert architecture(found.document) == data


@settings(max_examples=25, deadline=None, suppress_health_check=SLOW, derandomize=True)
@given(designs())
def test_a_design_comes_back_as_it_was(document: GraphDocument) -> None:
    check_round_trip(document)


@pytest.mark.soak
@settings(max_examples=2_000, deadline=None, suppress_health_check=SLOW)
@given(designs())
def test_two_thousand_designs_come_back_as_they_were(document: GraphDocument) -> None:
    check_round_trip(document)
