"""Own code in a running server: who may have it executed, and that nobody else ever does."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import httpx
import numpy as np
import pytest

from app.document.own_code import piece_hash
from tests.server import Server
from tests.worker.own.designs import cell_design, everything

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap (apt install bubblewrap)")

SECONDS = 240.0


@pytest.fixture(scope="module")
def owner(server: Server) -> Iterator[httpx.Client]:
    with server.client() as client:
        client.timeout = httpx.Timeout(SECONDS)
        yield client


@pytest.fixture(scope="module")
def teammate(server: Server) -> Iterator[httpx.Client]:
    with server.client(server.sign_in_link("Ada")) as client:
        client.timeout = httpx.Timeout(SECONDS)
        yield client


def design_with_canary(owner: httpx.Client, canary: Path) -> str:
    """Make the design of the own cell; whoever executes its code outside a sandbox leaves a file behind."""
    document = cell_design([None, 5]).model_dump(mode="json")
    touch = f"\ntry:\n    open({str(canary)!r}, 'w').close()\nexcept OSError:\n    pass\n"
    document["code"]["cell"]["source"] += touch
    answer = owner.post("/api/designs", json={"document": document})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def settled(client: httpx.Client, design: str) -> dict[str, Any]:
    """Return the diagnostics once nothing is being analysed."""
    deadline = time.monotonic() + SECONDS
    while True:
        found: dict[str, Any] = client.get(f"/api/designs/{design}/diagnostics").json()
        if found["analysis"] is not None and not found["analyzing"]:
            return found
        assert time.monotonic() < deadline, "the analysis did not end"
        time.sleep(0.1)


def rnn(diagnostics: dict[str, Any]) -> dict[str, Any] | None:
    return next((node for node in diagnostics["analysis"]["nodes"] if node["id"] == "rnn"), None)


def test_only_who_may_run_code_has_it_executed_and_everybody_sees_what_it_gave(
    server: Server, owner: httpx.Client, teammate: httpx.Client
) -> None:
    canary = server.data / "canary"
    design = design_with_canary(owner, canary)
    people = {person["name"]: person for person in owner.get("/api/people").json()}
    assert (people["Owner"]["may_run_code"], people["Ada"]["may_run_code"]) == (True, False)
    ada = people["Ada"]["id"]
    owner.put(f"/api/designs/{design}/shares/people/{ada}", json={"role": "editor"}).raise_for_status()

    before = settled(teammate, design)
    assert "own_code_not_run" in {problem["code"] for problem in before["analysis"]["problems"]}
    for path in ("document", "own-code", "diagnostics", "versions", "preflight", "weights"):
        assert teammate.get(f"/api/designs/{design}/{path}").status_code == 200, path
    assert teammate.post(f"/api/designs/{design}/duplicate").status_code == 201
    refused = teammate.post(f"/api/designs/{design}/own-code/run")
    assert (refused.status_code, refused.json()["code"]) == (403, "code_forbidden")
    refused = teammate.get(f"/api/designs/{design}/export", params={"format": "keras"})
    assert (refused.status_code, refused.json()["code"]) == (403, "code_forbidden")
    refused = teammate.post(f"/api/designs/{design}/runs")
    assert (refused.status_code, refused.json()["code"]) == (403, "code_forbidden")
    assert teammate.put(f"/api/people/{ada}/code", json={"allowed": True}).status_code == 403

    (row,) = [row for row in owner.put(f"/api/people/{ada}/code", json={"allowed": True}).json() if row["id"] == ada]
    assert row["may_run_code"]
    assert teammate.get("/api/session").json()["workspace"]["may_run_code"]
    answer = teammate.post(f"/api/designs/{design}/own-code/run")
    assert answer.status_code == 200, answer.text
    node = rnn(answer.json())
    assert node is not None
    assert (node["params"], node["output_shapes"]["output"]) == (7_328, [None, 64])
    assert rnn(settled(owner, design)) == node
    link = owner.post(f"/api/designs/{design}/shares/links").json()["url"]
    with httpx.Client(base_url=server.url, headers={"origin": server.url}, follow_redirects=True) as viewer:
        viewer.get(link)
        assert rnn(settled(viewer, design)) == node
        assert viewer.post(f"/api/designs/{design}/own-code/run").status_code == 403
    assert not canary.exists()

    exported = teammate.get(f"/api/designs/{design}/export", params={"format": "keras"})
    assert exported.status_code == 200, exported.text
    assert exported.content.startswith(b"PK")
    owner.put(f"/api/people/{ada}/code", json={"allowed": False}).raise_for_status()
    assert teammate.post(f"/api/designs/{design}/own-code/run").status_code == 403
    assert not canary.exists()


def test_code_has_a_hash_and_an_author_which_a_copy_keeps(owner: httpx.Client, teammate: httpx.Client) -> None:
    document = cell_design([None, 5])
    design = owner.post("/api/designs", json={"document": document.model_dump(mode="json")}).json()["id"]
    pieces = {piece["id"]: piece for piece in owner.get(f"/api/designs/{design}/own-code").json()}
    assert pieces["cell"]["sha256"] == piece_hash(document.code["cell"])
    assert [author["user"]["name"] for author in pieces["cell"]["authors"]] == ["Owner"]
    ada = next(person["id"] for person in owner.get("/api/people").json() if person["name"] == "Ada")
    owner.put(f"/api/designs/{design}/shares/people/{ada}", json={"role": "viewer"}).raise_for_status()
    copy = teammate.post(f"/api/designs/{design}/duplicate").json()["id"]
    copied = {piece["id"]: piece for piece in teammate.get(f"/api/designs/{copy}/own-code").json()}
    assert copied == pieces


def test_code_that_cannot_be_executed_is_refused_with_its_line(owner: httpx.Client) -> None:
    document = cell_design([None, 5]).model_dump(mode="json")
    document["code"]["activation"]["source"] = "import keras\n\nundefined_name\n\n\ndef gentle(x):\n    return x\n"
    design = owner.post("/api/designs", json={"document": document}).json()["id"]
    answer = owner.post(f"/api/designs/{design}/own-code/run")
    assert answer.status_code == 422
    assert "line 3 of gentle" in answer.json()["received"]


def test_the_sandbox_is_shown_to_members(owner: httpx.Client) -> None:
    found = owner.get("/api/sandbox").json()
    assert found["tier"] in ("bubblewrap", "landlock")
    assert all(found["promises"].values())


def test_weights_are_uploaded_read_in_the_sandbox_and_say_what_they_would_keep(
    owner: httpx.Client, tmp_path: Path
) -> None:
    with h5py.File(tmp_path / "model.weights.h5", "w") as file:
        held = file.create_group("layers/dense/vars")
        held.attrs["name"] = "d"
        held["0"], held["1"] = np.ones((4, 3), np.float32), np.zeros(3, np.float32)
    with (tmp_path / "model.weights.h5").open("rb") as file:
        answer = owner.post("/api/weights/uploads", files={"file": ("../w.weights.h5", file)})
    assert answer.status_code == 201, answer.text
    stored = answer.json()
    assert stored["filename"] == "w.weights.h5"
    assert stored["contents"]["layers"] == [{"name": "d", "shapes": {"vars/0": [4, 3], "vars/1": [3]}}]
    assert [file["id"] for file in owner.get("/api/weights").json()] == [stored["id"]]
    document = {
        "layers": {
            "i": {"class_name": "InputLayer", "name": "i", "params": {"shape": [4]}},
            "d": {"class_name": "Dense", "name": "d", "params": {"units": 3}},
            "e": {"class_name": "Dense", "name": "e", "params": {"units": 2}},
            "o": {"class_name": "Output", "name": "o"},
        },
        "nodes": {key: {"layer": key} for key in "ideo"},
        "edges": {f"{a}:output->{b}:input": {} for a, b in ("id", "de", "eo")},
    }
    design = owner.post("/api/designs", json={"document": document}).json()["id"]
    marks = owner.get(f"/api/designs/{design}/weights", params={"upload": stored["id"]}).json()
    assert {mark["name"]: mark["start"] for mark in marks["layers"]} == {"d": "kept", "e": "afresh"}
    bad = owner.post("/api/weights/uploads", files={"file": ("bad.txt", b"the 1 2\ncat 1 x\n")})
    assert (bad.status_code, bad.json()["code"]) == (422, "bad_weights")
    assert bad.json()["message"].startswith("Line 2")
    assert owner.delete(f"/api/weights/{stored['id']}").status_code == 200
    assert owner.get(f"/api/weights/{stored['id']}").status_code == 404


def test_a_design_is_inserted_as_edits(owner: httpx.Client) -> None:
    inner = owner.post("/api/designs", json={"template": "mnist_mlp"})
    if inner.status_code == 404:
        inner = owner.post("/api/designs", json={"template": owner.get("/api/templates").json()[0]["name"]})
    target = owner.post("/api/designs", json={}).json()["id"]
    answer = owner.post(f"/api/designs/{target}/insertions", json={"design_id": inner.json()["id"], "trainable": False})
    assert answer.status_code == 200, answer.text
    made = answer.json()
    layer = next(edit["value"] for edit in made["edits"] if edit["path"] == ["layers", made["layer"]])
    assert (layer["class_name"], layer["params"]) == ("Model", {"graph": made["graph"], "trainable": False})
    assert owner.get(f"/api/designs/{target}/document").json()["nodes"] == {}
    assert owner.post(f"/api/designs/{target}/insertions", json={"run_id": "nothing"}).status_code == 404


def test_a_run_with_own_code_trains_in_the_sandbox_and_says_who_wrote_what(owner: httpx.Client) -> None:
    document = everything({"fit": {"epochs": 1}}).model_dump(mode="json")
    design = owner.post("/api/designs", json={"document": document}).json()["id"]
    answer = owner.post(f"/api/designs/{design}/runs")
    assert answer.status_code == 201, answer.text
    run, deadline = answer.json(), time.monotonic() + SECONDS
    while run["state"] not in ("finished", "failed", "lost", "stopped"):
        assert time.monotonic() < deadline, "the run did not end"
        time.sleep(0.2)
        run = owner.get(f"/api/runs/{run['id']}").json()
    assert run["state"] == "finished", run["reason"]
    assert "model.keras" in {artifact["name"] for artifact in run["artifacts"]}
    pieces = owner.get(f"/api/runs/{run['id']}/own-code").json()
    assert {piece["name"] for piece in pieces} == {
        *("PlainCell", "PatientError", "LargestError", "Announcer", "Halves", "Pull", "gentle", "remember")
    }
    assert all([author["user"]["name"] for author in piece["authors"]] == ["Owner"] for piece in pieces)
