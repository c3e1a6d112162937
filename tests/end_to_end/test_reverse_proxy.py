"""The reverse proxies that ship as examples: real ones, in front of the real daemon."""

import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from support.clients import http_requests
from support.clients.webhook_client import address_of, listening, signature, unknown_message
from support.processes.daemon_process import Place, eventually
from support.servers.ports import free_port
from support.servers.untrusted_tls import SELF_SIGNED, write_certificate

EXAMPLES = Path(__file__).parents[2] / "systemd" / "reverse-proxy"

#: Debian keeps it where only root looks.
_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
NGINX = shutil.which("nginx", path=_PATH)
CADDY = shutil.which("caddy", path=_PATH)
needs_nginx = pytest.mark.skipif(NGINX is None, reason="this machine has no nginx")
needs_caddy = pytest.mark.skipif(CADDY is None, reason="this machine has no caddy")

#: In each of its answers.
FROM_DAEMON = b"content-security-policy"

#: The name of the page in the examples.
PAGE_HOST = "cutouts.example.com"

#: What must not get through, as it goes over the wire.
OTHER_PATHS = (
    "/",
    "/healthz",
    "/metrics",
    "/hooks/uploadcare/",
    "/hooks/uploadcare/../../healthz",
    "/hooks/uploadcare%2f..%2f..%2fhealthz",
    "//healthz",
    "/hooks/uploadcarex",
)


