"""A whole run in its two processes, against a server on a real socket."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.messages.jobs import JobSpec
from tests.worker.designs import CNN, chain, job
from tests.worker.peer import Peer, Store

Launch = Callable[[JobSpec], int]


@pytest.fixture(scope="module")
def nursery() -> Iterator[subprocess.Popen[str]]:
    """A process that has imported Keras and forks a launcher for each job file named on its input."""
    code = (
        "import os, sys, signal\n"
        "from pathlib import Path\n"
        "from app.worker.launching import channel, launcher\n"
        "print('ready', flush=True)\n"
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "for line in sys.stdin:\n"
        "    pid = os.fork()\n"
        "    if pid == 0:\n"
        "        signal.signal(signal.SIGCHLD, signal.SIG_DFL)\n"
        "        os.setsid()\n"
        "        os._exit(launcher.main(Path(line.strip())))\n"
        "    print(pid, flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.terminate()


@pytest.fixture
def launch(nursery: subprocess.Popen[str]) -> Iterator[Launch]:
    pids: list[int] = []

    def start(spec: JobSpec) -> int:
        path = Path(spec.folder) / "job.json"
        path.write_text(spec.model_dump_json())
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        nursery.stdin.write(f"{path}\n")
        nursery.stdin.flush()
        pids.append(int(nursery.stdout.readline()))
        return pids[-1]

    yield start
    for pid in pids:
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def address(tmp_path: Path) -> Path:
    return tmp_path / "address"


@pytest.fixture
def peer(store: Store, address: Path) -> Iterator[Peer]:
    server = Peer(store, address)
    yield server
    server.kill()


def wait_gone(pid: int, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.02)


def count(kind: str, least: int) -> Callable[[list[dict[str, Any]]], bool]:
    return lambda events: sum(event["event"] == kind for event in events) >= least


def ended(events: list[dict[str, Any]]) -> bool:
    return bool(events) and events[-1].get("state") in {"finished", "failed", "stopped"}


def trainer_of(launcher: int) -> psutil.Process:
    (child,) = psutil.Process(launcher).children()
    return child


def test_a_run_tells_its_whole_story(launch: Launch, store: Store, peer: Peer, address: Path, tmp_path: Path) -> None:
    pid = launch(job(tmp_path, address_file=address, epochs=2, seed=1))
    store.wait_for(ended)
    wait_gone(pid)
    assert store.states() == ["starting", "running", "finished"]
    assert sorted(store.events) == list(range(1, len(store.events) + 1))
    batches = [event for event in store.ordered() if event["event"] == "batch"]
    assert [event["step"] for event in batches] == list(range(1, 83))
    assert store.tokens == {"Bearer secret-of-the-run"}
    spooled = [json.loads(line) for line in (tmp_path / "events.spool").read_text().splitlines()]
    assert spooled == store.ordered()


def test_a_server_that_dies_and_returns_elsewhere_gets_everything_once(
    launch: Launch, store: Store, address: Path, tmp_path: Path
) -> None:
    first = Peer(store, address, lose_answers=2)
    pid = launch(job(tmp_path, address_file=address, epochs=25, seed=1))
    store.wait_for(count("epoch", 2))
    first.kill()
    held = len(store.events)
    wait_for_spool(tmp_path, held + 100)
    second = Peer(store, address, lose_answers=1)
    store.wait_for(ended)
    wait_gone(pid)
    second.kill()
    assert first.url != second.url
    assert store.doubles > 0
    steps = [event["step"] for event in store.ordered() if event["event"] == "batch"]
    assert steps == list(range(1, 25 * 41 + 1))
    assert sorted(store.events) == list(range(1, len(store.events) + 1))
    assert store.states() == ["starting", "running", "finished"]


def wait_for_spool(folder: Path, lines: int, words: str = "") -> None:
    """Wait until the spool holds so many lines, and `words` in one of them."""
    deadline, spool = time.monotonic() + 60, folder / "events.spool"
    while not spool.exists() or (found := spool.read_bytes()).count(b"\n") < lines or words.encode() not in found:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_killed_trainer_is_a_failed_run(
    launch: Launch, store: Store, peer: Peer, address: Path, tmp_path: Path
) -> None:
    pid = launch(job(tmp_path, address_file=address, epochs=100_000))
    store.wait_for(count("epoch", 1))
    trainer_of(pid).kill()
    store.wait_for(ended)
    last = store.ordered()[-1]
    assert (last["state"], last["code"]) == ("failed", "killed")
    assert "SIGKILL" in last["reason"]
    wait_gone(pid)


def test_stop_saves_the_model_and_leaves_no_process(
    launch: Launch, store: Store, peer: Peer, address: Path, tmp_path: Path
) -> None:
    pid = launch(job(tmp_path, address_file=address, epochs=100_000))
    store.wait_for(count("epoch", 1))
    trainer = trainer_of(pid).pid
    store.command(command="stop")
    store.wait_for(ended, 10)
    wait_gone(pid)
    wait_gone(trainer)
    assert store.states() == ["starting", "running", "stopped"]
    assert (tmp_path / "model.keras").is_file()
    assert count("artifact", 1)(store.ordered())


def test_stop_before_the_first_batch(launch: Launch, store: Store, peer: Peer, address: Path, tmp_path: Path) -> None:
    store.command(command="stop")
    pid = launch(job(tmp_path, address_file=address, epochs=100_000))
    store.wait_for(ended, 10)
    wait_gone(pid)
    assert store.states()[-1] == "stopped"


def test_pause_resume_and_learning_rate(
    launch: Launch, store: Store, peer: Peer, address: Path, tmp_path: Path
) -> None:
    pid = launch(job(tmp_path, address_file=address, epochs=100_000))
    store.wait_for(count("epoch", 1))
    store.command(command="pause")
    store.wait_for(lambda events: "paused" in [event.get("state") for event in events])
    store.command(command="set_learning_rate", learning_rate=0.125)
    store.command(command="resume")
    store.wait_for(lambda events: any(event.get("learning_rate") == 0.125 for event in events))
    store.command(command="stop")
    store.wait_for(ended, 10)
    wait_gone(pid)
    assert store.states() == ["starting", "running", "paused", "running", "stopped"]
    assert store.requests[-1]["carried"] >= 3


def test_a_fenced_run_ends_without_another_word(
    launch: Launch, store: Store, peer: Peer, address: Path, tmp_path: Path
) -> None:
    pid = launch(job(tmp_path, address_file=address, epochs=100_000))
    store.wait_for(count("batch", 1))
    trainer = trainer_of(pid).pid
    store.fenced = True
    wait_gone(pid)
    wait_gone(trainer)
    assert "finished" not in store.states()


def test_a_killed_launcher_takes_its_trainer_along_and_its_folder_can_be_delivered_later(
    launch: Launch, store: Store, address: Path, tmp_path: Path
) -> None:
    address.write_text("http://127.0.0.1:9")
    spec = job(tmp_path, address_file=address, epochs=100_000)
    pid = launch(spec)
    wait_for_spool(tmp_path, 50)
    trainer = trainer_of(pid).pid
    os.kill(pid, signal.SIGKILL)
    wait_gone(trainer)
    peer = Peer(store, address)
    launch(spec)
    store.wait_for(ended)
    peer.kill()
    assert store.ordered()[-1]["code"] == "launcher_ended"
    assert sorted(store.events) == list(range(1, len(store.events) + 1))


def test_terminating_the_launcher_ends_the_run_as_stopped(
    launch: Launch, store: Store, peer: Peer, address: Path, tmp_path: Path
) -> None:
    pid = launch(job(tmp_path, address_file=address, epochs=100_000))
    store.wait_for(count("batch", 1))
    os.kill(pid, signal.SIGTERM)
    wait_gone(pid)
    assert store.states()[-1] == "stopped"


def test_a_launcher_that_waits_for_a_server_ends_when_it_is_told_to(
    launch: Launch, store: Store, address: Path, tmp_path: Path
) -> None:
    address.write_text("http://127.0.0.1:9")
    pid = launch(job(tmp_path, address_file=address, epochs=1))
    wait_for_spool(tmp_path, 1, '"state":"finished"')
    os.kill(pid, signal.SIGTERM)
    wait_gone(pid, 60)


def test_heartbeats_go_on_while_nothing_happens(
    launch: Launch, store: Store, peer: Peer, address: Path, tmp_path: Path
) -> None:
    launch(job(tmp_path, address_file=address, epochs=100_000))
    store.wait_for(count("batch", 1))
    store.command(command="pause")
    store.wait_for(lambda events: "paused" in [event.get("state") for event in events])
    before = len(store.requests)
    store.wait_for(lambda _: len(store.requests) >= before + 3)
    gaps = [b["at"] - a["at"] for a, b in zip(store.requests, store.requests[1:], strict=False)]
    assert min(gaps) >= 0.09


def test_a_design_that_cannot_be_built_names_its_node(
    launch: Launch, store: Store, peer: Peer, address: Path, tmp_path: Path
) -> None:
    layers = tuple(
        (name, kind, {"filters": 8, "kernel_size": 30} if name == "first" else params) for name, kind, params in CNN
    )
    pid = launch(job(tmp_path, chain(layers), address_file=address))
    store.wait_for(ended)
    wait_gone(pid)
    last = store.ordered()[-1]
    assert (last["state"], last["node"]) == ("failed", "first")
