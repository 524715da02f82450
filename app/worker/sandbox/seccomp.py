"""A seccomp filter, assembled here as BPF: what a training never needs and an attack does is refused.

A deny-list on top of namespaces or Landlock, not a boundary of its own. Sources: `seccomp(2)`, `syscalls(2)`,
`linux/filter.h`, `linux/audit.h` and the system call tables of x86-64 and of the generic 64-bit ABI (arm64).
"""

import ctypes
import platform
import struct
from collections.abc import Iterable
from typing import Final

EPERM: Final = 1
ENOSYS: Final = 38

_ALLOW: Final = 0x7FFF0000
_ERRNO: Final = 0x00050000
_KILL: Final = 0x80000000

_LOAD: Final = 0x20
_JUMP_EQUAL: Final = 0x15
_JUMP_AT_LEAST: Final = 0x35
_JUMP_BITS: Final = 0x45
_RETURN: Final = 0x06

_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _SECOND_ARGUMENT = 0, 4, 16, 24
"""Offsets in `struct seccomp_data`; of an argument, those of its low half on little-endian machines."""

_CLONE_THREAD: Final = 0x10000
_X32: Final = 0x40000000
_TERMINAL_INPUT: Final = (0x5412, 0x541C)
"""`TIOCSTI` and `TIOCLINUX` type into a terminal that was inherited."""

_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_SET_SECCOMP: Final = 22
_SECCOMP_MODE_FILTER: Final = 2

_ARCHITECTURES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

_CALLS: Final[dict[str, tuple[int | None, int | None]]] = {
    "fork": (57, None),
    "vfork": (58, None),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "pidfd_getfd": (438, 438),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "socket": (41, 198),
    "bind": (49, 200),
    "connect": (42, 203),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "unshare": (272, 97),
    "setns": (308, 268),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "syslog": (103, 116),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "iopl": (172, None),
    "ioperm": (173, None),
    "personality": (135, 92),
    "modify_ldt": (154, None),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "move_pages": (279, 239),
    "migrate_pages": (256, 238),
    "fanotify_init": (300, 262),
    "vhangup": (153, 58),
}
"""Refused outright, with their numbers on x86-64 and arm64.

Other processes, new processes, sockets, mounts, the kernel, and files of memory that no limit counts.
"""

_CLONE, _CLONE3, _KILL_CALL, _IOCTL, _PRLIMIT = (56, 220), (435, 435), (62, 129), (16, 29), (302, 261)


class NoFilter(RuntimeError):
    """This machine or kernel takes no seccomp filter of ours; the text says why."""


def assemble(*, pid: int | None = None, machine: str = "") -> bytes:
    """Return the filter as BPF; with `pid`, signals may go to that process only. Raises `NoFilter`.

    Threads may be started, processes not: there is nothing a fork bomb could be made of.
    """
    machine = machine or platform.machine()
    if machine not in _ARCHITECTURES:
        raise NoFilter(f"There is no seccomp filter for the processor {machine}.")
    column = list(_ARCHITECTURES).index(machine)
    program = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_JUMP_EQUAL, _ARCHITECTURES[machine], 1, 0),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER),
    ]
    if machine == "x86_64":
        program += [_step(_JUMP_AT_LEAST, _X32, 0, 1), _step(_RETURN, _ERRNO | ENOSYS)]
    for numbers in _CALLS.values():
        number = numbers[column]
        if number is not None:
            program += [_step(_JUMP_EQUAL, number, 0, 1), _step(_RETURN, _ERRNO | EPERM)]
    program += [_step(_JUMP_EQUAL, _CLONE3[column], 0, 1), _step(_RETURN, _ERRNO | ENOSYS)]
    program += _unless(_CLONE[column], _FIRST_ARGUMENT, [_step(_JUMP_BITS, _CLONE_THREAD, 1, 0)])
    program += _unless(_PRLIMIT[column], _FIRST_ARGUMENT, [_step(_JUMP_EQUAL, 0, 1, 0)])
    for request in _TERMINAL_INPUT:
        program += _unless(_IOCTL[column], _SECOND_ARGUMENT, [_step(_JUMP_EQUAL, request, 0, 1)])
    if pid is not None:
        program += _unless(_KILL_CALL[column], _FIRST_ARGUMENT, [_step(_JUMP_EQUAL, pid, 1, 0)])
    return b"".join([*program, _step(_RETURN, _ALLOW)])


def apply(program: bytes) -> None:
    """Confine this process and its future threads by `program`, for good; raise `NoFilter` when the kernel refuses."""
    library = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(program, len(program))
    head = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer)))
    if library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or library.prctl(
        _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(head)
    ):
        raise NoFilter(f"The kernel takes no seccomp filter (error {ctypes.get_errno()}).")


def _step(code: int, value: int, true: int = 0, false: int = 0) -> bytes:
    return struct.pack("HBBI", code, true, false, value & 0xFFFFFFFF)


def _unless(number: int, argument: int, test: Iterable[bytes]) -> list[bytes]:
    """Refuse call `number` unless the test of one argument jumps over the refusal, then look at the number again."""
    body = [_step(_LOAD, argument), *test, _step(_RETURN, _ERRNO | EPERM), _step(_LOAD, _NUMBER)]
    return [_step(_JUMP_EQUAL, number, 0, len(body)), *body]
