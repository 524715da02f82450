"""Files that are broken or mean harm, sent to the server as a browser sends them: the web process's side of it."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import httpx
import psutil
import pytest

from tests.server import Server
from tests.worker.imports.corpus import CORPUS, dense, functional, hdf5, input_layer, sequential, tensor, with_model

SECONDS: Final = 300.0
BUSY_SECONDS: Final = 60.0
GROWTH: Final = 50 * 2**20
"""By how much the web process may grow over all the files, in bytes."""

WORDS: Final = {"code", "message", "expected", "received", "hint"}


def keras_2(*entries: Any, **config: Any) -> bytes:
    config = {"name": "m", "layers": list(entries), "input_layers": [["x", 0, 0]], **config}
    return json.dumps({"class_name": "Model", "keras_version": "2.4.0", "config": config}).encode()


def old(name: str, *calls: Any, **more: Any) -> dict[str, Any]:
    config = {"name": name, "units": 3}
    return {"class_name": "Dense", "name": name, "config": config, "inbound_nodes": list(calls), **more}


def old_input(**config: Any) -> dict[str, Any]:
    config = {"name": "x", "batch_input_shape": [None, 4], "dtype": "float32", **config}
    return {"class_name": "InputLayer", "name": "x", "config": config, "inbound_nodes": []}


def design(**content: Any) -> bytes:
    return json.dumps({"nodes": {}, "layers": {}, **content}).encode()


MORE: Final[dict[str, tuple[str, Callable[[], bytes], str]]] = {
    "keras 2: a circle": (
        "m.json",
        lambda: keras_2(
            old_input(),
            old("d", [["e", 0, 0, {}]]),
            old("e", [["d", 0, 0, {}]]),
            output_layers=[["d", 0, 0]],
        ),
        "not_a_model",
    ),
    "keras 2: two of one name": (
        "m.json",
        lambda: keras_2(
            old_input(), old("d", [["x", 0, 0, {}]]), old("d", [["x", 0, 0, {}]]), output_layers=[["d", 0, 0]]
        ),
        "not_a_model",
    ),
    "keras 2: not a number": (
        "m.json",
        lambda: keras_2(old_input(), old("d", [["x", 0, 0, {}]]), output_layers=[["d", 0, 0]]).replace(b"3}", b"NaN}"),
        "not_a_model",
    ),
    "keras 2: an output from nowhere": (
        "m.json",
        lambda: keras_2(old_input(), old("d", [["x", 0, 0, {}]]), output_layers=[["gone", 0, 0]]),
        "not_a_model",
    ),
    "keras 2: calls of text": (
        "m.json",
        lambda: keras_2(old_input(), old("d", "x"), output_layers=[["d", 0, 0]]),
        "not_a_model",
    ),
    "keras 2: a name that is a path": (
        "m.json",
        lambda: keras_2(old_input(), old("../../x", [["x", 0, 0, {}]]), output_layers=[["../../x", 0, 0]]),
        "not_a_model",
    ),
    "keras 2: a call index below nothing": (
        "m.json",
        lambda: keras_2(old_input(), old("d", [["x", -1, 0, {}]]), output_layers=[["d", 0, 0]]),
        "not_a_model",
    ),
    "keras 2 in hdf5: half a text": (
        "m.h5",
        lambda: hdf5(
            lambda file: file.attrs.update(model_config=b'{"class_name": "Sequential"', keras_version=b"2.4.0")
        ),
        "not_a_model",
    ),
    "a wire to itself, through another": (
        "m.json",
        lambda: functional(
            input_layer(),
            dense("d", name="d", inbound_nodes=[{"args": [tensor("e")], "kwargs": {}}]),
            dense("e", name="e", inbound_nodes=[{"args": [tensor("d")], "kwargs": {}}]),
            outputs=[["e", 0, 0]],
        ),
        "not_a_model",
    ),
    "a name that ends a text": ("m.json", lambda: sequential(dense('"""\nimport os\n"""')), "not_a_model"),
    "a design of tomorrow": ("d.json", lambda: design(format=10**6), "invalid"),
    "a design of 20,000 layers": (
        "d.json",
        lambda: design(layers={f"l{number}": {"class_name": "Dense"} for number in range(20_000)}),
        "invalid",
    ),
    "a design with a path for an id": (
        "d.json",
        lambda: design(layers={"../../x": {"class_name": "Dense"}}),
        "invalid",
    ),
    "a design with a number that is none": (
        "d.json",
        lambda: design(nodes={"n": {"layer": "l", "x": 1.5}}).replace(b"1.5", b"NaN"),
        "invalid",
    ),
    "a design that is a list": ("d.json", lambda: design(layers=[1]), "invalid"),
}
"""What the worker's corpus leaves out, in the same form."""

