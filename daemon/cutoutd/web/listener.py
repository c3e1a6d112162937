"""The listener of ``web.listen``. Photos go on without it."""

import errno
import logging
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import ASGIApp

from cutoutd.config.types.text_types import Listen
from cutoutd.core.http_server import serve_http
from cutoutd.core.logs import log_event

_BACKLOG = 64


class Listener:
    """Opens the port.

    Args:
        listen: host and port; None: the listener stays closed.
    """

    def __init__(self, listen: Listen | None) -> None:
        self._listen = listen
        self._address: str | None = None

    @property
    def address(self) -> str | None:
        """The address, as ``http://HOST:PORT``; None while it is closed."""
        return self._address

    @asynccontextmanager
    async def open(self, app: ASGIApp) -> AsyncIterator[None]:
        """Serve the application while the block runs. A port that is taken is logged as a warning."""
        listener = _listener(self._listen) if self._listen else None
        if listener is None or self._listen is None:
            yield
            return
        with listener:
            self._address = _address(listener)
            log_event("listening", f"the page is at {self._address} (cutoutd page prints the link to it)")
            if not self._listen.is_loopback:
                log_event("exposed", _EXPOSED.format(self._address), level=logging.WARNING)
            async with serve_http(app, listener):
                yield
            self._address = None


_EXPOSED = (
    "{} can be reached from other machines, without encryption; listen on 127.0.0.1 and put a reverse proxy before it"
)


def open_port(listen: Listen) -> socket.socket:
    """Return a socket that listens.

    Raises:
        OSError: the port is taken, or the address is not one of this machine's.
    """
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    return socket.create_server((listen.host, listen.port), family=family, backlog=_BACKLOG)


def listen_advice(error: OSError) -> str:
    """Return the advice against an error of ``open_port``."""
    match error.errno:
        case errno.EADDRNOTAVAIL:
            return "Set web.listen to an address of this machine, such as 127.0.0.1:8717 (ip address shows them)."
        case errno.EACCES:
            return "Set web.listen to a port above 1023, or put a reverse proxy before it."
        case _:
            return "Set web.listen to a free port."


def _listener(listen: Listen) -> socket.socket | None:
    try:
        return open_port(listen)
    except OSError as error:
        sentence = f"the page cannot be shown at {listen}: {os.strerror(error.errno or 0)}. Photos go on without it. "
        log_event("no_page", sentence + listen_advice(error), level=logging.WARNING)
        return None


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
