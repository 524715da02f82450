"""A real Chromium, real servers, and people with browsers of their own."""

from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.chromium import ARGUMENTS, find_chromium
from tests.server import Server

RESULTS = Path("test-results")
REPORTS = pytest.StashKey[dict[str, pytest.TestReport]]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in item.path.as_posix():
            item.add_marker("browser")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    item.stash.setdefault(REPORTS, {})[report.when] = report
    return report


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def person(request: pytest.FixtureRequest, chromium: Browser, server: Server) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a browser of its own for somebody, signed in by `link` (none: a stranger)."""
    contexts: list[BrowserContext] = []

    def open_browser(link: str | None, **options: object) -> Page:
        context = chromium.new_context(
            **{"viewport": {"width": 1440, "height": 900}, "accept_downloads": True, "base_url": server.url, **options}
        )
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        page.errors = []  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: page.errors.append(str(error)))  # type: ignore[attr-defined]
        if link is not None:
            page.goto(link)
        return page

    yield open_browser
    called = request.node.stash[REPORTS].get("call")
    if called is None or called.failed:
        RESULTS.mkdir(exist_ok=True)
        for number, page in enumerate(page for context in contexts for page in context.pages):
            page.screenshot(path=RESULTS / f"{request.node.name}-{number}.png")
    for context in contexts:
        for page in context.pages:
            assert page.errors == []  # type: ignore[attr-defined]
        context.close()
