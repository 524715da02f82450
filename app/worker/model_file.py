"""A Keras model file read as data: nothing in it is loaded, unpickled or executed.

A `.keras` file is a zip; only its `config.json` is read, and only after its directory has been found harmless.
"""

import json
import struct
import zipfile
from pathlib import Path
from typing import Any, ClassVar, Final

from app.shared.errors import Invalid, TooLarge

MAX_CONFIG: Final = 64 * 2**20
"""Bytes of an architecture, unpacked."""

MAX_MEMBERS: Final = 1_000
MAX_DIRECTORY: Final = 2**20
MAX_UNPACKED: Final = 64 * 2**30
MAX_RATIO: Final = 250
"""How many times larger unpacked than packed a member of over a mebibyte may be; weights hardly shrink at all."""

MAX_DEPTH: Final = 100

_HDF5: Final = b"\x89HDF\r\n\x1a\n"
_END_OF_DIRECTORY: Final = b"PK\x05\x06"


class NotAModel(Invalid):
    code: ClassVar[str] = "not_a_model"


class BadArchive(Invalid):
    code: ClassVar[str] = "bad_archive"


def read_config(path: Path, filename: str) -> dict[str, Any]:
    """Return the architecture in the file at `path`: a `.keras` archive or the JSON of `model.to_json()`.

    Raises `NotAModel`, `BadArchive` or `TooLarge`.
    """
    with path.open("rb") as file:
        start = file.read(64)
    if start.startswith(b"PK"):
        text = _config_of_archive(path)
    elif start.startswith(_HDF5):
        raise NotAModel(
            "This is an HDF5 file, which Layerloom does not read.",
            expected="a .keras file, or the JSON of model.to_json()",
            received=filename,
            hint="Load it with Keras and save it again: model.save('model.keras').",
        )
    elif start.lstrip().startswith((b"{", b"\xef\xbb\xbf{")):
        text = _config_of_json(path)
    else:
        raise NotAModel(
            f"{filename} is not a zip archive, as a .keras file is, and not JSON."
            if filename.endswith(".keras")
            else f"{filename} is not a Keras model.",
            expected="a .keras file, or the JSON of model.to_json()",
            received=f"a file that begins with {start[:16]!r}",
            hint="Save the model with model.save('model.keras') and import that file.",
        )
    return _parse(text, filename)


def _config_of_json(path: Path) -> bytes:
    size = path.stat().st_size
    if size > MAX_CONFIG:
        raise _too_large("architecture", size, MAX_CONFIG)
    return path.read_bytes()


def _config_of_archive(path: Path) -> bytes:
    _check_directory(path)
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(archive.infolist())
            with archive.open("config.json") as member:
                text = member.read(MAX_CONFIG + 1)
    except KeyError as error:
        raise BadArchive(
            "This archive is not a .keras file.",
            expected="a member config.json",
            received="none of that name",
            hint="Save the model with model.save('model.keras').",
        ) from error
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise _damaged(str(error)) from error
    except Exception as error:  # zlib.error and the like have no common base
        raise _damaged(f"{type(error).__name__}: {error}") from error
    if len(text) > MAX_CONFIG:
        raise _too_large("architecture", len(text), MAX_CONFIG)
    return text


def _check_directory(path: Path) -> None:
    """Look at the archive's end record before `zipfile` reads the whole directory into memory."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - 66_000))
        tail = file.read()
    place = tail.rfind(_END_OF_DIRECTORY)
    if place < 0 or len(tail) < place + 22:
        raise _damaged("its directory is missing")
    count, directory = struct.unpack_from("<HI", tail, place + 10)
    if count > MAX_MEMBERS or directory > MAX_DIRECTORY:
        raise BadArchive(
            "This archive has far more members than a .keras file.",
            expected=f"at most {MAX_MEMBERS} members",
            received=f"{count} members, a directory of {directory} bytes",
            hint="Save the model with model.save('model.keras').",
        )


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS:
        raise BadArchive(
            "This archive has far more members than a .keras file.",
            expected=f"at most {MAX_MEMBERS}",
            received=str(len(members)),
        )
    for member in members:
        if member.filename.startswith(("/", "\\")) or ".." in member.filename.replace("\\", "/").split("/"):
            raise BadArchive(
                "A member of this archive points outside of it.",
                expected="plain member names",
                received=member.filename[:100],
                hint="Do not trust this file.",
            )
        if member.file_size > max(2**20, member.compress_size * MAX_RATIO):
            raise BadArchive(
                "This archive unpacks to far more than it holds: it looks like a zip bomb.",
                expected=f"members at most {MAX_RATIO} times as large unpacked",
                received=f"{member.filename[:100]}: {member.compress_size} bytes become {member.file_size}",
                hint="Do not trust this file.",
            )
    total = sum(member.file_size for member in members)
    if total > MAX_UNPACKED:
        raise _too_large("model", total, MAX_UNPACKED)
    config = next((member for member in members if member.filename == "config.json"), None)
    if config is not None and config.file_size > MAX_CONFIG:
        raise _too_large("architecture", config.file_size, MAX_CONFIG)


def _parse(text: bytes, filename: str) -> dict[str, Any]:
    try:
        data = json.loads(text.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        deep = isinstance(error, RecursionError)
        raise NotAModel(
            f"The architecture in {filename} cannot be read.",
            expected="complete JSON" if not deep else f"JSON of at most {MAX_DEPTH} levels",
            received=str(error)[:200] if not deep else "more levels",
            hint="The file may be cut short; export it again.",
        ) from error
    if not isinstance(data, dict) or not isinstance(data.get("config"), dict):
        raise NotAModel(
            f"{filename} holds JSON, but no Keras model.",
            expected='an object with "class_name" and "config"',
            received=type(data).__name__ if not isinstance(data, dict) else ", ".join(list(data)[:8])[:200],
            hint="Export the architecture with model.to_json().",
        )
    if _is_deeper(data, MAX_DEPTH):
        raise NotAModel(
            f"The architecture in {filename} is nested too deeply.",
            expected=f"at most {MAX_DEPTH} levels",
            received="more",
        )
    return data


def _is_deeper(data: Any, limit: int) -> bool:
    level = [data]
    for _ in range(limit):
        level = [
            child
            for item in level
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def _damaged(reason: str) -> BadArchive:
    return BadArchive(
        "This .keras file is damaged.",
        expected="a complete zip archive",
        received=reason[:200],
        hint="The file may be cut short; save or copy it again.",
    )


def _too_large(what: str, size: int, limit: int) -> TooLarge:
    return TooLarge(
        f"This {what} is too large.",
        expected=f"at most {limit / 2**20:.0f} MiB",
        received=f"{size / 2**20:.0f} MiB",
    )
