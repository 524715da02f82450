"""Pure edit operations on the JSON form of a design, the same that the browser applies to the Yjs document.

A fix offered by a problem, and an edit the server makes, are lists of these.
"""

import copy
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue


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
