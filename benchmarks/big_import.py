"""EfficientNetB7 from a file to a laid-out, collapsed canvas in Chromium, against `model_from_json` of the same file.

Run `python -m benchmarks.big_import`. Both begin with the file on disk and a warm process: Keras is imported, the
server has read a file before, the list of designs is open in the browser. Ours ends when the cards of collapsed blocks
are drawn. The two take turns, so that what else the machine does slows both.
"""

import json
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from app.worker.quiet import import_keras, quietly
from tests.browser.chromium import ARGUMENTS, find_chromium
from tests.server import Server

ROUNDS = 3
MOST = 2.0


WARM_SECONDS = 180.0


def write_architecture(folder: Path) -> Path:
    """Write the file that both read."""
    import_keras()
    import keras

    path = folder / "efficientnetb7.json"
    with quietly():
        path.write_text(keras.applications.EfficientNetB7(weights=None).to_json())
    return path


def rebuild(path: Path) -> float:
    """Return the seconds that Keras takes to build the model of the file."""
    import keras

    with quietly():
        keras.backend.clear_session()
        start = time.perf_counter()
        keras.models.model_from_json(path.read_text())
        return time.perf_counter() - start


def warm(server: Server, path: Path) -> None:
    """Import the file over HTTP: the server waits there until its processes have imported Keras."""
    with server.client() as client, path.open("rb") as file:
        client.post("/api/designs/import", files={"file": (path.name, file)}, timeout=WARM_SECONDS).raise_for_status()


def open_file(page: Page, path: Path, address: str) -> float:
    """Import the file by hand; return the seconds until its collapsed blocks are drawn."""
    page.goto(address)
    expect(page.get_by_test_id("new-design")).to_be_visible()
    page.wait_for_load_state("networkidle")
    start = time.perf_counter()
    page.locator("input[type=file]").first.set_input_files(path)
    page.get_by_test_id("import-open").click()
    blocks = page.get_by_test_id("canvas").locator("[data-testid^='node-block:']")
    expect(blocks.first).to_be_attached(timeout=120_000)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return time.perf_counter() - start


def measure(browser: Browser, server: Server, path: Path) -> tuple[float, float]:
    """Return the best seconds of ours and of Keras alone."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(server.link)
    rounds = [(open_file(page, path, server.url), rebuild(path)) for _ in range(ROUNDS)]
    context.close()
    return min(ours for ours, _ in rounds), min(peer for _, peer in rounds)


def main() -> None:
    """Print a JSON line."""
    with tempfile.TemporaryDirectory(prefix="ll-") as folder:
        path = write_architecture(Path(folder))
        data = Path(folder) / "data"
        data.mkdir()
        with Server(data) as server, sync_playwright() as playwright:
            warm(server, path)
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(ARGUMENTS))
            ours, rebuilt = measure(browser, server, path)
            browser.close()
    ratio = ours / rebuilt
    line = {
        "what": "EfficientNetB7, from file to a collapsed canvas: ours / model_from_json",
        "ratio": round(ratio, 3),
        "target": f"<= {MOST:g}",
        "met": ratio <= MOST,
        "detail": f"model_from_json {rebuilt:.2f} s, ours {ours:.2f} s",
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
