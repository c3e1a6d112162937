"""The application behind the listener, with all its routes.

The public routes are those of monitoring, of the webhook, and of static files; they show no photo. The page is private,
behind the access guard.
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

from cutoutd.config.settings import WebSettings
from cutoutd.core.errors import CutoutdError
from cutoutd.core.logs import log_fault, printable
from cutoutd.images.thumbnail_cache import ThumbnailCache
from cutoutd.images.thumbnails import Thumbnails
from cutoutd.monitoring import MetricsExposition
from cutoutd.monitoring.health import HealthCheck
from cutoutd.web.access.guard import AccessGuard, AccessKeys
from cutoutd.web.access.security_headers import with_headers
from cutoutd.web.context import PageContext
from cutoutd.web.monitoring_routes import health_routes, metrics_routes
from cutoutd.web.pages.failures import failure_routes
from cutoutd.web.pages.gallery import gallery_routes
from cutoutd.web.pages.image_files import image_routes
from cutoutd.web.pages.overview import Overview
from cutoutd.web.pages.photo import photo_routes
from cutoutd.web.pages.photo_lists import photo_list_routes
from cutoutd.web.rendering import PageRenderer
from cutoutd.web.webhook_receiver import WebhookReceiver, webhook_routes

#: Longer than any response takes, also a large photo over a slow line.
_RESPONSE_TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True)
class MonitoringEndpoints:
    """The sources of the public routes."""

    health: HealthCheck
    metrics: MetricsExposition
    webhook_receiver: WebhookReceiver


def application(monitoring: MonitoringEndpoints, context: PageContext | None, web: WebSettings) -> ASGIApp:
    """Return the application. Without a context it has the public routes only."""
    routes = [
        *health_routes(monitoring.health),
        *metrics_routes(monitoring.metrics),
        *webhook_routes(monitoring.webhook_receiver),
    ]
    if context is not None:
        keys = AccessKeys(context.tokens, context.sessions)
        private = AccessGuard(_private(context), web=web, keys=keys, renderer=context.renderer)
        routes += [*context.renderer.assets.routes(), Mount("/", private)]
    return SecurityHeaders(Starlette(routes=routes))


def private_routes(context: PageContext) -> list[BaseRoute]:
    """Return the routes of the page."""
    settings = context.backend.settings
    thumbnails = Thumbnails(ThumbnailCache(settings().state_dir), lambda: settings().folders)
    photos = [*photo_routes(context, thumbnails), *image_routes(context, thumbnails)]
    return [
        *Overview(context).routes(),
        *gallery_routes(context),
        *failure_routes(context),
        *photo_list_routes(context),
        *photos,
    ]


def _private(context: PageContext) -> ASGIApp:
    handlers = {kind: functools.partial(show, context.renderer) for kind, show in _ERROR_PAGES.items()}
    pages = Starlette(routes=private_routes(context), exception_handlers=handlers)
    return Starlette(routes=[*context.events.routes(), Mount("/", ResponseTimeout(pages))])


class ResponseTimeout:
    """Breaks off a response that takes too long, because its reader may be asleep."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or end it after a limit of time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_RESPONSE_TIMEOUT_S):
                await self._app(scope, receive, send)


class SecurityHeaders:
    """Adds the security headers to each response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request with the security headers."""
        await self._app(scope, receive, with_headers(send))


async def _show_not_found(renderer: PageRenderer, _request: Request, error: Exception) -> Response:
    status = HTTPStatus(error.status_code if isinstance(error, HTTPException) else HTTPStatus.NOT_FOUND)
    return renderer.refuse(status, status.phrase, "There is no such page, or no longer.")


async def _show_error(renderer: PageRenderer, _request: Request, error: Exception) -> Response:
    if not isinstance(error, CutoutdError):
        log_fault("internal_fault", "a fault in cutoutd itself stopped a page", error)
        sentence = "A fault in cutoutd itself; its log has the trace. Photos go on."
        return renderer.refuse(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong", sentence)
    hints = f"{printable(error.sentence)}. {error.advice}"
    return renderer.refuse(HTTPStatus.SERVICE_UNAVAILABLE, error.title, hints)


_ERROR_PAGES = {HTTPException: _show_not_found, CutoutdError: _show_error, Exception: _show_error}