FILES: Final = {**CORPUS, **MORE}


@pytest.fixture(scope="module")
def owner(server: Server) -> Iterator[httpx.Client]:
    with server.client() as client:
        client.timeout = httpx.Timeout(SECONDS)
        client.get("/api/sandbox").raise_for_status()
        yield client


def imported(owner: httpx.Client, filename: str, content: bytes) -> httpx.Response:
    """Send a file to be imported; again while the server says that it is too busy, as on a machine under load."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        answer = owner.post("/api/designs/import", files={"file": (filename, content)})
        if answer.status_code != 503 or time.monotonic() > deadline:
            return answer


def good_files_are_imported(owner: httpx.Client) -> None:
    good = functional(input_layer(), dense("d", name="d", inbound_nodes=[{"args": [tensor("x")], "kwargs": {}}]))
    for filename, content in (("good.json", good), ("good.h5", hdf5(lambda file: with_model(file, good.decode())))):
        answer = imported(owner, filename, content)
        assert answer.status_code == 201, answer.text
        assert [row["outcome"] for row in answer.json()["layers"]] == ["ok", "ok"]


def test_every_bad_file_is_refused_with_words_and_the_server_is_as_it_was(server: Server, owner: httpx.Client) -> None:
    assert server.process is not None
    web = psutil.Process(server.process.pid)
    good_files_are_imported(owner)
    around = sorted(path.name for path in server.data.parent.iterdir())
    before = web.memory_info().rss
    most, answers = before, {}
    for what, (filename, make, _) in FILES.items():
        answer = imported(owner, f"../../../{filename}", make())
        answers[what] = (answer.status_code // 100, answer.json().get("code"), set(answer.json()) == WORDS)
        most = max(most, web.memory_info().rss)
    assert answers == {what: (4, code, True) for what, (_, _, code) in FILES.items()}
    assert len(answers) >= 60
    assert most - before <= GROWTH, f"{(most - before) / 2**20:.0f} MiB"
    assert sorted(path.name for path in server.data.parent.iterdir()) == around
    assert list((server.data / "imports").glob("*")) == []
    assert list((server.data.parent / "tmp").rglob("*")) == []
    assert server.process.poll() is None
    good_files_are_imported(owner)


def form(*parts: bytes, boundary: bytes = b"bound") -> bytes:
    return b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + boundary + b"--\r\n"


def file_part(filename: bytes, content: bytes = b"{}", field: bytes = b"file") -> bytes:
    return b'Content-Disposition: form-data; name="%s"; filename="%s"\r\n\r\n%s' % (field, filename, content)


FORMS: Final[dict[str, tuple[str, bytes]]] = {
    "no form at all": ("application/json", b"{}"),
    "no boundary": ("multipart/form-data", form(file_part(b"m.json"))),
    "an empty form": ("multipart/form-data; boundary=bound", form()),
    "nothing": ("multipart/form-data; boundary=bound", b""),
    "another boundary": ("multipart/form-data; boundary=other", form(file_part(b"m.json"))),
    "no field called file": ("multipart/form-data; boundary=bound", form(file_part(b"m.json", field=b"other"))),
    "cut short": ("multipart/form-data; boundary=bound", form(file_part(b"m.json", b"{" * 5_000))[:-3_000]),
    "a boundary of 10,000 letters": ("multipart/form-data; boundary=" + "b" * 10_000, form(file_part(b"m.json"))),
    "a part without a header": ("multipart/form-data; boundary=bound", form(b"\r\n{}")),
    "a header of 1 MB": ("multipart/form-data; boundary=bound", form(b"X: " + b"y" * 2**20 + b"\r\n\r\n{}")),
    "10,000 headers": ("multipart/form-data; boundary=bound", form(b"X: y\r\n" * 10_000 + b"\r\n{}")),
    "a header that is none": ("multipart/form-data; boundary=bound", form(b"\0\xff: y\r\n\r\n{}")),
    "10,000 parts": ("multipart/form-data; boundary=bound", form(*[file_part(b"x", field=b"f")] * 10_000)),
    "a name of bytes": ("multipart/form-data; boundary=bound", form(file_part(b"\xff\xfe\0.json"))),
    "a name of 100,000 letters": ("multipart/form-data; boundary=bound", form(file_part(b"m" * 100_000))),
    "a name that is a path": ("multipart/form-data; boundary=bound", form(file_part(b"/etc/passwd"))),
    "a name that ends its line": ("multipart/form-data; boundary=bound", form(file_part(b"m\\\r\nX: y"))),
}
"""Forms by what is wrong with them: the content type and the body."""


@pytest.mark.parametrize("door", ["/api/designs/import", "/api/datasets/uploads", "/api/weights/uploads"])
def test_every_bad_form_is_refused_with_words(server: Server, owner: httpx.Client, door: str) -> None:
    answers = {}
    for what, (content_type, body) in FORMS.items():
        answer = owner.post(door, content=body, headers={"content-type": content_type})
        answers[what] = (answer.status_code // 100, set(answer.json()) == WORDS)
    assert answers == dict.fromkeys(FORMS, (4, True))
    assert list((server.data / "imports").glob("*")) == []
    assert list((server.data.parent / "tmp").rglob("*")) == []


def test_a_file_over_the_limit_is_refused_while_it_comes_in(server: Server, owner: httpx.Client) -> None:
    assert server.process is not None
    web = psutil.Process(server.process.pid)
    before = web.memory_info().rss

    def endless() -> Iterator[bytes]:
        yield b'--bound\r\nContent-Disposition: form-data; name="file"; filename="steps.py"\r\n\r\n'
        for _ in range(64):
            yield b"#" * 2**20

    headers = {"content-type": "multipart/form-data; boundary=bound"}
    try:
        answer = owner.post("/api/designs/import/run", content=endless(), headers=headers)
    except httpx.WriteError:
        pass
    else:
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert web.memory_info().rss - before <= GROWTH
    assert owner.get("/api/session").status_code == 200


def kept(server: Server) -> set[str]:
    return {str(path) for path in (server.data / "files").rglob("*") if path.is_file()}


def test_weights_that_mean_harm_are_refused_in_the_sandbox(server: Server, owner: httpx.Client) -> None:
    chosen = (
        *("zip bomb", "a link", "a path out of the archive"),
        *("an external link", "values in another file", "a circle of groups", "4 TB of values", "truncated hdf5"),
    )
    answers, before = {}, kept(server)
    for what in chosen:
        filename, make, _ = CORPUS[what]
        answer = owner.post("/api/weights/uploads", files={"file": (f"../../{filename}", make())})
        answers[what] = (answer.status_code // 100, set(answer.json()) == WORDS)
    assert answers == dict.fromkeys(chosen, (4, True))
    assert kept(server) == before
    assert list((server.data / "sandbox").glob("*/weights")) == []
