"""A gateway in front of a server that gives up the first launch, and delivers it all the same, later."""

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from support.servers.background_server import BackgroundServer

_EXECUTE = "/addons/remove_bg/execute/"
_HOP_BY_HOP = frozenset({"connection", "transfer-encoding", "keep-alive"})


class LateGateway(BackgroundServer):
    """A context manager; ``url`` takes the place of the server's.

    Args:
        url: The server's, http and by port.
        late_s: The seconds after which the first launch is delivered.
        is_silent: Whether it breaks the connection off instead of answering 504.
    """

    def __init__(self, url: str, late_s: float, *, is_silent: bool) -> None:
        self._address = urlsplit(url)
        self.delivered: list[int] = []  #: the statuses of the server's answers to the late launch
        self._late_s = late_s
        self._is_silent = is_silent
        self._has_struck = threading.Lock()
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                gateway._serve(self)

            do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815  the library's names

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        super().__init__(ThreadingHTTPServer(("127.0.0.1", 0), Handler))

    def _serve(self, client: BaseHTTPRequestHandler) -> None:
        body = client.rfile.read(int(client.headers.get("content-length") or 0))
        request = (client.command, client.path, body, dict(client.headers.items()))
        if client.path == _EXECUTE and self._has_struck.acquire(blocking=False):
            threading.Timer(self._late_s, self._deliver, request).start()
            client.close_connection = True
            if not self._is_silent:
                client.send_error(504)
            return
        status, headers, answer = self._ask(*request)
        client.send_response_only(status)
        for name, value in headers:
            if name.lower() not in {*_HOP_BY_HOP, "content-length"}:
                client.send_header(name, value)
        client.send_header("Content-Length", str(len(answer)))
        client.end_headers()
        client.wfile.write(answer)

    def _deliver(self, *request: object) -> None:
        self.delivered.append(self._ask(*request)[0])  # type: ignore[arg-type]  # as it came

    def _ask(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        server = http.client.HTTPConnection(self._address.hostname or "", self._address.port)
        passed = {name: value for name, value in headers.items() if name.lower() not in _HOP_BY_HOP}
        try:
            server.request(method, path, body or None, passed)
            response = server.getresponse()
            return response.status, response.getheaders(), response.read()
        finally:
            server.close()
