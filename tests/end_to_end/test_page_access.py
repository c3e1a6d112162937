"""The page is private: only our own address, the link's token and our own forms get past its door."""

import contextlib
import os
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from cutoutd.web.access.tokens import TOKEN_NAME
from support.clients import http_requests
from support.clients.page_client import OWN, address_of, link_to, shown, visitor
from support.processes.daemon_process import DaemonProcess, Place
from support.processes.sandbox_process import SandboxProcess


@dataclass(frozen=True)
class Page:
    """A page that is open for all tests of this module."""

    place: Place
    daemon: DaemonProcess
    link: str

    @property
    def address(self) -> str:
        return address_of(self.link)

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    @property
    def token(self) -> str:
        return self.link.partition("token=")[2]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, shared_sandbox: SandboxProcess) -> Iterator[Page]:
    place = Place(tmp_path_factory.mktemp("page") / "shop", shared_sandbox.url)
    place.configure(web={"listen": "127.0.0.1:0"})
    with place.start_cold() as daemon:
        daemon.wait_for("started")
        yield Page(place, daemon, link_to(place))


@pytest.fixture
def client(page: Page) -> Iterator[httpx2.Client]:
    with visitor(page.link) as client:
        yield client


def secret_of(page: Page, client: httpx2.Client) -> str:
    return re.findall(r'name="csrf" value="([0-9a-f]+)"', client.get("/").text)[0]


def is_hung_up(connection: socket.socket) -> bool:
    try:
        return connection.recv(100) == b""
    except ConnectionResetError:
        return True


def test_the_link_opens_it_and_leaves_the_address_clean(page: Page) -> None:
    """The token is taken out of the address at once, and a strict cookie that no script can read takes its place."""
    answer = http_requests.get(page.link)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"cutoutd_{page.port}=")
    assert all(word in cookie for word in ("HttpOnly", "SameSite=strict", "Path=/"))
    assert page.token not in cookie
    assert answer.headers["referrer-policy"] == "no-referrer"
    with visitor(page.link) as client:
        assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/?token=", "/?token=wrong", "/nothing", "//evil.example/", "/..%2f..%2fetc/passwd"]
)
def test_without_the_token_nothing_is_shown(page: Page, path: str) -> None:
    """Whoever has no link is told how to get it, and learns nothing else, not even which pages there are."""
    answer = http_requests.get(page.address + path)
    assert answer.status_code == 403
    assert "cutoutd page" in answer.text
    assert "shop" not in answer.text


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8717", "10.0.0.1", "", "[::2]"]
)
def test_a_foreign_name_for_this_machine_is_refused(page: Page, client: httpx2.Client, host: str) -> None:
    """DNS rebinding: a request with the right cookie but another page's name gets nothing."""
    answer = client.get("/", headers={"Host": host})
    assert answer.status_code == 421
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("host", ["localhost:9000", "127.0.0.1", "[::1]:8717", "LOCALHOST"])
def test_this_machines_own_names_are_taken(page: Page, host: str) -> None:
    """Also those that a tunnel has, whose port is another."""
    assert http_requests.get(page.link, headers={"Host": host}).status_code == 303


def test_followed_from_another_site_the_link_works_too(page: Page) -> None:
    """A strict cookie does not come along on another site's redirect, so a page of our own goes on by itself."""
    answer = http_requests.get(page.link, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
    assert '<meta http-equiv="refresh" content="0; url=/">' in answer.text
    assert "set-cookie" in answer.headers
    later = http_requests.get(f"{page.address}//evil.example/?a=1", headers={"Sec-Fetch-Site": "cross-site"})
    assert 'content="0; url=/evil.example/?a=1"' in later.text


def test_machines_may_ask_for_health_without_a_token(page: Page) -> None:
    """Monitoring has no browser; it learns of no photo."""
    answer = http_requests.get(f"{page.address}/healthz", headers={"Host": "monitor.example"})
    assert answer.status_code == 200


def test_every_answer_keeps_the_browser_off(page: Page, client: httpx2.Client) -> None:
    """No foreign script, no frame, no guess at a type, and nothing private in a cache."""
    for answer in (client.get("/"), client.get("/nothing"), http_requests.get(page.address)):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


def test_static_files_may_be_kept_for_ever_and_nothing_else_is_served_there(client: httpx2.Client) -> None:
    """Their addresses change with their content; no path leads out."""
    (style,) = re.findall(r'href="(/static/\w+/page.css)"', client.get("/").text)
    answer = client.get(style)
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]
    for path in ("/static/page.css", "/static/x/page.css", "/static/%2e%2e/gate.py", "/static/../gate.py", "/static/"):
        assert client.get(path).status_code == 404, path


def test_an_order_from_elsewhere_is_refused(page: Page, client: httpx2.Client) -> None:
    """A form of another site's, or a script without the form's secret, changes nothing, even with the cookie."""
    secret = secret_of(page, client)
    forged = (
        ({"Origin": "http://evil.example"}, {"csrf": secret}),
        ({"Origin": "null"}, {"csrf": secret}),
        ({"Origin": page.address, "Sec-Fetch-Site": "cross-site"}, {"csrf": secret}),
        ({"Sec-Fetch-Site": "same-site"}, {"csrf": secret}),
        ({}, {"csrf": secret}),
        (OWN, {"csrf": "0" * 64}),
        (OWN, {"csrf": page.token}),
        (OWN, {"photo": "1"}),
    )
    for headers, fields in forged:
        assert client.post("/approve", data=fields, headers=headers).status_code == 403, (headers, fields)
    for headers in (OWN, {"Origin": page.address}):
        assert client.post("/nothing", data={"csrf": secret}, headers=headers).status_code == 404


