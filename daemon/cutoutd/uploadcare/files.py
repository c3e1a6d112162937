"""The project's files at Uploadcare: uploads and results."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus

from cutoutd.core.errors import NotReadyError, ResultGoneError, UploadGoneError
from cutoutd.uploadcare.error_mapping import require_success, service_message
from cutoutd.uploadcare.responses import BatchReply, FilesPage, RemoteFile, parse
from cutoutd.uploadcare.transport import Call

#: How many files one request may delete or store (docs/uploadcare.md 3).
_FILES_PER_REQUEST = 100

_FILES_PER_PAGE = 100


class FilesApi:
    """The files of one project.

    Every method may raise the errors that ``UploadcareClient`` lists.
    """

    def __init__(self, call: Call) -> None:
        self._call = call

    async def get(self, uuid: str) -> RemoteFile | None:
        """Return Uploadcare's description of a file, or None if the project has no such file; one operation."""
        response = await self._call("GET", f"files/{uuid}/?include=appdata")
        if response.status == HTTPStatus.NOT_FOUND and service_message(response) is not None:
            return None
        return parse(RemoteFile, require_success(response))

    async def require_ready(self, source_uuid: str) -> None:
        """Raise unless an upload can be used; one operation.

        Raises:
            NotReadyError: Uploadcare still processes the upload.
            UploadGoneError: the upload is not, or no longer, in the project.
        """
        file = await self.get(source_uuid)
        if file is None or file.is_removed:
            raise UploadGoneError("the upload is no longer at Uploadcare, which keeps it for 24 hours")
        if not file.is_ready:
            raise NotReadyError("Uploadcare has not finished taking the upload in")

    async def require_result(self, result_uuid: str) -> RemoteFile:
        """Return Uploadcare's description of a result; one operation.

        Raises:
            ResultGoneError: Uploadcare no longer has the result.
        """
        file = await self.get(result_uuid)
        if file is None or file.is_removed:
            raise ResultGoneError("the finished cutout is no longer at Uploadcare")
        return file

    async def list_since(self, since: datetime) -> list[RemoteFile]:
        """Return all files of the project uploaded since then, newest first; one operation for each hundred."""
        files: list[RemoteFile] = []
        url: str | None = f"files/?ordering=-datetime_uploaded&limit={_FILES_PER_PAGE}"
        while url is not None:
            page = parse(FilesPage, require_success(await self._call("GET", url)))
            files += [file for file in page.results if file.uploaded_at >= since]
            is_reached = any(file.uploaded_at < since for file in page.results)
            url = None if is_reached or page.next is None else f"files/?{page.next.partition('?')[2]}"
        return files

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
            missing |= parse(BatchReply, response).problems.keys()
        return missing
