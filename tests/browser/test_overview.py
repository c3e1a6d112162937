"""The overview, in a real browser."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from playwright.sync_api import Browser, Page, expect

from support.clients.browser_windows import PHONE, Open, grave_faults, has_sideways_scroll
from support.clients.page_client import address_of, is_on_page, secret_in, shown, visitor
from support.images.drawn_photos import put
from support.processes.daemon_process import Place, eventually


def test_the_link_opens_the_page_and_leaves_no_token_in_the_address(place: Place, window: Open) -> None:
    """One click, and the address can be shown to anybody; the cookie is out of any script's reach."""
    with shown(place) as (_daemon, link):
        page = window(link)
        assert is_on_page(page.url, address_of(link))
        assert page.title() == "Overview · cutoutd"
        assert page.evaluate("document.cookie") == ""
        page.reload()
        assert page.title() == "Overview · cutoutd"


def test_nothing_hinders_anybody(place: Place, window: Open) -> None:
    """No serious fault of accessibility in light or dark, and no sideways scroll on a phone."""
    with shown(place) as (_daemon, link):
        for scheme in ("light", "dark"):
            page = window(link, color_scheme=scheme, viewport=PHONE)
            assert grave_faults(page) == []
            assert not has_sideways_scroll(page)


def figure(page: Page, word: str) -> str:
    """The number under one of the five words."""
    return page.locator(".figures > div", has_text=word).locator("dd").inner_text()


def test_photos_move_to_published_while_the_page_is_open(place: Place, window: Open) -> None:
    """Photos that are dropped into the folder are counted and become published without a reload."""
    with shown(place) as (daemon, link):
        page = window(link)
        expect(page.get_by_role("heading", name="Drop photos into a folder")).to_be_visible()
        page.evaluate("window.isTheSame = true")
        for number in range(6):
            put(place.input / f"shoes/{number}.jpg")
        put(place.input / "broken.jpg", b"GIF89a")
        expect(page.locator(".figures > div", has_text="Published").locator("dd")).to_have_text("6")
        expect(page.locator(".figures > div", has_text="Rejected").locator("dd")).to_have_text("1")
        expect(page.get_by_role("heading", name="All done")).to_be_visible()
        expect(page.get_by_role("row", name="shop")).to_contain_text("6")
        assert page.evaluate("window.isTheSame")
        for scheme in ("light", "dark"):
            phone = window(link, color_scheme=scheme, viewport=PHONE)
            expect(phone.locator(".latest img")).to_have_count(6)
            assert grave_faults(phone) == []
            assert not has_sideways_scroll(phone)
        assert daemon.stop() == 0
        expect(page.get_by_text("Not connected to cutoutd")).to_be_visible()


def test_pausing_holds_and_going_on_lets_go(place: Place, window: Open) -> None:
    """The button holds what comes next; the other one lets it go, and the page says so by itself."""
    with shown(place) as (daemon, link):
        page = window(link)
        page.get_by_role("button", name="Pause").click()
        expect(page.get_by_role("heading", name="Paused", exact=True)).to_be_visible()
        put(place.input / "a.jpg")
        expect(page.locator(".figures > div", has_text="Waiting").locator("dd")).to_have_text("1")
        assert place.outputs() == []
        assert grave_faults(page) == []
        page.get_by_role("button", name="Go on").click()
        daemon.wait_for("published", "a.jpg")
        expect(page.get_by_role("heading", name="All done")).to_be_visible()


def test_a_held_batch_is_approved_with_its_price_in_sight(place: Place, window: Open) -> None:
    """The number and the cost are shown first; exactly as many are approved, and what comes later is not."""
    for number in range(5):
        put(place.input / f"{number}.jpg")
    limits, price = {"confirm_over": 3}, {"per_1000_operations": 0.5, "operations_per_removal": 40}
    with shown(place, limits=limits, price=price) as (daemon, link):
        page = window(link)
        page.get_by_role("link", name="Look at it and approve…").click()
        expect(page.get_by_role("heading", name="Approve 5 photos?")).to_be_visible()
        expect(page.locator("main")).to_contain_text("in money")
        assert grave_faults(page) == []
        for number in range(5, 9):
            put(place.input / f"{number}.jpg")
        eventually(lambda: place.status()["batches"][0]["photos"] == 9)
        page.get_by_role("button", name="Approve and pay").click()
        expect(page.get_by_role("status").filter(has_text="5 approved")).to_be_visible()
        daemon.wait_for("published", *(f"{number}.jpg" for number in range(5)))
        expect(page.get_by_text("4 new photos wait for your approval")).to_be_visible()
        assert len(place.outputs()) == 5


def test_without_javascript_everything_can_be_read_and_ordered(place: Place, window: Open) -> None:
    """The script only spares the reload."""
    with shown(place) as (daemon, link):
        put(place.input / "a.jpg")
        daemon.wait_for("published", "a.jpg")
        page = window(link, java_script_enabled=False)
        assert figure(page, "Published") == "1"
        page.get_by_role("button", name="Pause").click()
        expect(page.get_by_role("heading", name="Paused", exact=True)).to_be_visible()
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_role("heading", name="All done")).to_be_visible()


def test_the_keyboard_reaches_everything_in_order(place: Place, window: Open) -> None:
    """The first stop skips to the content; each stop shows that it is one."""
    with shown(place) as (_daemon, link):
        page = window(link)
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Pause")).to_be_focused()
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Go on")).to_be_visible()


def test_the_link_works_from_another_sites_page(place: Place, browser: Browser) -> None:
    """Whoever clicks it in a mail program on the web comes in too, although the cookie is strict."""
    with shown(place) as (_daemon, link), elsewhere(f'<a href="{link}">the link</a>') as address:
        page = browser.new_page()
        page.goto(address)
        page.get_by_role("link", name="the link").click()
        expect(page.get_by_role("heading", name="Ready for photos")).to_be_visible()
        assert is_on_page(page.url, address_of(link))
        page.goto(address)
        page.evaluate(f"window.location = '{address_of(link)}/'")
        expect(page.get_by_role("heading", name="Ready for photos")).to_be_visible()
        page.close()


def test_another_sites_form_orders_nothing(place: Place, browser: Browser) -> None:
    """A page elsewhere that knows even the form's secret gets a refusal, and nothing is paused."""
    with shown(place) as (_daemon, link), visitor(link) as client:
        secret = secret_in(client.get("/").text)
        order = f'<form method="post" action="{address_of(link)}/pause"><input name="csrf" value="{secret}">'
        with elsewhere(f"{order}<button>Win a prize</button></form>") as address:
            context = browser.new_context()
            page = context.new_page()
            page.goto(link)
            page.goto(address)
            page.get_by_role("button", name="Win a prize").click()
            expect(page.get_by_role("heading", name="You need the link")).to_be_visible()
            context.close()
        assert place.status()["paused"] is None


@contextmanager
def elsewhere(body: str) -> Iterator[str]:
    """Another site with one page."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://localhost:{server.server_address[1]}/"
        server.shutdown()
