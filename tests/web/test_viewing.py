"""Looking executes nothing: a design that would leave traces wherever its texts are run, and everything one may ask.

What is executed outside a sandbox leaves a canary file; a sandboxed process, or any at all, leaves its folder.
"""

import asyncio
import base64
import json
import marshal
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any, Final, get_args

import httpx
import psutil
import pytest
from websockets.sync.client import connect

from app.collab import protocol
from app.document.model import CodeKind
from app.main import routers
from app.messages.exports import EXPORTS
from app.web.application import create_application, doors
from tests.server import Server
from tests.web.visitors import Scene, Visitor, prepare
from tests.worker.imports.corpus import dense, functional, input_layer, tensor
from tests.worker.own.designs import everything

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap (apt install bubblewrap)")

SECONDS: Final = 240.0

CANARY: Final = "canary"
"""A file in the data folder of the server, whose place its processes know from their environment."""

TOUCH: Final = "open(__import__('os').environ['LAYERLOOM_DATA'] + chr(47) + 'canary', 'w').close()"
"""An expression without a slash, so that it may be a name too."""

NAMES: Final = (f"'); {TOUCH}; ('", f"{{{{ {TOUCH} }}}}", f"{{{TOUCH}}}", f"${{{TOUCH}}}")

LOOKERS: Final = ("member who views", "member who edits", "author of the design")
LINKED: Final = ("visitor by a link", "visitor by a link to another design")
"""None of them may run code."""


def compiled() -> str:
    """Return the body of a Lambda as Keras writes it into files: Python's bytecode."""
    code = compile(f"lambda x: {TOUCH}", "lambda", "eval").co_consts[0]
    assert isinstance(code, CodeType)
    return base64.b64encode(marshal.dumps(code)).decode()


