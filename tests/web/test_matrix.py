"""Every door and every message against everybody who may come: what a policy declares is what the server does.

The doors are the application's own; a door without a knock here fails the test, and so does a policy of a new kind.
"""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Final, get_args

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from app.accounts.policy import AnySession, Member, Policy, Public, SignedIn
from app.accounts.principal import Role
from app.collab import protocol
from app.collab.protocol import Message, Presence, read_message
from app.designs.access import DesignPolicy, MemberWhoMayRunCode
from app.main import routers
from app.runs.access import RunPolicy, RunToken
from app.web.application import create_application, doors
from tests.web.visitors import Scene, Visitor

SECONDS: Final = 60.0

CODE_FORBIDDEN: Final = "403 code_forbidden"


def expected_refusal(policy: Policy[Any], visitor: Visitor) -> str | None:
    """Return status and code with which `policy` turns the visitor away, from what they hold; None: they may pass."""
    match policy:
        case Public() | AnySession():
            return None
        case RunToken():
            return None if visitor.is_the_worker else "401 not_signed_in"
        case _ if not visitor.known:
            return "401 not_signed_in"
        case SignedIn():
            return None
        case Member(role=role):
            if visitor.workspace is None or visitor.workspace < role:
                return "403 forbidden"
            return CODE_FORBIDDEN if isinstance(policy, MemberWhoMayRunCode) and not visitor.may_run_code else None
        case DesignPolicy(role=role, member=member, maker=maker, code=code):
            if visitor.design is None:
                return "404 not_found"
            if visitor.design < role or (member and visitor.workspace is None):
                return "403 forbidden"
            if maker and visitor.workspace is not None and visitor.workspace < Role.EDITOR:
                return "403 forbidden"
            return CODE_FORBIDDEN if code and not visitor.may_run_code else None
        case RunPolicy(role=role, member=member):
            if visitor.design is None:
                return "404 not_found"
            return "403 forbidden" if visitor.design < role or (member and visitor.workspace is None) else None
        case _:
            raise AssertionError(f"The matrix does not know the policy {type(policy).__name__}.")


@dataclass(frozen=True)
class Knock:
    """What is sent to a door, and the answer of those who are let in.

    `body` is mostly one that does not fit, so that whoever passes changes nothing. `renew` makes again, before each
    visitor, what a knock takes away; it returns parts of the path.
    """

    answer: str = "200"
    body: Any = None
    query: dict[str, str] = field(default_factory=dict)
    path: dict[str, str] = field(default_factory=dict)
    renew: Callable[[Scene], dict[str, str]] = lambda scene: {}


def new_run(scene: Scene) -> dict[str, str]:
    return {"run_id": asyncio.run(scene.add_run())[0]}


def undeleted(scene: Scene) -> dict[str, str]:
    with scene.owner.client(scene.server.url) as owner:
        owner.post(f"/api/designs/{scene.design}/undelete").raise_for_status()
    return {}


def new_link(scene: Scene) -> dict[str, str]:
    with scene.owner.client(scene.server.url) as owner:
        return {"link_id": owner.post(f"/api/designs/{scene.design}/shares/links").json()["link"]["id"]}


UNFIT: Final = Knock("422 invalid_request", body={"unknown": 1})
SEEN: Final = Knock("200")

