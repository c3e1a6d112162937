"""Uploads from addresses: their status, their duplicates, and which addresses are asked at all."""

import http.server
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from support.processes.sandbox_process import PUBLIC_KEY, SandboxProcess, Upload


class _Pages(http.server.BaseHTTPRequestHandler):
    """A web server with a picture, a redirect to it, redirects to nowhere, and a page that never ends."""

    def do_GET(self) -> None:
        name = self.path.strip("/").partition("?")[0]
        if name.isdecimal():
            self.send_error(int(name))
        elif name == "moved":
            self._send(302, {"Location": "/cup.jpg"})
        elif name == "round":
            self._send(302, {"Location": "/round"})
        elif name == "inward":
            self._send(302, {"Location": "http://169.254.169.254/latest/meta-data/"})
        elif name == "named":
            self._send(200, {"Content-Disposition": 'attachment; filename="my tea cup.jpg"'}, b"named")
        else:
            self._send(200, {}, f"host {self.headers['Host']}".encode())

    def _send(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def pages() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Pages) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_address[1]}/"
        server.shutdown()


def ask(client: httpx2.Client, source_url: str, **fields: str) -> httpx2.Response:
    return client.post("/from_url/", data={"pub_key": PUBLIC_KEY, "source_url": source_url, **fields})


def finished(client: httpx2.Client, token: str) -> dict[str, Any]:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        status: dict[str, Any] = client.get("/from_url/status/", params={"token": token}).json()
        if status["status"] not in {"waiting", "progress"}:
            return status
        time.sleep(0.02)  # the service offers nothing to wait on but its status
    raise TimeoutError(token)


def fetched(client: httpx2.Client, source_url: str, **fields: str) -> dict[str, Any]:
    return finished(client, ask(client, source_url, **fields).json()["token"])


def test_address_becomes_a_file(plain: httpx2.Client, pages: str, sandbox: SandboxProcess) -> None:
    """The bytes behind an address, also behind a redirect, come with the form's labels and are billed as an upload."""
    status = fetched(plain, pages + "moved", store="1", **{"metadata[pet]": "cat"})
    assert (status["status"], status["original_filename"], status["is_stored"]) == ("success", "cup.jpg", True)
    assert status["metadata"] == {"pet": "cat"}
    assert plain.get(f"/{status['uuid']}/").text == f"host {httpx2.URL(pages).netloc.decode()}"
    assert len(sandbox.counters()["uploads_by_sha256"]) == 1


def test_names(plain: httpx2.Client, pages: str) -> None:
    """The form's name comes first, then the server's, then that of the address; all in the service's letters."""
    assert fetched(plain, pages + "named")["original_filename"] == "myteacup.jpg"
    assert fetched(plain, pages + "named", filename="a b.png")["original_filename"] == "ab.png"
    assert fetched(plain, pages + "tea%20cup.jpg?x=1")["original_filename"] == "teacup.jpg"


def test_duplicates(plain: httpx2.Client, rest: httpx2.Client, pages: str) -> None:
    """An address that was remembered is answered with its file, until that is deleted."""
    url = pages + "remembered"
    file = fetched(plain, url, save_URL_duplicates="1")["uuid"]
    again = ask(plain, url, check_URL_duplicates="1").json()
    assert (again["type"], again["uuid"]) == ("file_info", file)
    assert ask(plain, url).json()["type"] == "token"
    rest.delete(f"/files/{file}/storage/")
    assert ask(plain, url, check_URL_duplicates="1").json()["type"] == "token"


@pytest.mark.parametrize(
    ("page", "code", "sentence"),
    [
        ("404", "DownloadFileHTTPClientError", "HTTP client error: 404."),
        ("503", "DownloadFileHTTPServerError", "HTTP server error: 503."),
        ("round", "URLRedirectsLimitExceededError", "Too many redirects."),
        ("inward", "URLHostPrivateIPForbiddenError", "Only public IPs are allowed."),
    ],
)
def test_failures_are_in_the_status(plain: httpx2.Client, pages: str, page: str, code: str, sentence: str) -> None:
    """A failed fetch ends in ``error`` with the service's sentence and code; a redirect inward is not followed."""
    assert fetched(plain, pages + page) == {"status": "error", "error": sentence, "error_code": code}


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", "SourceURLRequiredError"),
        ("cup.jpg", "URLSchemeRequiredError"),
        ("ftp://localhost/cup.jpg", "URLSchemeInvalidError"),
        ("file:///etc/passwd", "URLSchemeInvalidError"),
        ("http:///cup.jpg", "URLHostRequiredError"),
        ("http://a b/cup.jpg", "URLHostMalformedError"),
        ("http://localhost:x/", "URLParsingFailedError"),
        ("http://no-such-host.invalid/", "HostnameNotFoundError"),
        ("http://169.254.169.254/latest/", "URLHostPrivateIPForbiddenError"),
        ("http://[fe80::1]/", "URLHostPrivateIPForbiddenError"),
        ("http://0.0.0.0/", "URLHostPrivateIPForbiddenError"),
        ("http://[::ffff:169.254.169.254]/", "URLHostPrivateIPForbiddenError"),
        ("http://192.0.2.7/", "URLBlacklistedError"),
        ("http://10.0.0.1/", "URLBlacklistedError"),
    ],
)
def test_addresses_that_are_not_asked(plain: httpx2.Client, url: str, code: str) -> None:
    """Only this machine is asked; everything else is refused at once, in the error object of ``jsonerrors``."""
    answer = plain.post("/from_url/", params={"jsonerrors": "1"}, data={"pub_key": PUBLIC_KEY, "source_url": url})
    assert (answer.status_code, answer.json()["error"]["error_code"]) == (200, code)


@pytest.mark.sandbox_options("--from-url-host", "192.0.2.7", "--from-url-host", "169.254.169.254")
def test_named_hosts_are_asked(own_sandbox: SandboxProcess) -> None:
    """A host that the settings name is asked; a link-local address is refused even then."""
    with own_sandbox.unsigned_client() as client:
        assert ask(client, "http://192.0.2.7/").json()["type"] == "token"
        assert ask(client, "http://169.254.169.254/").text == "Only public IPs are allowed."


def test_unknown_tokens(plain: httpx2.Client) -> None:
    """A token nobody got is ``unknown``; none at all is refused."""
    assert plain.get("/from_url/status/", params={"token": "x"}).json() == {"status": "unknown"}
    missing = plain.get("/from_url/status/")
    assert (missing.status_code, missing.text) == (400, "token is required.")


def test_restart_fetches_what_was_open(tmp_path: Path, pages: str) -> None:
    """An upload that a kill interrupted is fetched after the next start."""
    with SandboxProcess(tmp_path) as sandbox, sandbox.unsigned_client() as client:
        token = ask(client, pages + "cup.jpg").json()["token"]
        sandbox.kill()
        sandbox.start()
        assert finished(client, token)["status"] == "success"


def test_own_cdn_is_an_address(plain: httpx2.Client, upload: Upload, sandbox: SandboxProcess, photo: bytes) -> None:
    """A file of the sandbox itself can be fetched by its address."""
    status = fetched(plain, f"{sandbox.url}{upload()}/cup.jpg")
    assert (status["status"], status["size"]) == ("success", len(photo))
