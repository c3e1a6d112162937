"""The transport of one request and its response, with a time limit for each phase and for the whole.

It knows nothing of Uploadcare. It translates all failures into two errors: never sent and unreachable, with the cause
in plain words. Callers read the meaning of a response.

No request is repeated but those that ``ask_again`` gets: questions that change nothing, however often they are asked.
"""

import asyncio
import math
import random
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar
from urllib.request import getproxies

import httpx2

from cutoutd.core.errors import NeverSentError, NotDeliveredError, UnreachableError
from cutoutd.uploadcare.responses import Response, shown
from cutoutd.uploadcare.silence import Silence

Answer = TypeVar("Answer")

#: Uploadcare's own responses have a few hundred bytes; a page of this size is not Uploadcare's.
MAX_RESPONSE_BYTES = 1_000_000

#: After each of these errors it is certain that nothing was sent.
_BEFORE_SENDING = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
)

_SENTENCES: tuple[tuple[type[Exception], str], ...] = (
    (httpx2.ConnectTimeout, "no connection to {host} within {timeouts.connect_s:g} s"),
    (httpx2.PoolTimeout, "no connection became free within {timeouts.pool_s:g} s"),
    (httpx2.ReadTimeout, "{host} sent nothing for {timeouts.read_s:g} s"),
    (httpx2.WriteTimeout, "{host} took nothing for {timeouts.write_s:g} s"),
    (TimeoutError, "the exchange with {host} was not over after {timeouts.overall_s:g} s"),
    (httpx2.ProxyError, "the proxy gave no way to {host}: {error}"),
    (httpx2.UnsupportedProtocol, "the address of {host} does not begin with http:// or https://"),
    (httpx2.InvalidURL, "{host} named an address that is none"),
    (httpx2.TooManyRedirects, "{host} redirects in a circle"),
    (httpx2.DecodingError, "{host} sent an answer that cannot be decompressed"),
)


#: Repeated questions are spread over so many seconds, because many of them may have met the same trouble.
_REPEAT_WITHIN_S = 0.5


#: A question that will be asked again is given up after so much silence.
_IMPATIENT_S = 5.0

_patience_s: ContextVar[float] = ContextVar("patience with a silence, in seconds", default=math.inf)


@contextmanager
def _impatient() -> Iterator[None]:
    token = _patience_s.set(_IMPATIENT_S)
    try:
        yield
    finally:
        _patience_s.reset(token)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """The time limits of a request; the overall limit also ends a slow trickle."""

    overall_s: float
    connect_s: float = 10.0
    write_s: float = 60.0
    read_s: float = 30.0
    pool_s: float = 30.0


@dataclass(frozen=True, slots=True)
class TimeoutSet:
    """The time limits of each kind of request."""

    call: Timeouts = field(default_factory=lambda: Timeouts(overall_s=60.0))
    #: A launch has the longest limit, because a lost response costs attention or a second payment.
    launch: Timeouts = field(default_factory=lambda: Timeouts(overall_s=240.0, read_s=120.0))
    #: Uploads and downloads of images; the overall limit allows 12 MB over a line of about 100 kbit/s.
    transfer: Timeouts = field(default_factory=lambda: Timeouts(overall_s=1200.0, read_s=60.0))


class Call(Protocol):
    """The function that sends one request to the REST API and returns its response."""

    def __call__(self, method: str, url: str, body: object = None) -> Awaitable[Response]:
        """Send the request."""
        ...


async def ask_again(ask: Callable[[], Awaitable[Answer]], repeats: int) -> Answer:
    """Ask a question that changes nothing, and repeat it so often after trouble on the way; return the answer.

    All tries but the last one are given up after a short silence, because a gateway may hold the request.
    Each repetition may be billed. A wish for patience (429) and a no are answers, and are never asked for again.

    Raises:
        UnreachableError: no usable response came.
    """
    for _ in range(repeats):
        try:
            with _impatient():
                return await ask()
        except NotDeliveredError:
            raise
        except UnreachableError:
            await asyncio.sleep(_REPEAT_WITHIN_S * random.random())  # noqa: S311  a spread, no secret
    return await ask()


