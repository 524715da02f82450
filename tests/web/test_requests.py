"""No request makes a server error, whatever is in it: requests invented from our own OpenAPI description."""

import json
from collections import Counter
from typing import Final

import httpx
import pytest

from app.main import openapi
from tests.web.inventor import Inventor
from tests.web.visitors import Scene

REQUESTS: Final = 1_200
SOAK_REQUESTS: Final = 100_000

HEAVY: Final = {
    "POST /api/designs/{design_id}/own-code/run",
    "POST /api/designs/{design_id}/runs",
    "GET /api/designs/{design_id}/export",
    "GET /api/runs/{run_id}/export",
    "POST /api/weights/uploads",
    "POST /api/designs/import/run",
}
"""What starts a process of its own, or takes long: asked in the long run only, and rarely."""

UNDONE: Final = {"DELETE /api/designs/{design_id}", "DELETE /api/runs/{run_id}", "POST /api/session/sign-out"}
"""What would take from the next request what it needs: asked of things that are not there."""


def faults(scene: Scene, count: int, seed: int, *, heavy: int = 0) -> tuple[list[str], Counter[int]]:
    """Send `count` requests as the owner of the workspace; return those that made a server error, and all statuses.

    Each `heavy` door is asked so often.
    """
    url, statuses, found = scene.server.url, Counter[int](), []
    with scene.owner.client(url) as client:
        design = client.get(f"/api/designs/{scene.design}/document").json()
        known = {
            "design_id": [scene.design, scene.other_design],
            "run_id": [scene.run],
            "version_id": [scene.version],
            "name": ["digits", "iris", "model.py"],
            "document": [design],
            "code": [design["code"]],
            "dataset": ["digits", "iris"],
            "class_name": ["Dense", "InputLayer", "Output", "Adam", "ops.add", "Model"],
        }
        inventor = Inventor(json.loads(openapi()), known, seed)
        for number in range(count):
            asked = inventor.request(number)
            if asked.door in UNDONE or (asked.door in HEAVY and number >= heavy * len(inventor.doors)):
                continue
            headers = {**asked.headers, **({"content-type": asked.content_type} if asked.content_type else {})}
            try:
                answer = client.request(
                    asked.method, asked.path, params=asked.query, content=asked.content, headers=headers
                )
            except httpx.InvalidURL:
                continue
            statuses[answer.status_code] += 1
            if answer.status_code >= 500:
                found.append(
                    f"{number} {asked.method} {answer.url}: {answer.text[:300]} for {(asked.content or b'')[:2_000]!r}"
                )
    return found, statuses


def test_no_request_makes_a_server_error(scene: Scene) -> None:
    found, statuses = faults(scene, REQUESTS, seed=1)
    assert found == []
    assert min(statuses[status] for status in (200, 404, 422)) > 20, statuses
    assert scene.server.process is not None
    assert scene.server.process.poll() is None


@pytest.mark.soak
def test_no_request_of_a_hundred_thousand_makes_a_server_error(scene: Scene) -> None:
    found, _ = faults(scene, SOAK_REQUESTS, seed=2, heavy=20)
    assert found == []
