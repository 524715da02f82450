"""Outputs that give their inputs back, or vanish: trained here, and by the exported script, alike."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.catalog.registry import load_catalog
from app.designs.templates import get_template
from app.document.edits import apply_edits
from app.document.model import GraphDocument
from app.document.read import validate_document
from app.messages.data import BundledSource, DatasetDescription, FeatureSpec, TargetSpec
from app.messages.events import RunState
from app.worker.preflight.check import analyse_for
from tests.worker.designs import job
from tests.worker.training.test_trainer import of, run

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

DIGITS = DatasetDescription(
    kind="image",
    samples=1797,
    train_samples=1617,
    features=[FeatureSpec(shape=[8, 8, 1])],
    target=TargetSpec(kind="classification", classes=[str(n) for n in range(10)], shape=[], encoding="integer"),
)


@pytest.mark.parametrize("name", ["autoencoder", "vae"])
def test_an_autoencoder_learns_to_draw_digits(name: str, tmp_path: Path) -> None:
    document = get_template(name).document
    spec = job(tmp_path, document, BundledSource(name="digits"), epochs=3, seed=0)

    assert analyse_for(document, load_catalog(), DIGITS).problems == []
    state, events = run(spec)

    assert state is RunState.FINISHED
    losses = [event["logs"]["loss"] for event in of(events, "epoch")]
    assert losses[-1] < 0.8 * losses[0]
    reports = of(events, "report")
    assert [(report["split"], report["kind"], report.get("points", [])) for report in reports] == [
        ("validation", "regression", []),
        ("test", "regression", []),
    ]


@pytest.mark.parametrize("name", ["autoencoder", "vae"])
def test_the_script_trains_towards_the_same(name: str, tmp_path: Path) -> None:
    """The script begins with other random weights, and ends the first epoch nearby."""
    document = get_template(name).document
    spec = job(tmp_path, document, BundledSource(name="digits"), epochs=1, seed=0)
    _, events = run(spec)
    (trained,) = of(events, "epoch")
    program = (
        "import json, runpy, keras\n"
        "keras.Model.save = lambda self, path: None\n"
        "fit = keras.Model.fit\n"
        "def told(self, *a, **k):\n"
        "    history = fit(self, *a, **{**k, 'verbose': 0})\n"
        "    print('HISTORY', json.dumps(history.history['loss']))\n"
        "    return history\n"
        "keras.Model.fit = told\n"
        "runpy.run_path('model.py', run_name='__main__')\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False
    )

    assert done.returncode == 0, done.stderr[-2_000:]
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("HISTORY")]
    assert json.loads(line.removeprefix("HISTORY "))[-1] == pytest.approx(trained["logs"]["loss"], rel=0.2)


def with_target(name: str, target: str) -> GraphDocument:
    document = get_template(name).document.model_dump()
    (output,) = document["training"]["losses"]
    document["training"]["targets"] = {output: target}
    document["training"]["metrics"] = {}
    document["training"]["losses"] = {}
    return validate_document(document)


@pytest.mark.parametrize("target", ["inputs", "zeros"])
def test_an_output_of_another_shape_is_named_and_mended(target: str) -> None:
    name = "digits_cnn" if target == "inputs" else "unet"
    document = with_target(name, target)

    problems = [found for found in analyse_for(document, load_catalog(), DIGITS).problems if found.param == "target"]

    assert [(problem.code, problem.severity) for problem in problems] == [("target_shape", "error")]
    assert problems[0].fix is not None
    mended = validate_document(apply_edits(document.model_dump(), problems[0].fix.edits))
    assert mended.training.targets == {}
