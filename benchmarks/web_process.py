"""How soon the web process answers, how much memory it holds, and what it must not have loaded."""

import json
import statistics
import tempfile
import time
from pathlib import Path

import httpx
import psutil

from tests.server import Server

RUNS = 5
FOREIGN = ("keras", "tensorflow", "sklearn", "pycrdt")


def measure(folder: Path) -> tuple[float, float, list[str]]:
    """Return seconds until the first answer, resident megabytes, and foreign libraries mapped into the process."""
    server = Server(folder)
    visitor = httpx.Client()
    start = time.perf_counter()
    with visitor, server.start():
        visitor.get(f"{server.url}/api/session").raise_for_status()
        ready = time.perf_counter() - start
        assert server.process is not None
        process = psutil.Process(server.process.pid)
        with server.client() as client:
            client.get("/api/catalog").raise_for_status()
        mapped = {entry.path for entry in process.memory_maps()}
        foreign = [name for name in FOREIGN if any(f"/{name}/" in path for path in mapped)]
        return ready, process.memory_info().rss / 2**20, foreign


def main() -> None:
    results = []
    with tempfile.TemporaryDirectory(prefix="ll-") as folder:
        for number in range(RUNS):
            data = Path(folder) / str(number % 2)
            data.mkdir(exist_ok=True)
            results.append(measure(data))
    ready = statistics.median(result[0] for result in results)
    memory = max(result[1] for result in results)
    foreign = sorted({name for result in results for name in result[2]})
    rows = [
        {"what": "seconds until ready", "ratio": ready, "target": "< 2", "met": ready < 2},
        {"what": "megabytes resident", "ratio": memory, "target": "< 200", "met": memory < 200},
        {"what": "foreign libraries loaded", "ratio": len(foreign), "target": "0", "met": not foreign},
    ]
    for row in rows:
        print(json.dumps(row))


if __name__ == "__main__":
    main()
