"""The committed catalog as it travels: its bytes, plain and compressed, and the tag that names them."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True)
class CatalogFile:
    plain: bytes
    compressed: bytes
    etag: str


@cache
def read() -> CatalogFile:
    """Return the catalog, read and compressed once."""
    plain = resources.files("app.catalog").joinpath("catalog.json").read_bytes()
    return CatalogFile(plain, gzip.compress(plain, mtime=0), f'"{hashlib.sha256(plain).hexdigest()[:32]}"')
