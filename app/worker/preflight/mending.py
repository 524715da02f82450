"""Fixes of one edit."""

from pydantic import JsonValue

from app.document.edits import RemoveValue, SetValue
from app.graph.model import Fix


def set_value(path: list[str], value: JsonValue, title: str) -> Fix:
    """Return the fix that sets the value at `path` of the design."""
    return Fix(title=title, edits=(SetValue(path=path, value=value),))


def remove_value(path: list[str], title: str) -> Fix:
    """Return the fix that removes the value at `path` of the design."""
    return Fix(title=title, edits=(RemoveValue(path=path),))
