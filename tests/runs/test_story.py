"""A run of a real design on a real server, real Keras in its own process, and the server killed in the middle."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from tests.server import Server

DEADLINE = 120.0
ENDED = {"finished", "stopped", "failed", "lost"}
TEMPLATE = Path(__file__).parents[2] / "app" / "designs" / "templates" / "digits_cnn.json"


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


def add_design(client: httpx.Client, **training: Any) -> str:
    document = json.loads(TEMPLATE.read_text())
    document["training"]["dataset"] = "digits"
    document["training"].setdefault("fit", {}).update(training)
    response = client.post("/api/designs", json={"document": document})
    assert response.status_code == 201, response.text
    design_id: str = response.json()["id"]
    return design_id


def start(client: httpx.Client, design_id: str) -> str:
    response = client.post(f"/api/designs/{design_id}/runs")
    assert response.status_code == 201, response.text
    run_id: str = response.json()["id"]
    return run_id


def wait_for(client: httpx.Client, run_id: str, reached: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Return the run once `reached` is true of it."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.ConnectError):
            run: dict[str, Any] = client.get(f"/api/runs/{run_id}").json()
            if reached(run):
                return run
            assert run["state"] not in ENDED, run
        time.sleep(0.1)
    raise AssertionError(f"not reached in {DEADLINE} s")


def ended(run: dict[str, Any]) -> bool:
    return run["state"] in ENDED


def read_events(client: httpx.Client, run_id: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    while page := client.get(f"/api/runs/{run_id}/events", params={"after": len(events)}).json()["events"]:
        events += page
    return events


def test_from_train_to_the_downloaded_model(server: Server, client: httpx.Client) -> None:
    design_id = add_design(client, epochs=3, seed=1)
    assert client.get(f"/api/designs/{design_id}/preflight").json()["ready"] is True
    run_id = start(client, design_id)

    address = f"{server.url.replace('http', 'ws', 1)}/api/runs/{run_id}/events?after=0"
    headers = {"cookie": f"layerloom={client.cookies['layerloom']}", "origin": server.url}
    heard: list[dict[str, Any]] = []
    states: list[str] = []
    with connect(address, additional_headers=headers) as socket:
        while not states or states[-1] not in ENDED:
            message = json.loads(socket.recv(timeout=DEADLINE))
            if message["type"] == "events":
                heard += message["events"]
            else:
                states.append(message["run"]["state"])
    assert states[-1] == "finished"
    assert heard == read_events(client, run_id)
    assert [event["seq"] for event in heard] == list(range(1, len(heard) + 1))

    run = client.get(f"/api/runs/{run_id}").json()
    assert [report["split"] for report in run["reports"]] == ["validation", "test"]
    assert run["reports"][0]["samples"] == run["started"]["validation_samples"]
    assert run["reports"][1]["samples"] == run["started"]["test_samples"] == 180
    query = {"metric": ["loss", "accuracy"], "points": 1_000}
    for series in client.get(f"/api/runs/{run_id}/series", params=query).json()["series"]:
        steps = [event for event in heard if event["event"] == "batch"]
        assert series["step"] == [event["step"] for event in steps]
        assert series["value"] == [event["logs"][series["metric"]] for event in steps]
    model = client.get(f"/api/runs/{run_id}/artifacts/model.keras")
    assert model.content[:2] == b"PK"
    assert model.headers["content-disposition"] == 'attachment; filename="model.keras"'
    assert client.get(f"/api/runs/{run_id}/artifacts/job.json").status_code == 404
    assert client.get(f"/api/runs/{run_id}/artifacts/..%2F..%2Flayerloom.db").status_code == 404
    assert [run["id"] for run in client.get(f"/api/designs/{design_id}/runs").json()] == [run_id]


def test_a_deleted_run_leaves_no_process_and_no_files(server: Server, client: httpx.Client) -> None:
    run_id = start(client, add_design(client, epochs=1_000))
    wait_for(client, run_id, lambda run: run["state"] == "running")
    assert client.delete(f"/api/runs/{run_id}").json() == {"deleted": True}
    assert client.get(f"/api/runs/{run_id}").status_code == 404
    assert not (server.data / "runs" / run_id).exists()


def test_a_design_that_does_not_fit_its_data_is_not_started(client: httpx.Client) -> None:
    design_id = add_design(client)
    document = client.get(f"/api/designs/{design_id}/document").json()
    document["training"]["dataset"] = "iris"
    refused_id = client.post("/api/designs", json={"document": document}).json()["id"]
    preflight = client.get(f"/api/designs/{refused_id}/preflight").json()
    assert preflight["ready"] is False
    response = client.post(f"/api/designs/{refused_id}/runs")
    assert (response.status_code, response.json()["code"]) == (422, "not_ready")
    assert response.json()["problems"] == preflight["problems"]
    assert client.get(f"/api/designs/{refused_id}/runs").json() == []


def test_metrics_are_sent_to_no_host_that_the_server_does_not_list(client: httpx.Client) -> None:
    document = client.get(f"/api/designs/{add_design(client)}/document").json()
    config = {"root": "http://metrics.example"}
    document["training"]["callbacks"] = {"c": {"class_name": "RemoteMonitor", "config": config}}
    design_id = client.post("/api/designs", json={"document": document}).json()["id"]
    (problem,) = client.get(f"/api/designs/{design_id}/preflight").json()["problems"]
    assert problem["code"] == "egress_refused"
    assert problem["fix"]["edits"] == [{"op": "remove", "path": ["training", "callbacks", "c"]}]
    response = client.post(f"/api/designs/{design_id}/runs")
    assert (response.status_code, response.json()["problems"]) == (422, [problem])


def test_a_killed_server_loses_nothing_and_the_run_goes_on(server: Server, client: httpx.Client) -> None:
    run_id = start(client, add_design(client, epochs=40, batch_size=16))
    before = wait_for(client, run_id, lambda run: run["last_seq"] > 30)
    stored = read_events(client, run_id)
    server.restart()

    client = httpx.Client(base_url=server.url, cookies=client.cookies, headers={"origin": server.url}, timeout=60)
    wait_for(client, run_id, lambda run: run["state"] == "running" and run["last_seq"] > before["last_seq"] + 30)
    assert read_events(client, run_id)[: len(stored)] == stored
    assert client.post(f"/api/runs/{run_id}/commands", json={"command": "stop"}).status_code == 202
    run = wait_for(client, run_id, ended)
    assert run["state"] == "stopped"
    events = read_events(client, run_id)
    assert [event["seq"] for event in events] == list(range(1, run["last_seq"] + 1))
    steps = [event["step"] for event in events if event["event"] == "batch"]
    assert steps == list(range(1, len(steps) + 1))
    client.close()
    assert "model.keras" in [artifact["name"] for artifact in run["artifacts"]]
