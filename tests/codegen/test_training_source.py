"""What the script compiles and fits with is what training compiles and fits with: one test for each parameter."""

import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from app.catalog.model import Kind, ObjectSpec
from app.catalog.own import catalog_for
from app.catalog.registry import load_catalog
from app.catalog.schedule import Schedule
from app.codegen.data import Target
from app.codegen.python_source import render_script
from app.codegen.training_source import render_fit
from app.document.model import CompileOptions, KerasConfig, Training
from app.graph.plan import make_plan
from app.messages.data import BundledSource, TargetSpec
from app.worker.building.build import build_model
from app.worker.building.keras_config import configured
from app.worker.training.callbacks import build_callbacks
from app.worker.training.compile import compile_arguments, output_ends
from tests.worker.designs import MLP, chain
from tests.worker.training.test_callbacks import noted
from tests.worker.training.test_compile import training_with, two_outputs
from tests.worker.values import NOTED, WITH_NOTED, changes

__all__ = ["noted"]

TARGET = TargetSpec(kind="classification", classes=["a", "b", "c"], shape=[], encoding="integer")
PLAN = make_plan(chain(MLP), load_catalog())


@pytest.fixture(scope="module")
def ends() -> Any:
    return output_ends(build_model(PLAN), [output.node for output in PLAN.outputs])


def compiled_by_script(training: Training, plan: Any = PLAN) -> dict[str, Any]:
    targets = {output.node: Target.model_validate(TARGET) for output in plan.outputs}
    fit = render_fit(plan, training, load_catalog(), None, targets)
    keras.utils.clear_session(free_memory=False)
    found: dict[str, Any] = eval(f"dict({', '.join(fit.compile)})", {"keras": keras})
    return {**CompileOptions().model_dump(), **found, "optimizer": keras.optimizers.get(found["optimizer"])}


def compiled_by_training(training: Training, ends: Any) -> dict[str, Any]:
    keras.utils.clear_session(free_memory=False)
    return compile_arguments(training, ends, {end.node: TARGET for end in ends}, load_catalog()).arguments


def state(value: Any) -> Any:
    """Return all that a Keras object was made with, as far as it can be compared."""
    match value:
        case list() | tuple():
            return [state(item) for item in value]
        case dict():
            return {name: state(item) for name, item in value.items()}
        case str() | int() | float() | None:
            return value
        case _ if hasattr(value, "get_config"):
            further = {name: getattr(value, name, None) for name in ("_fn_kwargs", "dtype")}
            return [type(value).__name__, state(value.get_config()), further]
    return np.asarray(value).tolist()


CHANGES = [
    pytest.param(spec, config, id=f"{spec.name}.{param.name}")
    for spec, param, config in changes(Kind.OPTIMIZER, Kind.SCHEDULE, Kind.LOSS, Kind.METRIC)
]


@pytest.mark.parametrize(("spec", "config"), CHANGES)
def test_script_and_training_compile_alike(ends: Any, spec: ObjectSpec, config: dict[str, Any]) -> None:
    training = training_with(spec.kind, {"class_name": spec.name, "config": config})
    assert state(compiled_by_script(training)) == state(compiled_by_training(training, ends))


@pytest.mark.parametrize(
    "training",
    [
        {},
        {"compile": {"jit_compile": False, "run_eagerly": True, "steps_per_execution": 4, "auto_scale_loss": False}},
        {"losses": {"output": {"class_name": "auto", "weight": 0.25}, "second": {"class_name": "Dice", "weight": 2}}},
        {"metrics": {"second": {"a": {"class_name": "AUC", "weighted": True}, "b": {"class_name": "accuracy"}}}},
    ],
)
def test_outputs_weights_and_options_are_alike(training: dict[str, Any]) -> None:
    document = two_outputs(training)
    plan = make_plan(document, load_catalog())
    ends = output_ends(build_model(plan), [output.node for output in plan.outputs])
    found = compiled_by_script(document.training, plan)
    assert state(found) == state(compiled_by_training(document.training, ends))


