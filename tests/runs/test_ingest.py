"""What a worker sends is stored once, in order and before anybody hears of it."""

import asyncio
import json
import math
import random
import time
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.document.model import GraphDocument
from app.infra.database import Database
from app.messages.events import (
    ArtifactEvent,
    EpochEvent,
    ProgressEvent,
    ReportEvent,
    RunEvent,
    RunState,
    StartedEvent,
    StateEvent,
    run_events,
)
from app.messages.jobs import StopCommand
from tests.conftest import URL
from tests.runs.conftest import Worker, add_design, add_run, batch, state


async def test_a_run_as_it_comes_to_be_known(owner: httpx.AsyncClient, worker: Worker) -> None:
    started = StartedEvent(
        seq=3,
        time=2.0,
        epochs=7,
        steps_per_epoch=10,
        batch_size=32,
        train_samples=320,
        validation_samples=80,
        test_samples=40,
        parameters=99,
        trainable_parameters=98,
        metrics=["loss", "accuracy"],
    )
    progress = ProgressEvent(seq=5, time=3.0, epoch=1, step=10, step_ms=2.5, samples_per_second=9, eta_seconds=4)
    answer = await worker.send(
        [
            state(1, RunState.STARTING),
            state(2, RunState.RUNNING),
            started,
            batch(4, loss=2.0, accuracy=0.5),
            progress,
            EpochEvent(seq=6, time=3.0, epoch=1, step=10, logs={"loss": 1.0, "val_loss": math.nan}, seconds=1.5),
        ]
    )
    assert answer.acknowledged == 6

    run = (await owner.get(f"/api/runs/{worker.run_id}")).json()
    assert {key: run[key] for key in ("state", "epochs", "epoch", "logs", "last_seq", "role", "ended_at")} == {
        "state": "running",
        "epochs": 7,
        "epoch": 1,
        "logs": {"loss": 1.0, "val_loss": "NaN"},
        "last_seq": 6,
        "role": "owner",
        "ended_at": None,
    }
    assert run["started"] == started.model_dump(mode="json")
    assert run["progress"] == progress.model_dump(mode="json")
    assert run["started_at"] is not None

    validation = ReportEvent(
        seq=7, time=4.0, split="validation", kind="regression", samples=2, metrics={"mae": 1.0}, points=[(1.0, 2.0)]
    )
    test = ReportEvent(seq=8, time=4.0, split="test", kind="regression", samples=1, metrics={"mae": 3.0})
    artifact = ArtifactEvent(seq=9, time=5.0, name="model.keras", path="model.keras", bytes=3, sha256="ab")
    ended = StateEvent(
        seq=10, time=time.time(), state=RunState.FAILED, reason="No.", code="nan", node="n1", hint="Less."
    )
    await worker.send([validation, test, artifact, ended])

    run = (await owner.get(f"/api/runs/{worker.run_id}")).json()
    assert [run[key] for key in ("state", "reason", "code", "node", "hint")] == ["failed", "No.", "nan", "n1", "Less."]
    assert run["reports"] == [validation.model_dump(mode="json"), test.model_dump(mode="json")]
    assert run["artifacts"] == [{"name": "model.keras", "bytes": 3, "sha256": "ab"}]
    assert run["ended_at"] is not None
    events = (await owner.get(f"/api/runs/{worker.run_id}/events", params={"after": 2, "limit": 4})).json()
    assert [event["seq"] for event in events["events"]] == [3, 4, 5, 6]
    assert events["last_seq"] == 10


async def test_only_what_follows_without_a_gap_is_acknowledged(owner: httpx.AsyncClient, worker: Worker) -> None:
    assert (await worker.send([batch(1, loss=1.0), batch(2, loss=2.0), batch(5, loss=5.0)])).acknowledged == 2
    assert (await worker.send([batch(4, loss=4.0)])).acknowledged == 2
    assert (await worker.send([batch(2, loss=99.0), batch(3, loss=3.0)])).acknowledged == 3
    assert (await worker.send([])).acknowledged == 3
    assert await curve(owner, worker, "loss") == ([1, 2, 3], [1.0, 2.0, 3.0])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), total=st.integers(1, 3_000))
async def test_batches_lost_resent_and_reordered_store_the_same_curve(
    application: FastAPI,
    owner: httpx.AsyncClient,
    database: Database,
    document: GraphDocument,
    seed: int,
    total: int,
) -> None:
    chance = random.Random(seed)
    principal, design_id = await add_design(database, document)
    run_id, token = await add_run(database, principal, design_id, document)
    values = [chance.choice([chance.gauss(0, 1), math.nan, math.inf]) for _ in range(total)]
    events = [batch(seq, loss=value) for seq, value in enumerate(values, start=1)]
    sent: list[list[RunEvent]] = []
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=application), base_url=URL) as client:
        worker = Worker(client, run_id, design_id, token)
        acknowledged = 0
        while acknowledged < total:
            first = max(0, acknowledged + chance.choice([0, 0, 0, -5, 7]))
            piece: list[RunEvent] = list(events[first : first + chance.randint(0, 900)])
            chance.shuffle(piece)
            sent.append(piece)
            if chance.random() < 0.3:
                await asyncio.gather(worker.send(chance.choice(sent)), worker.send(piece))
            answer = await worker.send(piece)
            assert answer.acknowledged >= acknowledged
            acknowledged = answer.acknowledged
        await worker.send(chance.choice(sent))

        expected = [value if math.isfinite(value) else None for value in values]
        assert await curve(owner, worker, "loss") == (list(range(1, total + 1)), expected)
        stored = await client_events(owner, worker)
        assert [event.model_dump_json() for event in stored] == [event.model_dump_json() for event in events]


