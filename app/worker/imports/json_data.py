"""Somebody's JSON, parsed within limits: of size, of count, of depth, and of what a number may be."""

import json
import math
from typing import Any, Final

from app.worker.imports.errors import NotAModel, too_large

MAX_CONFIG: Final = 32 * 2**20
"""Bytes of an architecture, unpacked."""

MAX_VALUES: Final = 2_000_000
"""Values of an architecture; the largest model of `keras.applications` has about 60,000."""

MAX_DEPTH: Final = 100
_LONGEST_INTEGER: Final = 19


def parse_json(text: bytes, filename: str) -> dict[str, Any]:
    """Return the object in `text`; raise `NotAModel` or `TooLarge` where it is none, or beyond the limits."""
    if len(text) > MAX_CONFIG:
        raise too_large("architecture", len(text), MAX_CONFIG)
    values = text.count(b",") + text.count(b":")
    if values > MAX_VALUES:
        raise NotAModel(
            f"The architecture in {filename} has far more values than a model needs.",
            expected=f"at most {MAX_VALUES:,}",
            received=f"{values:,}",
        )
    try:
        data = json.loads(text.decode("utf-8-sig"), parse_constant=_refused, parse_float=_number, parse_int=_integer)
    except (ValueError, RecursionError) as error:
        deep = isinstance(error, RecursionError)
        raise NotAModel(
            f"The architecture in {filename} cannot be read.",
            expected="complete JSON" if not deep else f"JSON of at most {MAX_DEPTH} levels",
            received=str(error)[:200] if not deep else "more levels",
            hint="The file may be cut short; export it again.",
        ) from error
    if _is_deeper(data, MAX_DEPTH):
        raise NotAModel(
            f"The architecture in {filename} is nested too deeply.",
            expected=f"at most {MAX_DEPTH} levels",
            received="more",
        )
    if not isinstance(data, dict) or not isinstance(data.get("config"), dict | list):
        raise NotAModel(
            f"{filename} holds JSON, but no Keras model.",
            expected='an object with "class_name" and "config"',
            received=type(data).__name__ if not isinstance(data, dict) else ", ".join(list(data)[:8])[:200],
            hint="Export the architecture with model.to_json().",
        )
    return data


def _refused(word: str) -> None:
    raise ValueError(f"{word} is no number of JSON")


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:30]} is too large a number")
    return value


def _integer(text: str) -> int:
    if len(text) > _LONGEST_INTEGER:
        raise ValueError(f"an integer of {len(text)} digits")
    return int(text)


def _is_deeper(data: Any, limit: int) -> bool:
    level = [data]
    for _ in range(limit):
        level = [
            child
            for item in level
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True
