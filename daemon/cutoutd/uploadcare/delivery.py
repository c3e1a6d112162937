"""The delivery of results over the CDN: where it is asked for, and what may come.

A delivered body must be an image of plausible length. Order of CDN hosts: the configured one; the one in Uploadcare's
description of a file; the one computed from the public key. The computed host comes last, because accounts from before
September 2025 have another one (docs/uploadcare.md 3).
"""

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import httpx2

from cutoutd.core.errors import NeverSentError, ResultDamagedError, UnreachableError
from cutoutd.uploadcare.addresses import Reach
from cutoutd.uploadcare.responses import LOGIN_PAGE_ADVICE, RemoteFile, shown

#: A cutout has at most 25 megapixels. That is 200 MB as raw RGBA with 16 bits a channel, and PNG makes it smaller.
MAX_CUTOUT_BYTES = 256_000_000

_DOUBT_EVERY_S = 300.0

#: Only bodies that are certainly no image are refused here; the download step verifies the image itself.
_IMAGE_TYPES = ("image/", "application/octet-stream", "binary/octet-stream")

Sink = Callable[[bytes], Awaitable[None]]
Clock = Callable[[], float]


class CdnBase:
    """The base of all CDN URLs of a project, as far as the client knows it.

    Args:
        configured: the base that the configuration names, if any.
        computed: the base that follows from the public key.
        reach: the addresses that a base may lead to.
        clock: the time in seconds.
    """

    def __init__(
        self, configured: str | None, computed: str, reach: Reach | None = None, clock: Clock = time.monotonic
    ) -> None:
        self._configured = configured
        self._learned: str | None = None
        self._computed = computed
        self.reach = reach or Reach()
        self._clock = clock
        self._doubt_again_at_s = 0.0

    @property
    def is_known(self) -> bool:
        """True if the base was configured or learned, so that no request is needed to find it."""
        return bool(self._configured or self._learned)

    @property
    def host(self) -> str:
        """The host of the next cutout, with the port if it is unusual."""
        return httpx2.URL(self._base).netloc.decode()

    def learn(self, file: RemoteFile) -> None:
        """Take the base from a file's own URL if it has an allowed one; a configured base stays in force."""
        base, has_uuid, _ = (file.original_file_url or "").partition(file.uuid)
        if has_uuid and not self.reach.trouble_with(base):
            self._learned = base

    @contextmanager
    def doubt_if_unreachable(self) -> Iterator[None]:
        """Guard a block that fetches: forget the learned base if nothing can be sent there.

        So one odd answer holds up no cutout for long. Learning costs an operation, so a doubt comes now and then.
        """
        try:
            yield
        except NeverSentError:
            if self._clock() >= self._doubt_again_at_s:
                self._learned = None
                self._doubt_again_at_s = self._clock() + _DOUBT_EVERY_S
            raise

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
        msg = f"{response.url.host} delivered {shown(media_type.partition(';')[0])} instead of a picture"
        raise UnreachableError(msg, advice=LOGIN_PAGE_ADVICE)


async def copy_body(response: httpx2.Response, sink: Sink, *, max_bytes: int = MAX_CUTOUT_BYTES) -> int:
    """Pass the body to the sink in chunks, and return its length in bytes.

    After an error the sink holds a part, which the caller must discard.

    Raises:
        UnreachableError: the body ended early.
        ResultDamagedError: it is empty, or longer than any cutout.
    """
    length_bytes = 0
    async for chunk in response.aiter_bytes():
        length_bytes += len(chunk)
        if length_bytes > max_bytes:
            msg = f"{response.url.host} delivered more than {max_bytes} bytes, which no cutout has"
            raise ResultDamagedError(msg)
        await sink(chunk)
    promised = response.headers.get("content-length", "")
    is_as_sent = "content-encoding" not in response.headers
    if is_as_sent and promised.isdecimal() and length_bytes != int(promised):
        raise UnreachableError(f"{response.url.host} delivered {length_bytes} of {shown(promised)} bytes")
    if length_bytes == 0:
        raise ResultDamagedError(f"{response.url.host} delivered an empty file")
    return length_bytes
