"""The Upload API: ``POST /base/`` and ``GET /info/``, with its rules and refusals (docs/uploadcare.md 5).

Bytes go from the connection to disk as they come. A request that breaks off leaves only temporary files.
"""

import asyncio
import json
import re
from dataclasses import dataclass

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartParser
from starlette.requests import Request
from starlette.responses import Response

from cutoutd.sandbox.api.files import FileEndpoints, QueueMessages, content_info, is_uuid, public_name
from cutoutd.sandbox.counters import Counters
from cutoutd.sandbox.http.authentication import UploadAuthentication
from cutoutd.sandbox.http.responses import HttpRefusal, plain_json
from cutoutd.sandbox.storage.ingest import Ingest, UploadLabel
from cutoutd.sandbox.storage.rows import StoredFile

LARGEST_DIRECT_UPLOAD_BYTES = 100 * 1000 * 1000
LARGEST_FORM_OVERHEAD_BYTES = 1024 * 1024  # fields and boundaries around the file
#: A usual photo stays in memory while it arrives, because else a thread would write each small piece of it.
MultiPartParser.spool_max_size = 16 * 1024 * 1024
_METADATA = re.compile(r"metadata\[(.*)\]")


@dataclass(frozen=True, slots=True)
class UploadEndpoints:
    """The handlers of uploads."""

    ingest: Ingest
    files: FileEndpoints
    authentication: UploadAuthentication
    counters: Counters
    queue_messages: QueueMessages

    async def upload(self, request: Request) -> Response:
        """``POST /base/``: store every file of the form, and return UUIDs by field name."""
        if int(request.headers.get("content-length", "0")) > LARGEST_DIRECT_UPLOAD_BYTES + LARGEST_FORM_OVERHEAD_BYTES:
            raise HttpRefusal(413, "The size of the request is too large.", code="RequestSizeLimitExceededError")
        try:
            async with request.form() as form:
                return plain_json(await self._read_form(form))
        except HTTPException as error:
            raise HttpRefusal(400, "HTTP POST request parsing failed.", code="PostRequestParserFailedError") from error

    async def _read_form(self, form: FormData) -> dict[str, str]:
        self.authentication.require_key(_text(form, "UPLOADCARE_PUB_KEY"), "UPLOADCARE_PUB_KEY")
        self.authentication.require_signature(_text(form, "signature"), _text(form, "expire"))
        uploads = [(name, part) for name, part in form.multi_items() if isinstance(part, UploadFile) and part.filename]
        if not uploads:
            raise HttpRefusal(400, "Request does not contain files.", code="FilesRequiredError")
        if any((part.size or 0) > LARGEST_DIRECT_UPLOAD_BYTES for _, part in uploads):
            raise HttpRefusal(400, "File is too large.", code="FileSizeLimitExceededError")
        store, metadata = _text(form, "UPLOADCARE_STORE") or "auto", _metadata(form)
        return {
            name: (await self._read_file(part, UploadLabel(part.filename or "", store, metadata))).uuid
            for name, part in uploads
        }

    async def _read_file(self, part: UploadFile, label: UploadLabel) -> StoredFile:
        temporary = await asyncio.to_thread(self.ingest.blobs.receive, part.file)
        file = await self.ingest.create_file(temporary, label)
        self.counters.count_upload(file.sha256, file.size)
        self.queue_messages("file.uploaded", file)
        return file

    async def info(self, request: Request) -> Response:
        """``GET /info/?pub_key=...&file_id=...``: a file as the Upload API shows it."""
        self.authentication.require_key(request.query_params.get("pub_key"), "pub_key")
        file_id = request.query_params.get("file_id", "")
        if not file_id:
            raise HttpRefusal(400, "file_id is required.", code="FileIdRequiredError")
        if not is_uuid(file_id):
            raise HttpRefusal(400, "file_id is invalid.", code="FileIdInvalidError")
        try:
            return plain_json(_upload_info(self.files.find_present(file_id)))
        except HttpRefusal as error:
            raise HttpRefusal(404, "File is not found.", code="FileNotFoundError") from error


def _text(form: FormData, name: str) -> str | None:
    value = form.get(name)
    return value if isinstance(value, str) else None


def _metadata(form: FormData) -> dict[str, str]:
    pairs = ((_METADATA.fullmatch(name), value) for name, value in form.multi_items())
    return {match.group(1): value for match, value in pairs if match and isinstance(value, str)}


def _upload_info(file: StoredFile) -> dict[str, object]:
    """Return the response of ``/info/``, with the fields of the published description."""
    return {
        "uuid": file.uuid,
        "file_id": file.uuid,
        "size": file.size,
        "total": file.size,
        "done": file.size,
        "original_filename": file.original_filename,
        "filename": public_name(file.original_filename),
        "mime_type": file.mime_type,
        "image_info": json.loads(file.image) if file.image else None,
        "video_info": None,
        "content_info": content_info(file),
        "metadata": json.loads(file.metadata),
        "is_image": file.image is not None,
        "is_stored": file.stored is not None,
        "is_ready": True,
    }
