"""Runs that execute a person's Python: whole ones, and ones that misbehave. Each is a launcher with its sandbox."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from app.document.model import GraphDocument
from app.messages.data import BundledSource
from app.messages.jobs import JobSpec, SandboxOrder
from tests.worker.own.designs import everything
from tests.worker.peer import Peer, Store

DEADLINE = 180.0


def start(
    folder: Path,
    tier: str,
    document: GraphDocument,
    address: Path | None = None,
    order: SandboxOrder | None = None,
) -> subprocess.Popen[bytes]:
    spec = JobSpec.model_validate(
        {
            "run_id": "run-1",
            "document": document,
            "data": BundledSource(name="diabetes"),
            "folder": str(folder),
            "address_file": None if address is None else str(address),
            "token": "secret-of-the-run",
            "sandbox": order or SandboxOrder.model_validate({"tier": tier, "memory_bytes": 4 * 2**30}),
        }
    )
    (folder / "job.json").write_text(spec.model_dump_json())
    return subprocess.Popen(
        [sys.executable, "-m", "app.worker", "run", str(folder / "job.json")],
        env={**os.environ, "LAYERLOOM_SECRET": "of the server"},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def events_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "events.spool").read_text().splitlines()]


def with_callback(body: str) -> GraphDocument:
    """Return the whole design with a callback that does `body` at the end of the first epoch."""
    document = everything()
    lines = "\n".join(f"        {line}" for line in body.strip().splitlines())
    source = (
        "import os, sys, time\nimport keras\n\n\nclass Announcer(keras.callbacks.Callback):\n"
        "    def __init__(self, word='round'):\n        super().__init__()\n        self.word = word\n\n"
        f"    def on_epoch_end(self, epoch, logs=None):\n{lines}\n"
    )
    document.code["callback"].source = source
    return document


NOSY = """
found = {"environment": [name for name in os.environ if name.startswith("LAYERLOOM")]}
for name in ("/etc/passwd", "../job.json", "../events.spool"):
    try:
        found[name] = len(open(name).read())
    except OSError as error:
        found[name] = type(error).__name__
try:
    found["fork"] = os.fork()
except OSError as error:
    found["fork"] = type(error).__name__
os.path.lexists("stolen.csv") or os.symlink("/etc/passwd", "stolen.csv")
import gc, json, socket
channel = next(one for one in gc.get_objects() if isinstance(one, socket.socket) and one.fileno() >= 0)
open("ä" * 127, "w").close()
for name in ("stolen.csv", "job.json", "../../stolen", "ä" * 127, "a" * 10_000):
    lie = {"event": "artifact", "time": 1.0, "name": name, "path": "../job.json", "bytes": 1, "sha256": "0"}
    channel.sendall(json.dumps(lie).encode() + b"\\n")
for lie in ({"event": "state", "state": "failed", "time": 1e300}, {"event": "log", "text": "", "time": -1}):
    channel.sendall(json.dumps(lie).encode() + b"\\n")
channel.sendall(b'{"event": "epoch", "time": 1, "epoch": ' + b"9" * 40 + b', "step": 1, "logs": {}, "seconds": 1}\\n')
found["token"] = any("secret-of-the-run" in text for text in gc.get_objects() if isinstance(text, str))
print("found " + json.dumps(found))
os.write(1, b"x" * 20_000_000)
print(self.word, epoch, "ended")
"""


def test_a_run_trains_with_own_code_of_every_kind_and_what_it_must_not_reach_it_does_not(
    tier: str, tmp_path: Path, processes: list[subprocess.Popen[bytes]]
) -> None:
    processes.append(start(tmp_path, tier, with_callback(NOSY)))
    processes[0].wait(DEADLINE)
    events = events_of(tmp_path)
    assert events[-1]["state"] == "finished", str(events[-1])
    (started,) = [event for event in events if event["event"] == "started"]
    assert started["parameters"] == 32 * (5 + 32) + 64 * (32 + 64) + 65
    assert started["metrics"] == ["loss", "largest_error"]
    logged = [event["text"] for event in events if event["event"] == "log"]
    assert [text for text in logged if text.startswith("round")] == ["round 0 ended", "round 1 ended"]
    gave = [text for text in logged if text.startswith("epoch ")]
    assert gave == [
        f"epoch {epoch} gave ['largest_error', 'loss', 'val_largest_error', 'val_loss']" for epoch in (0, 1)
    ]
    told = json.loads(next(text for text in logged if text.startswith("found ")).removeprefix("found "))
    refused = {"FileNotFoundError", "PermissionError"}
    assert (told["environment"], told["fork"], told["token"]) == ([], "PermissionError", False)
    assert {told["/etc/passwd"], told["../job.json"], told["../events.spool"]} <= refused
    artifacts = {event["name"]: event for event in events if event["event"] == "artifact"}
    assert {"model.keras", "model.py"} <= set(artifacts)
    assert not {"stolen.csv", "job.json", "../../stolen", "a" * 10_000} & set(artifacts)
    assert artifacts["ä" * 127]["bytes"] == 0
    assert [event["state"] for event in events if event["event"] == "state"] == ["starting", "running", "finished"]
    assert artifacts["model.keras"]["path"] == "model.keras"
    assert (tmp_path / "model.keras").stat().st_size == artifacts["model.keras"]["bytes"]
    assert (tmp_path / "log.txt").stat().st_size < 11 * 2**20


def test_a_loop_without_end_stops_within_seconds_of_being_asked(
    tier: str, tmp_path: Path, processes: list[subprocess.Popen[bytes]]
) -> None:
    store, address = Store(), tmp_path / "address"
    peer = Peer(store, address)
    try:
        folder = tmp_path / "run"
        folder.mkdir()
        document = with_callback("print('looping')\nwhile True:\n    pass")
        processes.append(start(folder, tier, document, address))
        store.wait_for(lambda events: any(event.get("text") == "looping" for event in events), DEADLINE)
        inside = psutil.Process(processes[0].pid).children(recursive=True)
        store.command(command="stop")
        store.wait_for(lambda events: events[-1].get("state") == "stopped", 60)
        assert store.ordered()[-1]["reason"].startswith("Stopped. The batch did not end in time")
        processes[0].wait(60)
        deadline = time.monotonic() + 60
        while any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in inside):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        peer.kill()


def test_a_crash_is_a_failed_run_and_an_error_names_its_line(
    tier: str, tmp_path: Path, processes: list[subprocess.Popen[bytes]]
) -> None:
    places = {"crash": "os._exit(0)", "error": "undefined_name"}
    for name, body in places.items():
        (tmp_path / name).mkdir()
        processes.append(start(tmp_path / name, tier, with_callback(body)))
    for process in processes:
        process.wait(DEADLINE)
    crash, error = (events_of(tmp_path / name)[-1] for name in places)
    assert (crash["state"], crash["code"]) == ("failed", "crashed")
    assert "status 0" in crash["reason"]
    assert (error["state"], error["code"]) == ("failed", "own_code")
    assert error["reason"] == "In line 11 of Announcer: NameError: name 'undefined_name' is not defined"
