"""Pure edit operations on the JSON form of a design, the same that the browser applies to the Yjs document.

A fix offered by a problem, and an edit the server makes, are lists of these.
"""

import copy
import json
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

DEEPEST: Final = 30
"""Keys on a path; what differs further inside is set as a whole."""


class SetValue(BaseModel):
    """Set the value at `path`, creating the objects on the way: `["layers", id, "params", "units"]`."""

    model_config = ConfigDict(extra="forbid")
    op: Literal["set"] = "set"
    path: list[str] = Field(min_length=2, max_length=32)
    value: JsonValue


class RemoveValue(BaseModel):
    """Remove the entry at `path`; nothing happens when it is not there."""

    model_config = ConfigDict(extra="forbid")
    op: Literal["remove"] = "remove"
    path: list[str] = Field(min_length=2, max_length=32)


Edit = Annotated[SetValue | RemoveValue, Field(discriminator="op")]


def apply_edits(document: dict[str, Any], edits: Iterable[SetValue | RemoveValue]) -> dict[str, Any]:
    """Return a copy of `document` with `edits` applied in order; the argument is left as it was."""
    result = copy.deepcopy(document)
    for edit in edits:
        *parents, last = edit.path
        place = result
        for key in parents:
            if isinstance(edit, RemoveValue) and key not in place:
                break
            place = place.setdefault(key, {})
        else:
            if isinstance(edit, SetValue):
                place[last] = copy.deepcopy(edit.value)
            else:
                place.pop(last, None)
    return result


def edits_between(old: dict[str, Any], new: dict[str, Any]) -> list[SetValue | RemoveValue]:
    """Return the smallest edits by which the JSON form `old` becomes `new`, so that what is equal is left alone."""
    return list(_differences(old, new, []))


def _differences(old: dict[str, Any], new: dict[str, Any], path: list[str]) -> Iterator[SetValue | RemoveValue]:
    for key in old:
        if key not in new:
            yield RemoveValue(path=[*path, key])
    for key, value in new.items():
        before = old.get(key)
        if isinstance(value, dict) and isinstance(before, dict) and len(path) < DEEPEST:
            yield from _differences(before, value, [*path, key])
        elif key not in old or json.dumps(before, sort_keys=True) != json.dumps(value, sort_keys=True):
            yield SetValue(path=[*path, key], value=value)
