"""The effects of faults on one HTTP exchange.

Each effect stands between uvicorn and the handler: it may keep the request from the handler, delay it, or change the
response. Its fields come from the fault's JSON.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cutoutd.sandbox.http.connection import connection_of
from cutoutd.sandbox.http.responses import HttpRefusal, usual_refusal

PORTAL = "<!doctype html><title>Wi-Fi</title><h1>Please accept the terms of use</h1>"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request, and the ways to respond to it.

    Attributes:
        serve: The proper handling of the request.
        refuse: The form of a refusal on the host of the request.
        scope: ASGI scope.
        receive: ASGI receive.
        send: ASGI send.
    """

    serve: ASGIApp
    refuse: Callable[[Request, HttpRefusal], Response]
    scope: Scope
    receive: Receive
    send: Send

    async def serve_to(self, send: Send) -> None:
        """Handle the request properly, and respond through another ``send``."""
        await self.serve(self.scope, self.receive, send)

    async def respond(self, response: Response) -> None:
        """Read the request to its end, and respond without handling it."""
        while (message := await self.receive())["type"] == "http.request" and message.get("more_body"):
            pass
        await response(self.scope, self.receive, self.send)

    async def hang_up(self) -> None:
        """Close the connection in order."""
        await connection_of(self.scope).hang_up(self.receive)

    async def reset(self) -> None:
        """Close the connection with a TCP reset."""
        await connection_of(self.scope).reset(self.receive)


class Effect(Protocol):
    """An effect on an exchange."""

    async def play(self, exchange: Exchange) -> None:
        """Handle the request with this effect."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """A refusal in the proper form of the host, instead of the handling.

    Attributes:
        status: HTTP status.
        body: Sentence or JSON object; null takes the usual sentence of that status.
        retry_after_s: ``Retry-After``, left out when null.
        code: The Upload API's name of the error.
    """

    status: int
    body: str | Mapping[str, object] | None = None
    retry_after_s: int | None = None
    code: str = ""

    async def play(self, exchange: Exchange) -> None:
        """Respond with the refusal."""
        if self.body is None:
            refusal = usual_refusal(self.status, retry_after_s=self.retry_after_s)
        else:
            refusal = HttpRefusal(self.status, self.body, code=self.code, retry_after_s=self.retry_after_s)
        await exchange.respond(exchange.refuse(Request(exchange.scope), refusal))


@dataclass(frozen=True, slots=True)
class AnswerInstead:
    """A response with a given text or JSON, instead of the handling."""

    body: object
    status: int = 200
    content_type: str = "application/json"
    retry_after_s: int | None = None

    async def play(self, exchange: Exchange) -> None:
        """Respond with the text."""
        retry_after = {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}
        text = self.body if isinstance(self.body, str) else json.dumps(self.body)
        await exchange.respond(Response(text, self.status, {"Content-Type": self.content_type, **retry_after}))


@dataclass(frozen=True, slots=True)
class Stall:
    """A pause before the handling; without seconds, a pause until the client gives up."""

    seconds: float | None = None

    async def play(self, exchange: Exchange) -> None:
        """Wait, then serve."""
        if self.seconds is None:
            while (await exchange.receive())["type"] != "http.disconnect":
                pass
            return
        await asyncio.sleep(self.seconds)
        await exchange.serve_to(exchange.send)


@dataclass(frozen=True, slots=True)
class LateAnswer:
    """A late response after handling at once, so that a client gives up on a request that was carried out."""

    seconds: float

    async def play(self, exchange: Exchange) -> None:
        """Serve, and hold the response back before its first byte."""

        async def send_late(message: Message) -> None:
            if message["type"] == "http.response.start":
                await asyncio.sleep(self.seconds)
            await exchange.send(message)

        await exchange.serve_to(send_late)


@dataclass(frozen=True, slots=True)
class LoseResponse:
    """A lost response: the request is handled, and the connection closes without a byte."""

    async def play(self, exchange: Exchange) -> None:
        """Serve without sending, then hang up."""
        await exchange.serve_to(_discard)
        await exchange.hang_up()


@dataclass(frozen=True, slots=True)
class Reset:
    """A reset of the connection after that many bytes of the request's body, instead of the handling."""

    after_request_bytes: int = 0

    async def play(self, exchange: Exchange) -> None:
        """Read a little, then reset."""
        read, has_more = 0, True
        while has_more and read < self.after_request_bytes:
            message = await exchange.receive()
            read += len(message.get("body", b""))
            has_more = message.get("more_body", False)
        await exchange.reset()


@dataclass(frozen=True, slots=True)
class CutBody:
    """A response that breaks off in its body: after so many bytes, else half way.

    Attributes:
        cut: The way to break off: hang up or reset.
        after_bytes: Number of bytes that are sent.
    """

    cut: Callable[[Exchange], Awaitable[None]]
    after_bytes: int | None = None

    async def play(self, exchange: Exchange) -> None:
        """Serve up to the cut."""
        left, is_cut = 0, False

        async def send_part(message: Message) -> None:
            nonlocal left, is_cut
            if message["type"] == "http.response.start":
                length = int(MutableHeaders(raw=list(message["headers"])).get("content-length", "0"))
                left = length // 2 if self.after_bytes is None else self.after_bytes
                await exchange.send(message)
            elif not is_cut:
                part = message.get("body", b"")[:left]
                left -= len(part)
                is_cut = left == 0
                await exchange.send({**message, "body": part, "more_body": True})
                if is_cut:
                    await self.cut(exchange)

        await exchange.serve_to(send_part)


@dataclass(frozen=True, slots=True)
class PauseBody:
    """A pause between headers and body."""

    seconds: float

    async def play(self, exchange: Exchange) -> None:
        """Serve with a pause after the headers."""

        async def send_with_pause(message: Message) -> None:
            await exchange.send(message)
            if message["type"] == "http.response.start":
                await asyncio.sleep(self.seconds)

        await exchange.serve_to(send_with_pause)


@dataclass(frozen=True, slots=True)
class Overlong:
    """A response with more bytes than the file has, also by its ``Content-Length``."""

    extra_bytes: int = 1024

    async def play(self, exchange: Exchange) -> None:
        """Serve, and send more."""

        async def send_more(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=list(message["headers"]))
                headers["content-length"] = str(int(headers.get("content-length", "0")) + self.extra_bytes)
                message = {**message, "headers": headers.raw}
            elif not message.get("more_body", False):
                message = {**message, "body": message.get("body", b"") + bytes(self.extra_bytes)}
            await exchange.send(message)

        await exchange.serve_to(send_more)


@dataclass(frozen=True, slots=True)
class AlterJson:
    """A proper response with some keys of its JSON object changed."""

    changes: Mapping[str, object] = field(default_factory=dict)

    async def play(self, exchange: Exchange) -> None:
        """Serve, then respond with the changed object."""
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await exchange.serve_to(keep)
        body = b"".join(message.get("body", b"") for message in messages[1:])
        altered = Response(json.dumps({**json.loads(body), **self.changes}), messages[0]["status"])
        headers = MutableHeaders(raw=list(messages[0]["headers"]))
        headers["content-length"] = str(len(altered.body))
        altered.raw_headers = headers.raw
        await altered(exchange.scope, exchange.receive, exchange.send)


async def _discard(_message: Message) -> None:
    pass
