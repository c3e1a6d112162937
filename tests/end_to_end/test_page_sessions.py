"""The page's own host name, its sessions, and what the log says of refusals."""

import re

import httpx2

from support.clients import http_requests
from support.clients.page_client import OWN, address_of, secret_in, shown, visitor
from support.processes.daemon_process import Place, eventually

#: As docs/security.md gives it to fail2ban, with its own word for the client.
FAIL2BAN = r"a request for the page was refused: .+, from (?P<host>[0-9a-f.:]+)$"

BROWSER = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none"}


def test_a_browser_is_led_to_a_host_of_the_pages_own(place: Place) -> None:
    """At the plain address it gets no cookie, which every other port of this machine would get too."""
    with shown(place) as (_, link):
        port = address_of(link).rpartition(":")[2]
        led = http_requests.get(link, headers=BROWSER)
        assert led.status_code == 303
        assert "set-cookie" not in led.headers
        found = re.fullmatch(rf"http://(cutoutd-[0-9a-f]+\.localhost):{port}/\?token=.+", led.headers["location"])
        assert found
        host = {"Host": f"{found[1]}:{port}"}
        opened = http_requests.get(link, headers=BROWSER | host)
        assert opened.status_code == 303
        assert "domain" not in opened.headers["set-cookie"].lower()
        cookie = {"Cookie": opened.headers["set-cookie"].partition(";")[0]}
        assert http_requests.get(address_of(link), headers=BROWSER | host | cookie).status_code == 200
        other = {"Host": f"cutoutd-000000000000.localhost:{port}"}
        assert http_requests.get(address_of(link), headers=BROWSER | other | cookie).status_code == 421


def test_signing_out_everywhere_ends_every_session(place: Place) -> None:
    """By the button, and by the command; the link opens the page again."""
    with shown(place) as (_, link), visitor(link) as one, visitor(link) as two:
        assert one.cookies != two.cookies
        answer = one.post("/sign-out", data={"csrf": secret_in(one.get("/").text)}, headers=OWN)
        assert "Signed out" in answer.text
        assert [client.get("/").status_code for client in (one, two)] == [403, 403]
        with visitor(link) as again:
            assert again.get("/").status_code == 200
            assert place.command("page", "--sign-out").returncode == 0
            eventually(lambda: again.get("/").status_code == 403)


def test_refusals_name_the_client_for_fail2ban_and_are_limited(place: Place) -> None:
    """The line of the log gives the address; after many wrong tokens only a right one is looked at."""
    with shown(place) as (daemon, link):
        statuses = [httpx2.get(f"{address_of(link)}/?token=wrong", trust_env=False).status_code for _ in range(40)]
        assert statuses[0] == 403
        assert statuses[-1] == 429
        assert http_requests.get(link).status_code == 303
        refused = [line.message for line in daemon.lines if line.action == "token_refused"]
        assert 1 <= len(refused) <= 20
        found = re.search(FAIL2BAN, refused[0])
        assert found
        assert found["host"] == "127.0.0.1"
