"""The CDN host of the cutouts, and the check that a delivered body is an image of plausible length.

Order of hosts: the configured one; the one in Uploadcare's description of a file; the one computed from the public key.
The computed host comes last, because accounts from before September 2025 have another one (docs/uploadcare.md 3).
"""

from collections.abc import Awaitable, Callable

import httpx2

from cutoutd.core.errors import UnreachableError
from cutoutd.uploadcare.responses import LOGIN_PAGE_ADVICE, RemoteFile

#: A cutout has at most 25 megapixels. That is 200 MB as raw RGBA with 16 bits a channel, and PNG makes it smaller.
MAX_CUTOUT_BYTES = 256_000_000

#: Only bodies that are certainly no image are refused here; the download step verifies the image itself.
_IMAGE_TYPES = ("image/", "application/octet-stream", "binary/octet-stream")

Sink = Callable[[bytes], Awaitable[None]]


class CdnBase:
    """The base of all CDN URLs of a project, as far as the client knows it."""

    def __init__(self, configured: str | None, computed: str) -> None:
        self._configured = configured
        self._learned: str | None = None
        self._computed = computed

    @property
    def is_known(self) -> bool:
        """True if the base was configured or learned, so that no request is needed to find it."""
        return bool(self._configured or self._learned)

    @property
    def host(self) -> str:
        """The host of the next cutout, with the port if it is unusual."""
        return httpx2.URL(self._base).netloc.decode()

    def learn(self, file: RemoteFile) -> None:
        """Take the base from a file's own URL if it has one; a configured base stays in force."""
        base, has_uuid, _ = (file.original_file_url or "").partition(file.uuid)
        if has_uuid and base.startswith(("https://", "http://")):
            self._learned = base

    def url_of(self, uuid: str) -> str:
        """Return the URL of the file itself, without a transformation."""
        return f"{self._base.rstrip('/')}/{uuid}/"

    @property
    def _base(self) -> str:
        return self._configured or self._learned or self._computed


def require_image(response: httpx2.Response) -> None:
    """Raise if the body is no image, for example a login page of the local network.

    Raises:
        UnreachableError: no image is delivered with this media type.
    """
    media_type = response.headers.get("content-type", "").lower()
    if media_type and not media_type.startswith(_IMAGE_TYPES):
        msg = f"{response.url.host} delivered {media_type.partition(';')[0]} instead of a picture"
        raise UnreachableError(msg, advice=LOGIN_PAGE_ADVICE)


async def copy_body(response: httpx2.Response, sink: Sink, *, max_bytes: int = MAX_CUTOUT_BYTES) -> int:
    """Pass the body to the sink in chunks, and return its length in bytes.

    After an error the sink holds a part, which the caller must discard.

    Raises:
        UnreachableError: the body ended early, is empty, or is longer than any cutout.
    """
    length_bytes = 0
    async for chunk in response.aiter_bytes():
        length_bytes += len(chunk)
        if length_bytes > max_bytes:
            msg = f"{response.url.host} delivered more than {max_bytes} bytes, which no cutout has"
            raise UnreachableError(msg)
        await sink(chunk)
    promised = response.headers.get("content-length", "")
    is_as_sent = "content-encoding" not in response.headers
    if is_as_sent and promised.isdecimal() and length_bytes != int(promised):
        raise UnreachableError(f"{response.url.host} delivered {length_bytes} of {promised} bytes")
    if length_bytes == 0:
        raise UnreachableError(f"{response.url.host} delivered an empty file")
    return length_bytes
