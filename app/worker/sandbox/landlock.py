"""Landlock: which files this process may still reach, set by the process itself and for good.

Source: `landlock(7)` and `linux/landlock.h`; the system calls have one number on every architecture.
"""

import ctypes
import os
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446
_VERSION_FLAG: Final = 1
_PATH_BENEATH: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIRECTORY = 1, 1 << 1, 1 << 2, 1 << 3
_READ: Final = _EXECUTE | _READ_FILE | _READ_DIRECTORY
_FILE: Final = _EXECUTE | _WRITE_FILE | _READ_FILE | 1 << 14
"""The rights that a rule on a file, and not on a folder, may hold."""

_FIRST_RIGHTS: Final = (1 << 13) - 1
_LATER_RIGHTS: Final = {2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
"""Rights by the version that brought them: linking between folders, truncating, device control."""

_MAKING_DEVICES: Final = 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11
"""Making character devices, sockets, pipes and block devices: nobody's business here."""

_NETWORK: Final = 0b11
_SCOPES: Final = 0b11


class NoLandlock(RuntimeError):
    """The kernel has no Landlock; the text says so."""


def version() -> int:
    """Return the version of Landlock that the kernel speaks; 0 without Landlock."""
    found: int = ctypes.CDLL(None, use_errno=True).syscall(_CREATE, None, ctypes.c_size_t(0), _VERSION_FLAG)
    return max(found, 0)


def confine(readable: Iterable[Path], writable: Iterable[Path]) -> None:
    """Leave this process only `readable` (to read and execute) and `writable`; raise `NoLandlock`.

    Where the kernel's version knows them, TCP, signals to other processes and abstract sockets go too. Paths that do
    not exist are left out.
    """
    known = version()
    if known < 1:
        raise NoLandlock("The kernel has no Landlock.")
    library = ctypes.CDLL(None, use_errno=True)
    rights = _FIRST_RIGHTS | sum(bits for since, bits in _LATER_RIGHTS.items() if known >= since)
    attributes = struct.pack("QQQ", rights, _NETWORK if known >= 4 else 0, _SCOPES if known >= 6 else 0)
    size = 8 if known < 4 else 16 if known < 6 else 24
    ruleset: int = library.syscall(_CREATE, attributes, ctypes.c_size_t(size), 0)
    if ruleset < 0:
        raise NoLandlock(f"Landlock refused (error {ctypes.get_errno()}).")
    try:
        for path in readable:
            _allow(library, ruleset, path, _READ)
        for path in writable:
            _allow(library, ruleset, path, rights & ~_MAKING_DEVICES)
        if library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or library.syscall(_RESTRICT, ruleset, 0):
            raise NoLandlock(f"Landlock refused (error {ctypes.get_errno()}).")
    finally:
        os.close(ruleset)


def _allow(library: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        allowed = rights if path.is_dir() else rights & _FILE
        rule = struct.pack("=Qi", allowed, place)
        if library.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0):
            raise NoLandlock(f"Landlock refused a rule (error {ctypes.get_errno()}).")
    finally:
        os.close(place)
