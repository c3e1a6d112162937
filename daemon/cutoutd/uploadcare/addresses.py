"""The addresses that foreign words may lead to: redirects of the CDN, and the base that a file's description names.

They lead to public addresses over https, and nowhere else: not to this machine, and not into its networks. What the
configuration itself names is allowed as it is. A name is looked at again when it is connected, because it may lead
elsewhere by then. Behind a proxy, the proxy resolves the names.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from urllib.request import getproxies

import httpcore2
import httpx2

from cutoutd.core.errors import UnreachableError
from cutoutd.uploadcare.responses import shown
from cutoutd.uploadcare.transport import Timeouts, send

_MAX_REDIRECTS = 5

_PORTS = {"http": 80, "https": 443}

_ADVICE = "If this is your own delivery, name it in uploadcare.cdn_base; else ask Uploadcare."

#: Prefixes of IPv6 with an address of IPv4 in their last 32 bits (RFC 6052; RFC 4291).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")

#: Special addresses that some version of Python takes for public (the IANA registries of special-purpose addresses).
_SPECIAL = tuple(
    map(
        ipaddress.ip_network, ("192.0.0.0/24", "64:ff9b:1::/48", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16")
    )
)


def is_public(text: str) -> bool:
    """Return True if an address belongs to the internet: to no machine, network or group of its own."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if (inner := _inner_address(address)) is not None:
            return is_public(str(inner))
        if address.is_site_local:
            return False
    if any(address in network for network in _SPECIAL):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _inner_address(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the address of IPv4 that an address of IPv6 stands for, or None."""
    if address in _NAT64 or address in _COMPATIBLE:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour


class Reach:
    """The addresses that deliveries may be asked of.

    Args:
        bases: the addresses that the configuration names, which are allowed whatever they are.
    """

    def __init__(self, *bases: str | None) -> None:
        self._named = {_origin_of(httpx2.URL(base)) for base in bases if base}
        self._places = {(host, port) for _, host, port in self._named}

    def is_named(self, host: str, port: int) -> bool:
        """Return True if the configuration names this host with this port."""
        return (host, port) in self._places

    def trouble_with(self, text: str) -> str:
        """Return a clause on what speaks against an address, or an empty text. No name is resolved."""
        try:
            url = httpx2.URL(text)
        except (httpx2.InvalidURL, ValueError):
            return "is none"
        if not url.host or url.userinfo:
            return "is none"
        if _origin_of(url) in self._named:
            return ""
        if url.scheme != "https":
            return "does not begin with https://"
        is_own = url.host == "localhost" or url.host.endswith(".localhost")
        return "leads into a network of this machine" if is_own or _is_private_literal(url.host) else ""

    def require_allowed(self, text: str, told_by: str) -> None:
        """Raise unless deliveries may be asked of this address.

        Raises:
            UnreachableError: they may not.
        """
        if trouble := self.trouble_with(text):
            msg = f"{shown(told_by)} leads to {shown(text)}, an address that {trouble}"
            raise UnreachableError(msg, advice=_ADVICE)


def _origin_of(url: httpx2.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or _PORTS.get(url.scheme, 0)


def _is_private_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return not is_public(host)


@asynccontextmanager
async def get_following(
    client: httpx2.AsyncClient, url: str, timeouts: Timeouts, reach: Reach
) -> AsyncIterator[httpx2.Response]:
    """Ask for an address, follow redirects to allowed ones, and yield the last response with its body unread.

    No body of a redirect is read. No header of one host goes to another.

    Raises:
        UnreachableError: an address is not allowed, the redirects do not end, or any reason of ``send``.
    """
    told_by = "the address of the cutout"
    for _ in range(_MAX_REDIRECTS + 1):
        reach.require_allowed(url, told_by)
        # Ask for the stored bytes, because a compressed body has another length than the promised one.
        request = client.build_request("GET", url, headers={"Accept-Encoding": "identity"})
        async with send(client, request, timeouts) as response:
            if not response.has_redirect_location:
                yield response
                return
            url = _next_address(response)
            told_by = response.url.host
    raise UnreachableError(f"{shown(told_by)} redirects in a circle")


def _next_address(response: httpx2.Response) -> str:
    try:
        return str(response.url.join(response.headers["location"]))
    except (httpx2.InvalidURL, ValueError) as error:
        raise UnreachableError(f"{shown(response.url.host)} redirects to an address that is none") from error


def guarded_transport(verify: ssl.SSLContext, limits: httpx2.Limits, reach: Reach) -> httpx2.AsyncHTTPTransport | None:
    """Return the transport that connects to allowed addresses only; None behind a proxy, which connects itself."""
    return None if getproxies() else _GuardedTransport(verify, limits, reach)


class _GuardedTransport(httpx2.AsyncHTTPTransport):
    def __init__(self, verify: ssl.SSLContext, limits: httpx2.Limits, reach: Reach) -> None:
        super().__init__(verify=verify, limits=limits)
        # The same pool as the base class makes, which has no argument for the way to connect.
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=verify,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_GuardedBackend(reach),
        )


class _GuardedBackend(httpcore2.AnyIOBackend):
    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  the library's own argument
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to a host if all its addresses are allowed, and so is the one that was reached."""
        is_named = self._reach.is_named(host, port)
        if not is_named:
            for address in await _addresses_of(host, port, timeout):
                _require_public(host, address)
        stream = await super().connect_tcp(host, port, timeout, local_address, socket_options)
        if not is_named:
            try:
                # The name may have led elsewhere since. Nothing was sent over the connection yet.
                _require_public(host, str(stream.get_extra_info("server_addr")[0]))
            except httpcore2.ConnectError:
                await stream.aclose()
                raise
        return stream


async def _addresses_of(host: str, port: int, limit_s: float | None) -> set[str]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(limit_s):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError as error:
        raise httpcore2.ConnectTimeout(f"{host} could not be resolved in time") from error
    except (OSError, UnicodeError) as error:
        raise httpcore2.ConnectError(str(error)) from error
    return {str(place[0]) for *_, place in found}


def _require_public(host: str, address: str) -> None:
    if not is_public(address):
        raise httpcore2.ConnectError(f"{host} leads to {address}") from PrivateAddressError(host, address)


class PrivateAddressError(OSError):
    """A public name leads to an address of this machine or of a network of its own."""

    def __init__(self, host: str, address: str) -> None:
        super().__init__(0, f"its name leads to {address}, which is no address of the internet", host)
