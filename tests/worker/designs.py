"""Small designs and jobs for the tests of training."""

import itertools
from pathlib import Path
from typing import Any

from app.document.model import GraphDocument, Training
from app.messages.data import BundledSource, DataSource
from app.messages.jobs import JobSpec

CNN = (
    ("input", "InputLayer", {"shape": [8, 8, 1]}),
    ("first", "Conv2D", {"filters": 8, "kernel_size": 3, "activation": "relu"}),
    ("flat", "Flatten", {}),
    ("last", "Dense", {"units": 10, "activation": "softmax"}),
    ("output", "Output", {}),
)

MLP = (
    ("input", "InputLayer", {"shape": [4]}),
    ("hidden", "Dense", {"units": 8, "activation": "relu"}),
    ("last", "Dense", {"units": 3, "activation": "softmax"}),
    ("output", "Output", {}),
)


def chain(layers: Any, training: dict[str, Any] | None = None) -> GraphDocument:
    """Return a design of `layers` (id, class, params), each wired to the next; names are `<id>_layer`."""
    ids = [name for name, _, _ in layers]
    return GraphDocument.model_validate(
        {
            "layers": {
                name: {"class_name": kind, "name": f"{name}_layer", "params": params} for name, kind, params in layers
            },
            "nodes": {name: {"layer": name} for name in ids},
            "edges": {f"{a}:output->{b}:input": {} for a, b in itertools.pairwise(ids)},
            "training": training or {},
        }
    )


def with_units(units: int, activation: str | None = "softmax", layers: Any = MLP) -> Any:
    """Return `layers` with another last layer."""
    params = {"units": units} | ({} if activation is None else {"activation": activation})
    return tuple((name, kind, params if name == "last" else old) for name, kind, old in layers)


def job(
    folder: Path,
    document: GraphDocument | None = None,
    data: DataSource | None = None,
    address_file: Path | None = None,
    **fit: Any,
) -> JobSpec:
    document = document or chain(CNN)
    if fit:
        training = document.training.model_dump()
        document = document.model_copy(
            update={"training": Training.model_validate({**training, "fit": {**training["fit"], **fit}})}
        )
    return JobSpec(
        run_id="run-1",
        attempt=1,
        document=document,
        data=data or BundledSource(name="digits"),
        folder=str(folder),
        address_file=None if address_file is None else str(address_file),
        token="secret-of-the-run",
    )
