"""A server of a test that listens in a thread of its own."""

import socketserver
import threading
from types import TracebackType
from typing import Self


class BackgroundServer:
    """A context manager that serves from its beginning to its end.

    Args:
        server: Listens already, on a port of the loopback address.
    """

    def __init__(self, server: socketserver.TCPServer) -> None:
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        self.url = f"http://127.0.0.1:{server.server_address[1]}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
