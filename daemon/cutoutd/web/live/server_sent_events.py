"""The updates of open overview pages, over server-sent events. One task renders for all windows, while one is open.

The overview has parts, and an event holds the new HTML of the changed ones. A slow window gets the present HTML, not
every version in between, so nothing queues up.
"""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from cutoutd.core.errors import CutoutdError
from cutoutd.core.logs import log_error
from cutoutd.web.live.status_cache import StatusCache
from cutoutd.web.rendering import PageRenderer, session_of

#: The parts of the overview; each has a template of its name in ``parts``.
PARTS = ("headline", "notices", "figures", "latest", "folders", "spending", "waiting")


@dataclass(frozen=True, slots=True)
class EventTiming:
    """The times of the updates."""

    interval_s: float = 0.5
    rest_per_look: float = 20  #: a look takes longer with more photos, so the rest keeps it at five percent of a core
    heartbeat_s: float = 15.0  #: proxies and browsers close a connection that is silent for longer


#: The number of open windows; hidden ones disconnect. Further ones are told to come back.
_MAX_WINDOWS = 16


class ServerSentEvents:
    """Renders the parts while a window is open, and sends the changed ones."""

    def __init__(self, status_cache: StatusCache, renderer: PageRenderer, timing: EventTiming | None = None) -> None:
        self._status_cache = status_cache
        self._renderer = renderer
        self._timing = timing or EventTiming()
        self._parts: Mapping[str, str] = {}
        self._changed = asyncio.Event()
        self._has_window = asyncio.Event()
        self._windows = 0
        self._is_over = False

    async def run(self) -> None:
        """Render the parts until cancelled; then every stream ends at once."""
        self._is_over = False
        try:
            while True:
                await self._has_window.wait()
                began_s = time.monotonic()
                await self._look()
                await asyncio.sleep(
                    max(self._timing.interval_s, (time.monotonic() - began_s) * self._timing.rest_per_look)
                )
        finally:
            self._is_over = True
            self._announce_change()

    def routes(self) -> list[BaseRoute]:
        """Return the route ``/live``."""
        return [Route("/live", self._answer, methods=["GET"])]

    async def stream(self, session: str) -> AsyncIterator[str]:
        """Yield the events for one window: all parts first, then the changed ones, and a heartbeat in between."""
        sent: Mapping[str, str] = {}
        while not self._is_over:
            change, parts = self._changed, self._parts
            if changed := {name: html for name, html in parts.items() if sent.get(name) != html}:
                yield f"data: {self._renderer.with_forms_of(json.dumps(changed), session)}\n\n"
                sent = parts
            elif not await _is_set_within(change, self._timing.heartbeat_s):
                yield ": nothing new\n\n"

    async def _answer(self, request: Request) -> Response:
        if self._is_over or self._windows >= _MAX_WINDOWS:
            status = HTTPStatus.SERVICE_UNAVAILABLE
            return PlainTextResponse("Too many windows are open.", status, {"Retry-After": "30"})
        return _Stream(self, session_of(request))

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Count a window while the block runs."""
        self._windows += 1
        self._has_window.set()
        try:
            yield
        finally:
            self._windows -= 1
            if not self._windows:
                self._has_window.clear()
                self._parts = {}  # because the next window must not begin with old parts

    async def _look(self) -> None:
        try:
            overview = await self._status_cache.now()
        except CutoutdError as error:
            log_error("ledger_trouble", error, level=logging.DEBUG)  # the workers report it loudly
            return
        parts = {name: self._renderer.render(f"parts/{name}.html", overview=overview) for name in PARTS}
        if parts != self._parts:
            self._parts = parts
            self._announce_change()

    def _announce_change(self) -> None:
        change, self._changed = self._changed, asyncio.Event()
        change.set()


class _Stream(StreamingResponse):
    """The response to one window, which counts as open until the response ends."""

    def __init__(self, events: ServerSentEvents, session: str) -> None:
        super().__init__(events.stream(session), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the window disconnects."""
        with self._events.watched():
            await super().__call__(scope, receive, send)


async def _is_set_within(event: asyncio.Event, timeout_s: float) -> bool:
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return False
    return True
