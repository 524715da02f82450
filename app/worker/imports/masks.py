"""The operations by which Keras computed masks while the model was built: it does so again by itself."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

from app.worker.imports.params import plain
from app.worker.imports.tensors import arguments_of, calls_of, tensors

_AUTOMATIC: Final = frozenset(
    {"mask", "inputs_mask", "query_mask", "value_mask", "key_mask", "sequences_mask", "x_mask", "input_mask"}
)
"""Arguments that Keras fills in where the input has a mask."""

_AS_MASK: Final = ""


def mask_operations(entries: list[Any], names: list[str]) -> set[str]:
    """Return the names of operations that Keras adds for masks.

    They begin with what `Embedding(mask_zero=True)` or `Masking` makes of its own input, and are used as masks only. A
    mask that somebody computed stays.
    """
    users: dict[str, set[str]] = defaultdict(set)
    sources: dict[str, set[str]] = defaultdict(set)
    for entry, name in zip(entries, names, strict=True):
        for call in calls_of(entry):
            args, kwargs = arguments_of(call)
            for key, value in kwargs.items():
                for source, _, _ in tensors(value):
                    users[source].add(_AS_MASK if key in _AUTOMATIC else name)
                    sources[name].add(source)
            for source, _, _ in tensors(args):
                users[source].add(name)
                sources[name].add(source)
    found = {name for entry, name in zip(entries, names, strict=True) if _is_operation(entry) and users[name]}
    while stray := {name for name in found if not users[name] <= found | {_AS_MASK}}:
        found -= stray
    return _behind(_seeds(entries, names, found), found, users, sources)


def _is_operation(entry: Mapping[str, Any]) -> bool:
    return str(entry.get("module")).startswith("keras.src.ops") or "trainable" not in entry["config"]


def _seeds(entries: list[Any], names: list[str], candidates: set[str]) -> set[str]:
    """Return the candidates that compare the input of a masking layer with what it masks."""
    masked: dict[tuple[str, int, int], set[float]] = defaultdict(set)
    for entry in entries:
        config = entry["config"]
        value = 0 if config.get("mask_zero") is True else config.get("mask_value")
        if entry["class_name"] in ("Embedding", "Masking") and isinstance(value, int | float):
            for call in calls_of(entry):
                for history in tensors(arguments_of(call)[0]):
                    masked[history].add(value)
    seeds = set()
    for entry, name in zip(entries, names, strict=True):
        if name not in candidates or entry["class_name"] != "NotEqual":
            continue
        for call in calls_of(entry):
            args, _ = arguments_of(call)
            compared = [plain(value) for value in args[1:]]
            if any(value in masked.get(history, ()) for history in tensors(args[:1]) for value in compared):
                seeds.add(name)
    return seeds


def _behind(
    seeds: set[str], candidates: set[str], users: Mapping[str, set[str]], sources: Mapping[str, set[str]]
) -> set[str]:
    """Return the candidates that hang together with a seed."""
    found, waiting = set(seeds), list(seeds)
    while waiting:
        name = waiting.pop()
        for other in (users.get(name, set()) | sources.get(name, set())) & candidates:
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found
