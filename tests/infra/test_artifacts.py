"""The artifact store: whole files or none, under keys that it made, nowhere else."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.infra.artifacts import FileArtifacts, StoredFile
from app.shared.errors import NotFound, TooLarge


async def pieces(*content: bytes) -> AsyncIterator[bytes]:
    for piece in content:
        yield piece


async def read(store: FileArtifacts, key: str) -> bytes:
    return b"".join([piece async for piece in store.open(key)])


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_what_was_written_is_read_back_at_its_url(tmp_path: Path) -> None:
    store = FileArtifacts(tmp_path)
    stored = await store.write(pieces(b"one,", b"two", b""))
    assert stored == StoredFile(stored.key, 7, hashlib.sha256(b"one,two").hexdigest())
    assert await read(store, stored.key) == b"one,two" == Path(store.url(stored.key)).read_bytes()
    assert files(tmp_path) == [Path(store.url(stored.key))]


async def test_the_limit_is_exact_and_leaves_nothing_behind(tmp_path: Path) -> None:
    store = FileArtifacts(tmp_path)
    assert (await store.write(pieces(b"12345"), limit=5)).bytes == 5
    before = files(tmp_path)
    with pytest.raises(TooLarge) as error:
        await store.write(pieces(b"12345", b"6"), limit=5)
    assert "LAYERLOOM_UPLOAD_LIMIT_BYTES" in error.value.hint
    assert files(tmp_path) == before


async def test_a_source_that_breaks_leaves_nothing_behind(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await FileArtifacts(tmp_path).write(broken())
    assert files(tmp_path) == []


async def test_a_removed_file_is_gone_and_may_be_removed_again(tmp_path: Path) -> None:
    store = FileArtifacts(tmp_path)
    stored = await store.write(pieces(b"x"))
    await store.remove(stored.key)
    await store.remove(stored.key)
    with pytest.raises(NotFound):
        await read(store, stored.key)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text() | st.from_regex(r"[A-Za-z0-9_./\\-]{16,40}", fullmatch=True))
@example("../../etc/passwd0000000")
@example("a" * 22 + "\n")
@example("a" * 22 + ".partial")
@example("")
def test_no_text_leads_out_of_the_folder(tmp_path: Path, key: str) -> None:
    try:
        path = FileArtifacts(tmp_path).url(key)
    except NotFound:
        return
    assert Path(path).is_relative_to(tmp_path.resolve())
    assert Path(path).name == key
