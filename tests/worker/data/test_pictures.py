"""Pictures with their channels where the design has them: in training, beforehand, and in the script."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.catalog.registry import load_catalog
from app.codegen.python_source import render_script
from app.document.edits import apply_edits
from app.document.model import FitOptions, GraphDocument, KerasConfig
from app.document.read import validate_document
from app.graph.check import survey
from app.graph.demand import InputDemand, demand_in, takes_channels_first
from app.graph.plan import plan_of
from app.messages.data import BundledSource
from app.messages.events import RunState
from app.worker.building.keras_config import configured
from app.worker.data.sources import describe, load
from app.worker.preflight.check import analyse_for
from tests.graph.designs import design
from tests.worker.designs import job
from tests.worker.training.test_trainer import of, run

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

CATALOG = load_catalog()
DIGITS = BundledSource(name="digits")
FIRST = {"image_data_format": "channels_first"}


def picture_design(shape: list[int], config: dict[str, Any] | None = None, **conv: Any) -> GraphDocument:
    document = design(
        {
            "x": ("InputLayer", {"shape": shape}),
            "conv": ("Conv2D", {"filters": 4, "kernel_size": 3, "activation": "relu", **conv}),
            "pool": ("GlobalMaxPooling2D", {name: conv[name] for name in ("data_format",) if name in conv}),
            "dense": ("Dense", {"units": 10, "activation": "softmax"}),
            "y": ("Output", {}),
        },
        ["x->conv", "conv->pool", "pool->dense", "dense->y"],
    )
    training = {"config": config or {}, "fit": {"epochs": 1, "batch_size": 200, "seed": 1}}
    return validate_document({**document.model_dump(), "training": training})


@pytest.mark.parametrize(
    ("shape", "setting", "first"),
    [
        ((8, 8, 1), "channels_last", False),
        ((1, 8, 8), "channels_first", True),
        ((1, 8, 8), "channels_last", True),
        ((8, 8, 1), "channels_first", False),
        ((None, None, None), "channels_first", True),
        ((None, None, None), "channels_last", False),
        ((64,), "channels_first", True),
        ((), "channels_last", False),
    ],
)
def test_the_shape_of_the_input_decides_and_the_setting_where_it_does_not(
    shape: tuple[int | None, ...], setting: str, first: bool
) -> None:
    one = InputDemand(node="x", name="x", shape=shape)
    assert takes_channels_first((8, 8, 1), one, setting) is first


@pytest.mark.parametrize(
    "document",
    [
        picture_design([1, 8, 8], FIRST),
        picture_design([1, 8, 8], data_format="channels_first"),
        picture_design([8, 8, 1]),
    ],
    ids=["setting", "layer", "last"],
)
def test_pictures_come_as_the_design_takes_them(document: GraphDocument, tmp_path: Path) -> None:
    assert analyse_for(document, CATALOG, describe(DIGITS)).problems == []
    data = load(DIGITS, document.training.fit, demand_in(survey(document, CATALOG)))
    usual = load(DIGITS, document.training.fit).train.features[""]
    shape = tuple(document.layers["x"].params["shape"])
    assert data.train.features["x"].shape[1:] == shape
    expected = usual if shape == (8, 8, 1) else np.moveaxis(usual, -1, 1)
    np.testing.assert_array_equal(data.train.features["x"], expected)

    namespace: dict[str, Any] = {"__name__": "exported"}
    script = render_script(plan_of(survey(document, CATALOG)), document, DIGITS).source
    with configured(KerasConfig()):
        exec(compile(script, "exported.py", "exec"), namespace)
    np.testing.assert_allclose(namespace["load_data"]()[0][0], data.train.features["x"], rtol=1e-6)

    state, events = run(job(tmp_path, document, DIGITS))
    assert state is RunState.FINISHED, events[-1]
    assert of(events, "started")[0]["train_samples"] == len(usual)


def test_another_shape_is_told_as_the_design_would_take_it() -> None:
    document = picture_design([3, 8, 8], FIRST)
    (problem,) = analyse_for(document, CATALOG, describe(DIGITS)).problems
    assert (problem.code, problem.node, problem.expected) == (
        "input_shape",
        "x",
        "shape (1, 8, 8), one sample of the data",
    )
    assert problem.fix is not None
    mended = validate_document(apply_edits(document.model_dump(), problem.fix.edits))
    assert analyse_for(mended, CATALOG, describe(DIGITS)).problems == []


def test_a_picture_is_given_back_as_it_came() -> None:
    document = picture_design([1, 8, 8], FIRST)
    document.training.targets["y"] = "inputs"
    (problem,) = (p for p in analyse_for(document, CATALOG, describe(DIGITS)).problems if p.code == "target_shape")
    assert problem.expected == "(None, 1, 8, 8)"
    assert load(DIGITS, FitOptions(), demand_in(survey(document, CATALOG))).train.targets == {}
