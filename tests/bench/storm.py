"""Bad weather between cutoutd and the sandbox: a proxy that treats a share of all requests as a bad network does.

Each request is drawn by itself, on every path: uploads, launches, polls, downloads, deletions. Links in answers lead
back through the proxy, because the sandbox builds them from the host that was asked.
"""

import asyncio
import random
import socket
import struct
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bench.proxy import Proxy

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER with zero seconds: closing sends RST
_PORTAL = b"<!doctype html><title>Wi-Fi</title><h1>Please accept the terms of use</h1>"
_LAUNCH = b"POST /addons/remove_bg/execute/"
_SILENCE_S = 15.0
_HEAD_END = b"\r\n\r\n"
_LONGEST_HEAD_BYTES = 1 << 16


class Trouble(StrEnum):
    """A kind of trouble; ``acted`` says whether the service carries the request out."""

    REFUSE = "refuse"  #: a gateway answers 503; not acted
    THROTTLE = "throttle"  #: 429 with Retry-After 1; not acted
    RESET = "reset"  #: the connection is reset once the request is read; not acted
    LOST = "lost"  #: acted; the connection closes without an answer
    STALL = "stall"  #: acted after 15 s of silence; every other time the answer is lost as well
    PORTAL = "portal"  #: a page of HTML with status 200; not acted
    SHORT = "short"  #: acted; the answer's body breaks off half way
    JUNK = "junk"  #: acted; noise instead of the answer's body, every other time instead of all of it


@dataclass(frozen=True, slots=True)
class Weather:
    """So many of all requests meet trouble, of these kinds alike."""

    rate: float
    troubles: Sequence[Trouble] = tuple(Trouble)
    seed: int = 15


class Storm(Proxy):
    """The proxy; its ``url`` takes the place of the sandbox's."""

    def __init__(self, to: str, weather: Weather) -> None:
        super().__init__(to)
        self._weather = weather
        self._chance = random.Random(weather.seed)  # noqa: S311  weather, no secrets
        self._struck: Counter[Trouble] = Counter()
        self._doubtful_launches = 0
        self._ways: Mapping[Trouble, Callable[[_Client, bytes], Awaitable[None]]] = {
            Trouble.REFUSE: self._refuse,
            Trouble.THROTTLE: self._throttle,
            Trouble.RESET: self._reset,
            Trouble.LOST: self._lose,
            Trouble.STALL: self._stall,
            Trouble.PORTAL: self._show_portal,
            Trouble.SHORT: self._shorten,
            Trouble.JUNK: self._garble,
        }

    @property
    def struck(self) -> Mapping[Trouble, int]:
        """How many requests met each kind of trouble."""
        return dict(self._struck)

    @property
    def doubtful_launches(self) -> int:
        """How many launches were answered so that a client cannot know whether they were carried out."""
        return self._doubtful_launches

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = _Client(reader, writer)
        try:
            while not client.is_over and (request := await _message(reader)):
                trouble = self._drawn()
                if trouble is None:
                    await client.send(await self._forward(request))
                else:
                    self._struck[trouble] += 1
                    self._doubtful_launches += request.startswith(_LAUNCH) and trouble is not Trouble.THROTTLE
                    await self._ways[trouble](client, request)
        except (OSError, asyncio.IncompleteReadError):
            pass  # one side went away, which ends the other
        finally:
            writer.close()

    def _drawn(self) -> Trouble | None:
        if self._chance.random() >= self._weather.rate:
            return None
        return self._chance.choice(self._weather.troubles)

    async def _forward(self, request: bytes) -> bytes:
        """Carry a request out, and return the whole answer."""
        reader, writer = await asyncio.open_connection(*self._to, limit=_LONGEST_HEAD_BYTES)
        try:
            writer.write(request)
            await writer.drain()
            return await _message(reader)
        finally:
            writer.close()

    async def _refuse(self, client: "_Client", _request: bytes) -> None:
        await client.send(_answer("503 Service Unavailable", b"<html>503</html>"))

    async def _throttle(self, client: "_Client", _request: bytes) -> None:
        await client.send(_answer("429 Too Many Requests", b"Request was throttled.", "Retry-After: 1"))

    async def _reset(self, client: "_Client", _request: bytes) -> None:
        client.end(is_reset=True)

    async def _lose(self, client: "_Client", request: bytes) -> None:
        await self._forward(request)
        client.end()

    async def _stall(self, client: "_Client", request: bytes) -> None:
        is_lost = self._struck[Trouble.STALL] % 2 == 0
        await asyncio.sleep(_SILENCE_S)
        answer = await self._forward(request)
        if is_lost:
            client.end()
        else:
            await client.send(answer)

    async def _show_portal(self, client: "_Client", _request: bytes) -> None:
        await client.send(_answer("200 OK", _PORTAL))

    async def _shorten(self, client: "_Client", request: bytes) -> None:
        answer = await self._forward(request)
        head, _, body = answer.partition(_HEAD_END)
        await client.send(head + _HEAD_END + body[: len(body) // 2])
        client.end()

    async def _garble(self, client: "_Client", request: bytes) -> None:
        answer = await self._forward(request)
        head, _, body = answer.partition(_HEAD_END)
        noise = self._chance.randbytes(len(body))
        await client.send(head + _HEAD_END + noise if self._struck[Trouble.JUNK] % 2 else noise or b"\0" * 32)
        client.end()


@dataclass(slots=True)
class _Client:
    """The connection of a client."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    is_over: bool = False

    async def send(self, content: bytes) -> None:
        self.writer.write(content)
        await self.writer.drain()

    def end(self, *, is_reset: bool = False) -> None:
        """Close in order, or with a TCP reset."""
        self.is_over = True
        if is_reset:
            self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.writer.transport.abort()


def _answer(status: str, body: bytes, *headers: str) -> bytes:
    lines = (f"HTTP/1.1 {status}", "Content-Type: text/html", f"Content-Length: {len(body)}", *headers)
    return "\r\n".join(lines).encode() + _HEAD_END + body


async def _message(reader: asyncio.StreamReader) -> bytes:
    """Return a whole request or answer, byte for byte; nothing if the connection ended before it."""
    try:
        head = await reader.readuntil(_HEAD_END)
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return b""
    headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
    if headers.get(b"transfer-encoding") == b"chunked":
        return head + await _chunks(reader)
    return head + await reader.readexactly(int(headers.get(b"content-length", b"0")))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while True:
        line = await reader.readline()
        part = await reader.readexactly(int(line.partition(b";")[0], 16) + 2)
        parts += [line, part]
        if part == b"\r\n":
            return b"".join(parts)