KNOCKS: Final[dict[str, Knock]] = {
    "GET /": SEEN,
    "GET /designs": SEEN,
    "GET /designs/{path:path}": Knock(path={"path:path": "x/y"}),
    "GET /gallery": SEEN,
    "GET /datasets": SEEN,
    "GET /datasets/{path:path}": Knock(path={"path:path": "x/y"}),
    "GET /sign-in": Knock("401 not_signed_in", query={"token": "none"}),
    "GET /share/{token}": Knock("404 not_found", path={"token": "none"}),
    "GET /api/session": SEEN,
    "GET /api/people": SEEN,
    "PUT /api/people/{user_id}/code": Knock("404 not_found", body={"allowed": True}, path={"user_id": "nobody"}),
    "GET /api/sandbox": SEEN,
    "GET /api/designs": SEEN,
    "POST /api/designs": UNFIT,
    "POST /api/designs/import": Knock("422 invalid"),
    "POST /api/designs/import/run": Knock("422 invalid"),
    "GET /api/templates": SEEN,
    "GET /api/catalog": SEEN,
    "GET /api/designs/{design_id}": SEEN,
    "PATCH /api/designs/{design_id}": UNFIT,
    "DELETE /api/designs/{design_id}": Knock(renew=undeleted),
    "POST /api/designs/{design_id}/undelete": SEEN,
    "POST /api/designs/{design_id}/duplicate": Knock("201"),
    "GET /api/designs/{design_id}/document": SEEN,
    "GET /api/designs/{design_id}/versions": SEEN,
    "POST /api/designs/{design_id}/versions": UNFIT,
    "GET /api/designs/{design_id}/versions/{version_id}/document": SEEN,
    "POST /api/designs/{design_id}/versions/{version_id}/restore": Knock("201"),
    "GET /api/designs/{design_id}/export": Knock(query={"format": "design"}),
    "POST /api/designs/{design_id}/code": SEEN,
    "POST /api/designs/{design_id}/code/apply": UNFIT,
    "GET /api/designs/{design_id}/shares": SEEN,
    "PUT /api/designs/{design_id}/shares/people/{user_id}": Knock(UNFIT.answer, UNFIT.body, path={"user_id": "nobody"}),
    "DELETE /api/designs/{design_id}/shares/people/{user_id}": Knock(path={"user_id": "nobody"}),
    "POST /api/designs/{design_id}/shares/links": Knock("201"),
    "DELETE /api/designs/{design_id}/shares/links/{link_id}": Knock(renew=new_link),
    "GET /api/designs/{design_id}/own-code": SEEN,
    "POST /api/designs/{design_id}/own-code/read": UNFIT,
    "POST /api/designs/{design_id}/own-code/run": SEEN,
    "GET /api/designs/{design_id}/diagnostics": SEEN,
    "GET /api/designs/{design_id}/preflight": SEEN,
    "POST /api/designs/{design_id}/runs": Knock("422 not_ready"),
    "GET /api/designs/{design_id}/runs": SEEN,
    "POST /api/designs/{design_id}/insertions": UNFIT,
    "GET /api/designs/{design_id}/weights": SEEN,
    "GET /api/datasets": SEEN,
    "POST /api/datasets/uploads": Knock("422 invalid"),
    "GET /api/datasets/{name}/description": Knock("404 not_found", path={"name": "none"}),
    "GET /api/datasets/{name}/options": Knock("404 not_found", path={"name": "none"}),
    "PUT /api/datasets/{name}/options": Knock(UNFIT.answer, UNFIT.body, path={"name": "none"}),
    "DELETE /api/datasets/{name}": Knock("404 not_found", path={"name": "none"}),
    "GET /api/weights": SEEN,
    "POST /api/weights/uploads": Knock("422 invalid"),
    "GET /api/weights/{file_id}": Knock("404 not_found", path={"file_id": "none"}),
    "GET /api/weights/{file_id}/designs": Knock("404 not_found", path={"file_id": "none"}),
    "GET /api/runs/{run_id}/layers": SEEN,
    "DELETE /api/weights/{file_id}": Knock("404 not_found", path={"file_id": "none"}),
    "GET /api/runs/latest": SEEN,
    "GET /api/runs/{run_id}": SEEN,
    "PATCH /api/runs/{run_id}": UNFIT,
    "DELETE /api/runs/{run_id}": Knock(renew=new_run),
    "POST /api/runs/{run_id}/commands": UNFIT,
    "GET /api/runs/{run_id}/own-code": SEEN,
    "GET /api/runs/{run_id}/series": SEEN,
    "GET /api/runs/{run_id}/events": SEEN,
    "GET /api/runs/{run_id}/artifacts/{name}": Knock(path={"name": "model.py"}),
    "GET /api/runs/{run_id}/export": Knock("422 invalid_request", query={"format": "none"}),
    "POST /api/worker/runs/{run_id}/events": Knock(body={"attempt": 1, "events": []}),
    "WEBSOCKET /api/designs/{design_id}/sync": Knock("101"),
    "WEBSOCKET /api/designs/{design_id}/diagnostics": Knock("101"),
    "WEBSOCKET /api/runs/{run_id}/events": Knock("101"),
    "POST /api/session/sign-out": SEEN,
}

DECLARED: Final = dict(doors(create_application(routers(), url="http://127.0.0.1:8000")))


def test_every_door_is_knocked_at() -> None:
    assert DECLARED.keys() == KNOCKS.keys()


def test_every_answer_is_the_one_that_the_policy_declares(scene: Scene) -> None:
    expected, received = {}, {}
    with ExitStack() as stack:
        clients = {visitor.name: stack.enter_context(visitor.client(scene.server.url)) for visitor in scene.visitors}
        for door, knock in KNOCKS.items():
            for visitor in scene.visitors:
                cell = f"{door}: {visitor.name}"
                (policy,) = DECLARED[door]
                refusal = expected_refusal(policy, visitor)
                if door.startswith("WEBSOCKET"):
                    expected[cell] = "403" if refusal else knock.answer
                    received[cell] = _open(scene, door, knock, visitor)
                else:
                    expected[cell] = refusal or knock.answer
                    received[cell] = _answer(scene, door, knock, visitor, clients[visitor.name])
                if door == "POST /api/designs/{design_id}/runs" and expected[cell] == knock.answer:
                    expected[cell] = knock.answer if visitor.may_run_code else CODE_FORBIDDEN
    assert {cell: answer for cell, answer in received.items() if answer != expected[cell]} == {}
    assert len({visitor.name for visitor in scene.visitors}) >= 12
    assert len(received) == len(DECLARED) * len(scene.visitors)


