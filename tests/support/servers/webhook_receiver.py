"""A real HTTP server that takes webhook messages, keeps them, and answers what it is told to."""

import queue
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


@dataclass(frozen=True, slots=True)
class Message:
    """One webhook request as it arrived."""

    signature: str | None
    body: bytes


class WebhookReceiver:
    """Listens on a free loopback port; a context manager.

    Attributes:
        arrived: The messages, in order of arrival.
        answers: Statuses to give next; 200 when it is empty.
        url: Where it listens.
    """

    def __init__(self) -> None:
        self.arrived: queue.Queue[Message] = queue.Queue()
        self.answers: queue.SimpleQueue[int] = queue.SimpleQueue()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.arrived.put(Message(self.headers["X-Uc-Signature"], body))
                self.send_response(200 if receiver.answers.empty() else receiver.answers.get())
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def next(self) -> Message:
        """Wait for the next message; raises queue.Empty after ten seconds."""
        return self.arrived.get(timeout=60)
