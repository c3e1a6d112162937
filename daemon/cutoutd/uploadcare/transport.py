"""One exchange with a server: a request out, an answer in, each phase and the whole within a bound.

It knows nothing of Uploadcare: it turns what can go wrong on the way into two errors, never sent and unreachable, with
the cause in plain words, and leaves the meaning of an answer to its callers. It never repeats a request.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from urllib.request import getproxies

import httpx2

from cutoutd.core.errors import NeverSentError, UnreachableError
from cutoutd.uploadcare.responses import Response

#: Uploadcare's own answers have a few hundred bytes; a page of this size comes from somebody else.
MAX_RESPONSE_BYTES = 1_000_000

#: In each of these the request never had a connection to go out on.
_BEFORE_SENDING = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
)

_SENTENCES: tuple[tuple[type[Exception], str], ...] = (
    (httpx2.ConnectTimeout, "no connection to {host} within {bounds.connect_s:g} s"),
    (httpx2.PoolTimeout, "no connection became free within {bounds.pool_s:g} s"),
    (httpx2.ReadTimeout, "{host} sent nothing for {bounds.read_s:g} s"),
    (httpx2.WriteTimeout, "{host} took nothing for {bounds.write_s:g} s"),
    (TimeoutError, "the exchange with {host} was not over after {bounds.overall_s:g} s"),
    (httpx2.ProxyError, "the proxy gave no way to {host}: {error}"),
    (httpx2.UnsupportedProtocol, "the address of {host} does not begin with http:// or https://"),
    (httpx2.TooManyRedirects, "{host} redirects in a circle"),
    (httpx2.DecodingError, "{host} sent an answer that cannot be decompressed"),
)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long each phase of an exchange may take, and all of it; a slow trickle meets the overall bound."""

    overall_s: float
    connect_s: float = 10.0
    write_s: float = 60.0
    read_s: float = 30.0
    pool_s: float = 30.0

    @property
    def timeout(self) -> httpx2.Timeout:
        """The phases as the HTTP library wants them."""
        return httpx2.Timeout(connect=self.connect_s, write=self.write_s, read=self.read_s, pool=self.pool_s)


@dataclass(frozen=True, slots=True)
class TimeoutSet:
    """The bounds of each kind of call."""

    call: Timeouts = field(default_factory=lambda: Timeouts(overall_s=60.0))
    #: A lost answer to a launch costs a human's attention or a second payment, so it is waited for longest.
    launch: Timeouts = field(default_factory=lambda: Timeouts(overall_s=240.0, read_s=120.0))
    #: Sending and fetching pictures; the overall bound allows a line of about 100 kbit/s for 12 MB.
    transfer: Timeouts = field(default_factory=lambda: Timeouts(overall_s=1200.0, read_s=60.0))


@asynccontextmanager
async def send(client: httpx2.AsyncClient, request: httpx2.Request, bounds: Timeouts) -> AsyncIterator[httpx2.Response]:
    """Send a request and hold its answer open, the body unread; the overall bound covers the block as well.

    Raises:
        NeverSentError: there was no connection to send it over.
        UnreachableError: it was sent, or partly, and the connection or the time ran out.
    """
    request.extensions["timeout"] = bounds.timeout.as_dict()
    with _translate_errors(request, bounds):
        async with asyncio.timeout(bounds.overall_s):
            response = await client.send(request, stream=True)
            try:
                yield response
            finally:
                await response.aclose()


async def send_and_read(client: httpx2.AsyncClient, request: httpx2.Request, bounds: Timeouts) -> Response:
    """Send a request and read its whole, short answer.

    Raises:
        NeverSentError: there was no connection to send it over.
        UnreachableError: it was sent, or partly, and no whole answer came within the bounds.
    """
    async with send(client, request, bounds) as response:
        return await read_response(response)


async def read_response(response: httpx2.Response) -> Response:
    """Read an answer's body, which must be short.

    Raises:
        UnreachableError: it is not.
    """
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_RESPONSE_BYTES:
            msg = f"{response.url.host} answered with a page of more than {MAX_RESPONSE_BYTES} bytes"
            raise UnreachableError(msg)
    return to_response(response, bytes(body))


def to_response(response: httpx2.Response, body: bytes = b"") -> Response:
    """An answer as a value; without a body where that was not read."""
    return Response(
        host=response.url.host,
        status=response.status_code,
        headers=response.headers,
        body=body,
        received_at_s=time.time(),
    )


@contextmanager
def _translate_errors(request: httpx2.Request, bounds: Timeouts) -> Iterator[None]:
    """Translate what the HTTP library raises; an error of the caller's own block passes as it is."""
    try:
        yield
    except _BEFORE_SENDING as error:
        raise NeverSentError(_explained(error, request.url.host, bounds)) from error
    except (httpx2.RequestError, TimeoutError, ssl.SSLError) as error:
        raise UnreachableError(_explained(error, request.url.host, bounds)) from error


def _explained(error: Exception, host: str, bounds: Timeouts) -> str:
    """One sentence on a failed exchange, without anything that was sent."""
    if isinstance(error, httpx2.ConnectError):
        return _unconnected(error, host)
    for kind, sentence in _SENTENCES:
        if isinstance(error, kind):
            return sentence.format(host=host, bounds=bounds, error=error)
    return f"the connection to {host} broke off before the answer was complete"


def _unconnected(error: BaseException, host: str) -> str:
    """Why there was no connection, from the system's own error underneath."""
    if getproxies():
        host = f"{host} (or the proxy on the way to it)"
    causes = list(_causes(error))
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


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The innermost causes of an error: with several addresses tried there are several.

    The HTTP library chains some of its errors with ``from None``, so the context counts where there is no cause.
    """
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield from _causes(member)
    elif error is not None:
        underneath = error.__cause__ or error.__context__
        if underneath is None:
            yield error
        yield from _causes(underneath)
