"""The project's files at Uploadcare: the form that sends one, uploads and results."""

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http import HTTPStatus
from io import BufferedIOBase
from urllib.parse import parse_qsl, urlencode

import httpx2

from cutoutd.core.blocking import BlockingCalls, local_calls
from cutoutd.core.errors import (
    DiskError,
    NotReadyError,
    ResultGoneError,
    SupersededError,
    UnreachableError,
    UploadGoneError,
)
from cutoutd.uploadcare.error_mapping import require_success, service_message
from cutoutd.uploadcare.responses import BatchReply, FilesPage, RemoteFile, parse
from cutoutd.uploadcare.transport import Call, ask_again

#: Read by a thread at once, because a change of thread costs as much as hashing 100 kB.
_BLOCK_BYTES = 1 << 20

#: Small enough for the write time-out on a slow line.
_PIECE_BYTES = 1 << 18

#: How many files one request may delete or store (docs/uploadcare.md 3).
_FILES_PER_REQUEST = 100

_FILES_PER_PAGE = 100

#: Uploadcare bills each page of a list, and a list may have no end.
_MAX_PAGES = 10


@dataclass(frozen=True, slots=True)
class UploadResult:
    """An upload that Uploadcare accepted."""

    uuid: str
    sha256: str  #: of the bytes that were really sent


class UploadForm(httpx2.AsyncByteStream):
    """A multipart form with one file field, ``file``; it can be sent once.

    The file is read and hashed in blocks while it is sent. Memory holds one block, whatever the file's size and the
    number of threads. The caller compares the hash of the sent bytes with the accepted ones. A file that changes its
    length meanwhile ends the upload. The file is closed as soon as it is read to its end.
    """

    def __init__(
        self,
        fields: Mapping[str, str],
        content: BufferedIOBase,
        *,
        name: str,
        size_bytes: int,
        calls: BlockingCalls = local_calls,
    ) -> None:
        # The HTTP library writes the form around an empty file; the file's own bytes are slipped in while sending.
        shown_name = name.encode("utf-8", "replace").decode()
        empty = httpx2.Request("POST", "http://form", data=dict(fields), files={"file": (shown_name, b"")})
        boundary = empty.headers["content-type"].partition("boundary=")[2]
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._head = empty.read().removesuffix(self._tail)
        self._content = content
        self._calls = calls  # to the tree that the file is in
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
            read_bytes = await self._calls.run(self._read_block)
            left_bytes, is_at_end = left_bytes - read_bytes, read_bytes < len(self._block)
            if left_bytes >= 0:
                for at in range(0, read_bytes, _PIECE_BYTES):
                    yield bytes(self._block[at : min(at + _PIECE_BYTES, read_bytes)])
        if left_bytes != 0:
            raise SupersededError("changed", "the file changed its length while it was being sent")
        # Now, because many uploads may wait for an answer, with a copy of 12 MB or an open file each.
        self._block = memoryview(b"")
        self._calls.begin(self._content.close)
        yield self._tail

    def _read_block(self) -> int:
        """Read the next block and return its length; a shorter block is the last, as with every buffered file."""
        try:
            read_bytes = self._content.readinto(self._block)
        except OSError as error:
            raise DiskError(f"the photo cannot be read to its end: {error.strerror or error}") from error
        self._hash.update(self._block[:read_bytes])
        return read_bytes


class FilesApi:
    """The files of one project.

    Every method may raise the errors that ``UploadcareClient`` lists.
    """

    def __init__(self, call: Call) -> None:
        self._call = call

    async def get(self, uuid: str, *, repeats: int = 0) -> RemoteFile | None:
        """Return Uploadcare's description of a file, or None if the project has no such file; one operation."""
        return await ask_again(partial(self._describe, uuid), repeats)

    async def _describe(self, uuid: str) -> RemoteFile | None:
        response = await self._call("GET", f"files/{uuid}/?include=appdata")
        if response.status == HTTPStatus.NOT_FOUND and service_message(response) is not None:
            return None
        return parse(RemoteFile, require_success(response))

    async def require_ready(self, source_uuid: str) -> bool:
        """Return True if a removal was made of an upload already; raise unless it can be used. One operation.

        Raises:
            NotReadyError: Uploadcare still processes the upload.
            UploadGoneError: the upload is not, or no longer, in the project.
        """
        file = await self.get(source_uuid)
        if file is None or file.is_removed:
            raise UploadGoneError("the upload is no longer at Uploadcare, which keeps it for 24 hours")
        if not file.is_ready:
            raise NotReadyError("Uploadcare has not finished taking the upload in")
        return file.has_run_remove_bg

    async def require_result(self, result_uuid: str) -> RemoteFile:
        """Return Uploadcare's description of a result; one operation.

        Raises:
            ResultGoneError: Uploadcare no longer has the result.
        """
        file = await self.get(result_uuid)
        if file is None or file.is_removed:
            raise ResultGoneError("the finished cutout is no longer at Uploadcare")
        return file

    async def list_since(self, since: datetime, *, repeats: int = 0) -> list[RemoteFile]:
        """Return the first files of the project uploaded after a time, oldest first, up to a thousand.

        One operation for each hundred. Those right after the time come first, because only they are looked for. A page
        that is lost costs no other page.

        Raises:
            UnreachableError: the list goes round in a circle.
        """
        files: dict[str, RemoteFile] = {}
        query = urlencode({"ordering": "datetime_uploaded", "from": since.isoformat(), "limit": _FILES_PER_PAGE})
        for _ in range(_MAX_PAGES):
            page = await ask_again(partial(self._page, query), repeats)
            is_new = any(file.uuid not in files for file in page.results)
            files |= {file.uuid: file for file in page.results}
            if page.next is None:
                break
            if not is_new:
                raise UnreachableError("Uploadcare's list of files goes round in a circle")
            # Take the address apart, because it is foreign text that need not be one.
            query = urlencode(parse_qsl(page.next.partition("?")[2], keep_blank_values=True))
        return sorted((file for file in files.values() if file.uploaded_at >= since), key=lambda file: file.uploaded_at)

    async def _page(self, query: str) -> FilesPage:
        return parse(FilesPage, require_success(await self._call("GET", f"files/?{query}")))

    async def delete(self, uuids: Sequence[str]) -> None:
        """Delete uploads and results for good, and ignore those already gone; one operation for each hundred.

        Uploadcare's CDN may serve a deleted file for a while longer.
        """
        await self._call_in_batches("DELETE", uuids)

    async def store(self, uuids: Sequence[str]) -> set[str]:
        """Store files for longer than 24 hours, and return those already gone; one operation for each hundred.

        Storing a file twice changes nothing.
        """
        return await self._call_in_batches("PUT", uuids)

    async def _call_in_batches(self, method: str, uuids: Sequence[str]) -> set[str]:
        missing: set[str] = set()
        for start in range(0, len(uuids), _FILES_PER_REQUEST):
            batch = list(uuids[start : start + _FILES_PER_REQUEST])
            response = require_success(await self._call(method, "files/storage/", batch))
            missing |= parse(BatchReply, response).problems.keys() & batch
        return missing
