"""Which sandbox works on this machine: tried with the real profile, not guessed from versions."""

import contextlib
import json
import shutil
import socket
import sys
import tempfile
from pathlib import Path
from typing import Final

from app.messages.sandbox import SandboxStatus
from app.worker.sandbox import landlock
from app.worker.sandbox.guard import Guard
from app.worker.sandbox.profile import Limits, Profile, Tier
from app.worker.sandbox.seccomp import NoFilter

PROBE_SECONDS: Final = 20.0
_LIMITS: Final = Limits(memory_bytes=2**30, seconds=PROBE_SECONDS)


def command(_name: str, _arguments: list[str]) -> int:
    """`sandbox`: print a `SandboxStatus` as JSON; 0 when there is a sandbox."""
    found = probe()
    sys.stdout.write(found.model_dump_json() + "\n")
    return 0 if found.tier != "none" else 1


def probe() -> SandboxStatus:
    """Return the strongest tier whose promises all hold; one that was passed over says why in `reason`."""
    version = landlock.version()
    reasons: list[str] = []
    for tier in ("bubblewrap", "landlock"):
        promises, reason = try_tier(tier)
        if promises and all(promises.values()):
            return SandboxStatus(tier=tier, reason=" ".join(reasons), landlock=version, promises=promises)
        broken = [promise for promise, holds in promises.items() if not holds]
        reasons.append(reason or f"With {tier}, this did not hold: {', '.join(broken)}.")
    return SandboxStatus(tier="none", reason=" ".join(reasons), landlock=version)


def try_tier(tier: Tier) -> tuple[dict[str, bool], str]:
    """Return which promises hold under `tier`, and why it could not be tried."""
    if tier == "bubblewrap" and shutil.which("bwrap") is None:
        return {}, "bubblewrap is not installed (Debian, Ubuntu: apt install bubblewrap)."
    if tier == "landlock" and landlock.version() < 1:
        return {}, "The kernel has no Landlock."
    with tempfile.TemporaryDirectory(prefix="layerloom-") as name:
        (Path(name) / "outside").write_text("not for the sandbox")
        log = Path(name) / "log"
        ours, theirs = socket.socketpair()
        with ours as channel:
            try:
                guard = Guard(tier, Profile(Path(name) / "inside", limits=_LIMITS), "probe", theirs, log)
            except (OSError, NoFilter) as error:
                return {}, f"{tier} could not be started: {error}"
            channel.settimeout(PROBE_SECONDS)
            answer = _answer(channel)
        status = guard.wait(1.0)
        printed = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    if not answer:
        return {}, f"{tier} does not work here: {printed[-1] if printed else f'it ended with status {status}'}"
    return answer, ""


def _answer(channel: socket.socket) -> dict[str, bool]:
    with contextlib.suppress(OSError, ValueError), channel.makefile("rb") as lines:
        found = json.loads(lines.readline())
        return {str(promise): bool(holds) for promise, holds in found.items()}
    return {}
