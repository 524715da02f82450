"""The artifact store: files under ids that the server made. No name of a user is ever part of a path.

`write` is atomic: a file is there whole, or not at all.
"""

import asyncio
import hashlib
import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from app.infra.multipart import too_large
from app.shared.errors import NotFound
from app.shared.ids import new_id

_KEY: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
_PARTIAL: Final = ".partial"
_READ_BYTES: Final = 1024 * 1024


@dataclass(frozen=True)
class StoredFile:
    """A file in the store: its key, its size in bytes and the SHA-256 of its content in hexadecimal."""

    key: str
    bytes: int
    sha256: str


class ArtifactStore(Protocol):
    """Where uploaded files live. A key is made by `write`; every other text is refused as `NotFound`."""

    async def write(self, content: AsyncIterator[bytes], *, limit: int | None = None) -> StoredFile:
        """Store `content` under a new key; raise `TooLarge` over `limit` bytes, leaving nothing behind."""
        ...

    def open(self, key: str) -> AsyncIterator[bytes]:
        """Return the content in pieces; raise `NotFound` when there is none."""
        ...

    async def remove(self, key: str) -> None:
        """Remove the file; it is fine when there is none."""
        ...

    async def forget_unfinished(self) -> None:
        """Remove what was begun to be stored by a server that was killed; to be called before anything is written."""
        ...

    def url(self, key: str) -> str:
        """Return where a worker finds the file: a local path, or an address that it can read."""
        ...


class FileArtifacts:
    """The store as one folder on a disk that the workers see too, spread over subfolders by the key's first letters."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise NotFound("There is no such file.", expected="a key of the store", received=repr(key)[:80])
        return self.folder / key[:2] / key

    async def write(self, content: AsyncIterator[bytes], *, limit: int | None = None) -> StoredFile:
        """Store `content` under a new key: written aside, synced, renamed."""
        key = new_id()
        path = self._path(key)
        partial = path.with_suffix(_PARTIAL)
        try:
            size, digest = await self._write_partial(partial, content, limit)
            await asyncio.to_thread(_publish, partial, path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        return StoredFile(key, size, digest)

    async def _write_partial(self, partial: Path, content: AsyncIterator[bytes], limit: int | None) -> tuple[int, str]:
        partial.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        digest = hashlib.sha256()
        size = 0
        with partial.open("xb") as file:
            async for piece in content:
                size += len(piece)
                if limit is not None and size > limit:
                    raise too_large(limit)
                await asyncio.to_thread(_append, file, digest, piece)
            await asyncio.to_thread(os.fsync, file.fileno())
        return size, digest.hexdigest()

    async def open(self, key: str) -> AsyncIterator[bytes]:
        """Yield the content in pieces of a mebibyte."""
        path = self._path(key)
        try:
            file = path.open("rb")
        except FileNotFoundError as error:
            raise NotFound("There is no such file.") from error
        with file:
            while piece := await asyncio.to_thread(file.read, _READ_BYTES):
                yield piece

    async def remove(self, key: str) -> None:
        """Remove the file; it is fine when there is none."""
        await asyncio.to_thread(self._path(key).unlink, missing_ok=True)

    async def forget_unfinished(self) -> None:
        """Remove the files that were written aside and never renamed."""
        await asyncio.to_thread(_remove_all, self.folder, f"*/*{_PARTIAL}")

    def url(self, key: str) -> str:
        """Return the file's absolute path; raise `NotFound` for what is no key."""
        return str(self._path(key).resolve())


def _remove_all(folder: Path, pattern: str) -> None:
    for path in folder.glob(pattern):
        path.unlink(missing_ok=True)


def _append(file: "_Writable", digest: "hashlib._Hash", piece: bytes) -> None:
    digest.update(piece)
    file.write(piece)


class _Writable(Protocol):
    def write(self, piece: bytes, /) -> int: ...


def _publish(partial: Path, path: Path) -> None:
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
