"""Designs over HTTP, on a real server with its real room process."""

import contextlib
import hashlib
import io
import json
import socket
import time
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psutil
import pytest

from app.document.model import GraphDocument
from tests.graph.designs import chain
from tests.server import Server
from tests.worker.own.designs import everything

DENSE: dict[str, Any] = {
    "meta": {"name": "Dense"},
    "layers": {
        "i": {"class_name": "InputLayer", "name": "i", "params": {"shape": [4]}},
        "d": {"class_name": "Dense", "name": "d", "params": {"units": 3}},
        "o": {"class_name": "Output", "name": "o"},
    },
    "nodes": {"i": {"layer": "i"}, "d": {"layer": "d", "x": 100.0, "y": 50.5}, "o": {"layer": "o", "x": 200}},
    "edges": {"i:output->d:input": {}, "d:output->o:input": {}},
}


@pytest.fixture(scope="module")
def owner(server: Server) -> Iterator[httpx.Client]:
    with server.client(server.link) as client:
        yield client


@pytest.fixture(scope="module")
def teammate(server: Server, owner: httpx.Client) -> Iterator[httpx.Client]:
    with server.client(server.sign_in_link("Bob")) as client:
        yield client


@pytest.fixture
def design(owner: httpx.Client) -> str:
    return str(created(owner, {"document": DENSE})["id"])


