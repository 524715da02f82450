"""`make screenshots`: draw the README's pictures from a real server, a real run and a real Chromium."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.chromium import ARGUMENTS, find_chromium
from tests.server import Server

IMAGES = Path(__file__).parent / "images"
WIDE = {"width": 1440, "height": 900}
NARROW = {"width": 390, "height": 844}


def draw(
    browser: Browser,
    server: Server,
    address: str,
    name: str,
    ready: str,
    size: dict[str, int] = WIDE,
    begin: Callable[[Page], None] | None = None,
) -> None:
    """Write `name-light.png` and `name-dark.png` of a page, once the element with the test id `ready` is there.

    `begin` does what a person would do on the page before that.
    """
    for scheme in ("light", "dark"):
        context = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        context.add_cookies([{"name": k, "value": v, "url": server.url} for k, v in server.owner_cookies.items()])
        page: Page = context.new_page()
        page.goto(f"{server.url}{address}")
        if begin is not None:
            begin(page)
        expect(page.get_by_test_id(ready).first).to_be_visible(timeout=30_000)
        page.wait_for_load_state("networkidle")
        if address.count("/") == 2:  # an editor, which tells shapes after a while
            expect(page.locator("[data-testid^='shape-']").first).to_be_visible(timeout=30_000)
        page.screenshot(path=IMAGES / f"{name}-{scheme}.png")
        context.close()


def open_code(page: Page) -> None:
    expect(page.locator("[data-testid^='shape-']").first).to_be_visible(timeout=30_000)
    page.get_by_test_id("code-toggle").click()
    expect(page.get_by_test_id("design-code").locator(".cm-line").first).to_be_visible(timeout=30_000)


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="ll-") as folder,
        Server(Path(folder)) as server,
        server.client() as client,
        sync_playwright() as playwright,
    ):
        templates = ("two_encoders", "iris_mlp", "headline", "digits_cnn")
        design, *_ = [client.post("/api/designs", json={"template": name}).json() for name in reversed(templates)]
        nested = client.post("/api/designs", json={"template": "siamese"}).json()
        run = client.post(f"/api/designs/{design['id']}/runs", json={}).raise_for_status().json()
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(ARGUMENTS))
        page = browser.new_page()
        page.context.add_cookies([{"name": k, "value": v, "url": server.url} for k, v in server.owner_cookies.items()])
        page.goto(f"{server.url}/designs/{design['id']}/runs/{run['id']}")
        expect(page.get_by_test_id("run-state")).to_have_attribute("data-state", "finished", timeout=180_000)
        draw(browser, server, "/", "designs", "new-design")
        draw(browser, server, f"/designs/{design['id']}", "editor", "saved-chip")
        draw(browser, server, f"/designs/{design['id']}/runs/{run['id']}", "dashboard", "chart-loss")
        draw(browser, server, "/datasets", "datasets", "dataset-digits")
        draw(browser, server, f"/designs/{nested['id']}", "code", "design-code", begin=open_code)
        draw(browser, server, f"/designs/{design['id']}", "editor-narrow", "saved-chip", NARROW)
        draw(browser, server, f"/designs/{design['id']}/runs/{run['id']}", "dashboard-narrow", "chart-loss", NARROW)
        browser.close()


if __name__ == "__main__":
    main()
