"""Where cutouts are fetched from, and the check that what comes is a picture of sane length.

Order of hosts: the configured one; the one that Uploadcare's own description of a file names; the one computed from
the public key (accounts from before September 2025 have another, so it comes last). Source: UPLOADCARE.md 3.
"""

from collections.abc import Awaitable, Callable

import httpx2

from cutoutd.core.errors import UnreachableError
from cutoutd.uploadcare.responses import LOGIN_PAGE_ADVICE, RemoteFile

#: A cutout has at most 25 megapixels: 100 MB as raw RGBA, 200 MB with 16 bits a channel, and PNG only makes it smaller.
MAX_CUTOUT_BYTES = 256_000_000

#: Verification of the picture itself is publishing's; here only what is certainly none is refused.
_PICTURE_TYPES = ("image/", "application/octet-stream", "binary/octet-stream")

Sink = Callable[[bytes], Awaitable[None]]


class CdnBase:
    """The base of all delivery URLs of a project, as far as it is known."""

    def __init__(self, configured: str | None, computed: str) -> None:
        self._configured = configured
        self._learned: str | None = None
        self._computed = computed

    @property
    def is_known(self) -> bool:
        """Whether it was configured or learned, so that no file has to be looked up for it."""
        return bool(self._configured or self._learned)

    @property
    def host(self) -> str:
        """The host, and port where it is unusual, that the next cutout is fetched from."""
        return httpx2.URL(self._base).netloc.decode()

    def learn(self, file: RemoteFile) -> None:
        """Take the base from a file's own URL, where it has one; what is configured stays in force."""
        base, has_uuid, _ = (file.original_file_url or "").partition(file.uuid)
        if has_uuid and base.startswith(("https://", "http://")):
            self._learned = base

    def url_of(self, uuid: str) -> str:
        """Where the file itself is, not a transformation of it."""
        return f"{self._base.rstrip('/')}/{uuid}/"

    @property
    def _base(self) -> str:
        return self._configured or self._learned or self._computed


def require_image(response: httpx2.Response) -> None:
    """Refuse the login page that a network put in the picture's place.

    Raises:
        UnreachableError: the type is none that a picture is delivered with.
    """
    kind = response.headers.get("content-type", "").lower()
    if kind and not kind.startswith(_PICTURE_TYPES):
        msg = f"{response.url.host} delivered {kind.partition(';')[0]} instead of a picture"
        raise UnreachableError(msg, advice=LOGIN_PAGE_ADVICE)


async def copy_body(response: httpx2.Response, sink: Sink) -> int:
    """Hand the body to the sink in pieces; the answer is its length in bytes.

    Raises:
        UnreachableError: it ended early, or is longer than any cutout; the sink then holds a part and is to be dropped.
    """
    length_bytes = 0
    async for piece in response.aiter_bytes():
        length_bytes += len(piece)
        if length_bytes > MAX_CUTOUT_BYTES:
            msg = f"{response.url.host} delivered more than {MAX_CUTOUT_BYTES} bytes, which no cutout has"
            raise UnreachableError(msg)
        await sink(piece)
    promised = response.headers.get("content-length", "")
    is_as_sent = "content-encoding" not in response.headers
    if is_as_sent and promised.isdecimal() and length_bytes != int(promised):
        raise UnreachableError(f"{response.url.host} delivered {length_bytes} of {promised} bytes")
    if length_bytes == 0:
        raise UnreachableError(f"{response.url.host} delivered an empty file")
    return length_bytes
