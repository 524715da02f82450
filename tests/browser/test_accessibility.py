"""axe finds nothing on the main pages, light or dark, that keeps people out: no serious or critical violation."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.editor import Editor
from tests.server import Server

AXE = Path("frontend/node_modules/axe-core/axe.min.js")


def violations(page: Page, place: str) -> list[str]:
    """Return what axe finds serious or critical in the page as it stands, in both colour schemes."""
    if not page.evaluate("'axe' in window"):
        # Evaluated by the browser itself, so the page's policy for scripts stays as it is.
        page.evaluate(AXE.read_text())
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", scheme)
        result: dict[str, Any] = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        found += [
            f"{place}, {scheme}: {violation['impact']} {violation['id']} at {node['target']}: {node['failureSummary']}"
            for violation in result["violations"]
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"]
        ]
    return found


def test_nothing_keeps_people_out(person: Callable[..., Page], server: Server) -> None:
    stranger = person(None)
    stranger.goto("/")
    expect(stranger.get_by_role("heading", level=1)).to_be_visible()
    found = violations(stranger, "signed out")

    page = person(server.sign_in_link())
    with server.client() as client:
        design = client.post("/api/designs", json={"template": "iris_mlp", "name": "For everybody"}).json()
    page.goto("/")
    expect(page.get_by_text("For everybody")).to_be_visible()
    found += violations(page, "designs")
    page.get_by_test_id("new-design").click()
    expect(page.get_by_test_id("template-iris_mlp")).to_be_visible()
    found += violations(page, "new design")

    page.goto("/gallery")
    expect(page.get_by_test_id("template-iris_mlp")).to_be_visible()
    found += violations(page, "gallery")

    page.goto(f"/designs/{design['id']}")
    editor = Editor(page)
    editor.saved()
    editor.select("dense_1")
    expect(page.get_by_test_id("layer-params")).to_be_visible()
    found += violations(page, "editor")
    editor.open_code()
    expect(editor.code).to_contain_text("dense_1")
    editor.show_panel("Train")
    expect(page.get_by_test_id("train-button")).to_be_enabled(timeout=60_000)
    found += violations(page, "code and training")

    page.get_by_test_id("share-open").click()
    page.get_by_test_id("share-link-create").click()
    link = page.get_by_test_id("share-link-url").input_value()
    found += violations(page, "sharing")
    viewer = person(None)
    refused: list[str] = []
    viewer.on("response", lambda answer: refused.append(answer.url) if answer.status >= 400 else None)
    viewer.goto(link)
    viewer.wait_for_url(re.compile(r"/designs/[\w-]{22}"))
    expect(viewer.get_by_test_id("saved-chip")).to_have_attribute("data-state", "readonly")
    expect(Editor(viewer).nodes).not_to_have_count(0)
    Editor(viewer).show_panel("Train")
    expect(viewer.get_by_test_id("train-button")).to_be_disabled()
    found += violations(viewer, "viewing by a link")

    assert found == []
    assert refused == []
