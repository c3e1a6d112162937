"""The listener of ``web.listen``. Photos go on without it."""

import logging
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


def _listener(listen: Listen) -> socket.socket | None:
    try:
        return socket.create_server(
            (listen.host, listen.port),
            family=socket.AF_INET6 if ":" in listen.host else socket.AF_INET,
            backlog=_BACKLOG,
        )
    except OSError as error:
        where = f"{listen.host}:{listen.port}"
        log_event(
            "no_page",
            f"the page cannot be shown at {where}: {error.strerror or error}. Photos go on without it. "
            "Set web.listen to a free port.",
            level=logging.WARNING,
        )
        return None


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
