"""News for pages that are open, over server-sent events: one producer for all of them, at work only while one is open.

A page is drawn in parts; what is sent is a part's new look. Who falls behind gets the present look, not every one that
was missed, so nothing queues up.
"""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from cutoutd.core.errors import CutoutdError
from cutoutd.core.logs import log_error
from cutoutd.web.live.status_cache import StatusCache
from cutoutd.web.rendering import PageRenderer

#: The parts of pages that change by themselves; each has a template of its name in ``parts``.
PARTS = ("headline", "notices", "figures", "latest", "folders", "spending", "waiting")

_LOOK_EVERY_S = 0.5

#: A look takes the longer the more photos there are; so it stays at five percent of a core.
_REST_PER_LOOK = 20

#: Proxies and browsers give up on what is silent for longer.
_HEARTBEAT_S = 15.0

#: Windows that are open at once; hidden ones hang up. More are told to come back.
_MOST = 16


class ServerSentEvents:
    """Draws the parts anew while somebody watches, and hands out what changed."""

    def __init__(self, outlook: StatusCache, pages: PageRenderer) -> None:
        self._outlook = outlook
        self._pages = pages
        self._parts: Mapping[str, str] = {}
        self._news = asyncio.Event()
        self._watched = asyncio.Event()
        self._watchers = 0
        self._is_over = False

    async def run(self) -> None:
        """Keep the parts up to date until cancelled; then every stream ends at once."""
        self._is_over = False
        try:
            while True:
                await self._watched.wait()
                began_s = time.monotonic()
                await self._look()
                await asyncio.sleep(max(_LOOK_EVERY_S, (time.monotonic() - began_s) * _REST_PER_LOOK))
        finally:
            self._is_over = True
            self._tell()

    def routes(self) -> list[BaseRoute]:
        """``/live``."""
        return [Route("/live", self._answer, methods=["GET"])]

    async def news(self) -> AsyncIterator[str]:
        """Events for one watcher: everything at first, then what changed, and a sign of life when nothing does."""
        sent: Mapping[str, str] = {}
        while not self._is_over:
            news, parts = self._news, self._parts
            if changed := {name: look for name, look in parts.items() if sent.get(name) != look}:
                yield f"data: {json.dumps(changed)}\n\n"
                sent = parts
            elif not await _has_come(news):
                yield ": nothing new\n\n"

    async def _answer(self, _request: Request) -> Response:
        if self._is_over or self._watchers >= _MOST:
            status = HTTPStatus.SERVICE_UNAVAILABLE
            return PlainTextResponse("Too many windows are open.", status, {"Retry-After": "30"})
        return _Stream(self)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Somebody watches while the block runs."""
        self._watchers += 1
        self._watched.set()
        try:
            yield
        finally:
            self._watchers -= 1
            if not self._watchers:
                self._watched.clear()
                self._parts = {}  # who comes next is not to see what was then

    async def _look(self) -> None:
        try:
            glance = await self._outlook.now()
        except CutoutdError as error:
            log_error("ledger_trouble", error, level=logging.DEBUG)  # whoever has a photo in hand says it aloud
            return
        parts = {name: self._pages.drawn(f"parts/{name}.html", glance=glance) for name in PARTS}
        if parts != self._parts:
            self._parts = parts
            self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()


class _Stream(StreamingResponse):
    """The answer to one watcher; it counts as one until it has ended, however it ends."""

    def __init__(self, watching: ServerSentEvents) -> None:
        super().__init__(watching.news(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
        self._watching = watching

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until somebody hangs up."""
        with self._watching.watched():
            await super().__call__(scope, receive, send)


async def _has_come(news: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(_HEARTBEAT_S):
            await news.wait()
    except TimeoutError:
        return False
    return True
