"""kill -9 of the server in mid-edit and mid-run: nothing acknowledged is lost, and the run goes on."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.editor import Editor
from tests.server import Server


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    with Server(folder) as server:
        yield server


def test_a_killed_server_loses_neither_edits_nor_metrics(person: Callable[..., Page], server: Server) -> None:
    page = person(server.link)
    with server.client() as client:
        design = client.post("/api/designs", json={"template": "digits_cnn"}).json()
    page.goto(f"/designs/{design['id']}")
    editor = Editor(page)
    editor.saved()
    expect(editor.nodes.first).to_be_visible()
    editor.drag("GaussianNoise", 60, 60)
    editor.saved()
    with server.client() as client:
        drawn = client.get(f"/api/designs/{design['id']}/document").json()
        assert len(drawn["nodes"]) == 11
        run = client.post(f"/api/designs/{design['id']}/runs", json={}).raise_for_status().json()
        cookies = dict(client.cookies)
    page.goto(f"/designs/{design['id']}/runs/{run['id']}")
    page.wait_for_function("() => Number(document.querySelector(\"[data-testid='chart-loss']\")?.dataset.points) >= 5")

    before = page.request.get(f"/api/runs/{run['id']}/events?after=0&limit=5000").json()
    server.restart()
    page.context.clear_cookies()
    page.context.add_cookies([{"name": k, "value": v, "url": server.url} for k, v in cookies.items()])
    page.goto(f"{server.url}/designs/{design['id']}/runs/{run['id']}")
    expect(page.get_by_test_id("run-state")).to_have_attribute("data-state", "finished", timeout=120_000)
    after = page.request.get(f"{server.url}/api/runs/{run['id']}/events?after=0&limit=5000").json()
    assert after["events"][: len(before["events"])] == before["events"]
    assert [event["seq"] for event in after["events"]] == list(range(1, len(after["events"]) + 1))
    batches = [event["step"] for event in after["events"] if event["event"] == "batch"]
    assert batches == list(range(1, len(batches) + 1))
    page.goto(f"{server.url}/designs/{design['id']}")
    editor.saved()
    expect(editor.node("gaussian_noise")).to_be_visible()
    assert page.request.get(f"{server.url}/api/designs/{design['id']}/document").json() == drawn
