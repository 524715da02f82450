"""Host and Origin are checked on HTTP and on WebSockets."""

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.server import Server


def test_an_unknown_host_is_refused(server: Server) -> None:
    answer = httpx.get(f"{server.url}/api/session", headers={"host": "evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_origin")


def test_localhost_is_the_same_server(server: Server) -> None:
    assert httpx.get(f"http://localhost:{server.port}/api/session").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_an_unsafe_method_from_another_site_is_refused(server: Server, headers: dict[str, str]) -> None:
    with server.client() as client:
        answer = client.post("/api/designs", json={"name": "from afar"}, headers={"origin": server.url, **headers})
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong_origin")
        assert "from afar" not in {design["name"] for design in client.get("/api/designs").json()}


def test_a_form_of_another_site_is_no_json(server: Server) -> None:
    with server.client() as client:
        answer = client.post("/api/designs", content=b'{"name": "x"}', headers={"content-type": "text/plain"})
        assert answer.status_code in {415, 422}


def test_a_socket_from_another_site_is_refused(server: Server) -> None:
    with server.client() as client:
        design = client.post("/api/designs", json={"name": "mine"}).json()
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        address = f"{server.url.replace('http', 'ws')}/api/designs/{design['id']}/sync"
        with pytest.raises(InvalidStatus) as refused:
            connect(address, additional_headers={"cookie": cookie}, origin="http://evil.example")
        assert refused.value.response.status_code == 403
        with connect(address, additional_headers={"cookie": cookie}, origin=server.url):
            pass
        client.delete(f"/api/designs/{design['id']}")


def test_pages_carry_their_headers(server: Server) -> None:
    headers = httpx.get(server.url).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "unsafe-inline" not in headers["content-security-policy"].split("style-src")[0]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
