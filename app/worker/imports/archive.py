"""A `.keras` file, which is a zip: its architecture and its vocabularies, after its directory was found harmless."""

import struct
import zipfile
from pathlib import Path
from typing import Final

from app.shared.errors import AppError
from app.worker.imports.errors import BadArchive, too_large
from app.worker.imports.json_data import MAX_CONFIG

MAX_MEMBERS: Final = 1_000
MAX_DIRECTORY: Final = 2**20
MAX_UNPACKED: Final = 64 * 2**30
MAX_RATIO: Final = 250
"""How many times larger unpacked than packed a member of over a mebibyte may be; weights hardly shrink at all."""

MAX_VOCABULARY: Final = 4 * 2**20
"""Bytes of one vocabulary, and `MAX_VOCABULARIES` of all."""

MAX_VOCABULARIES: Final = 16 * 2**20

_END_OF_DIRECTORY: Final = b"PK\x05\x06"
_KIND_OF_FILE: Final = 0o170000
_LINK: Final = 0o120000


def read_archive(path: Path) -> tuple[bytes, dict[str, bytes]]:
    """Return the text of `config.json`, and those of vocabularies by the names of their members.

    Raises `BadArchive` or `TooLarge`. Nothing is unpacked to disk.
    """
    _check_directory(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check_members(members)
            with archive.open("config.json") as member:
                text = member.read(MAX_CONFIG + 1)
            vocabularies = {
                each.filename: archive.read(each)
                for each in members
                if each.filename.endswith("/vocabulary.txt") and each.file_size <= MAX_VOCABULARY
            }
    except KeyError as error:
        raise BadArchive(
            "This archive is not a .keras file.",
            expected="a member config.json",
            received="none of that name",
            hint="Save the model with model.save('model.keras').",
        ) from error
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise _damaged(str(error)) from error
    except AppError:
        raise
    except Exception as error:  # zlib.error and the like have no common base
        raise _damaged(f"{type(error).__name__}: {error}") from error
    if len(text) > MAX_CONFIG:
        raise too_large("architecture", len(text), MAX_CONFIG)
    return text, vocabularies


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
        name = member.filename.replace("\\", "/")
        if name.startswith("/") or ".." in name.split("/") or name[1:2] == ":":
            raise _untrusted("A member of this archive points outside of it.", "plain member names", name)
        if (member.external_attr >> 16) & _KIND_OF_FILE == _LINK:
            raise _untrusted("A member of this archive is a link.", "files and folders only", name)
        if member.file_size > max(2**20, member.compress_size * MAX_RATIO):
            raise _untrusted(
                "This archive unpacks to far more than it holds: it looks like a zip bomb.",
                f"members at most {MAX_RATIO} times as large unpacked",
                f"{name[:100]}: {member.compress_size} bytes become {member.file_size}",
            )
    if sum(member.filename == "config.json" for member in members) > 1:
        raise _untrusted("This archive holds two architectures.", "one member config.json", "several")
    total = sum(member.file_size for member in members)
    if total > MAX_UNPACKED:
        raise too_large("model", total, MAX_UNPACKED)
    texts = sum(member.file_size for member in members if member.filename.endswith("/vocabulary.txt"))
    if texts > MAX_VOCABULARIES:
        raise too_large("vocabulary", texts, MAX_VOCABULARIES)
    config = next((member for member in members if member.filename == "config.json"), None)
    if config is not None and config.file_size > MAX_CONFIG:
        raise too_large("architecture", config.file_size, MAX_CONFIG)


def _untrusted(message: str, expected: str, received: str) -> BadArchive:
    return BadArchive(message, expected=expected, received=received[:200], hint="Do not trust this file.")


def _damaged(reason: str) -> BadArchive:
    return BadArchive(
        "This .keras file is damaged.",
        expected="a complete zip archive",
        received=reason[:200],
        hint="The file may be cut short; save or copy it again.",
    )
