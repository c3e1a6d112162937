"""A TCP relay in front of a server that keeps whatever clients sent through it."""

import contextlib
import socket
import socketserver
import threading

from support.servers.background_server import BackgroundServer

_BLOCK = 65_536


class Relay(BackgroundServer):
    """Listens on a free port of this machine; a context manager that stops listening at the end.

    Args:
        url: The server's, http and by port.
    """

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("http://").rstrip("/").partition(":")
        self._sent = sent = []  # type: list[bytes]

        class Handler(socketserver.BaseRequestHandler):
            """One client's connection."""

            def handle(self) -> None:
                with socket.create_connection((host, int(port))) as server:
                    back = threading.Thread(target=_carry, args=(server, self.request, []))
                    back.start()
                    _carry(self.request, server, sent)
                    back.join()

        super().__init__(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler))

    @property
    def sent(self) -> bytes:
        """All that clients sent, connections mixed as they came."""
        return b"".join(self._sent)


def _carry(source: socket.socket, target: socket.socket, kept: list[bytes]) -> None:
    with contextlib.suppress(OSError):
        while block := source.recv(_BLOCK):
            kept.append(block)
            target.sendall(block)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
