"""The law of what is offered: a random design is written, proven, read again, and is the same model."""

import tempfile
from pathlib import Path

import keras
import pytest
from hypothesis import HealthCheck, given, settings

from app.catalog.registry import load_catalog
from app.document.model import GraphDocument
from app.graph.plan import make_plan
from app.messages.analysis import ExportModelRequest
from app.worker.building.build import build_model
from app.worker.exports.configuration import configuration, first_difference
from app.worker.exports.export import export_model
from app.worker.imports.model import import_model
from tests.graph.strategies import designs

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning", "ignore::UserWarning")

CATALOG = load_catalog()
EVERY = settings(deadline=None, suppress_health_check=list(HealthCheck))


def _comes_back_from_its_file(document: GraphDocument) -> None:
    keras.utils.clear_session(free_memory=False)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        proof = export_model(ExportModelRequest(document=document, format="keras", path=str(path))).proof
        found = import_model(path, path.name, CATALOG)
    assert len(proof.outputs) == len(make_plan(document, CATALOG).outputs)
    assert proof.largest_difference == 0.0
    assert [each for each in found.layers if each.outcome == "placeholder"] == []
    named = bool(document.meta.model_name)
    ours, theirs = (
        configuration(build_model(make_plan(each, CATALOG)), named=named) for each in (document, found.document)
    )
    assert first_difference(ours, theirs) == ""


@settings(EVERY, max_examples=12)
@given(designs())
def test_a_random_design_comes_back_from_its_keras_file(document: GraphDocument) -> None:
    _comes_back_from_its_file(document)


@pytest.mark.soak
@settings(EVERY, max_examples=2_000)
@given(designs())
def test_two_thousand_random_designs_come_back_from_their_keras_files(document: GraphDocument) -> None:
    _comes_back_from_its_file(document)