@pytest.mark.parametrize(
    ("spec", "config"),
    [pytest.param(spec, config, id=f"{spec.name}.{param.name}") for spec, param, config in changes(Kind.CALLBACK)],
)
def test_script_and_training_have_the_same_callbacks(
    tmp_path: Path, noted: Any, spec: ObjectSpec, config: dict[str, Any]
) -> None:
    training = Training.model_validate({"callbacks": {"c": {"class_name": spec.name, "config": config}}})
    catalog = catalog_for(WITH_NOTED)
    fit = render_fit(PLAN, training, catalog, None, {})
    written = eval(fit.callbacks[0], {"keras": keras, "math": math, NOTED.name: noted})
    hosts = ["localhost", "metrics.example"]
    (trained,) = build_callbacks(training.callbacks, tmp_path, catalog, hosts)
    assert isinstance(trained, type(written))
    ours, theirs = ({name: _comparable(value) for name, value in vars(each).items()} for each in (trained, written))
    assert {name: value for name, value in ours.items() if name in theirs} == theirs


def _comparable(value: Any) -> Any:
    """Return schedules by what they give, and paths by their last part."""
    if isinstance(value, Schedule) or (callable(value) and getattr(value, "__name__", "") == "<lambda>"):
        return [value(epoch, 0.5) for epoch in range(3)]
    return value.rpartition("checkpoints/")[2] if isinstance(value, str) else value


@pytest.mark.parametrize(
    ("weights", "source"), [({"b": 2.0, "0": 3.0}, "{0: 3.0, 1: 2.0}"), ({"9" * 1_000: 2.0, "no class": 1.0}, "")]
)
def test_weights_of_classes_are_by_number(weights: dict[str, float], source: str) -> None:
    training = Training.model_validate({"fit": {"class_weight": weights}})
    targets = {output.node: Target.model_validate(TARGET) for output in PLAN.outputs}
    assert render_fit(PLAN, training, load_catalog(), None, targets).class_weight == source


def test_a_schedule_is_a_function_of_epoch_and_rate() -> None:
    callback = {"class_name": "LearningRateScheduler", "config": {"schedule": "lr * exp(-epoch)", "verbose": 1}}
    document = chain(MLP, {"callbacks": {"c": callback}, "dataset": "iris"})
    fit = render_fit(PLAN, document.training, load_catalog(), None, {})
    assert "import math\n" in render_script(PLAN, document, BundledSource(name="iris")).source
    assert fit.callbacks == [
        "keras.callbacks.LearningRateScheduler(\n"
        "                lambda epoch, lr: float(lr * math.exp(-epoch)),\n"
        "                verbose=1,\n"
        "            )"
    ]


@pytest.mark.parametrize(
    "config",
    [
        {"dtype_policy": "mixed_float16"},
        {"floatx": "float64"},
        {"floatx": "float64", "dtype_policy": "mixed_bfloat16"},
        {"epsilon": 0.001, "image_data_format": "channels_first"},
    ],
)
def test_the_script_sets_keras_as_training_does(config: dict[str, Any]) -> None:
    training = Training.model_validate({"config": config})
    document = chain(MLP).model_copy(update={"training": training})
    source = render_script(PLAN, document).source
    keras.utils.clear_session(free_memory=False)
    namespace: dict[str, Any] = {"__name__": "script"}
    with configured(KerasConfig()):
        exec(compile(source, "script.py", "exec"), namespace)
        written, theirs = settings(), namespace["build_model"]().get_config()
    with configured(document.training.config):
        assert settings() == written
        assert build_model(PLAN).get_config() == theirs


def settings() -> list[Any]:
    found = keras.config
    return [found.floatx(), found.epsilon(), found.image_data_format(), found.dtype_policy().name]
