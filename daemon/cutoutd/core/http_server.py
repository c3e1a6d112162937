"""An HTTP application on a socket that listens, for as long as its task runs; uvicorn inside a program of its own.

It knows neither routes nor who may connect. Used by the control socket and by the page's listener.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

#: Answers under way get this long to finish when the daemon ends.
_GRACE_S = 5

#: The listeners are for people and for what watches over machines; more at once than this is a mistake.
_MOST_AT_ONCE = 64

#: Those above the limit are told so. Still more are hung up on: a crowd of strangers would use up the files that this
#: process may open, and photos need those.
_MOST_TOLD_SO = 64

#: Whoever connects says soon what is wanted; uvicorn would wait for ever for the end of a request's head.
_HEAD_WITHIN_S = 10.0


@asynccontextmanager
async def serve_http(app: ASGIApp, listener: socket.socket) -> AsyncIterator[None]:
    """Answer on ``listener`` while the block runs; the caller closes it."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(_serve(app, listener), name="http server")
        yield
        task.cancel()


async def _serve(app: ASGIApp, listener: socket.socket) -> None:
    config = uvicorn.Config(
        app,
        http=_Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",  # the application tells its faults itself; the rest is about clients that hung up
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_MOST_AT_ONCE,
        timeout_graceful_shutdown=_GRACE_S,
    )
    server = _Server(config)
    try:
        await server.serve(sockets=[listener])
    finally:
        if server.started:  # uvicorn, when cancelled, leaves its connections open
            await server.shutdown(sockets=[listener])


class _Server(uvicorn.Server):
    """uvicorn inside a program that has signals and a clock of its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    async def main_loop(self) -> None:
        """Until cancelled; uvicorn's own would wake up ten times a second."""
        await self.on_tick(0)
        await asyncio.Event().wait()


class _Connection(H11Protocol):
    """A connection of uvicorn's that ends when no whole head of a request arrives in time."""

    _limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Begin to wait for a head, unless too many do."""
        super().connection_made(transport)
        if len(self.connections) > _MOST_AT_ONCE + _MOST_TOLD_SO:
            transport.abort()
        else:
            self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """A head that is whole has a request of its own."""
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self._stop_waiting()

    def on_response_complete(self) -> None:
        """The next head may come over the same connection."""
        answered = self.cycle
        super().on_response_complete()
        if self.cycle is answered and not self.transport.is_closing():
            self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more is to come."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait_for_head(self) -> None:
        self._stop_waiting()
        self._limit = self.loop.call_later(_HEAD_WITHIN_S, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None
