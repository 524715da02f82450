"""The code panel over HTTP: a design as Python, and edited Python as edits."""

from collections.abc import Iterator

import httpx
import pytest

from app.document.edits import apply_edits
from app.messages.analysis import AppliedCode
from tests.designs.test_routes import DENSE, created, get
from tests.server import Server


@pytest.fixture(scope="module")
def owner(server: Server) -> Iterator[httpx.Client]:
    with server.client(server.link) as client:
        yield client


def test_code_goes_out_and_an_edit_of_it_comes_back(owner: httpx.Client) -> None:
    path = f"/api/designs/{created(owner, {'document': DENSE})['id']}"
    shown = owner.post(f"{path}/code")
    assert shown.status_code == 200, shown.text
    view = shown.json()
    line = view["source"].split("\n")[view["nodes"]["d"]["first"] - 1]
    assert line.strip() == 'layers.Dense(3, name="d"),'
    body = {"source": view["source"].replace("Dense(3", "Dense(7"), "revision": view["revision"]}
    answer = owner.post(f"{path}/code/apply", json=body)
    assert answer.status_code == 200, answer.text
    edits = AppliedCode.model_validate(answer.json()).edits
    after = apply_edits(get(owner, f"{path}/document"), edits)
    assert after["layers"]["d"]["params"] == {"units": 7}
    assert after["nodes"] == get(owner, f"{path}/document")["nodes"]


def test_code_of_another_state_and_no_code_are_refused(owner: httpx.Client) -> None:
    path = f"/api/designs/{created(owner, {'document': DENSE})['id']}"
    old = owner.post(f"{path}/code/apply", json={"source": "x = 1", "revision": "0"})
    assert (old.status_code, old.json()["code"]) == (409, "code_outdated")
    revision = owner.post(f"{path}/code").json()["revision"]
    broken = owner.post(f"{path}/code/apply", json={"source": "import keras\n\ndef (", "revision": revision})
    assert broken.status_code == 422, broken.text
    assert "line 3" in broken.json()["received"] + broken.json()["message"]


def test_a_bundle_goes_out(owner: httpx.Client) -> None:
    path = f"/api/designs/{created(owner, {'document': DENSE})['id']}"
    answer = owner.get(f"{path}/export?format=json&bundle=true")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"] == 'attachment; filename="Dense.zip"'
    assert answer.content.startswith(b"PK")


def test_the_script_of_an_uploaded_table_reads_it_beside_itself(server: Server, owner: httpx.Client) -> None:
    table = "a;b;c;d;kind\n" + "".join(f"{row}.5;{row % 3};1;{row % 7};{'xyz'[row % 3]}\n" for row in range(30))
    uploaded = owner.post("/api/datasets/uploads", files={"file": ("flowers.csv", table, "text/csv")}).json()
    options = {**uploaded["options"], "targets": ["kind"], "task": "auto", "seed": 7}
    assert owner.put(f"/api/datasets/{uploaded['name']}/options", json=options).status_code == 200
    document = DENSE | {"training": {"dataset": uploaded["name"]}}
    path = f"/api/designs/{created(owner, {'document': document})['id']}"

    view = owner.post(f"{path}/code").json()

    for line in ("TARGETS = ['kind']", "delimiter=';'", "def load_data(path='data.csv'):", "seed=7"):
        assert line.replace("'", '"') in view["source"]
    assert str(server.data) not in view["source"]
    assert uploaded["name"].removeprefix("upload:") not in view["source"]
    unchanged = owner.post(f"{path}/code/apply", json={"source": view["source"] + "\n", "revision": view["revision"]})
    assert unchanged.status_code == 200, unchanged.text
    assert unchanged.json()["edits"] == []
    exported = owner.get(f"{path}/export?format=python")
    assert exported.status_code == 200, exported.text
    assert "def load_data" in exported.text
    assert str(server.data) not in exported.text
    assert owner.delete(f"/api/datasets/{uploaded['name']}").status_code == 200
    assert "def load_data" not in owner.post(f"{path}/code").json()["source"]
