"""`python -m app.worker attend`: watches over one sandboxed process for the server, and says why it had to be ended.

The socket goes straight from the server into the sandbox; this process only starts, watches and kills. It ends, and
the sandbox with it, when its standard input is closed.
"""

import argparse
import json
import select
import socket
import sys
from dataclasses import asdict
from pathlib import Path

from app.worker.sandbox.guard import WATCH_SECONDS, Guard
from app.worker.sandbox.profile import Limits, Profile


def command(_name: str, arguments: list[str]) -> int:
    """Attend a process that answers analysis requests; an `Excess` is printed as JSON."""
    parser = argparse.ArgumentParser(prog="python -m app.worker attend")
    parser.add_argument("task", choices=("analyse", "convert"))
    parser.add_argument("--tier", choices=("bubblewrap", "landlock"), required=True)
    parser.add_argument("--channel", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--readable", type=Path, action="append", default=[])
    parser.add_argument("--memory-bytes", type=int, required=True)
    options = parser.parse_args(arguments)
    profile = Profile(options.folder, tuple(options.readable), Limits(memory_bytes=options.memory_bytes))
    guard = Guard(
        options.tier, profile, options.task, socket.socket(fileno=options.channel), options.folder / "log.txt"
    )
    while guard.process.poll() is None:
        gone, _, _ = select.select([sys.stdin], [], [], WATCH_SECONDS)
        if gone:
            break
        excess = guard.watch()
        if excess is not None:
            sys.stdout.write(json.dumps(asdict(excess)) + "\n")
            break
    guard.kill()
    return guard.wait(1.0)
