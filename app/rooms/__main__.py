"""`python -m app.rooms --socket PATH --database URL`: serve one web process, and end when it does.

`--database -` reads the URL from standard input, so that no password stands in the list of processes.
"""

import argparse
import contextlib
import mmap
import resource
import socket
import sys
from pathlib import Path

from app.messages.rooms import BUSY
from app.rooms.repository import open_engine
from app.rooms.server import RoomServer

CONNECT_SECONDS = 30.0
MEMORY_BYTES = 3 * 2**30
"""Address space; a room process with many large designs maps well under 1 GiB."""


def limit_memory() -> None:
    """Let an update that asks for the moon fail here, not in the machine."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(MEMORY_BYTES, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def accept(path: Path) -> socket.socket:
    """Return the one connection that this process serves; exit when nobody comes."""
    with socket.socket(socket.AF_UNIX) as listener:
        path.unlink(missing_ok=True)
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen(1)
        listener.settimeout(CONNECT_SECONDS)
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            sys.exit("nobody connected")
        finally:
            path.unlink(missing_ok=True)
    connection.settimeout(None)
    return connection


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m app.rooms")
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--database", required=True)
    arguments = parser.parse_args()
    limit_memory()
    url = sys.stdin.readline().strip() if arguments.database == "-" else arguments.database
    engine = open_engine(url)
    with Path(f"{arguments.socket}.busy").open("w+b") as file:
        file.write(BUSY.pack(0))
        file.flush()
        with (
            mmap.mmap(file.fileno(), BUSY.size) as busy,
            accept(arguments.socket) as connection,
            contextlib.suppress(ConnectionError),
        ):
            RoomServer(connection, engine, busy).serve()
    engine.dispose()


if __name__ == "__main__":
    main()
