"""The page's session in a real browser: no other port of this machine gets its cookie, and a button ends it."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from playwright.sync_api import Browser, expect

from support.clients.page_client import shown
from support.processes.daemon_process import Place


def test_no_other_port_gets_the_cookie_and_signing_out_ends_it(place: Place, browser: Browser) -> None:
    """Another program at 127.0.0.1 sees no cookie; after signing out, the page asks for the link."""
    seen: list[str | None] = []

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers.get("Cookie"))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with shown(place) as (_daemon, link), ThreadingHTTPServer(("127.0.0.1", 0), Other) as other:
        threading.Thread(target=other.serve_forever).start()
        page = browser.new_page()
        page.goto(link)
        address = urlsplit(page.url)
        assert (address.hostname or "").endswith(".localhost")
        assert page.title() == "Overview · cutoutd"
        page.goto(f"http://127.0.0.1:{other.server_address[1]}/")
        page.goto(f"http://localhost:{other.server_address[1]}/")
        other.shutdown()
        assert set(seen) == {None}
        page.goto(f"http://127.0.0.1:{address.port}/")
        assert page.title() == "Overview · cutoutd"
        page.get_by_role("button", name="Sign out everywhere").click()
        expect(page.get_by_role("heading", name="Signed out")).to_be_visible()
        page.goto(f"http://127.0.0.1:{address.port}/")
        expect(page.get_by_role("heading", name="You need the link")).to_be_visible()
        page.close()
