"""What browser tests share: how windows are opened, and what is wrong with a page for some of its readers."""

from collections.abc import Callable

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

#: Opens a window on a link; further arguments are those of Playwright's ``new_context``.
Open = Callable[..., Page]

DESK = {"width": 1280, "height": 900}
PHONE = {"width": 375, "height": 800}


def grave_faults(page: Page) -> list[str]:
    """What axe-core calls serious or critical, each with the elements that have it; none is the aim."""
    found = Axe().run(page).response["violations"]
    return [
        f"{fault['id']}: {fault['help']} ({', '.join(node['html'] for node in fault['nodes'])})"
        for fault in found
        if fault["impact"] in {"serious", "critical"}
    ]


def has_sideways_scroll(page: Page) -> bool:
    """Whether the page is wider than its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
