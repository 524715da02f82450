"""`python -m benchmarks.canvas`: build the page, drive both canvases in Chromium, print frames and ratios."""

import functools
import http.server
import json
import math
import shutil
import statistics
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).parent
FRONTEND = HERE.parents[1] / "frontend"
NODES = 1000
ROUNDS = 3
SECONDS = 2.0
SCENES: dict[str, tuple[float | None, tuple[str, ...]]] = {"near": (1.0, ("pan", "drag")), "fitted": (None, ("pan",))}

GOALS: tuple[tuple[str, str, str, float], ...] = (
    ("near", "drag", "frames", 58),
    ("near", "pan", "ratio", 1.6),
    ("fitted", "pan", "ratio", 4),
)
LONGEST_TASK_MS = 50.0
"""The browser reports what holds the main thread for longer than this."""

ZOOM = "new DOMMatrix(document.querySelector('.react-flow__viewport').style.transform).a"
FITTED = f"({ZOOM}) !== 1"

STILL = """() => {
  const before = window.lastZoom;
  window.lastZoom = document.querySelector('.react-flow__viewport').style.transform;
  return before === window.lastZoom;
}"""

PLACE = """(selector) => {
  for (let reach = 0; reach < 300; reach += 3) {
    for (let turn = 0; turn < 12; turn++) {
      const x = 720 + reach * Math.cos(turn * Math.PI / 6);
      const y = 450 + reach * Math.sin(turn * Math.PI / 6);
      const found = document.elementFromPoint(x, y);
      if (found?.closest(selector) && !found.closest(".react-flow__handle, .react-flow__edge")) return {x, y};
    }
  }
  throw new Error("Nothing to grab near the middle: " + selector);
}"""

FRAMES = """async ({gesture, seconds, x, y}) => {
  const target = document.elementFromPoint(x, y);
  const fire = (type, cx, cy) => (type === "mousedown" ? target : window).dispatchEvent(new MouseEvent(type, {
    bubbles: true, cancelable: true, view: window, button: 0, buttons: 1, clientX: cx, clientY: cy}));
  fire("mousedown", x, y);
  const moving = gesture === "drag"
    ? target.closest(".react-flow__node") : document.querySelector(".react-flow__viewport");
  const before = moving.style.transform;
  let moved = false;
  let frames = 0;
  const start = performance.now();
  await new Promise((done) => {
    const step = (now) => {
      const angle = (now - start) / 260;
      const reach = gesture === "drag" ? 60 : 150;
      fire("mousemove", x + reach * Math.sin(angle), y + (reach / 2) * Math.sin(2 * angle));
      frames += 1;
      moved ||= moving.style.transform !== before;
      if (now - start < seconds * 1000) requestAnimationFrame(step);
      else done();
    };
    requestAnimationFrame(step);
  });
  const passed = (performance.now() - start) / 1000;
  fire("mouseup", x, y);
  if (!moved) throw new Error("Nothing moved: " + gesture + " at " + x + ", " + y);
  return frames / passed;
}"""


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the figures are the output."""


@contextmanager
def built_page() -> Iterator[str]:
    """Build the page into a temporary folder and serve it; yield its address."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npx", "vite", "build", "--config", str(HERE / "vite.config.mjs"), "--outDir", folder]
        subprocess.run(command, cwd=FRONTEND, check=True, capture_output=True)
        handler = functools.partial(_Quiet, directory=folder)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_address[1]}/"
            server.shutdown()


def open_canvas(browser: Browser, address: str, canvas: str, zoom: float | None) -> Page:
    """Open one of the two canvases with `NODES` layers, fitted or near the middle of the network."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{address}?canvas={canvas}&nodes={NODES}")
    page.wait_for_selector(".react-flow__viewport", state="attached")
    page.wait_for_function(FITTED)
    page.wait_for_function(STILL)
    if zoom is not None:
        page.mouse.move(720, 450)
        page.mouse.wheel(0, -math.log2(zoom / page.evaluate(ZOOM)) / 0.002)
        page.wait_for_function(f"Math.abs(({ZOOM}) - {zoom}) < 0.02")
    page.wait_for_function(STILL)
    return page


def measure(page: Page, gesture: str) -> float:
    """Frames a second while panning the empty canvas or dragging a card."""
    place = page.evaluate(PLACE, ".react-flow__node" if gesture == "drag" else ".react-flow__pane")
    return float(page.evaluate(FRAMES, {"gesture": gesture, "seconds": SECONDS, **place}))


def run(browser: Browser, address: str) -> dict[tuple[str, str, str], float]:
    """Median frames a second by (scene, gesture, canvas); the canvases take turns."""
    found: dict[tuple[str, str, str], list[float]] = {}
    for _ in range(ROUNDS):
        for scene, (zoom, gestures) in SCENES.items():
            for canvas in ("plain", "ours"):
                page = open_canvas(browser, address, canvas, zoom)
                for gesture in gestures:
                    found.setdefault((scene, gesture, canvas), []).append(measure(page, gesture))
                page.close()
    return {key: statistics.median(values) for key, values in found.items()}


LAYOUT = """async () => {
  const tasks = [];
  const seen = new PerformanceObserver((list) => tasks.push(...list.getEntries().map((entry) => entry.duration)));
  seen.observe({ type: "longtask" });
  const before = performance.now();
  document.querySelector("[data-testid=canvas]").focus();
  document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "T", shiftKey: true, bubbles: true }));
  const frame = () => new Promise(requestAnimationFrame);
  while (!document.querySelector("[data-testid=tidying]")) await frame();
  while (document.querySelector("[data-testid=tidying]")) await frame();
  const passed = performance.now() - before;
  for (let index = 0; index < 30; index++) await frame();
  seen.disconnect();
  return { longest: Math.max(0, ...tasks), passed };
}"""


def lay_out(browser: Browser, address: str) -> dict[str, float]:
    """Lay out all layers; return the longest task of the main thread and the time until they stood, in ms."""
    page = open_canvas(browser, address, "ours", None)
    found: dict[str, float] = page.evaluate(LAYOUT)
    page.close()
    return found


def main() -> None:
    """Print a JSON line for each goal."""
    with built_page() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
            args=["--no-sandbox", "--disable-gpu"],
        )
        frames = run(browser, address)
        layout = min((lay_out(browser, address) for _ in range(ROUNDS)), key=lambda found: found["longest"])
        browser.close()
    for scene, gesture, kind, target in GOALS:
        plain, ours = frames[scene, gesture, "plain"], frames[scene, gesture, "ours"]
        figure = ours if kind == "frames" else ours / plain
        line = {
            "what": f"{NODES} layers, {scene}, {gesture}: "
            + ("frames/s" if kind == "frames" else "frames/s against plain React Flow"),
            "ratio": round(figure, 3),
            "target": f">= {target:g}",
            "met": figure >= target,
            "detail": f"plain {plain:.1f}, ours {ours:.1f} frames/s",
        }
        print(json.dumps(line))
    line = {
        "what": f"{NODES} layers, laid out: the longest task of the main thread, ms",
        "ratio": round(layout["longest"], 1),
        "target": f"<= {LONGEST_TASK_MS:g}",
        "met": layout["longest"] <= LONGEST_TASK_MS,
        "detail": f"laid out after {layout['passed'] / 1e3:.1f} s",
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