LAMBDA: Final = {"class_name": "__lambda__", "config": {"code": compiled(), "defaults": None, "closure": None}}
SYSTEM: Final = {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"}


def sound() -> dict[str, Any]:
    """Return a design without a fault, with code of every kind that was there before functions, and names of code."""
    document = everything({"fit": {"epochs": 1}}).model_dump(mode="json")
    for piece in document["code"].values():
        piece["source"] = f"try:\n    {TOUCH}\nexcept (OSError, KeyError):\n    pass\n{piece['source']}"
    document["meta"].update(name=NAMES[1], description=TOUCH)
    for number, (key, layer) in enumerate(document["layers"].items()):
        layer["name"] = NAMES[number % len(NAMES)] + str(number)
        document["nodes"][key]["note"] = f"\n{TOUCH}\n"
    return document


def canaries(monitor: str) -> dict[str, Any]:
    """Return that design with whatever else may hold code, right or wrong; its figures would go to `monitor`."""
    document = sound()
    document["code"]["hook"] = {
        "kind": "functions",
        "name": "hook",
        "source": f"{TOUCH}\n\n\ndef hook(epoch, logs=None):\n    {TOUCH}\n",
    }
    assert {piece["kind"] for piece in document["code"].values()} == set(get_args(CodeKind))
    lines = {
        "ex": ("Expression", {"expression": TOUCH}),
        "pl": ("Placeholder", {"class_name": "Lambda", "config": {"function": LAMBDA, "output_shape": SYSTEM}}),
        "la": ("Lambda", {"function": LAMBDA}),
        "de": ("Dense", {"units": 2, "kernel_initializer": SYSTEM, "activation": {"class_name": "eval", "config": {}}}),
        "td": ("TimeDistributed", {"layer": SYSTEM}),
        "ge": ("ops.getitem", {"key": TOUCH}),
        "ei": ("EinsumDense", {"equation": TOUCH, "output_shape": [None]}),
        "mo": ("Model", {"graph": "g"}),
    }
    for number, (key, (class_name, params)) in enumerate(lines.items()):
        name = NAMES[number % len(NAMES)] + str(number)
        document["layers"][key] = {"class_name": class_name, "name": name, "params": params}
        document["nodes"][key] = {"layer": key, "note": f"\n{TOUCH}\n", "arguments": {"training": TOUCH}}
        document["edges"][f"input:output->{key}:input"] = {}
    document["graphs"]["g"] = {"name": NAMES[0]}
    document["meta"].update(name=NAMES[1], description=TOUCH, model_name=NAMES[2])
    document["layers"]["last"]["weights"] = {"source": "run", "id": "../../x", "layer": NAMES[0]}
    training = document["training"]
    training["weights"] = {"source": "upload", "id": "../canary", "layer": ""}
    training["callbacks"].update(
        {
            "lr": {"class_name": "LearningRateScheduler", "config": {"schedule": TOUCH}},
            "rm": {"class_name": "RemoteMonitor", "config": {"root": monitor}},
            "la": {"class_name": "LambdaCallback", "config": {"on_epoch_end": {"class_name": "hook", "config": {}}}},
            "cs": {"class_name": "CSVLogger", "config": {"filename": "../canary"}},
        }
    )
    training["optimizer"] = {"class_name": "Adam", "config": {"name": NAMES[0], "learning_rate": SYSTEM}}
    return document


@pytest.fixture(scope="module")
def monitor() -> Iterator[socket.socket]:
    """A port that nobody may call."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


@pytest.fixture(scope="module")
def fresh(monitor: socket.socket) -> Iterator[Scene]:
    """A server on which nothing was executed yet, with the design of canaries."""
    path = Path(tempfile.mkdtemp(prefix="ll-"))
    address = f"http://127.0.0.1:{monitor.getsockname()[1]}"
    with Server(path, LAYERLOOM_EGRESS_HOSTS=address.removeprefix("http://")) as server:
        yield asyncio.run(prepare(server, sound(), canaries(address)))
    shutil.rmtree(path, ignore_errors=True)


STARTS_SOMETHING: Final = {
    "POST /api/designs/{design_id}/own-code/run",
    "POST /api/designs/{design_id}/runs",
    "POST /api/designs/import/run",
    "POST /api/weights/uploads",
}
"""What executes, or has a native parser read a file: refused to those who may not run code, or in the sandbox."""

ENDS_SOMETHING: Final = {
    "DELETE /api/designs/{design_id}",
    "DELETE /api/runs/{run_id}",
    "POST /api/session/sign-out",
    "GET /sign-in",
    "GET /share/{token}",
}


def looked_at(scene: Scene, chosen: str, client: httpx.Client) -> set[str]:
    """Ask whatever one may ask of the design `chosen`; return the doors that were knocked at."""
    design, run = f"/api/designs/{chosen}", f"/api/runs/{scene.run}"
    document = client.get(f"{design}/document").json()
    code = client.post(f"{design}/code").json()
    asked: set[str] = set()

    def ask(door: str, path: str = "", **more: Any) -> httpx.Response:
        method, _, pattern = door.partition(" ")
        asked.add(door)
        path = path or pattern.replace("{design_id}", chosen).replace("{run_id}", scene.run)
        answer = client.request(method, path, **more)
        assert answer.status_code < 500, f"{door}: {answer.text}"
        return answer

    for door in (
        *("GET /", "GET /designs", "GET /gallery", "GET /datasets", "GET /api/session", "GET /api/people"),
        *("GET /api/sandbox", "GET /api/designs", "GET /api/templates", "GET /api/catalog", "GET /api/datasets"),
        *("GET /api/weights", "GET /api/runs/latest", "GET /api/designs/{design_id}"),
        *("GET /api/designs/{design_id}/document", "GET /api/designs/{design_id}/versions"),
        *("POST /api/designs/{design_id}/code", "GET /api/designs/{design_id}/shares"),
        *("GET /api/designs/{design_id}/own-code", "GET /api/designs/{design_id}/diagnostics"),
        *("GET /api/designs/{design_id}/preflight", "GET /api/designs/{design_id}/runs"),
        *("GET /api/designs/{design_id}/weights", "POST /api/designs/{design_id}/undelete"),
        *("POST /api/designs/{design_id}/shares/links", "GET /api/runs/{run_id}", "GET /api/runs/{run_id}/own-code"),
        *("GET /api/runs/{run_id}/layers",),
        *("GET /api/runs/{run_id}/series", "GET /api/runs/{run_id}/events"),
    ):
        ask(door)
    ask("GET /designs/{path:path}", f"/designs/{chosen}")
    ask("GET /datasets/{path:path}", "/datasets/diabetes")
    ask("PATCH /api/designs/{design_id}", json={"name": NAMES[3]})
    ask("POST /api/designs", json={"document": document})
    ask("POST /api/designs/{design_id}/versions", json={"name": NAMES[0]})
    version = f"{design}/versions/{scene.version}"
    ask("GET /api/designs/{design_id}/versions/{version_id}/document", f"{version}/document")
    ask("POST /api/designs/{design_id}/versions/{version_id}/restore", f"{version}/restore")
    copy = ask("POST /api/designs/{design_id}/duplicate")
    if copy.is_success:
        settled(client, copy.json()["id"])
    ask("POST /api/designs/{design_id}/own-code/read", json={"code": document["code"]})
    edited = {"source": code.get("source", "") + f"\n{TOUCH}\n", "revision": code.get("revision", "")}
    ask("POST /api/designs/{design_id}/code/apply", json=edited)
    ask("POST /api/designs/{design_id}/insertions", json={"design_id": chosen})
    ask("POST /api/designs/{design_id}/insertions", json={"run_id": scene.run})
    for export_format in ("design", *EXPORTS):
        for bundle in (False, True):
            query = {"format": export_format, "bundle": bundle}
            ask("GET /api/designs/{design_id}/export", params=query)
            ask("GET /api/runs/{run_id}/export", params=query)
    ask("GET /api/runs/{run_id}/artifacts/{name}", f"{run}/artifacts/model.py")
    ask("PATCH /api/runs/{run_id}", json={"name": NAMES[0]})
    ask("POST /api/runs/{run_id}/commands", json={"command": "learning_rate", "value": 0.1})
    ask("PUT /api/designs/{design_id}/shares/people/{user_id}", f"{design}/shares/people/{NAMES[0]}", json={})
    ask("DELETE /api/designs/{design_id}/shares/people/{user_id}", f"{design}/shares/people/x")
    ask("DELETE /api/designs/{design_id}/shares/links/{link_id}", f"{design}/shares/links/x")
    ask("PUT /api/people/{user_id}/code", "/api/people/x/code", json={"allowed": True})
    ask("POST /api/worker/runs/{run_id}/events", json={"attempt": 1, "events": []})
    for name in ("diabetes", f"upload:{NAMES[0]}"):
        ask("GET /api/datasets/{name}/description", f"/api/datasets/{name}/description")
        ask("GET /api/datasets/{name}/options", f"/api/datasets/{name}/options")
        ask("PUT /api/datasets/{name}/options", f"/api/datasets/{name}/options", json={"targets": [TOUCH]})
    ask("DELETE /api/datasets/{name}", "/api/datasets/diabetes")
    ask("GET /api/weights/{file_id}", "/api/weights/x")
    ask("GET /api/weights/{file_id}/designs", "/api/weights/x/designs")
    ask("DELETE /api/weights/{file_id}", "/api/weights/x")
    table = f"=cmd|'{TOUCH}',b\n" + f"{TOUCH},1\n" * 30
    upload = ask("POST /api/datasets/uploads", files={"file": (NAMES[0], table.encode())})
    if upload.is_success:
        client.get(f"/api/datasets/{upload.json()['name']}/description")
    for name, content in files(document).items():
        found = ask("POST /api/designs/import", files={"file": (name, content)})
        if found.is_success:
            settled(client, found.json()["design"]["id"])
    return asked


def files(document: dict[str, Any]) -> dict[str, bytes]:
    """Return files to import that hold what would be executed."""
    odd = dense("odd", name="odd", inbound_nodes=[{"args": [tensor("x")], "kwargs": {}}])
    odd.update(class_name="Lambda", config={"name": "odd", "function": LAMBDA})
    evil = {**odd, "module": "builtins", "class_name": "eval", "config": {"name": "odd", "source": TOUCH}}
    return {
        "lambda.json": functional(input_layer(), odd, outputs=[["odd", 0, 0]]),
        "eval.json": functional(input_layer(), evil, outputs=[["odd", 0, 0]]),
        "design.json": json.dumps(document).encode(),
        "steps.py": f"import keras\n{TOUCH}\nmodel = keras.Sequential([keras.layers.Dense(3)])\n".encode(),
        "decorated.py": f"import keras\n\n\n@{TOUCH}\ndef f():\n    pass\n".encode(),
    }


def settled(client: httpx.Client, design: str) -> None:
    """Wait until the design has been analysed."""
    deadline = time.monotonic() + SECONDS
    while True:
        found = client.get(f"/api/designs/{design}/diagnostics").json()
        if found["analysis"] is not None and not found["analyzing"]:
            return
        assert time.monotonic() < deadline, "the analysis did not end"
        time.sleep(0.1)


def listen(scene: Scene, design: str, visitor: Visitor) -> None:
    """Open every socket, and send to the editing socket what a looker may send."""
    headers = visitor.headers(scene.server.url)
    origin: Any = headers.pop("origin")
    paths = [f"designs/{design}/sync", f"designs/{design}/diagnostics"]
    for path in [*paths, f"runs/{scene.run}/events"] if visitor.design is not None else paths:
        address = f"{scene.server.url.replace('http', 'ws', 1)}/api/{path}"
        with connect(address, additional_headers=headers, origin=origin, open_timeout=SECONDS) as opened:
            if path.endswith("sync"):
                presence = protocol.Presence(9, 1, json.dumps({"user": TOUCH}))
                for frame in (
                    protocol.awareness([presence]),
                    bytes([protocol.QUERY_AWARENESS]),
                    protocol.step_1(b"\0"),
                ):
                    opened.send(frame)
            opened.recv(timeout=SECONDS)


def test_who_looks_causes_no_execution(fresh: Scene, monitor: socket.socket) -> None:
    declared = dict(doors(create_application(routers(), url="http://127.0.0.1:8000")))
    plain = {door for door in declared if not door.startswith("WEBSOCKET")}
    people = {visitor.name: visitor for visitor in fresh.visitors}
    for design, names in ((fresh.design, (LINKED[0], *LOOKERS)), (fresh.other_design, (LINKED[1], *LOOKERS))):
        for name in names:
            assert not people[name].may_run_code
            with people[name].client(fresh.server.url) as client:
                assert looked_at(fresh, design, client) == plain - STARTS_SOMETHING - ENDS_SOMETHING
                for door in ("own-code/run", "runs"):
                    assert client.post(f"/api/designs/{design}/{door}").status_code == 403
                settled(client, design)
            listen(fresh, design, people[name])
    with people["member who edits"].client(fresh.server.url) as client:
        for door in ("export?format=python", "export?format=notebook&bundle=true"):
            answer = client.get(f"/api/designs/{fresh.design}/{door}")
            assert answer.status_code == 200, answer.text
    data = fresh.server.data
    assert not (data / CANARY).exists()
    assert not (data / "sandbox").exists(), "a sandboxed process was started"
    with pytest.raises(BlockingIOError):
        monitor.accept()
    _web_process_is_plain(fresh)
    with fresh.owner.client(fresh.server.url) as owner:
        answer = owner.post(f"/api/designs/{fresh.design}/own-code/run")
    assert answer.status_code == 200, answer.text
    assert (data / "sandbox").exists()
    assert not (data / CANARY).exists()


def _web_process_is_plain(scene: Scene) -> None:
    """The web process has loaded neither Keras nor a native parser."""
    assert scene.server.process is not None
    loaded = {Path(mapped.path).name for mapped in psutil.Process(scene.server.process.pid).memory_maps()}
    assert [name for name in loaded if "tensorflow" in name or "hdf5" in name or "_pycrdt" in name] == []


def test_the_canaries_would_sing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LAYERLOOM_DATA", str(tmp_path))
    for source in (TOUCH, f"({marshal_call()})(1)"):
        exec(source, {"marshal": marshal, "base64": base64, "types": __import__("types")})
        (tmp_path / CANARY).unlink()


def marshal_call() -> str:
    return f"types.FunctionType(marshal.loads(base64.b64decode({compiled()!r})), {{'__builtins__': __builtins__}})"
