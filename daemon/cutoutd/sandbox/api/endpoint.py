"""One request from uvicorn to its handler and back: counting, faults, admission, refusals.

Owns the order of these steps and nothing of their content. Every route of the service is an ``Endpoint``; handlers
take a request and return a response or raise ``Refusal``.
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
    """One of the service's hosts: REST, Upload API, CDN.

    Attributes:
        refuse: How it words a refusal.
        admit: Lets a request in or raises ``Refusal``.
        is_billed: Whether a request costs an operation (the CDN's are traffic, not API requests).
    """

    refuse: Callable[[Request, HttpRefusal], Response]
    admit: Callable[[Request], Awaitable[None]]
    is_billed: bool


@dataclass(frozen=True, slots=True)
class EndpointContext:
    """What all endpoints share."""

    counters: Counters
    faults: FaultPlan
    files: FileEndpoints


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An ASGI application that serves one kind of request."""

    kind: EndpointKind
    face: ApiHost
    handler: Handler
    house: EndpointContext

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the request, then serve it or let a fault play with it."""
        self.house.counters.request(self.kind)
        effect = self.house.faults.effect_on(self.kind)
        if effect is None:
            await self._serve(scope, receive, send)
        else:
            await effect.play(Exchange(self._serve, self.face.refuse, scope, receive, send))

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except ClientDisconnect:
            return
        except Exception:  # noqa: BLE001 - the edge of the server: a mistake in a handler becomes a 500 and a traceback
            _log.exception("%s %s", request.method, request.url.path)
            response = PlainTextResponse("Internal Server Error", 500)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        try:
            await self.face.admit(request)
            if self.face.is_billed:
                self.house.counters.operation()
            self.house.files.expire()
            return await self.handler(request)
        except HttpRefusal as refusal:
            return self.face.refuse(request, refusal)
