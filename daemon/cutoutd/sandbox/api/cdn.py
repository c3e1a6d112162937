"""The CDN: the bytes of a file, whole or in ranges, streamed from disk.

It must not transform pictures; links with operations in them are not found here.
"""

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from cutoutd.sandbox.api.files import FileEndpoints, public_name
from cutoutd.sandbox.storage.blobs import BlobStore


class _Download(FileResponse):
    """A file in pieces large enough that handing them over costs little beside sending them."""

    chunk_size = 1024 * 1024


class CdnEndpoints:
    """Hands out bytes."""

    def __init__(self, files: FileEndpoints, shelf: BlobStore) -> None:
        self._files = files
        self._shelf = shelf

    async def fetch(self, request: Request) -> Response:
        """``GET`` and ``HEAD`` of ``/{uuid}/`` and ``/{uuid}/{filename}``; honours ``Range``."""
        file = self._files.present(request.path_params["uuid"])
        return _Download(
            self._shelf.path(file.uuid),
            media_type=file.mime_type,
            filename=public_name(file.original_filename) or None,
            content_disposition_type="inline",
        )
