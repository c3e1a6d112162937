"""An HTTP application on a listening socket, for the life of a block: uvicorn inside another program.

The control socket and the page's listener use it. It knows neither routes nor access rules.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from http import HTTPStatus

import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

#: Responses in progress get this time to finish when the daemon ends.
_GRACE_S = 5

#: The listeners serve people and monitoring; more connections at once are a mistake.
_MAX_CONNECTIONS = 64

#: So many connections above the limit get an error response. Further ones are closed at once, because they would use
#: up the open files that photos need.
_MAX_REFUSED_CONNECTIONS = 64

#: The time limit for the head of a request, because uvicorn would wait for ever.
HEAD_TIMEOUT_S = 10.0


class BodyTooLargeError(Exception):
    """The body of a request has more bytes than allowed."""


async def read_body(request: Request, max_bytes: int) -> bytes:
    """Return the body of a request. The caller limits the time.

    Raises:
        BodyTooLargeError: the body is larger.
        ClientDisconnect: the client closed the connection before the end.
    """
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdecimal() and int(length) > max_bytes:
        raise BodyTooLargeError
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise BodyTooLargeError
    return bytes(body)


@asynccontextmanager
async def serve_http(
    app: ASGIApp, listener: socket.socket, *, head_timeout_s: float = HEAD_TIMEOUT_S
) -> AsyncIterator[None]:
    """Serve the application on ``listener`` during the block; the caller closes the socket."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(_serve(app, listener, head_timeout_s), name="http server")
        yield
        task.cancel()


async def _serve(app: ASGIApp, listener: socket.socket, head_timeout_s: float) -> None:
    config = uvicorn.Config(
        _refuse_two_lengths(app),
        http=type("Connection", (_Connection,), {"head_timeout_s": head_timeout_s}),
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",  # the application logs its own faults; the rest concerns clients that disconnected
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_MAX_CONNECTIONS,
        timeout_graceful_shutdown=_GRACE_S,
    )
    server = _Server(config)
    try:
        await server.serve(sockets=[listener])
    finally:
        if server.started:  # because uvicorn leaves its connections open when it is cancelled
            await server.shutdown(sockets=[listener])


def _refuse_two_lengths(app: ASGIApp) -> ASGIApp:
    """Return the application behind a refusal of requests with two lengths, which closes the connection.

    A proxy may believe the other length, and take some of the body for another request (RFC 9112).
    """

    async def strict(scope: Scope, receive: Receive, send: Send) -> None:
        names = {name for name, _ in scope.get("headers", ())}
        if {b"content-length", b"transfer-encoding"} <= names:
            refusal = Response(status_code=HTTPStatus.BAD_REQUEST, headers={"Connection": "close"})
            await refusal(scope, receive, send)
        else:
            await app(scope, receive, send)

    return strict


class _Server(uvicorn.Server):
    """A uvicorn server inside a program that has its own signal handlers and clock."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture no signals."""
        yield

    async def main_loop(self) -> None:
        """Wait until cancelled, because uvicorn's own loop wakes up ten times a second."""
        await self.on_tick(0)
        await asyncio.Event().wait()


class _Connection(H11Protocol):
    """A connection that is closed unless the whole head of a request arrives in time."""

    head_timeout_s = HEAD_TIMEOUT_S
    _limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Start the time limit for the head, or close the connection if there are too many."""
        super().connection_made(transport)
        if len(self.connections) > _MAX_CONNECTIONS + _MAX_REFUSED_CONNECTIONS:
            transport.abort()
        else:
            self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Stop the time limit when a whole head has arrived."""
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self._stop_waiting()

    def on_response_complete(self) -> None:
        """Start the time limit for the next head on the same connection."""
        answered = self.cycle
        super().on_response_complete()
        if self.cycle is answered and not self.transport.is_closing():
            self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the time limit."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait_for_head(self) -> None:
        self._stop_waiting()
        self._limit = self.loop.call_later(self.head_timeout_s, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None