def created(client: httpx.Client, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.post("/api/designs", json=body)
    assert answer.status_code == 201, answer.text
    content: dict[str, Any] = answer.json()
    return content


def get(client: httpx.Client, path: str) -> Any:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def user_id(client: httpx.Client) -> str:
    return str(get(client, "/api/session")["user"]["id"])


def listed(client: httpx.Client, design: str) -> dict[str, Any] | None:
    return next((each for each in get(client, "/api/designs") if each["id"] == design), None)


def test_a_design_is_what_was_given(owner: httpx.Client, design: str) -> None:
    assert GraphDocument.model_validate(get(owner, f"/api/designs/{design}/document")) == GraphDocument.model_validate(
        DENSE
    )
    summary = listed(owner, design)
    assert summary is not None
    assert (summary["name"], summary["role"], summary["nodes"]) == ("Dense", "owner", 3)
    assert summary["thumbnail"] == {
        "nodes": [[0, 0, "ends"], [100, 50, "core"], [200, 0, "ends"]],
        "edges": [[0, 1], [1, 2]],
    }


def test_an_empty_design_has_a_name(owner: httpx.Client) -> None:
    assert created(owner, {})["name"] == "Untitled design"
    assert created(owner, {"name": "  Mine "})["name"] == "Mine"


def test_every_template_makes_a_design(owner: httpx.Client) -> None:
    templates = get(owner, "/api/templates")
    assert len(templates) >= 8
    for template in templates:
        made = created(owner, {"template": template["name"]})
        assert made["name"] == template["title"]
        summary = listed(owner, made["id"])
        assert summary is not None
        assert summary["thumbnail"] == template["thumbnail"]
    assert owner.post("/api/designs", json={"template": "nothing"}).status_code == 404


def test_a_rename_is_in_the_document(owner: httpx.Client, design: str) -> None:
    answer = owner.patch(f"/api/designs/{design}", json={"name": "Other"})
    assert (answer.status_code, answer.json()["name"]) == (200, "Other")
    assert get(owner, f"/api/designs/{design}/document")["meta"]["name"] == "Other"


def test_a_deleted_design_comes_back(owner: httpx.Client, design: str) -> None:
    assert owner.delete(f"/api/designs/{design}").json() == {"deleted": True}
    assert owner.get(f"/api/designs/{design}").status_code == 404
    assert listed(owner, design) is None
    assert owner.post(f"/api/designs/{design}/undelete").status_code == 200
    assert get(owner, f"/api/designs/{design}/document")["layers"]["d"]["params"] == {"units": 3}


def test_a_copy_is_ones_own(owner: httpx.Client, teammate: httpx.Client, design: str) -> None:
    owner.put(f"/api/designs/{design}/shares/people/{user_id(teammate)}", json={"role": "viewer"}).raise_for_status()
    copy = teammate.post(f"/api/designs/{design}/duplicate")
    assert copy.status_code == 201
    assert (copy.json()["name"], copy.json()["role"]) == ("Dense (copy)", "owner")
    ours, theirs = (get(teammate, f"/api/designs/{each}/document") for each in (design, copy.json()["id"]))
    assert {**ours, "meta": None} == {**theirs, "meta": None}


def test_a_version_never_changes_and_can_be_restored(owner: httpx.Client, design: str) -> None:
    first = owner.post(f"/api/designs/{design}/versions", json={"name": "First"}).json()
    kept = get(owner, f"/api/designs/{design}/versions/{first['id']}/document")
    owner.patch(f"/api/designs/{design}", json={"name": "Changed"})
    assert get(owner, f"/api/designs/{design}/versions/{first['id']}/document") == kept
    restored = owner.post(f"/api/designs/{design}/versions/{first['id']}/restore").json()
    assert (restored["number"], restored["name"]) == (2, "Restored from version 1")
    assert restored["digest"] == first["digest"]
    assert get(owner, f"/api/designs/{design}/document") == kept
    assert [version["number"] for version in get(owner, f"/api/designs/{design}/versions")] == [2, 1]
    assert owner.post(f"/api/designs/{design}/versions/nothing/restore").status_code == 404


def test_shares_with_people(owner: httpx.Client, teammate: httpx.Client, design: str) -> None:
    path, bob, me = f"/api/designs/{design}", user_id(teammate), user_id(owner)
    assert teammate.get(path).status_code == 404
    assert listed(teammate, design) is None
    shares = owner.put(f"{path}/shares/people/{bob}", json={"role": "viewer"}).json()
    assert shares["people"] == [
        {"user": {"id": me, "name": "Owner"}, "role": "owner"},
        {"user": {"id": bob, "name": "Bob"}, "role": "viewer"},
    ]
    assert teammate.get(path).json()["role"] == "viewer"
    assert teammate.patch(path, json={"name": "Mine"}).status_code == 403
    assert teammate.get(f"{path}/shares").status_code == 403
    owner.put(f"{path}/shares/people/{bob}", json={"role": "editor"}).raise_for_status()
    assert teammate.patch(path, json={"name": "Ours"}).status_code == 200
    assert teammate.delete(path).status_code == 403
    assert owner.put(f"{path}/shares/people/{me}", json={"role": "viewer"}).status_code == 409
    assert owner.put(f"{path}/shares/people/nobody", json={"role": "viewer"}).status_code == 404
    owner.delete(f"{path}/shares/people/{bob}").raise_for_status()
    assert teammate.get(path).status_code == 404


def test_a_link_shows_one_design_and_can_be_revoked(server: Server, owner: httpx.Client, design: str) -> None:
    path = f"/api/designs/{design}"
    made = owner.post(f"{path}/shares/links").json()
    assert made["url"] not in json.dumps(get(owner, f"{path}/shares"))
    with httpx.Client(base_url=server.url, headers={"origin": server.url}, follow_redirects=True) as visitor:
        visitor.get(made["url"]).raise_for_status()
        assert [each["id"] for each in get(visitor, "/api/designs")] == [design]
        assert get(visitor, path)["role"] == "viewer"
        assert visitor.get(f"{path}/export?format=design").status_code == 200
        for answer in (
            visitor.get(f"{path}/export?format=keras"),
            visitor.get(f"{path}/export?format=json"),
            visitor.get(f"{path}/shares"),
            visitor.post(f"{path}/duplicate"),
            visitor.post(f"{path}/versions", json={}),
            visitor.patch(path, json={"name": "x"}),
            visitor.delete(path),
            visitor.post("/api/designs", json={}),
        ):
            assert answer.status_code == 403, answer.text
        owner.delete(f"{path}/shares/links/{made['link']['id']}").raise_for_status()
        assert visitor.get(path).status_code == 401
    assert owner.delete(f"{path}/shares/links/{made['link']['id']}").status_code == 404


def test_who_sees_a_design_anyway_stays_who_they_are_when_they_open_its_link(
    owner: httpx.Client, teammate: httpx.Client
) -> None:
    """The link of a design that a teammate made, opened by themselves and by an owner of the workspace."""
    made = created(teammate, {"document": DENSE})["id"]
    link = teammate.post(f"/api/designs/{made}/shares/links").json()["url"]
    for person in (teammate, owner):
        before = get(person, "/api/session")
        assert person.get(link, follow_redirects=False).headers["location"] == f"/designs/{made}"
        assert get(person, "/api/session") == before
    assert teammate.delete(f"/api/designs/{made}").status_code == 200
    before = get(teammate, "/api/session")
    assert teammate.get(link).status_code == 404
    assert get(teammate, "/api/session") == before


def test_a_design_file_goes_out_and_in_again(owner: httpx.Client, design: str) -> None:
    answer = owner.get(f"/api/designs/{design}/export?format=design")
    assert answer.headers["content-disposition"] == 'attachment; filename="Dense.json"'
    imported = owner.post("/api/designs/import", files={"file": ("../../x.json", answer.content)})
    assert imported.status_code == 201, imported.text
    again = get(owner, f"/api/designs/{imported.json()['design']['id']}/document")
    assert again == get(owner, f"/api/designs/{design}/document")


def test_the_architecture_goes_out_as_keras_writes_it_and_in_again(owner: httpx.Client, design: str) -> None:
    answer = owner.get(f"/api/designs/{design}/export?format=json")
    assert answer.headers["content-disposition"] == 'attachment; filename="Dense.keras.json"'
    architecture = answer.json()
    assert architecture["class_name"] == "Sequential"
    assert [layer["class_name"] for layer in architecture["config"]["layers"]] == ["InputLayer", "Dense"]
    imported = owner.post("/api/designs/import", files={"file": ("Dense.keras.json", answer.content)})
    assert imported.status_code == 201, imported.text
    assert [(layer["name"], layer["outcome"]) for layer in imported.json()["layers"]] == [("i", "ok"), ("d", "ok")]
    again = get(owner, f"/api/designs/{imported.json()['design']['id']}/document")
    assert again["layers"]["d"]["params"]["units"] == 3


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.json", b'{"nodes": {}, "layers": {'),
        ("own.json", b'{"nodes": {"a": {"layer": 7}}, "layers": {}}'),
        ("emoji.keras", "😀".encode() * 100),
        ("list.json", b"[1, 2]"),
    ],
)
def test_a_file_that_is_none_is_refused_in_words(owner: httpx.Client, name: str, content: bytes) -> None:
    answer = owner.post("/api/designs/import", files={"file": (name, content)})
    assert answer.status_code == 422, answer.text
    assert answer.json()["message"]


