"""A real Chromium before the page of a real daemon: one browser for each module, one window for each test.

Every window is watched: a request to another host, an error of a script's or a breach of the page's own policy fails
the test, whatever it was about.
"""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from support.clients.browser_windows import DESK, Open
from support.clients.page_client import address_of, is_on_page

#: Far longer than anything takes, as everywhere in this suite.
PATIENCE_MS = 90_000


expect.set_options(timeout=PATIENCE_MS)


# Not for the session: while Playwright is up, this thread has an event loop that runs, and tests of other modules could
# not run theirs.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("this machine has no chromium")
    with sync_playwright() as playwright:
        # Root has no sandbox of Chromium's own; what is opened here is ours.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def window(browser: Browser) -> Iterator[Open]:
    """Opens windows on a link and watches them until the test is over."""
    troubles: list[str] = []
    contexts = []

    def open_window(link: str, **options: object) -> Page:
        context = browser.new_context(**{"viewport": DESK, **options})  # type: ignore[arg-type]  passed on
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("request", lambda request: _note_stranger(troubles, request.url, address_of(link)))
        page.on("console", lambda message: _note_error(troubles, message))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(link)
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert troubles == []


def _note_error(troubles: list[str], message: ConsoleMessage) -> None:
    # A daemon that has ended, or was ended at the end of a test, is no fault of the page's.
    if message.type == "error" and "net::ERR_" not in message.text:
        troubles.append(message.text)


def _note_stranger(troubles: list[str], url: str, address: str) -> None:
    if not is_on_page(url, address):
        troubles.append(f"a request to {url}")
