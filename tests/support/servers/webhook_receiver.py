"""A real HTTP server that takes webhook messages, keeps them, and answers what it is told to."""

import queue
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support.servers.background_server import BackgroundServer


@dataclass(frozen=True, slots=True)
class Message:
    """One webhook request as it arrived."""

    signature: str | None
    body: bytes


class WebhookReceiver(BackgroundServer):
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

        super().__init__(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        self.url += "hook"

    def next(self) -> Message:
        """Wait for the next message; raises queue.Empty after ten seconds."""
        return self.arrived.get(timeout=60)
