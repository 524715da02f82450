"""What calls of a design's own code gave, under keys that do not change while code, parameters and inputs do not."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import JsonValue

from app.catalog.model import Kind
from app.document.model import GraphDocument
from app.document.own_code import piece_hash
from app.worker.analysis.dry import Outcome, Spec
from app.worker.building import own_code


def key_of(document: GraphDocument, pieces: Iterable[str], what: Any) -> str:
    """Return the key of a call: 64 hexadecimal digits of the pieces of code that it needs, and of `what` is called."""
    code = [(piece.kind, piece.name, piece_hash(piece)) for piece in (document.code[key] for key in sorted(pieces))]
    return hashlib.sha256(json.dumps([code, what], default=str).encode()).hexdigest()


def is_loaded(document: GraphDocument, pieces: Iterable[str]) -> bool:
    """Return whether this process has executed all of `pieces`."""
    try:
        for key in pieces:
            own_code.find(Kind(document.code[key].kind), document.code[key].name)
    except own_code.OwnCodeNotLoaded:
        return False
    return True


def as_json(outcome: Outcome) -> JsonValue:
    """Return `outcome` as it is stored."""
    outputs: list[JsonValue] = [
        None
        if spec is None
        else {
            "shape": list(spec.shape),
            "dtype": spec.dtype,
            "sparse": spec.sparse,
            "mask": None if spec.mask is None else list(spec.mask),
        }
        for spec in outcome.outputs
    ]
    return {
        "outputs": outputs,
        "params": outcome.params,
        "trainable_params": outcome.trainable_params,
        "shared": [list(each) for each in outcome.shared],
        "loses_mask": outcome.loses_mask,
        "fault": outcome.fault,
        "weights": [list(shape) for shape in outcome.weights],
    }


def from_json(stored: JsonValue) -> Outcome | None:
    """Return the outcome that `as_json` stored; None for anything else."""
    if not isinstance(stored, Mapping):
        return None
    try:
        data: Any = stored
        return Outcome(
            outputs=tuple(None if each is None else _spec(each) for each in data["outputs"]),
            params=int(data["params"]),
            trainable_params=int(data["trainable_params"]),
            shared=tuple((str(key), int(params), int(trainable)) for key, params, trainable in data["shared"]),
            loses_mask=bool(data["loses_mask"]),
            fault=str(data["fault"])[:20_000],
            weights=tuple(tuple(map(int, shape)) for shape in data.get("weights", [])),
        )
    except (KeyError, TypeError, ValueError):
        return None


def _spec(stored: Any) -> Spec:
    return Spec(
        _shape(stored["shape"]),
        str(stored["dtype"]),
        bool(stored["sparse"]),
        None if stored["mask"] is None else _shape(stored["mask"]),
    )


def _shape(sizes: Iterable[Any]) -> tuple[int | None, ...]:
    return tuple(None if size is None else int(size) for size in sizes)
