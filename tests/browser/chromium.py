"""Which Chromium the browser tests drive; `python -m tests.browser.chromium` prints it or says what to install."""

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str | None:
    """Return the path of a Chromium: `CHROMIUM`, one on PATH, or Playwright's own; None when there is none."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    for name in NAMES:
        path = shutil.which(name)
        if path is not None:
            return path
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


if __name__ == "__main__":
    found = find_chromium()
    if found is None:
        sys.exit(
            "No Chromium was found. Install one (Debian, Ubuntu: apt install chromium; elsewhere:"
            " .venv/bin/playwright install chromium), or name it: CHROMIUM=/path/to/chromium make test"
        )
    print(found)
