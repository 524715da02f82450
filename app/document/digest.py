"""A digest of what a design means: equal digests train the same model."""

import hashlib
import json

from app.document.model import GraphDocument

_DRAWN_ONLY = {"x", "y", "color", "note"}


def digest(document: GraphDocument) -> str:
    """Return the SHA-256 of `document` as 64 hexadecimal digits.

    Positions, colours, notes, the design's name and its description do not count: moving a node changes nothing.
    """
    content = document.model_dump(
        mode="json", exclude={"meta": {"name", "description"}, "nodes": {"__all__": _DRAWN_ONLY}}
    )
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
