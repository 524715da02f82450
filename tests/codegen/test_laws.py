"""The law of exported Python, over random designs: what it builds is what the design says."""

import keras
import pytest
from hypothesis import HealthCheck, given, settings

from app.catalog.registry import load_catalog
from app.codegen.python_source import render_script
from app.document.model import GraphDocument
from app.graph.plan import make_plan
from app.worker.building.build import build_model
from app.worker.exports.configuration import configuration, first_difference
from app.worker.exports.scripts import built_by, registry_kept
from tests.graph.strategies import designs

pytestmark = pytest.mark.filterwarnings("ignore:.*does not support masking:UserWarning")

CATALOG = load_catalog()
EVERY = settings(deadline=None, suppress_health_check=list(HealthCheck))


def _script_builds_what_the_plan_says(document: GraphDocument) -> None:
    keras.backend.clear_session(free_memory=False)
    plan = make_plan(document, CATALOG)
    ours = build_model(plan)
    with registry_kept():
        theirs = built_by(render_script(plan, document).source)
        received = configuration(theirs, named=bool(plan.model_name))
    assert first_difference(configuration(ours, named=bool(plan.model_name)), received) == ""
    assert theirs.count_params() == ours.count_params()


@settings(EVERY, max_examples=30)
@given(designs(across=True, references=True))
def test_a_random_design_is_its_script(document: GraphDocument) -> None:
    _script_builds_what_the_plan_says(document)


@pytest.mark.soak
@settings(EVERY, max_examples=2_000)
@given(designs(across=True, references=True))
def test_two_thousand_random_designs_are_their_scripts(document: GraphDocument) -> None:
    _script_builds_what_the_plan_says(document)