def nginx_configuration(home: Path, daemon: str, port: int, example: str = "nginx.conf") -> Path:
    """The example as a whole configuration: another name, another port, a certificate of no account."""
    pem = write_certificate(SELF_SIGNED, home)
    server = (EXAMPLES / example).read_text()
    name = "hooks.example.com" if example == "nginx.conf" else PAGE_HOST
    for theirs, ours in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("    listen [::]:443 ssl;\n", ""),
        (f"/etc/letsencrypt/live/{name}/fullchain.pem", str(pem)),
        (f"/etc/letsencrypt/live/{name}/privkey.pem", str(pem)),
        ("http://127.0.0.1:8717", daemon),
    ):
        assert theirs in server
        server = server.replace(theirs, ours)
    places = "".join(
        f"{kind}_temp_path {home}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    written = home / "nginx.conf"
    written.write_text(
        f"daemon off; master_process off; pid {home}/nginx.pid; error_log stderr;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{places}{server}\n}}\n"
    )
    return written


def caddy_configuration(home: Path, daemon: str, port: int, example: str = "Caddyfile") -> Path:
    """The example without encryption, which would need a name that the world knows."""
    site = (EXAMPLES / example).read_text()
    name, place = ("hooks.example.com", "127.0.0.1") if example == "Caddyfile" else (PAGE_HOST, PAGE_HOST)
    for theirs, ours in (
        (f"\n{name} {{", f"\nhttp://{place}:{port} {{"),
        ("127.0.0.1:8717", daemon.removeprefix("http://")),
    ):
        assert theirs in site
        site = site.replace(theirs, ours)
    written = home / "Caddyfile"
    written.write_text(f"{{\n\tadmin off\n\tauto_https off\n\tdefault_bind 127.0.0.1\n}}\n{site}")
    return written


def at_home(home: Path) -> dict[str, str]:
    """An environment in which a program keeps its things here."""
    return {**os.environ, "HOME": str(home), "XDG_DATA_HOME": str(home), "XDG_CONFIG_HOME": str(home)}


@contextmanager
def running(arguments: list[str], home: Path, port: int) -> Iterator[None]:
    with (home / "proxy.log").open("wb") as log:
        process = subprocess.Popen(arguments, stdout=log, stderr=log, env=at_home(home))
        try:
            eventually(lambda: process.poll() is not None or takes_connections(port))
            assert process.poll() is None, (home / "proxy.log").read_text()
            yield
        finally:
            process.terminate()
            process.wait()


def takes_connections(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def require_only_messages_pass(base: str) -> None:
    """The one path takes signed messages; nothing else comes back from the daemon."""
    body = unknown_message()
    headers = {"X-Uc-Signature": signature(body)}
    with httpx2.Client(base_url=base, verify=untrusting(), trust_env=False, timeout=60) as client:
        assert client.post("/hooks/uploadcare", content=body, headers=headers).status_code == 200
        assert client.post("/hooks/uploadcare", content=body).status_code == 401
        assert client.get("/hooks/uploadcare").status_code in {403, 404}
        assert client.put("/hooks/uploadcare", content=body, headers=headers).status_code in {403, 404}
    assert b" 413 " in heading_of(base, "POST /hooks/uploadcare", promised_bytes=10_000_000)
    assert FROM_DAEMON in heading_of(base, "POST /hooks/uploadcare")
    for path in OTHER_PATHS:
        for method in ("GET", "POST"):
            heading = heading_of(base, f"{method} {path}")
            assert int(heading.split()[1]) in {400, 404}, (method, path)
            assert FROM_DAEMON not in heading, (method, path)


def untrusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def heading_of(base: str, line: str, *, promised_bytes: int = 0) -> bytes:
    """The answer's heading, in small letters, to a request that no library has tidied, and whose body is not sent."""
    scheme, _, place = base.partition("://")
    host, _, port = place.partition(":")
    request = f"{line} HTTP/1.1\r\nHost: {place}\r\nContent-Length: {promised_bytes}\r\nConnection: close\r\n\r\n"
    plain = socket.create_connection((host, int(port)), timeout=60)
    with untrusting().wrap_socket(plain) if scheme == "https" else plain as connection:
        connection.sendall(request.encode())
        answer = b""
        while b"\r\n\r\n" not in answer and (piece := connection.recv(4096)):
            answer += piece
    return answer.partition(b"\r\n\r\n")[0].lower()


@needs_nginx
def test_nginx_finds_no_fault_and_lets_only_messages_through(place: Place, tmp_path: Path) -> None:
    """``nginx -t`` takes the example, and a real nginx with it shows nothing of the page."""
    listening(place)
    port = free_port()
    with place.start() as daemon:
        configuration = nginx_configuration(tmp_path, address_of(daemon), port)
        command = [str(NGINX), "-p", str(tmp_path), "-c", str(configuration)]
        tested = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
        assert tested.returncode == 0, tested.stderr
        assert "warn" not in tested.stderr
        with running(command, tmp_path, port):
            require_only_messages_pass(f"https://127.0.0.1:{port}")


@needs_caddy
def test_caddy_finds_no_fault_and_lets_only_messages_through(place: Place, tmp_path: Path) -> None:
    """``caddy validate`` takes the example as it is, and a real Caddy with it shows nothing of the page."""
    validated = subprocess.run(
        [str(CADDY), "validate", "--config", str(EXAMPLES / "Caddyfile"), "--adapter", "caddyfile"],
        capture_output=True,
        text=True,
        check=False,
        env=at_home(tmp_path),
    )
    assert validated.returncode == 0, validated.stderr
    assert '"level":"warn"' not in validated.stderr
    listening(place)
    port = free_port()
    with place.start() as daemon:
        configuration = caddy_configuration(tmp_path, address_of(daemon), port)
        command = [str(CADDY), "run", "--config", str(configuration), "--adapter", "caddyfile"]
        with running(command, tmp_path, port):
            require_only_messages_pass(f"http://127.0.0.1:{port}")


def require_page_works(base: str, place: Place, daemon: str) -> None:
    """The link opens the page under its name, forms and news pass, and cookies fit the connection."""
    links = place.command("page").stdout.split()
    assert len(links) == 2
    assert links[1].startswith(f"https://{PAGE_HOST}/?token=")
    scheme = base.partition(":")[0]
    named = {"Host": PAGE_HOST}
    with httpx2.Client(base_url=base, verify=untrusting(), trust_env=False, timeout=60) as client:
        opened = client.get(f"/?token={links[1].partition('=')[2]}", headers=named)
        assert opened.status_code == 303
        cookie = opened.headers["set-cookie"]
        assert ("secure" in cookie.lower()) is (scheme == "https")
        session = {**named, "Cookie": cookie.partition(";")[0]}
        shown = client.get("/", headers=session)
        assert shown.status_code == 200
        assert "max-age" in shown.headers["strict-transport-security"]
        csrf = re.findall(r'name="csrf" value="([0-9a-f]+)"', shown.text)[0]
        for origin, status in ((f"{scheme}://{PAGE_HOST}", 303), ("https://evil.example", 403)):
            answer = client.post("/pause", data={"csrf": csrf}, headers={**session, "Origin": origin})
            assert answer.status_code == status
        with client.stream("GET", "/live", headers=session) as news:
            assert next(news.iter_lines()).startswith("data:")
        for path in ("/metrics", "/hooks/uploadcare"):
            assert client.get(path, headers=session).status_code == 404
    refused = http_requests.get(f"{daemon}/", headers={"Host": "cutouts.evil.example"})
    assert refused.status_code == 421
    assert "hosts: [cutouts.evil.example]" in refused.text


@needs_nginx
def test_nginx_shows_the_page_to_the_office(place: Place, tmp_path: Path) -> None:
    """``nginx -t`` takes the example for the page, and a real nginx with it serves the page under its name."""
    place.configure(web={"listen": "127.0.0.1:0", "hosts": [PAGE_HOST]})
    port = free_port()
    with place.start() as daemon:
        configuration = nginx_configuration(tmp_path, address_of(daemon), port, "nginx-page.conf")
        command = [str(NGINX), "-p", str(tmp_path), "-c", str(configuration)]
        tested = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
        assert tested.returncode == 0, tested.stderr
        assert "warn" not in tested.stderr
        with running(command, tmp_path, port):
            require_page_works(f"https://127.0.0.1:{port}", place, address_of(daemon))


@needs_caddy
def test_caddy_shows_the_page_to_the_office(place: Place, tmp_path: Path) -> None:
    """``caddy validate`` takes the example for the page, and a real Caddy with it serves the page under its name."""
    validated = subprocess.run(
        [str(CADDY), "validate", "--config", str(EXAMPLES / "Caddyfile-page"), "--adapter", "caddyfile"],
        capture_output=True,
        text=True,
        check=False,
        env=at_home(tmp_path),
    )
    assert validated.returncode == 0, validated.stderr
    assert '"level":"warn"' not in validated.stderr
    place.configure(web={"listen": "127.0.0.1:0", "hosts": [PAGE_HOST]})
    port = free_port()
    with place.start() as daemon:
        configuration = caddy_configuration(tmp_path, address_of(daemon), port, "Caddyfile-page")
        command = [str(CADDY), "run", "--config", str(configuration), "--adapter", "caddyfile"]
        with running(command, tmp_path, port):
            require_page_works(f"http://127.0.0.1:{port}", place, address_of(daemon))
