"""Own code is read while it is written, by whoever may see the design; nothing of it is executed or stored."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.server import Server


@pytest.fixture(scope="module")
def owner(server: Server) -> Iterator[httpx.Client]:
    with server.client(server.sign_in_link()) as client:
        yield client


def test_pieces_are_read_by_their_syntax_tree(owner: httpx.Client, tmp_path: Path) -> None:
    design = owner.post("/api/designs", json={}).json()["id"]
    trace = tmp_path / "executed"
    pieces = {
        "fine": {
            "kind": "activations",
            "name": "soft",
            "source": f"open({str(trace)!r}, 'w')\n\ndef soft(x):\n    return x\n",
        },
        "broken": {"kind": "layers", "name": "Scale", "source": "import keras\nclass Scale(keras.layers.Layer:\n"},
        "other": {"kind": "losses", "name": "Far", "source": "class Near:\n    pass\n"},
    }
    answer = owner.post(f"/api/designs/{design}/own-code/read", json={"code": pieces})
    assert answer.status_code == 200, answer.text
    read = answer.json()
    assert {
        piece: [(fault["code"], fault["line"]) for fault in faults] for piece, faults in read["faults"].items()
    } == {
        "broken": [("own_syntax", 2)],
        "other": [("own_missing", 1)],
    }
    assert [(spec["kind"], spec["name"], spec["code"]) for spec in read["specs"]] == [("activations", "soft", "fine")]
    assert not trace.exists()
    assert owner.get(f"/api/designs/{design}/document").json()["code"] == {}


@pytest.mark.parametrize(
    "source", ["(" * 90_000, "x = " + "-" * 90_000 + "1", "\x00", "f(" * 5_000, "a." * 40_000 + "b"], ids=range(5)
)
def test_a_text_that_python_cannot_read_is_a_fault_and_no_error(owner: httpx.Client, source: str) -> None:
    design = owner.post("/api/designs", json={}).json()["id"]
    piece = {"kind": "layers", "name": "Scale", "source": source}
    answer = owner.post(f"/api/designs/{design}/own-code/read", json={"code": {"a": piece}})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["specs"], len(answer.json()["faults"]["a"])) == ([], 1)
    assert owner.get("/api/session").status_code == 200
