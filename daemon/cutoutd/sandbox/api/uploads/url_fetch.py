"""Fetching a file from an address, and the rule that says which addresses.

The service fetches from public addresses only. The sandbox has the opposite rule, because it is a stand-in on one
machine: it fetches from this machine and from hosts that its settings name, and never from a link-local address.
Each connection goes to the checked network address, because a name may lead elsewhere the next time.
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Collection
from dataclasses import dataclass
from email.message import Message
from pathlib import Path, PurePosixPath
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

import httpx2

from cutoutd.sandbox.http.responses import HttpRefusal

LARGEST_FILE_BYTES = 500 * 1000 * 1000
WITHIN_S = 60.0
MOST_REDIRECTS = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CLIENT_ERROR, _SERVER_ERROR = 400, 500
_HOST = re.compile(r"[A-Za-z0-9_.:%-]+")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(slots=True)
class FetchProgress:
    """Bytes of a fetch so far; the total is null if the other side does not tell."""

    done_bytes: int = 0
    total_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class UrlFetcher:
    """The fetcher, with the hosts beside this machine that it may ask."""

    allowed_hosts: Collection[str] = ()
    within_s: float = WITHIN_S
    largest_bytes: int = LARGEST_FILE_BYTES

    async def require_allowed(self, url: str) -> Address:
        """Return the network address behind an address. Raises the service's 400 refusals."""
        parts = _split(url)
        host = parts.hostname or ""
        found = await _resolved(host, parts.port or (443 if parts.scheme == "https" else 80))
        for address in (address for address in found if not address.is_loopback):
            if address.is_link_local or address.is_multicast or address.is_unspecified or address.is_reserved:
                raise HttpRefusal(400, "Only public IPs are allowed.", code="URLHostPrivateIPForbiddenError")
            if host.lower() not in self.allowed_hosts:
                raise HttpRefusal(400, "Source is blacklisted.", code="URLBlacklistedError")
        return found[0]

    async def fetch(self, url: str, target: Path, progress: FetchProgress) -> str:
        """Write the file of an address to ``target`` and return its name.

        Raises ``HttpRefusal``; the status then shows its sentence and code.
        """
        try:
            async with asyncio.timeout(self.within_s), httpx2.AsyncClient(trust_env=False) as client:
                for _ in range(MOST_REDIRECTS + 1):
                    onward = await self._fetch_once(client, url, target, progress)
                    if isinstance(onward, _Redirect):
                        url = urljoin(url, onward.location)
                    else:
                        return onward
        except TimeoutError as error:
            sentence = f"Failed to download the file within the allotted time limit of {self.within_s:g} seconds."
            raise HttpRefusal(500, sentence, code="DownloadFileTimeLimitExceededError") from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            sentence = f"HTTP network error: {type(error).__name__}."
            raise HttpRefusal(500, sentence, code="DownloadFileHTTPNetworkError") from error
        raise HttpRefusal(400, "Too many redirects.", code="URLRedirectsLimitExceededError")

    async def _fetch_once(
        self, client: httpx2.AsyncClient, url: str, target: Path, progress: FetchProgress
    ) -> "str | _Redirect":
        address = await self.require_allowed(url)
        named = httpx2.URL(url)
        request = client.build_request(
            "GET",
            named.copy_with(host=str(address)),
            headers={"Host": named.netloc.decode("ascii")},
            extensions={"sni_hostname": named.host},
        )
        response = await client.send(request, stream=True)
        try:
            if response.status_code in REDIRECTS and "location" in response.headers:
                return _Redirect(response.headers["location"])
            _require_success(response.status_code)
            length = response.headers.get("content-length", "")
            progress.total_bytes = int(length) if length.isdecimal() else None
            await self._write(response, target, progress)
            return _filename(response.headers.get("content-disposition", "")) or _last_name(url)
        finally:
            await response.aclose()

    async def _write(self, response: httpx2.Response, target: Path, progress: FetchProgress) -> None:
        with target.open("wb") as file:
            async for piece in response.aiter_bytes():
                progress.done_bytes += len(piece)
                if progress.done_bytes > self.largest_bytes:
                    sentence = f"Downloaded file is too big: {progress.done_bytes} > {self.largest_bytes}."
                    raise HttpRefusal(500, sentence, code="DownloadFileSizeLimitExceededError")
                await asyncio.to_thread(file.write, piece)


@dataclass(frozen=True, slots=True)
class _Redirect:
    location: str


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _port = parts.port
    except ValueError as error:
        raise HttpRefusal(400, "Failed to parse URL.", code="URLParsingFailedError") from error
    if not parts.scheme:
        raise HttpRefusal(400, "No URL scheme supplied.", code="URLSchemeRequiredError")
    if parts.scheme not in {"http", "https"}:
        raise HttpRefusal(400, "Invalid URL scheme.", code="URLSchemeInvalidError")
    if not parts.hostname:
        raise HttpRefusal(400, "No URL host supplied.", code="URLHostRequiredError")
    if not _HOST.fullmatch(parts.hostname):
        raise HttpRefusal(400, "URL host is malformed.", code="URLHostMalformedError")
    return parts


async def _resolved(host: str, port: int) -> list[Address]:
    """Return every network address of a host; those of IPv4 in the form of IPv6 are unwrapped."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise HttpRefusal(400, "Host does not exist.", code="HostnameNotFoundError") from error
    addresses = [ipaddress.ip_address(entry[4][0]) for entry in found]
    return [getattr(address, "ipv4_mapped", None) or address for address in addresses]


def _require_success(status: int) -> None:
    if status >= _SERVER_ERROR:
        raise HttpRefusal(500, f"HTTP server error: {status}.", code="DownloadFileHTTPServerError")
    if status >= _CLIENT_ERROR:
        raise HttpRefusal(500, f"HTTP client error: {status}.", code="DownloadFileHTTPClientError")


def _filename(disposition: str) -> str:
    message = Message()
    message["Content-Disposition"] = disposition
    return message.get_filename("")


def _last_name(url: str) -> str:
    return PurePosixPath(unquote(urlsplit(url).path)).name or "file"
