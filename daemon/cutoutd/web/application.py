"""Which routes the listener has; each room brings its own.

Before the gate is what machines ask for or bring, and what shows no photo: health, metrics, Uploadcare's messages,
stylesheet. Behind it is the page.
"""

import asyncio
import contextlib
import functools
from dataclasses import dataclass
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from cutoutd.config.text_types import Listen
from cutoutd.core.errors import CutoutdError
from cutoutd.core.logs import log_fault, printable
from cutoutd.images.thumbnail_cache import ThumbnailCache
from cutoutd.images.thumbnails import Thumbnails
from cutoutd.monitoring import MetricsExposition
from cutoutd.monitoring.health import HealthCheck
from cutoutd.web.access.guard import AccessGuard
from cutoutd.web.access.security_headers import with_headers
from cutoutd.web.context import PageContext
from cutoutd.web.monitoring_routes import health_routes, metrics_routes
from cutoutd.web.pages.actions import ActionRoutes
from cutoutd.web.pages.failures import failure_routes
from cutoutd.web.pages.gallery import gallery_routes
from cutoutd.web.pages.image_files import image_routes
from cutoutd.web.pages.overview import overview_routes
from cutoutd.web.pages.photo import photo_routes
from cutoutd.web.rendering import PageRenderer
from cutoutd.web.webhook_receiver import WebhookReceiver, hook_routes

#: Longer than any page takes; a large photo over a slow line included.
_ANSWERED_WITHIN_S = 300.0


@dataclass(frozen=True, slots=True)
class MonitoringEndpoints:
    """Whom machines ask that watch over machines, and where Uploadcare's messages go."""

    fitness: HealthCheck
    metering: MetricsExposition
    mailbox: WebhookReceiver


def application(machines: MonitoringEndpoints, desk: PageContext | None, listen: Listen | None) -> ASGIApp:
    """The application behind the listener; without a desk there is no page, only what machines ask for."""
    routes = [*health_routes(machines.fitness), *metrics_routes(machines.metering), *hook_routes(machines.mailbox)]
    if desk is not None and listen is not None:
        private = AccessGuard(_private(desk), listen=listen, key=desk.tokens, pages=desk.pages)
        routes += [*desk.pages.assets.routes(), Mount("/", private)]
    return SecurityHeaders(Starlette(routes=routes))


def private_routes(desk: PageContext) -> list[BaseRoute]:
    """What is behind the gate, and answers within a time."""
    settings = desk.backend.settings
    previews = Thumbnails(ThumbnailCache(settings().state_dir), lambda: settings().folders)
    photos = [*photo_routes(desk, previews), *image_routes(desk, previews)]
    return [*overview_routes(desk), *ActionRoutes(desk).routes(), *gallery_routes(desk), *failure_routes(desk), *photos]


def _private(desk: PageContext) -> ASGIApp:
    handlers = {kind: functools.partial(tell, desk.pages) for kind, tell in _TROUBLE.items()}
    rooms = Starlette(routes=private_routes(desk), exception_handlers=handlers)
    return Starlette(routes=[*desk.events.routes(), Mount("/", ResponseTimeout(rooms))])


class ResponseTimeout:
    """An answer that is not sent to its end in time is broken off: its reader has gone to sleep."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or end it after a limit of time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ANSWERED_WITHIN_S):
                await self._app(scope, receive, send)


class SecurityHeaders:
    """Every answer tells the browser what to keep off."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request with the security headers."""
        await self._app(scope, receive, with_headers(send))


async def _nothing_there(pages: PageRenderer, _request: Request, error: Exception) -> Response:
    status = HTTPStatus(error.status_code if isinstance(error, HTTPException) else HTTPStatus.NOT_FOUND)
    return pages.refuse(status, status.phrase, "There is no such page. It may have been there before.")


async def _trouble(pages: PageRenderer, _request: Request, error: Exception) -> Response:
    if not isinstance(error, CutoutdError):
        log_fault("internal_fault", "a fault in cutoutd itself stopped a page", error)
        sentence = "A fault in cutoutd itself; its log has the trace. Photos go on."
        return pages.refuse(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong", sentence)
    hints = f"{printable(error.sentence)}. {error.advice}"
    return pages.refuse(HTTPStatus.SERVICE_UNAVAILABLE, error.title, hints)


_TROUBLE = {HTTPException: _nothing_there, CutoutdError: _trouble, Exception: _trouble}
