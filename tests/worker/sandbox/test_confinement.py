"""What Python in a sandbox can and cannot do, tried in every sandbox that this machine offers. Keras is not needed."""

import json
import os
import shutil
import socket
import textwrap
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.worker import sandbox
from app.worker.building import own_code
from app.worker.sandbox import landlock, seccomp
from app.worker.sandbox.guard import LOG_BYTES, Excess, Guard
from app.worker.sandbox.probe import probe, try_tier
from app.worker.sandbox.profile import Limits, Profile, Tier, environment
from tests.worker.designs import chain

START = """
import ctypes, json, os, resource, socket, sys, threading, time
from pathlib import Path
from app.worker import inside
channel = None
def play(given, profile=None):
    global channel
    channel = given
    exec(code, globals())
    return 0
inside._probe = play
code = {code!r}
sys.exit(inside.main(sys.argv[1:]))
"""
"""The real entry, with a play of the test's instead of the probe."""

LIMITS = Limits(memory_bytes=2**30, disk_bytes=64 * 2**20, file_bytes=8 * 2**20, seconds=60.0)
DEADLINE = 60.0


@pytest.fixture(params=["bubblewrap", "landlock"])
def tier(request: pytest.FixtureRequest) -> Tier:
    if request.param == "bubblewrap" and shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed (Debian, Ubuntu: apt install bubblewrap)")
    if request.param == "landlock" and not landlock.version():
        pytest.skip("the kernel has no Landlock")
    chosen: Tier = request.param
    return chosen


def play(tier: Tier, folder: Path, code: str, **limits: Any) -> tuple[dict[str, Any], int, Excess | None]:
    """Run `code` in the sandbox; return what it told on its socket, its exit status and what it used too much of."""
    ours, theirs = socket.socketpair()
    profile = Profile(folder / "inside", (folder / "given.txt",), replace(LIMITS, **limits))
    program = ("-c", START.format(code=textwrap.dedent(code)))
    guard = Guard(tier, profile, "probe", theirs, folder / "log.txt", program)
    excess, deadline = None, time.monotonic() + DEADLINE
    while excess is None and guard.process.poll() is None:
        assert time.monotonic() < deadline, "the sandbox did not end"
        excess = guard.watch()
        time.sleep(0.02)
    guard.kill()
    status = guard.wait(10)
    with ours:
        told = ours.recv(1_000_000)
    return (json.loads(told) if told else {}), status, excess


@pytest.fixture
def tried(tier: Tier, tmp_path: Path) -> Callable[..., tuple[dict[str, Any], int, Excess | None]]:
    (tmp_path / "given.txt").write_text("given")
    (tmp_path / "secret.txt").write_text("secret")
    return lambda code, **limits: play(tier, tmp_path, code, **limits)


def test_every_promise_of_the_probe_holds(tier: Tier) -> None:
    promises, reason = try_tier(tier)
    assert promises == dict.fromkeys(promises, True), reason
    assert len(promises) == 6


def test_the_probe_takes_the_strongest_sandbox_that_works() -> None:
    found = probe()
    if shutil.which("bwrap") and all(try_tier("bubblewrap")[0].values()):
        assert (found.tier, found.reason) == ("bubblewrap", "")
    else:
        assert found.tier in ("landlock", "none")
        assert found.reason


