"""The way of a request from uvicorn to its handler and back: counting, faults, authentication, refusals.

Every route of the service is an ``Endpoint``. A handler takes a request and returns a response or raises
``HttpRefusal``.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from cutoutd.sandbox.api.files import FileEndpoints
from cutoutd.sandbox.counters import Counters
from cutoutd.sandbox.faults.http_effects import Exchange
from cutoutd.sandbox.faults.plan import FaultPlan
from cutoutd.sandbox.http.request_kinds import EndpointKind
from cutoutd.sandbox.http.responses import HttpRefusal

Handler = Callable[[Request], Awaitable[Response]]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ApiHost:
    """One of the service's hosts: REST API, Upload API or CDN.

    Attributes:
        refuse: The form of its refusals.
        admit: Its authentication, which raises ``HttpRefusal``.
        is_billed: True if a request costs an operation; CDN requests are traffic.
    """

    refuse: Callable[[Request, HttpRefusal], Response]
    admit: Callable[[Request], Awaitable[None]]
    is_billed: bool


@dataclass(frozen=True, slots=True)
class EndpointContext:
    """The parts that all endpoints share."""

    counters: Counters
    faults: FaultPlan
    files: FileEndpoints


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An ASGI application that serves one kind of request."""

    kind: EndpointKind
    host: ApiHost
    handler: Handler
    context: EndpointContext

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the request, then serve it or play a fault on it."""
        self.context.counters.count_request(self.kind)
        effect = self.context.faults.effect_on(self.kind)
        if effect is None:
            await self._serve(scope, receive, send)
        else:
            await effect.play(Exchange(self._serve, self.host.refuse, scope, receive, send))

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except ClientDisconnect:
            return
        except Exception:  # noqa: BLE001 - a mistake in a handler becomes a 500 and a traceback, else the server ends
            _log.exception("%s %s", request.method, request.url.path)
            response = PlainTextResponse("Internal Server Error", 500)
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        try:
            await self.host.admit(request)
            if self.host.is_billed:
                self.context.counters.count_operation()
            self.context.files.expire()
            return await self.handler(request)
        except HttpRefusal as refusal:
            return self.host.refuse(request, refusal)
