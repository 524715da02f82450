"""What designs start from, asked of a running server: told before a run, offered as a list, and deleted."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import httpx
import numpy as np
import pytest

from app.runs.offers import layer_paths
from tests.graph.designs import nested
from tests.runs.test_story import ended, start, wait_for
from tests.server import Server
from tests.worker.designs import MLP, chain, with_units

sandboxed = pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap (apt install bubblewrap)")


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as client:
        client.timeout = httpx.Timeout(240.0)
        yield client


def design_of(client: httpx.Client, weights: dict[str, Any], *, layer: str = "last", layers: Any = MLP) -> str:
    """Add a design whose `layer` ("" for all of them) starts from `weights`."""
    document = chain(layers, {"dataset": "iris", "fit": {"epochs": 1, "seed": 1}}).model_dump(mode="json")
    place = document["layers"][layer] if layer else document["training"]
    place["weights"] = weights or None
    answer = client.post("/api/designs", json={"document": document})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def problems_of(client: httpx.Client, design: str) -> list[tuple[str, str, str]]:
    found = client.get(f"/api/designs/{design}/preflight").json()
    assert found["ready"] is not any(problem["severity"] == "error" for problem in found["problems"])
    return [(problem["code"], problem["node"], problem["message"]) for problem in found["problems"]]


def named(source: str, key: str, layer: str = "") -> dict[str, Any]:
    return {"source": source, "id": key, "layer": layer}


@pytest.mark.parametrize(("source", "words"), [("upload", "no such weights file"), ("run", "no such run")])
def test_weights_that_are_not_there_are_told_before_a_run(client: httpx.Client, source: str, words: str) -> None:
    design = design_of(client, named(source, "gone"))
    ((code, node, message),) = problems_of(client, design)
    assert (code, node) == ("weights_missing", "last")
    assert message.startswith("last_layer cannot start from the weights that are named for it.")
    assert words in message
    refused = client.post(f"/api/designs/{design}/runs")
    assert (refused.status_code, refused.json()["code"]) == (422, "not_ready")
    (problem,) = client.get(f"/api/designs/{design}/preflight").json()["problems"]
    assert problem["fix"]["edits"] == [{"op": "remove", "path": ["layers", "last", "weights"]}]
    ((code, node, message),) = problems_of(client, design_of(client, named(source, "gone"), layer=""))
    assert (code, node) == ("weights_missing", "")
    assert words in message


@pytest.fixture(scope="module")
def trained(client: httpx.Client) -> str:
    """A run of the plain design."""
    return start(client, design_of(client, {}))


def test_a_run_offers_its_layers_and_what_does_not_fit_is_told(client: httpx.Client, trained: str) -> None:
    wait_for(client, trained, ended)
    assert client.get(f"/api/runs/{trained}/layers").json() == [
        {"name": "hidden_layer", "class_name": "Dense", "values": 40},
        {"name": "last_layer", "class_name": "Dense", "values": 27},
    ]
    assert client.get("/api/runs/none/layers").status_code == 404
    assert problems_of(client, design_of(client, named("run", trained))) == []
    assert problems_of(client, design_of(client, named("run", trained), layer="")) == []
    ((_, node, message),) = problems_of(client, design_of(client, named("run", trained, "first"), layer="hidden"))
    assert (node, message.partition(". ")[2]) == ("hidden", "The run has no weights of a layer named first.")
    ((_, node, message),) = problems_of(client, design_of(client, named("run", trained, "last_layer"), layer="hidden"))
    assert node == "hidden"
    assert "it has 40 values, that of the run 27" in message
    wider = tuple((name, kind, {"units": 9} if name == "hidden" else params) for name, kind, params in MLP)
    assert [node for _, node, _ in problems_of(client, design_of(client, named("run", trained), layers=wider))] == [
        "last"
    ]
    assert problems_of(client, design_of(client, named("run", trained), layer="", layers=wider)) == []


def test_a_run_that_failed_has_no_weights(client: httpx.Client) -> None:
    layers = (("input", "InputLayer", {"shape": [10]}), *with_units(1, None)[1:])
    training = {
        "dataset": "diabetes",
        "optimizer": {"class_name": "SGD", "config": {"learning_rate": 1e30}},
        "fit": {"epochs": 3},
    }
    document = chain(layers, training).model_dump(mode="json")
    run = start(client, client.post("/api/designs", json={"document": document}).json()["id"])
    assert wait_for(client, run, ended)["state"] == "failed"
    ((code, node, _),) = problems_of(client, design_of(client, named("run", run)))
    assert (code, node) == ("weights_missing", "last")


@sandboxed
def test_a_file_is_held_against_the_design_and_deleted_with_a_word_on_who_uses_it(
    client: httpx.Client, tmp_path: Path
) -> None:
    path = tmp_path / "model.weights.h5"
    with h5py.File(path, "w") as file:
        held = file.create_group("layers/dense/vars")
        held.attrs["name"] = "last_layer"
        held["0"], held["1"] = np.ones((8, 3), np.float32), np.zeros(3, np.float32)
    with path.open("rb") as file:
        stored = client.post("/api/weights/uploads", files={"file": ("w.weights.h5", file)}).json()
    key = stored["id"]
    assert client.get(f"/api/weights/{key}/designs").json() == []
    design = design_of(client, named("upload", key))
    assert problems_of(client, design) == []
    other = design_of(client, named("upload", key), layer="hidden")
    ((_, node, message),) = problems_of(client, other)
    assert (node, message.partition(". ")[2]) == ("hidden", "The file has no weights of a layer named hidden_layer.")
    ((_, _, message),) = problems_of(client, design_of(client, named("upload", key, "last_layer"), layer="hidden"))
    assert message.endswith("It has 40 values, that of the file 27.")
    with h5py.File(path, "w") as file:
        held = file.create_group("layers/dense/vars")
        held.attrs["name"] = "last_layer"
        held["0"], held["1"] = np.ones((2, 12), np.float32), np.zeros(3, np.float32)
    with path.open("rb") as file:
        turned = client.post("/api/weights/uploads", files={"file": ("t.weights.h5", file)}).json()["id"]
    ((_, node, message),) = problems_of(client, design_of(client, named("upload", turned)))
    assert (node, message.partition(". ")[2]) == (
        "last",
        "It has weights of the shapes 3, 8x3, that of the file 2x12, 3.",
    )
    users = client.get(f"/api/weights/{key}/designs").json()
    assert {design, other} <= {user["id"] for user in users}
    vectors = client.post("/api/weights/uploads", files={"file": ("glove.txt", b"the 1 2\ncat 1 2\n")}).json()["id"]
    ((_, node, message),) = problems_of(client, design_of(client, named("upload", vectors), layer=""))
    assert (node, message) == ("", "Word vectors are for an Embedding, not for a whole design.")
    assert client.delete(f"/api/weights/{key}").status_code == 200
    ((code, node, _),) = problems_of(client, design)
    assert (code, node) == ("weights_missing", "last")


def test_layers_are_called_by_their_paths() -> None:
    document = nested(
        {
            "": {"i": ("InputLayer", {"shape": [4]}), "body": ("Model", {"graph": "g"}), "o": ("Output", {})},
            "g": {"x": ("InputLayer", {"shape": [4]}), "hidden": ("Dense", {"units": 5}), "y": ("Output", {})},
        },
        ["i->body:inputs.0", "body:outputs.0->o", "x->hidden", "hidden->y"],
    )
    assert {path for path, _ in layer_paths(document)} >= {"i", "body/hidden", "o"}