def test_files_of_others_and_of_the_machine_are_out_of_reach(
    tried: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAYERLOOM_DATABASE_URL", "postgresql://user:password@host")
    told, status, _ = tried(f"""
        found = {{}}
        def attempt(name, action):
            try:
                found[name] = str(action())
            except OSError as error:
                found[name] = type(error).__name__
        folder = Path({str(tmp_path)!r})
        attempt("given", (folder / "given.txt").read_text)
        attempt("secret", (folder / "secret.txt").read_text)
        attempt("listing", lambda: sorted(os.listdir(folder)))
        attempt("passwd", Path("/etc/passwd").read_text)
        attempt("parent", lambda: Path("/proc/1/environ").read_bytes().count(b"LAYERLOOM") or "nothing")
        attempt("own", lambda: (folder / "inside" / "mine").write_text("x"))
        attempt("above", lambda: (folder / "above").write_text("x"))
        attempt("given back", lambda: (folder / "given.txt").write_text("changed"))
        attempt("program", lambda: Path(inside.__file__).write_text("x"))
        attempt("link", lambda: os.link(folder / "secret.txt", folder / "inside" / "link"))
        os.symlink("/etc/passwd", folder / "inside" / "soft")
        attempt("soft link", (folder / "inside" / "soft").read_text)
        found["environment"] = [name for name in os.environ if "LAYERLOOM" in name or "PASSWORD" in name]
        channel.sendall(json.dumps(found).encode())
    """)
    refused = {"FileNotFoundError", "PermissionError", "OSError"}
    assert status == 0
    assert (told["given"], told["own"], told["environment"]) == ("given", "1", [])
    assert told["parent"] in {*refused, "nothing"}
    for name in ("secret", "passwd", "given back", "program", "link", "soft link"):
        assert told[name] in refused, name
    assert told["listing"] in {*refused, "['given.txt', 'inside']"}
    assert not (tmp_path / "above").exists()
    assert (tmp_path / "given.txt").read_text() == "given"


def test_no_process_and_no_connection_can_be_made(tried: Callable[..., Any]) -> None:
    told, status, _ = tried("""
        import subprocess
        found = {}
        def attempt(name, action):
            try:
                found[name] = str(action())
            except (OSError, RuntimeError) as error:
                found[name] = type(error).__name__
        attempt("fork", os.fork)
        attempt("command", lambda: subprocess.run(["/bin/true"]))
        attempt("internet", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        attempt("local", lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        attempt("signal", lambda: os.kill(os.getppid(), 0) if os.getppid() else os.kill(1, 9))
        attempt("memory file", lambda: os.memfd_create("x"))
        attempt("trace", lambda: ctypes.CDLL(None, use_errno=True).ptrace(0, 0, 0, 0))
        thread = threading.Thread(target=lambda: found.update(thread="runs"))
        thread.start()
        thread.join()
        channel.sendall(json.dumps(found).encode())
    """)
    assert status == 0
    assert told["thread"] == "runs"
    assert told["trace"] == "-1"
    for name in ("fork", "command", "internet", "local", "memory file"):
        assert told[name] == "PermissionError", name
    assert told["signal"] in {"PermissionError", "ProcessLookupError", "None"}


def test_memory_beyond_the_limit_is_an_error_where_it_is_asked_for(tried: Callable[..., Any]) -> None:
    told, status, excess = tried("""
        try:
            kept = bytearray(4 * 2**30)
        except MemoryError:
            channel.sendall(b'{"refused": true}')
    """)
    assert (told, status, excess) == ({"refused": True}, 0, None)


def test_memory_that_no_limit_of_the_kernel_counts_ends_the_process(tried: Callable[..., Any]) -> None:
    _, _, excess = tried(
        """
        import mmap
        shared = mmap.mmap(-1, 300 * 2**20)
        for _ in range(300):
            shared.write(b"x" * 2**20)
        time.sleep(60)
    """,
        memory_bytes=200 * 2**20,
    )
    assert excess is not None
    assert excess.code == "out_of_memory"
    assert "200 MiB" in excess.reason


def test_a_full_folder_ends_the_process_and_a_long_file_is_cut(tried: Callable[..., Any]) -> None:
    told, _, excess = tried("""
        import signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        try:
            Path("long").write_bytes(b"x" * (16 * 2**20))
        except OSError as error:
            channel.sendall(json.dumps({"long": error.errno}).encode())
        for number in range(20):
            Path(f"file{number}").write_bytes(b"x" * (7 * 2**20))
        time.sleep(60)
    """)
    assert told == {"long": 27}
    assert excess is not None
    assert excess.code == "disk_full"
    assert "64 MiB" in excess.reason


def test_files_that_no_folder_names_count_while_they_are_held(tier: Tier, tried: Callable[..., Any]) -> None:
    if tier == "landlock" and os.geteuid() != 0:
        pytest.skip("a process that hides behind Landlock shows its files to root only")
    for hold in ("held = os.dup(file.fileno())", "held = mmap.mmap(file.fileno(), 0)"):
        _, _, excess = tried(f"""
            import mmap
            kept = []
            for number in range(20):
                with open("file", "w+b") as file:
                    file.write(b"x" * (7 * 2**20))
                    file.flush()
                    {hold}
                    kept.append(held)
                os.unlink("file")
            time.sleep(60)
        """)
        assert excess is not None, hold
        assert excess.code == "disk_full"


def test_empty_files_without_end_are_ended(tried: Callable[..., Any]) -> None:
    _, _, excess = tried(
        """
        for number in range(3_000):
            open(f"file{number}", "w").close()
        time.sleep(60)
    """,
        disk_bytes=8 * 2**20,
    )
    assert excess is not None
    assert excess.code == "disk_full"


def test_threads_without_end_and_time_without_end_are_ended(tried: Callable[..., Any]) -> None:
    _, _, excess = tried(
        """
        threading.stack_size(2**18)
        for _ in range(200):
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        time.sleep(60)
    """,
        threads=100,
    )
    assert excess is not None
    assert excess.code == "too_many_threads"
    _, _, excess = tried("while True: pass", seconds=1.0)
    assert excess is not None
    assert excess.code == "time_limit"


def test_a_crash_has_its_signal_and_an_exit_its_status(tried: Callable[..., Any]) -> None:
    assert tried("ctypes.string_at(0)")[1] == -11
    assert tried("os._exit(7)")[1] == 7


def test_what_is_printed_without_end_is_kept_up_to_a_limit(tried: Callable[..., Any], tmp_path: Path) -> None:
    _, status, _ = tried("for _ in range(20): os.write(1, b'x' * 2**20)")
    assert status == 0
    log = (tmp_path / "log.txt").read_bytes()
    assert len(log) < LOG_BYTES + 100
    assert log.endswith(b"further bytes were dropped.)\n")


def test_a_log_that_cannot_be_written_holds_nobody_up(tried: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "log.txt").symlink_to("/dev/full")
    _, status, _ = tried("for _ in range(20): os.write(1, b'x' * 2**20)")
    assert status == 0


def test_the_filter_is_assembled_for_both_processors_and_refused_for_others() -> None:
    for machine in ("x86_64", "aarch64"):
        program = seccomp.assemble(machine=machine)
        assert len(program) % 8 == 0
        assert 60 * 8 < len(program) < 4_096 * 8
        assert len(seccomp.assemble(machine=machine, pid=7)) > len(program)
    with pytest.raises(seccomp.NoFilter, match="riscv64"):
        seccomp.assemble(machine="riscv64")


def test_the_environment_is_our_own_words_only(tmp_path: Path) -> None:
    for tier in ("bubblewrap", "landlock"):
        assert (
            not {"LAYERLOOM_DATA", "LAYERLOOM_DATABASE_URL", "SSH_AUTH_SOCK"}
            & environment(tier, Profile(tmp_path)).keys()
        )


def test_own_code_is_refused_outside_a_sandbox() -> None:
    assert not sandbox.entered()
    document = chain(())
    document = document.model_validate(
        {"code": {"a": {"kind": "layers", "name": "Mine", "source": f"open({os.devnull!r}, 'w')"}}}
    )
    with pytest.raises(own_code.OwnCodeNotLoaded):
        own_code.load(document)
