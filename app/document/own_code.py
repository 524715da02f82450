"""The pieces of a design's own code: what they are called, and what names them wherever their text is compared."""

import hashlib
from typing import Final

from app.document.model import Code, GraphDocument

PACKAGE: Final = "own"
"""The package under which Keras knows them: a saved model says `own>Name`."""


def piece_hash(piece: Code) -> str:
    """Return the SHA-256 of a piece's text as 64 hexadecimal digits, as `sha256sum` of the text in UTF-8 gives it."""
    return hashlib.sha256(piece.source.encode("utf-8", "surrogatepass")).hexdigest()


def code_digest(document: GraphDocument) -> str:
    """Return one digest of all own code of a design; equal digests define the same classes. "" without own code."""
    if not document.code:
        return ""
    whole = hashlib.sha256()
    for piece in sorted(document.code.values(), key=lambda piece: (piece.kind, piece.name)):
        whole.update(f"{piece.kind} {piece.name} {piece_hash(piece)}\n".encode())
    return whole.hexdigest()
