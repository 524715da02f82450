"""The story of two people: share as editor, edit one node from two browsers, undo one's own, watch by a link."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.browser.editor import Editor
from tests.server import Server


def document(server: Server, design_id: str) -> dict[str, dict[str, dict[str, object]]]:
    with server.client() as client:
        answer: dict[str, dict[str, dict[str, object]]] = client.get(f"/api/designs/{design_id}/document").json()
        return answer


def test_two_people_and_a_link(person: Callable[..., Page], server: Server) -> None:
    invitation = server.sign_in_link("Ada")
    page = person(server.sign_in_link())
    with server.client() as client:
        design = client.post("/api/designs", json={"template": "digits_cnn", "name": "Shared"}).json()
    page.goto(f"/designs/{design['id']}")
    mine = Editor(page)
    mine.saved()

    page.get_by_test_id("share-open").click()
    page.get_by_test_id("share-add").click()
    page.get_by_role("option", name="Ada").click()
    expect(page.get_by_test_id("share-person-Ada")).to_be_visible()
    page.get_by_test_id("share-link-create").click()
    link = page.get_by_test_id("share-link-url").input_value()
    page.keyboard.press("Escape")

    other = person(invitation)
    other.goto("/")
    other.get_by_text("Shared", exact=True).first.click()
    theirs = Editor(other)
    theirs.saved()

    name = first_named(document(server, design["id"]), "Conv2D")
    for editor in (mine, theirs):
        editor.select(name)
    mine.set_param(name, "filters", "24")
    theirs.set_param(name, "kernel_size", "2")
    expect(other.get_by_test_id("param-filters").locator("input").first).to_have_value("24")
    expect(page.get_by_test_id("param-kernel_size").locator("input").first).to_have_value("2")
    mine.saved()
    theirs.saved()
    params = params_of(document(server, design["id"]), name)
    assert (params["filters"], params["kernel_size"]) == (24, 2)

    other.get_by_test_id("undo").click()
    theirs.saved()
    expect(page.get_by_test_id("param-kernel_size").locator("input").first).not_to_have_value("2")
    assert params_of(document(server, design["id"]), name)["filters"] == 24

    viewer = person(None)
    viewer.goto(link)
    viewer.wait_for_url(re.compile(r"/designs/[\w-]{22}"))
    expect(viewer.get_by_test_id("saved-chip")).to_have_attribute("data-state", "readonly")
    Editor(viewer).show_panel("Train")
    expect(viewer.get_by_test_id("train-button")).to_be_disabled()
    assert viewer.get_by_test_id("palette").count() == 0 or viewer.get_by_test_id("undo").is_disabled()
    with server.client() as client:
        run = client.post(f"/api/designs/{design['id']}/runs", json={}).raise_for_status().json()
    viewer.goto(f"/designs/{design['id']}/runs/{run['id']}")
    viewer.wait_for_function(
        "() => Number(document.querySelector(\"[data-testid='chart-loss']\")?.dataset.points) >= 20"
    )
    expect(viewer.get_by_test_id("run-stop")).to_have_count(0)

    cookie = "; ".join(f"{c['name']}={c['value']}" for c in viewer.context.cookies())
    assert_socket_refuses_edits(server, design["id"], cookie)


def first_named(design: dict[str, dict[str, dict[str, object]]], class_name: str) -> str:
    return next(str(layer["name"]) for layer in design["layers"].values() if layer["class_name"] == class_name)


def params_of(design: dict[str, dict[str, dict[str, object]]], name: str) -> dict[str, object]:
    params = next(layer["params"] for layer in design["layers"].values() if layer["name"] == name)
    assert isinstance(params, dict)
    return params


def assert_socket_refuses_edits(server: Server, design_id: str, cookie: str) -> None:
    """A raw sync message with an update closes the viewer's socket, and nothing changes."""
    before = document(server, design_id)
    address = f"{server.url.replace('http', 'ws')}/api/designs/{design_id}/sync"
    with connect(address, additional_headers={"cookie": cookie}, origin=server.url) as socket:
        update = bytes([1, 1, 1, 0, 4, 1, 4]) + b"meta" + bytes([0])
        socket.send(bytes([0, 2, len(update)]) + update)
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                socket.recv(timeout=10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4403
    assert document(server, design_id) == before
