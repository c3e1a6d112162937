"""The body of an upload: a form around a file that is read and hashed in blocks while it is sent.

Memory holds one block, whatever the file's size and the number of threads. The caller compares the hash of the sent
bytes with the accepted ones. A file that changes its length meanwhile ends the upload.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from io import BufferedIOBase

import httpx2

from cutoutd.core.errors import DiskError, SupersededError

#: Read by a thread at once, because a change of thread costs as much as hashing 100 kB.
_BLOCK_BYTES = 1 << 20

#: Sent at once; small enough for the write time-out on a slow line.
_PIECE_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class UploadResult:
    """An upload that Uploadcare accepted."""

    uuid: str
    sha256: str  #: of the bytes that were really sent


class UploadForm(httpx2.AsyncByteStream):
    """A multipart form with one file field, ``file``; it can be sent once."""

    def __init__(self, fields: Mapping[str, str], content: BufferedIOBase, *, name: str, size_bytes: int) -> None:
        # The HTTP library writes the form around an empty file; the file's own bytes are slipped in while sending.
        shown_name = name.encode("utf-8", "replace").decode()
        empty = httpx2.Request("POST", "http://form", data=dict(fields), files={"file": (shown_name, b"")})
        boundary = empty.headers["content-type"].partition("boundary=")[2]
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._head = empty.read().removesuffix(self._tail)
        self._content = content
        self._size_bytes = size_bytes
        # Read into again and again: a thread that hands a block over would keep it until it is scheduled once more. The
        # one byte more than promised shows a file that grew.
        self._block = memoryview(bytearray(min(_BLOCK_BYTES, size_bytes + 1)))
        self._hash = hashlib.sha256()
        self.headers = {
            "Content-Type": empty.headers["content-type"],
            "Content-Length": str(len(self._head) + size_bytes + len(self._tail)),
        }

    @property
    def sha256(self) -> str:
        """The hash of the file's bytes sent so far."""
        return self._hash.hexdigest()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._head
        left_bytes, is_at_end = self._size_bytes, False
        while not is_at_end and left_bytes >= 0:
            read_bytes = await asyncio.to_thread(self._read_block)
            left_bytes, is_at_end = left_bytes - read_bytes, read_bytes < len(self._block)
            if left_bytes >= 0:
                for at in range(0, read_bytes, _PIECE_BYTES):
                    yield bytes(self._block[at : min(at + _PIECE_BYTES, read_bytes)])
        if left_bytes != 0:
            raise SupersededError("changed", "the file changed its length while it was being sent")
        yield self._tail

    def _read_block(self) -> int:
        """Read the next block and return its length; a shorter block is the last, as with every buffered file."""
        try:
            read_bytes = self._content.readinto(self._block)
        except OSError as error:
            raise DiskError(f"the photo cannot be read to its end: {error.strerror or error}") from error
        self._hash.update(self._block[:read_bytes])
        return read_bytes
