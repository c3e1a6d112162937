"""The CDN: the bytes of a file, whole or in ranges, streamed from disk.

Links with operations in them are refused, because the sandbox does not transform pictures.
"""

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from cutoutd.sandbox.api.files import FileEndpoints, public_name
from cutoutd.sandbox.http.responses import HttpRefusal
from cutoutd.sandbox.storage.blobs import BlobStore


class _Download(FileResponse):
    """A file in large pieces, because each small piece would cost more than its transfer."""

    chunk_size = 1024 * 1024


class CdnEndpoints:
    """The handler of downloads."""

    def __init__(self, files: FileEndpoints, blobs: BlobStore) -> None:
        self._files = files
        self._blobs = blobs

    async def fetch(self, request: Request) -> Response:
        """``GET`` and ``HEAD`` of ``/{uuid}/`` and ``/{uuid}/{filename}``; honours ``Range``."""
        if "~" in request.path_params["uuid"]:
            raise HttpRefusal(400, "The sandbox shows no galleries: fetch the files of a group with nth/N/.")
        return self.download(request.path_params["uuid"])

    def download(self, file_uuid: str) -> FileResponse:
        """Return the bytes of a file as a response. Raises the 404 refusal."""
        file = self._files.find_present(file_uuid)
        return _Download(
            self._blobs.path(file.uuid),
            media_type=file.mime_type,
            filename=public_name(file.original_filename) or None,
            content_disposition_type="inline",
        )