def test_a_file_that_is_too_large_is_refused(server: Server, owner: httpx.Client) -> None:
    answer = owner.post("/api/designs/import/run", files={"file": ("big.py", b"#" * 2_000_001)})
    assert answer.status_code == 413
    assert list((server.data / "imports").glob("*")) == []


def test_the_catalog_is_sent_once(owner: httpx.Client) -> None:
    answer = owner.get("/api/catalog")
    assert "Dense" in answer.json()["objects"]["layers"]
    again = owner.get("/api/catalog", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": "x" * 201},
        {"unknown": 1},
        {"document": {"layers": {"a": {"class_name": "Dense"}}}},
        {"document": {"nodes": {"a": {"layer": "a", "x": 1e300}}}},
        {"document": {"edges": {"nonsense": {}}}},
    ],
)
def test_a_request_that_does_not_fit_is_refused(owner: httpx.Client, body: dict[str, Any]) -> None:
    assert owner.post("/api/designs", json=body).status_code == 422


def test_a_design_with_own_code_is_drawn(server: Server, owner: httpx.Client) -> None:
    """Its code is executed in the sandbox, where no program can be started; Graphviz draws in another one."""
    design = created(owner, {"document": everything().model_dump(mode="json")})["id"]

    answer = owner.get(f"/api/designs/{design}/export?format=plot_svg&bundle=true", timeout=SECONDS)

    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        picture = archive.read("model.svg").decode()
        proof = json.loads(archive.read("proof.json"))
    assert "RNN" in picture
    assert proof["parameters"] > 0
    assert proof["sha256"] == hashlib.sha256(picture.encode()).hexdigest()
    until(lambda: not any((server.data / "exports").iterdir()), "something was left")


# Who hangs up

SECONDS = 120.0
BUSY_SECONDS = 3.0
"""Of the processor: more than any other request takes meanwhile."""

SLOW = chain(
    ("x", "InputLayer", {"shape": [320, 320, 64]}),
    ("one", "Conv2D", {"filters": 64, "kernel_size": [31, 31], "padding": "same"}),
    ("two", "Conv2D", {"filters": 64, "kernel_size": [31, 31], "padding": "same"}),
    ("y", "Output", {}),
)
"""Written at once, and computed for minutes on the fixed batch."""


def until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def computed(server: Server) -> dict[int, float]:
    """Return the seconds of the processor that each analysis process has had."""
    assert server.process is not None
    found = {}
    for zygote in psutil.Process(server.process.pid).children():
        with contextlib.suppress(psutil.Error):
            found |= {child.pid: child.cpu_times().user for child in zygote.children()}
    return found


@contextlib.contextmanager
def asked(server: Server, client: httpx.Client, path: str) -> Iterator[None]:
    """Ask for `path` on a connection that is closed at the end, with or without an answer."""
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nCookie: {cookies}\r\n\r\n"
        connection.sendall(head.encode())
        yield


def test_hanging_up_ends_the_process_that_exports(server: Server, owner: httpx.Client, design: str) -> None:
    slow = created(owner, {"document": SLOW.model_dump(mode="json")})["id"]
    before = computed(server)

    def busy() -> list[int]:
        return [pid for pid, had in computed(server).items() if had - before.get(pid, 0.0) > BUSY_SECONDS]

    with asked(server, owner, f"/api/designs/{slow}/export?format=keras"):
        until(lambda: busy() != [], "nothing was computed")
        [process] = busy()
    until(lambda: not psutil.pid_exists(process), "the process goes on")
    until(lambda: not any((server.data / "exports").iterdir()), "something was left")

    assert owner.get(f"/api/designs/{design}/export?format=json", timeout=SECONDS).status_code == 200