@asynccontextmanager
async def send(
    client: httpx2.AsyncClient, request: httpx2.Request, timeouts: Timeouts
) -> AsyncIterator[httpx2.Response]:
    """Send a request and yield its response with the body unread; the overall limit covers the block as well.

    Raises:
        NeverSentError: there was no connection to send the request over.
        UnreachableError: the request was sent, wholly or in part, and the connection or the time ran out.
    """
    timeouts = replace(timeouts, read_s=min(timeouts.read_s, _patience_s.get()))
    request.extensions["timeout"] = httpx2.Timeout(
        connect=timeouts.connect_s, write=timeouts.write_s, read=timeouts.read_s, pool=timeouts.pool_s
    ).as_dict()
    progress = _SendProgress()
    request.extensions["trace"] = progress.note
    with _translate_errors(request, timeouts, progress):
        async with asyncio.timeout(timeouts.overall_s):
            with progress.silence.until_answered():
                response = await client.send(request, stream=True)
            try:
                yield response
            finally:
                await response.aclose()


async def send_and_read(client: httpx2.AsyncClient, request: httpx2.Request, timeouts: Timeouts) -> Response:
    """Send a request and return its whole, short response.

    Raises:
        NeverSentError: there was no connection to send the request over.
        UnreachableError: the request was sent, wholly or in part, and no whole response came in time.
    """
    async with send(client, request, timeouts) as response:
        return await read_response(response)


async def read_response(response: httpx2.Response) -> Response:
    """Read the body of a response, which must be short.

    Raises:
        UnreachableError: the body is too long.
    """
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_RESPONSE_BYTES:
            msg = f"{response.url.host} answered with a page of more than {MAX_RESPONSE_BYTES} bytes"
            raise UnreachableError(msg)
    return to_response(response, bytes(body))


def to_response(response: httpx2.Response, body: bytes = b"") -> Response:
    """Return a response as a value, with the body that was read, if any."""
    return Response(
        host=shown(response.url.host),
        status=response.status_code,
        headers=response.headers,
        body=body,
        received_at_s=time.time(),
    )


class _SendProgress:
    """The progress of a request, as the HTTP library tells it; a transport in memory tells nothing."""

    def __init__(self) -> None:
        self._has_begun = False
        self._has_begun_body = False
        self.silence = Silence()

    @property
    def is_certainly_incomplete(self) -> bool:
        """True if the body was certainly not begun: then the service can have carried nothing out."""
        return self._has_begun and not self._has_begun_body

    async def note(self, event: str, _info: object) -> None:
        """Note an event of the HTTP library."""
        self._has_begun = True
        if event.endswith(".send_request_body.started"):
            self._has_begun_body = True
            self.silence.on_sending()
        elif event.endswith(".send_request_body.complete"):
            self.silence.on_sent()


@contextmanager
def _translate_errors(request: httpx2.Request, timeouts: Timeouts, progress: _SendProgress) -> Iterator[None]:
    """Translate the errors of the HTTP library; other errors of the caller's block pass unchanged."""
    try:
        yield
    except _BEFORE_SENDING as error:
        raise NeverSentError(_explain(error, request.url.host, timeouts)) from error
    except (httpx2.RequestError, httpx2.InvalidURL, TimeoutError, ssl.SSLError) as error:
        if request.method == "POST" and progress.is_certainly_incomplete:
            raise NeverSentError(_explain(error, request.url.host, timeouts)) from error
        raise UnreachableError(_explain(error, request.url.host, timeouts)) from error


def _explain(error: Exception, host: str, timeouts: Timeouts) -> str:
    """Return one sentence on a failed request, without anything that was sent."""
    if isinstance(error, httpx2.ConnectError):
        return _explain_connect_error(error, host)
    for kind, sentence in _SENTENCES:
        if isinstance(error, kind):
            return sentence.format(host=host, timeouts=timeouts, error=shown(str(error)))
    return f"the connection to {host} broke off before the answer was complete"


def _explain_connect_error(error: BaseException, host: str) -> str:
    """Return the reason for a missing connection, from the system's own error underneath."""
    if getproxies():
        host = f"{host} (or the proxy on the way to it)"
    causes = list(_root_causes(error))
    for cause in causes:
        if isinstance(cause, socket.gaierror):
            return f"the name {host} could not be resolved"
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"{host} shows a certificate that is not trusted: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return f"no secure connection to {host}: {cause.reason or 'the handshake failed'}"
    if causes and all(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return f"{host} refused the connection"
    reason = next((cause.strerror for cause in causes if isinstance(cause, OSError) and cause.strerror), None)
    return f"no connection to {host}" + (f": {reason}" if reason else "")


def _root_causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the innermost causes of an error: one for each address that was tried.

    The HTTP library chains some errors with ``from None``, so the context stands in for a missing cause.
    """
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield from _root_causes(member)
    elif error is not None:
        underneath = error.__cause__ or error.__context__
        if underneath is None:
            yield error
        yield from _root_causes(underneath)