async def client_events(client: httpx.AsyncClient, worker: Worker) -> list[RunEvent]:
    """Return every stored event, page by page."""
    found: list[RunEvent] = []
    while True:
        query = {"after": len(found), "limit": 700}
        page = (await client.get(f"/api/runs/{worker.run_id}/events", params=query)).json()
        if not page["events"]:
            return found
        found += run_events.validate_python(page["events"])


async def curve(
    client: httpx.AsyncClient, worker: Worker, metric: str, **query: object
) -> tuple[list[int], list[float]]:
    response = await client.get(
        f"/api/runs/{worker.run_id}/series",
        params={"metric": metric, "points": 10_000, **query},  # type: ignore[dict-item]
    )
    assert response.status_code == 200, response.text
    series = response.json()["series"][0]
    return series["step"], series["value"]


async def test_a_stale_attempt_is_told_to_end(worker: Worker) -> None:
    assert (await worker.post([], attempt=2)).status_code == 409
    deleted = Worker(worker.client, "x" * 22, "", worker.token)
    assert (await deleted.post([])).status_code == 409
    assert (await worker.send([])).acknowledged == 0


ENDLESS: Any = [
    {"event": "state", "state": "failed", "time": 1e300},
    {"event": "state", "state": "failed", "time": "NaN"},
    {"event": "state", "state": "failed", "time": -1},
    {"event": "state", "state": "failed", "time": 1, "reason": "x" * 1_000_001},
    {"event": "log", "time": 1, "text": "x" * 1_000_001},
    {"event": "batch", "time": 1, "epoch": 2**31, "batch": 1, "step": 1, "logs": {}},
    {"event": "batch", "time": 1, "epoch": 1, "batch": 1, "step": 10**400, "logs": {"loss": 1}},
    {"event": "batch", "time": 1, "epoch": 1, "batch": 1, "step": 1, "logs": {str(n): 1 for n in range(10_001)}},
    {"event": "artifact", "time": 1, "name": "x" * 10_001, "path": "x", "bytes": 1, "sha256": "0"},
    {"event": "artifact", "time": 1, "name": "x", "path": "x", "bytes": 2**63, "sha256": "0"},
]


@pytest.mark.parametrize("event", ENDLESS, ids=range(len(ENDLESS)))
async def test_an_event_without_bounds_is_refused_with_words(worker: Worker, event: dict[str, Any]) -> None:
    response = await worker.client.post(
        f"/api/worker/runs/{worker.run_id}/events",
        content=json.dumps({"attempt": 1, "events": [{"seq": 1, **event}]}),
        headers={"authorization": f"Bearer {worker.token}"},
    )
    assert (response.status_code, response.json()["code"]) == (422, "invalid"), response.text
    assert (await worker.send([batch(1, loss=1.0)])).acknowledged == 1


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer wrong", "Basic abc"])
async def test_another_token_is_refused(worker: Worker, header: str) -> None:
    response = await worker.client.post(
        f"/api/worker/runs/{worker.run_id}/events", json={"attempt": 1}, headers={"authorization": header}
    )
    assert response.status_code == 401
    assert response.json()["code"] == "not_signed_in"


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b'{"attempt": 1, "events": [{"event": "what"}]}', b"\xff"),
        *(b'{"attempt": 1%s}' % (b"0" * 30), b'{"attempt": 1, "carried": 1%s}' % (b"0" * 30)),
    ],
)
async def test_what_is_no_batch_is_named(worker: Worker, body: bytes) -> None:
    response = await worker.client.post(
        f"/api/worker/runs/{worker.run_id}/events", content=body, headers={"authorization": f"Bearer {worker.token}"}
    )
    assert response.status_code == 422
    assert response.json()["code"] == "invalid"


async def test_commands_ride_in_the_answers_until_they_are_carried_out(
    owner: httpx.AsyncClient, worker: Worker
) -> None:
    await worker.send([state(1, RunState.RUNNING)])
    address = f"/api/runs/{worker.run_id}/commands"
    assert (await owner.post(address, json={"command": "set_learning_rate", "learning_rate": 0.5})).status_code == 202
    assert (await owner.post(address, json={"command": "stop"})).json() == {"number": 2}
    assert (await owner.post(address, json={"command": "dance"})).status_code == 422

    first = await worker.send([])
    again = await worker.send([])
    assert [command.number for command in first.commands] == [1, 2] == [command.number for command in again.commands]
    assert first.commands[1].command == StopCommand()
    assert [command.number for command in (await worker.send([], carried=1)).commands] == [2]
    assert (await worker.send([state(2, RunState.STOPPED)], carried=2)).commands == []
    refused = await owner.post(address, json={"command": "stop"})
    assert (refused.status_code, refused.json()["received"]) == (409, "stopped")


async def test_a_long_curve_is_thinned_exactly_whole_and_in_part(owner: httpx.AsyncClient, worker: Worker) -> None:
    total = 23_456
    values = [math.sin(step / 50) + (step == 12_345) * 9 for step in range(1, total + 1)]
    for first in range(0, total, 5_000):
        events: list[RunEvent] = [
            batch(seq, loss=value) for seq, value in enumerate(values[first : first + 5_000], start=first + 1)
        ]
        await worker.send(events)
    for start, end in [(1, total), (4_321, 17_890), (12_340, 12_350), (23_400, 99_999)]:
        query = {"metric": "loss", "points": 100, "start": start, "end": end}
        view = (await owner.get(f"/api/runs/{worker.run_id}/series", params=query)).json()["series"][0]
        asked = values[start - 1 : end]
        assert view["count"] == len(asked)
        assert (min(view["minimum"]), max(view["maximum"])) == (min(asked), max(asked))
        assert view["step"][-1] == min(end, total)
        assert len(view["step"]) <= 100
