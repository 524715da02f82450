"""Data sets through a real server: the list, descriptions by real readers, uploads good and bad."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.datasets.builtin import BUILTIN
from app.datasets.service import label
from app.infra.database import Database
from app.main import create_app
from app.settings import Settings
from tests.conftest import URL, signed_in
from tests.graph.designs import design
from tests.server import Server


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


def upload(client: httpx.Client, content: bytes, filename: str = "table.csv") -> httpx.Response:
    return client.post("/api/datasets/uploads", files={"file": (filename, content, "text/csv")})


OTHER_FIELD = b'--x\r\ncontent-disposition: form-data; name="other"\r\n\r\n1\r\n--x--\r\n'
FLOWERS = "length,width,kind\n" + "".join(f"{row % 7}.5,{row % 5},{'ab'[row % 2]}\n" for row in range(60))


def test_the_list_begins_with_what_needs_no_upload(client: httpx.Client) -> None:
    listed = client.get("/api/datasets").json()
    assert [entry["name"] for entry in listed[: len(BUILTIN)]] == list(BUILTIN)
    digits = listed[0]
    assert (digits["source"], digits["available"], digits["feature_shape"], digits["classes"]) == (
        "bundled",
        True,
        [8, 8, 1],
        10,
    )
    for entry in listed:
        assert entry["available"] == (entry["problem"] is None)


async def test_downloaded_sets_are_looked_for_where_keras_puts_them(
    settings: Settings, database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = folder / "keras"
    (home / "datasets").mkdir(parents=True)
    (home / "datasets" / "mnist.npz").touch()
    monkeypatch.setenv("KERAS_HOME", str(home))
    application = create_app(Settings(data=folder, database_url=settings.database), URL)
    async with signed_in(application, database) as client:
        listed = {entry["name"]: entry for entry in (await client.get("/api/datasets")).json()}
    await application.state.services.database.close()
    assert {name for name, entry in listed.items() if entry["available"] and BUILTIN[name].files} == {"mnist"}
    assert str(home / "datasets" / "imdb.npz") in listed["imdb"]["problem"]


@pytest.mark.parametrize("name", [name for name, builtin in BUILTIN.items() if not builtin.files])
def test_what_the_list_says_is_what_the_data_is(client: httpx.Client, name: str) -> None:
    description = client.get(f"/api/datasets/{name}/description").json()
    builtin = BUILTIN[name]
    assert {
        "kind": description["kind"],
        "samples": description["samples"],
        "shape": tuple(description["features"][0]["shape"]),
        "classes": len(description["target"]["classes"]),
    } == {"kind": builtin.kind, "samples": builtin.samples, "shape": builtin.shape, "classes": builtin.classes}


def test_a_form_that_is_cut_short_is_refused(client: httpx.Client) -> None:
    """A whole request whose form does not come to its end: nobody knows what is missing of the file."""
    head = b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    headers = {"content-type": "multipart/form-data; boundary=x"}
    for end, status in ((b"", 422), (b"\r\n--x", 422), (b"\r\n--x--\r\n", 201)):
        answer = client.post("/api/datasets/uploads", content=head + FLOWERS.encode() + end, headers=headers)
        assert answer.status_code == status, answer.text


def test_an_unknown_set_is_named(client: httpx.Client) -> None:
    response = client.get("/api/datasets/upload:nothing/description")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_a_table_from_upload_to_deletion(client: httpx.Client) -> None:
    uploaded = upload(client, FLOWERS.encode(), "../../etc/flow\u2028ers.csv").json()
    assert (uploaded["filename"], uploaded["title"], uploaded["rows"]) == ("flowers.csv", "flowers", 60)
    assert [column["name"] for column in uploaded["columns"]] == ["length", "width", "kind"]
    name = uploaded["name"]

    options = client.get(f"/api/datasets/{name}/options").json()
    assert options == uploaded["options"]
    options |= {"targets": ["kind"], "seed": 7}
    assert client.put(f"/api/datasets/{name}/options", json=options).json() == options
    refused = client.put(f"/api/datasets/{name}/options", json=options | {"targets": ["nobody"]})
    assert (refused.status_code, refused.json()["received"]) == (422, "nobody")

    description = client.get(f"/api/datasets/{name}/description").json()
    assert description["target"]["classes"] == ["a", "b"]
    assert description["samples"] == 60
    listed = {entry["name"]: entry for entry in client.get("/api/datasets").json()}
    assert (listed[name]["task"], listed[name]["classes"], listed[name]["samples"]) == ("classification", 2, 60)

    assert client.delete(f"/api/datasets/{name}").json() == {"deleted": True}
    assert client.get(f"/api/datasets/{name}/options").status_code == 404


def test_columns_of_a_design_are_judged_and_reach_its_code(client: httpx.Client) -> None:
    name = upload(client, FLOWERS.encode()).json()["name"]
    drawn = design(
        {
            "a": ("InputLayer", {"shape": [1]}),
            "b": ("InputLayer", {"shape": [2], "position": 1}),
            "both": ("Concatenate", {}),
            "dense": ("Dense", {"units": 1}),
            "y": ("Output", {}),
        },
        ["a->both:inputs.0", "b->both:inputs.1", "both->dense", "dense->y"],
    ).model_dump(mode="json")

    def asked(columns: dict[str, list[str]]) -> tuple[list[tuple[str, str, str]], str]:
        training = {"dataset": name, "columns": columns, "tasks": {"y": "regression"}}
        document = {**drawn, "training": training}
        added = client.post("/api/designs", json={"document": document}).json()["id"]
        found = client.get(f"/api/designs/{added}/preflight").json()["problems"]
        code = client.post(f"/api/designs/{added}/code").json()["source"]
        return [(each["code"], each["node"], each["expected"]) for each in found], code

    problems, code = asked({"a": ["length"], "b": ["kind"], "y": ["width"]})
    assert problems == [("input_shape", "b", "shape (3,), one sample of the data, from the columns kind (3 values)")]
    assert 'features(columns, ["kind"], train)' in code
    assert 'y = numbers(columns, ["width"])' in code
    problems, _ = asked({"a": ["length"], "b": ["nothing"], "y": ["width"]})
    assert problems == [("bad_data", "b", "length, width, kind")]
    client.delete(f"/api/datasets/{name}")


@pytest.mark.parametrize(
    "content",
    [b"", b"\n\n\n", b"\x00\x01\x02" * 1_000, "\U0001f600,\U0001f600\n".encode() * 3, b"\xff\xfe\x00" * 50, b"only"],
    ids=["empty", "blank", "binary", "emoji", "broken text", "one word"],
)
def test_a_bad_file_is_a_clear_refusal_or_a_table(client: httpx.Client, content: bytes) -> None:
    response = upload(client, content)
    assert response.status_code in {201, 422}, response.text
    if response.status_code == 422:
        assert response.json()["message"]
    else:
        name = response.json()["name"]
        assert client.get(f"/api/datasets/{name}/description").status_code in {200, 422}
        client.delete(f"/api/datasets/{name}")


def test_a_hundred_megabytes_are_read_without_a_crash(client: httpx.Client) -> None:
    row = b"1.5,2.5,0\n2.5,3.5,1\n"
    response = upload(client, b"a,b,c\n" + row * (100 * 2**20 // len(row)))
    assert response.status_code in {201, 422}, response.text
    assert client.get("/api/datasets").status_code == 200


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"a,b\n", "text/csv"),
        (b"--x\r\nnothing", "multipart/form-data; boundary=x"),
        (b"", "multipart/form-data; boundary=x"),
        (b"--x--\r\n", "multipart/form-data"),
        (
            b'--x\r\ncontent-disposition: form-data; name="other"\r\n\r\n1\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
    ],
)
def test_a_request_without_a_file_is_refused(client: httpx.Client, content: bytes, kind: str) -> None:
    response = client.post("/api/datasets/uploads", content=content, headers={"content-type": kind})
    assert (response.status_code, response.json()["code"]) == (422, "invalid")


def test_an_upload_over_the_limit_is_refused_before_it_is_read(client: httpx.Client, server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.putrequest("POST", "/api/datasets/uploads")
    connection.putheader("content-type", "multipart/form-data; boundary=x")
    connection.putheader("content-length", str(2**40))
    connection.putheader("cookie", f"layerloom={client.cookies['layerloom']}")
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["code"]) == (413, "too_large")
    connection.close()


@pytest.mark.parametrize(
    ("filename", "shown"),
    [
        ("C:\\tables\\iris.csv", "iris.csv"),
        ("../../etc/passwd", "passwd"),
        ("\x00\n", "table.csv"),
        ("", "table.csv"),
        ("\u00e9t\u00e9.csv", "\u00e9t\u00e9.csv"),
    ],
)
def test_a_file_name_is_a_label(filename: str, shown: str) -> None:
    assert label(filename) == shown
