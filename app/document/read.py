"""Text or JSON to `GraphDocument`, with errors that a person can act on."""

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.document.migrations import migrate
from app.document.model import GraphDocument
from app.shared.errors import Invalid, TooLarge

MAX_BYTES = 16 * 1024 * 1024


def read_document(text: str | bytes) -> GraphDocument:
    """Parse a design file; raise `Invalid` (where and why) or `TooLarge` (over 16 MiB)."""
    if len(text) > MAX_BYTES:
        raise TooLarge(
            "This design file is too large.", expected="at most 16 MiB", received=f"{len(text) / 2**20:.1f} MiB"
        )
    try:
        data = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Invalid(
            "This is not a design file: its JSON cannot be read.",
            expected="a JSON object",
            received=str(error),
            hint="The file may be cut short or edited by hand; export it again.",
        ) from error
    return validate_document(data)


def find_design_file(path: Path) -> GraphDocument | None:
    """Return the design in a design file; None when the file at `path` is anything else, such as a Keras model.

    Raises `Invalid` when it is a design file, but does not fit the format.
    """
    if path.stat().st_size > MAX_BYTES:
        return None
    text = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    if not text.lstrip().startswith(b"{"):
        return None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or not isinstance(data.get("nodes"), dict) or "layers" not in data:
        return None
    return read_document(text)


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON number")


def validate_document(data: Any) -> GraphDocument:
    """Validate parsed JSON as a design; raise `Invalid` naming the first places that do not fit."""
    if not isinstance(data, dict):
        raise Invalid("This is not a design file.", expected="a JSON object", received=type(data).__name__)
    try:
        return GraphDocument.model_validate(migrate(data))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False)
        first = faults[0]
        place = ".".join(str(part) for part in first["loc"])
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise Invalid(
            f"The design does not fit the format at {place}{more}.",
            expected=first["msg"],
            received=repr(first["input"])[:200],
            hint="Correct this field, or export the design again.",
        ) from error
