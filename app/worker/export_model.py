"""A design written as a file that others can use, loaded back and compared before it is offered."""

import ast
import hashlib
import json
from pathlib import Path
from typing import Any, ClassVar, Final

import keras
import numpy as np
from pydantic import JsonValue

from app.catalog.model import Catalog
from app.codegen.python_source import render_script
from app.graph.model import Plan
from app.graph.plan import plan_of
from app.messages.analysis import ExportedModel, ExportModelRequest
from app.messages.data import DataSource, TargetSpec
from app.shared.errors import AppError, Invalid, TooLarge
from app.worker.analyse import analysis_of, read
from app.worker.build import build_model

MAX_PARAMS: Final = 500_000_000
"""Weights above this (2 GB of float32) are not built for an export."""

OPEN_SIZE: Final = 32
"""What stands for an axis of any size in the batch that is compared."""

_TOLERANCE: Final = {"rtol": 1e-4, "atol": 1e-5}


class NotReady(Invalid):
    """The design has errors; `node` is where the first one is."""

    code: ClassVar[str] = "not_ready"


class ExportFailed(Invalid):
    code: ClassVar[str] = "export_failed"


def export_model(request: ExportModelRequest, catalog: Catalog) -> ExportedModel:
    """Write `request.document` to `request.path`; raise `NotReady`, `TooLarge` or `ExportFailed`.

    A `.keras` file is loaded back and predicts the same on a fixed batch, a JSON architecture builds the same model,
    and Python source parses, before the file takes its place.
    """
    plan = _checked_plan(request, catalog)
    path = Path(request.path)
    part = path.with_name(f"{path.name}.part{'.keras' if request.format == 'keras' else ''}")
    try:
        match request.format:
            case "keras":
                checks = _write_keras(plan, part, request.weights)
            case "json":
                checks = _write_json(plan, part)
            case "python":
                checks = _write_python(plan, part, request)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return ExportedModel(path=str(path), bytes=path.stat().st_size, sha256=_sha256(path), checks=checks)


def _checked_plan(request: ExportModelRequest, catalog: Catalog) -> Plan:
    reading = read(request.document, catalog)
    analysis = analysis_of(reading)
    first = next((problem for problem in analysis.problems if problem.severity == "error"), None)
    if first is not None:
        raise NotReady(first.message, expected=first.expected, received=first.received, hint=first.hint)
    if request.format == "keras" and analysis.total_params > MAX_PARAMS:
        raise TooLarge(
            "This model has too many weights to write them here.",
            expected=f"at most {MAX_PARAMS:,}",
            received=f"{analysis.total_params:,}",
            hint="Export Python or JSON instead.",
        )
    return plan_of(reading.found)


def _write_keras(plan: Plan, path: Path, weights: str | None) -> dict[str, JsonValue]:
    keras.utils.set_random_seed(0)
    model = build_model(plan)
    if weights is not None:
        _load_weights(model, Path(weights))
    model.save(path)
    loaded = keras.saving.load_model(path, compile=False)
    batch = fixed_batch(model)
    ours, theirs = (_predictions(each, batch) for each in (model, loaded))
    difference = 0.0
    for one, other in zip(ours, theirs, strict=True):
        if not np.allclose(one, other, equal_nan=True, **_TOLERANCE):
            raise ExportFailed(
                "The file was written, but the model read back predicts something else.",
                expected="equal predictions on a fixed batch",
                received=f"a difference of {float(np.nanmax(np.abs(one - other))):g}",
                hint="Report this design; the file was thrown away.",
            )
        difference = max(difference, _largest_difference(one, other))
    return {
        "loaded_back": True,
        "samples": len(ours[0]),
        "largest_difference": difference,
        "parameters": model.count_params(),
        "trained": weights is not None,
    }


def _largest_difference(one: Any, other: Any) -> float:
    if not np.issubdtype(one.dtype, np.number) or not one.size:
        return 0.0
    return float(np.nanmax(np.abs(one.astype(np.float64) - other.astype(np.float64))))


def _load_weights(model: Any, path: Path) -> None:
    try:
        model.load_weights(path)
    except Exception as error:
        raise ExportFailed(
            "The trained weights do not fit this design.",
            expected="weights of the same layers",
            received=str(error)[:500],
            hint="Export the version that was trained.",
        ) from error


def fixed_batch(model: Any, samples: int = 4) -> list[Any]:
    """Return one array for each input of `model`, always the same values; open axes have `OPEN_SIZE`."""
    random = np.random.default_rng(0)
    batch = next((tensor.shape[0] for tensor in model.inputs if tensor.shape[0]), samples)
    indexed = {
        id(tensor)
        for layer in model.layers
        if type(layer).__name__ in {"Embedding", "IntegerLookup", "CategoryEncoding"}
        for tensor in keras.tree.flatten(layer.input)
    }
    arrays = []
    for tensor in model.inputs:
        shape = (batch, *(size or OPEN_SIZE for size in tensor.shape[1:]))
        if tensor.dtype == "string":
            arrays.append(np.full(shape, "a word", dtype=object))
        elif id(tensor) in indexed or not tensor.dtype.startswith(("float", "bfloat")):
            arrays.append(random.integers(0, 2, shape).astype(tensor.dtype))
        else:
            arrays.append(random.uniform(0, 1, shape).astype(np.float32))
    return arrays


def _predictions(model: Any, batch: list[Any]) -> list[Any]:
    inputs = batch[0] if len(batch) == 1 else batch
    if any(array.dtype == object for array in batch):
        inputs = keras.tree.map_structure(keras.ops.convert_to_tensor, inputs)
    outputs = model(inputs, training=False)
    return [keras.ops.convert_to_numpy(output) for output in keras.tree.flatten(outputs)]


def _write_json(plan: Plan, path: Path) -> dict[str, JsonValue]:
    model = build_model(plan)
    text = model.to_json(indent=2)
    loaded = keras.models.model_from_json(text)
    if json.loads(loaded.to_json()) != json.loads(text) or loaded.count_params() != model.count_params():
        raise ExportFailed(
            "The architecture was written, but builds another model.",
            expected=f"{model.count_params():,} parameters and an equal configuration",
            received=f"{loaded.count_params():,} parameters",
            hint="Report this design; the file was thrown away.",
        )
    path.write_text(text, encoding="utf-8")
    return {"loaded_back": True, "parameters": model.count_params()}


def _write_python(plan: Plan, path: Path, request: ExportModelRequest) -> dict[str, JsonValue]:
    source = render_script(plan, request.document.training, request.data, target=_target(request.data))
    ast.parse(source)
    path.write_text(source, encoding="utf-8")
    return {"parses": True, "lines": source.count("\n")}


def _target(data: DataSource | None) -> TargetSpec | None:
    """Return what `data` predicts, or None when it is not there: a script can be written without it."""
    if data is None:
        return None
    from app.worker.data import describe

    try:
        return describe(data).target
    except AppError:
        return None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
