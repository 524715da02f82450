"""Older design files brought up to the present format, one pure `dict -> dict` step a version."""

from collections.abc import Callable
from typing import Any

from app.document.model import FORMAT
from app.shared.errors import Invalid

Step = Callable[[dict[str, Any]], dict[str, Any]]

STEPS: dict[int, Step] = {}
"""`STEPS[n]` turns format `n` into format `n + 1`."""


def migrate(document: dict[str, Any]) -> dict[str, Any]:
    """Return `document` in the present format; raise `Invalid` when it names none, or that of a newer Layerloom."""
    version = document.get("format", FORMAT)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise Invalid("This file names no format that Layerloom knows.", expected="format: 1", received=repr(version))
    if version > FORMAT:
        raise Invalid(
            "This design was made by a newer Layerloom.",
            expected=f"format {FORMAT} or older",
            received=f"format {version}",
            hint="Update Layerloom, then open the design again.",
        )
    for step in range(version, FORMAT):
        document = STEPS[step](document)
    return document