def test_an_order_without_the_cookie_is_refused(page: Page, client: httpx2.Client) -> None:
    """The form's secret alone is not enough."""
    secret = secret_of(page, client)
    answer = http_requests.post(f"{page.address}/approve", data={"csrf": secret}, headers=OWN)
    assert answer.status_code == 403


def test_what_is_no_form_is_refused(client: httpx2.Client) -> None:
    """Too large, another type, too many fields: none is read to its end."""
    form = {**OWN, "Content-Type": "application/x-www-form-urlencoded"}
    assert client.post("/approve", content=b"a=" + b"x" * 100_000, headers=form).status_code == 413
    assert client.post("/approve", content=b"&".join([b"a=1"] * 5000), headers=form).status_code == 400
    assert client.post("/approve", content=b"a=\xff", headers=form).status_code == 400
    assert client.post("/approve", json={"csrf": "x"}, headers=OWN).status_code == 415


def test_a_slow_client_is_let_go(page: Page) -> None:
    """Half a request's head, or half a form, holds nothing open for long, and others are answered meanwhile."""
    cookie = http_requests.get(page.link).headers["set-cookie"].partition(";")[0]
    head = (
        f"POST /approve HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\nCookie: {cookie}\r\nSec-Fetch-Site: same-origin\r\n"
    )
    form = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 50\r\n\r\ncsrf"
    with (
        socket.create_connection(("127.0.0.1", page.port)) as no_head,
        socket.create_connection(("127.0.0.1", page.port)) as no_body,
    ):
        no_head.sendall(b"GET / HTTP/1.1\r\nHost: 127")
        no_body.sendall((head + form).encode())
        assert http_requests.get(f"{page.address}/healthz").status_code == 200
        no_head.settimeout(60)
        no_body.settimeout(60)
        assert is_hung_up(no_head)
        assert b" 408 " in no_body.recv(100)


def test_the_token_is_kept_private_and_stays_the_same(page: Page) -> None:
    """It is in a file that nobody else can read, and in no line of the log; a restart leaves it as it is."""
    file = page.place.state / TOKEN_NAME
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().strip() == page.token
    assert page.token not in page.daemon.output
    assert page.token not in Path(f"/proc/{page.daemon.pid}/cmdline").read_text()
    for environ in Path(f"/proc/{page.daemon.pid}").glob("environ"):
        assert os.geteuid() or page.token not in environ.read_text()


def test_refusals_are_counted_and_not_repeated(page: Page) -> None:
    """Knocking a hundred times fills no log."""
    before = page.daemon.count("page_refused")
    for _ in range(100):
        http_requests.get(page.address)
    assert page.daemon.count("page_refused") - before <= 1


def test_a_token_of_ones_own(place: Place, tmp_path: Path) -> None:
    """``web.token_file`` names it; one that everyone can read opens nothing and stops no photo."""
    file = tmp_path / "token"
    file.write_text("a-token-of-my-own-0123456789\n")
    file.chmod(0o640)
    web = {"listen": "127.0.0.1:0", "token_file": str(file)}
    with shown(place, web=web) as (_daemon, link):
        assert link.endswith("/?token=a-token-of-my-own-0123456789")
        assert http_requests.get(link).status_code == 303
    file.chmod(0o644)
    with place.start() as daemon:
        daemon.wait_for("started")
        (line,) = [line for line in daemon.lines if line.action == "no_page"]
        assert "everyone on this machine may read" in line.message
        answer = place.command("page")
        assert answer.returncode == 1
        assert "chmod o=" in answer.stderr
        daemon.stop()


def test_the_command_says_why_there_is_no_link(place: Place) -> None:
    """Nothing listens, nothing runs, or another program has the port: each has its own sentence."""
    answer = place.command("page")
    assert (answer.returncode, "web.listen is null" in answer.stderr) == (1, True)
    place.configure(web={"listen": "127.0.0.1:0"})
    answer = place.command("page")
    assert (answer.returncode, "is not running" in answer.stderr) == (1, True)
    with socket.create_server(("127.0.0.1", 0)) as other:
        place.configure(web={"listen": f"127.0.0.1:{other.getsockname()[1]}"})
        with place.start() as daemon:
            daemon.wait_for("started")
            answer = place.command("page")
            assert (answer.returncode, "could not listen" in answer.stderr) == (1, True)


def test_windows_that_are_open_are_bounded_and_end_with_the_daemon(place: Place) -> None:
    """Sixteen may watch at once; another one is told to come back, and none of them holds up the stop."""
    with shown(place) as (daemon, link), visitor(link) as client, contextlib.ExitStack() as windows:
        streams = [windows.enter_context(client.stream("GET", "/live")) for _ in range(16)]
        lines = [stream.iter_lines() for stream in streams]
        for line in lines:
            assert "All done" not in next(line)
        refused = client.get("/live")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")
        assert daemon.stop() == 0
        for line in lines:
            list(line)  # ends whole: a stream that was torn off would raise


def test_without_the_token_nobody_watches(page: Page) -> None:
    """The news are as private as the page."""
    assert http_requests.get(f"{page.address}/live").status_code == 403
