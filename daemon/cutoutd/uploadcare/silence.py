"""The silence of a service: a request was sent, and no answer comes.

A step that waits in silence takes no place meanwhile. Else a few requests that a gateway holds would stop all photos
behind them. So the transport tells the step around a request when a silence begins, and when it ends. It tells nothing
while a body is sent, however slow the line is.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

#: Most answers come sooner. A longer time would let a silent service hold places for most of the time.
SILENT_AFTER_S = 3.0

_listener: ContextVar[Callable[[int], None]] = ContextVar("listener to silences", default=lambda _: None)


@contextmanager
def telling_of_silence(listener: Callable[[int], None]) -> Iterator[None]:
    """Call this function during the block: with 1 when a request begins to wait in silence, with -1 when that ends.

    Requests of other tasks tell nothing.
    """
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


class Silence:
    """The silence of one request."""

    def __init__(self) -> None:
        self._tell = _listener.get()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._sending_since_s = 0.0
        self._has_begun = False

    @contextmanager
    def until_answered(self) -> Iterator[None]:
        """Listen during the block: from the request's first connection to the head of its response."""
        self._listen(SILENT_AFTER_S)
        try:
            yield
        finally:
            self._end()

    def on_sending(self) -> None:
        """Note that the body is being sent."""
        self._end()
        self._sending_since_s = self._loop.time()

    def on_sent(self) -> None:
        """Note that the system took the whole body: on a slow line it may still be sending a part of it."""
        self._listen(max(SILENT_AFTER_S, self._loop.time() - self._sending_since_s))

    def _listen(self, patience_s: float) -> None:
        self._end()
        self._timer = self._loop.call_later(patience_s, self._begin)

    def _begin(self) -> None:
        self._has_begun = True
        self._tell(1)

    def _end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._has_begun:
            self._has_begun = False
            self._tell(-1)