def _path(scene: Scene, door: str, knock: Knock) -> tuple[str, str]:
    method, _, path = door.partition(" ")
    places = {"design_id": scene.design, "version_id": scene.version, "run_id": scene.run}
    for name, value in {**places, **knock.path, **knock.renew(scene)}.items():
        path = path.replace(f"{{{name}}}", value)
    assert "{" not in path, path
    return method, path


def _answer(scene: Scene, door: str, knock: Knock, visitor: Visitor, client: httpx.Client) -> str:
    method, path = _path(scene, door, knock)
    headers = {"cookie": f"layerloom={visitor.spare}"} if visitor.spare and path.endswith("/sign-out") else {}
    answer = client.request(method, path, params=knock.query, json=knock.body, headers=headers)
    return str(answer.status_code) if answer.is_success else f"{answer.status_code} {answer.json()['code']}"


def _connected(scene: Scene, path: str, visitor: Visitor, origin: Any) -> ClientConnection:
    headers = {name: value for name, value in visitor.headers(scene.server.url).items() if name != "origin"}
    address = scene.server.url.replace("http", "ws", 1) + path
    return connect(address, additional_headers=headers, origin=origin, open_timeout=SECONDS)


def _open(scene: Scene, door: str, knock: Knock, visitor: Visitor) -> str:
    try:
        with _connected(scene, _path(scene, door, knock)[1], visitor, scene.server.url):
            return "101"
    except InvalidStatus as error:
        return str(error.response.status_code)


UPDATE: Final = bytes([1, 1, 200, 1, 0, 4, 1, 1, 0x74, 1, 0x78, 0])
"""One insertion of the text `x`, by client 200, into a text called `t`."""

MESSAGES: Final[dict[str, bytes]] = {
    "Step1": protocol.step_1(b"\0"),
    "Update": protocol.update(UPDATE),
    "Update with changes, as an answer": protocol.step_2(UPDATE),
    "Update without changes, as an answer": protocol.step_2(b"\0\0"),
    "Awareness": protocol.awareness([Presence(7, 1, "{}")]),
    "QueryAwareness": bytes([protocol.QUERY_AWARENESS]),
}
READ_ONLY: Final = {"Update", "Update with changes, as an answer"}
"""What changes a design, and needs an editor of it."""


def test_every_message_has_a_policy_that_is_held(scene: Scene) -> None:
    assert {type(read_message(frame)) for frame in MESSAGES.values()} == set(get_args(Message))
    needs = {name: protocol.least_role(read_message(frame)) for name, frame in MESSAGES.items()}
    assert needs == {name: Role.EDITOR if name in READ_ONLY else Role.VIEWER for name in MESSAGES}
    expected, received = {}, {}
    for visitor in scene.visitors:
        if visitor.design is None:
            continue
        for name, frame in MESSAGES.items():
            cell = f"{name}: {visitor.name}"
            expected[cell] = "heard" if visitor.design >= needs[name] else "closed 4403"
            received[cell] = _say(scene, visitor, frame)
    assert received == expected


def _say(scene: Scene, visitor: Visitor, frame: bytes) -> str:
    """Send `frame` and then ask for the document; return whether an answer came, or how the socket was closed."""
    with _connected(scene, f"/api/designs/{scene.design}/sync", visitor, scene.server.url) as socket:
        try:
            socket.send(frame)
            socket.send(protocol.step_1(b"\0"))
            while not socket.recv(timeout=SECONDS).startswith(bytes([protocol.SYNC, protocol.STEP_2])):  # type: ignore[arg-type]
                pass
        except ConnectionClosed as closed:
            return f"closed {closed.rcvd.code if closed.rcvd else 'without a word'}"
        return "heard"


def test_who_comes_by_a_link_downloads_the_design_file_only(scene: Scene) -> None:
    (visitor,) = [each for each in scene.visitors if each.name == "visitor by a link"]
    with visitor.client(scene.server.url) as client:
        for kind in ("keras", "python", "json", "onnx"):
            answer = client.get(f"/api/designs/{scene.design}/export", params={"format": kind})
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), kind


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", ""])
def test_another_origin_is_refused_at_every_unsafe_door_and_socket(scene: Scene, origin: str) -> None:
    with scene.owner.client(scene.server.url) as client:
        for door, knock in KNOCKS.items():
            method, path = _path(scene, door, Knock(path={**knock.path, "link_id": "x"}))
            if method == "WEBSOCKET":
                with pytest.raises(InvalidStatus), _connected(scene, path, scene.owner, origin):
                    pass
            elif method != "GET":
                answer = client.request(method, path, headers={"origin": origin}, json=knock.body)
                assert (answer.status_code, answer.json()["code"]) == (403, "wrong_origin"), door
