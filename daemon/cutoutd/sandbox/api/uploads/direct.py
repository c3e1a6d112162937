"""Direct uploads: ``POST /base/`` and ``GET /info/``, with their rules and refusals (docs/uploadcare.md 5).

Bytes go from the connection to disk as they come. A request that breaks off leaves only temporary files.
"""

import asyncio
from dataclasses import dataclass, replace

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartParser
from starlette.requests import Request
from starlette.responses import Response

from cutoutd.sandbox.api.files import FileEndpoints, is_uuid
from cutoutd.sandbox.api.uploads.form import broken_form, fields_of, read_label
from cutoutd.sandbox.api.uploads.intake import Intake, upload_info
from cutoutd.sandbox.http.authentication import UploadAuthentication
from cutoutd.sandbox.http.responses import HttpRefusal, plain_json

LARGEST_DIRECT_UPLOAD_BYTES = 100 * 1000 * 1000
LARGEST_FORM_OVERHEAD_BYTES = 1024 * 1024  # fields and boundaries around the file
#: A usual photo stays in memory while it arrives, because else a thread would write each small piece of it.
MultiPartParser.spool_max_size = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class UploadEndpoints:
    """The handlers of direct uploads."""

    intake: Intake
    files: FileEndpoints
    authentication: UploadAuthentication

    async def upload(self, request: Request) -> Response:
        """``POST /base/``: store every file of the form, and return UUIDs by field name."""
        if int(request.headers.get("content-length", "0")) > LARGEST_DIRECT_UPLOAD_BYTES + LARGEST_FORM_OVERHEAD_BYTES:
            raise HttpRefusal(413, "The size of the request is too large.", code="RequestSizeLimitExceededError")
        try:
            async with request.form() as form:
                return plain_json(await self._read_form(form))
        except HTTPException as error:
            raise broken_form() from error

    async def _read_form(self, form: FormData) -> dict[str, str]:
        fields = fields_of(form)
        self.authentication.require_key(fields.get("UPLOADCARE_PUB_KEY"), "UPLOADCARE_PUB_KEY")
        self.authentication.require_signature(fields.get("signature"), fields.get("expire"))
        uploads = [(name, part) for name, part in form.multi_items() if isinstance(part, UploadFile) and part.filename]
        if not uploads:
            raise HttpRefusal(400, "Request does not contain files.", code="FilesRequiredError")
        if any((part.size or 0) > LARGEST_DIRECT_UPLOAD_BYTES for _, part in uploads):
            raise HttpRefusal(400, "File is too large.", code="FileSizeLimitExceededError")
        label = read_label(fields, "", fields.get("UPLOADCARE_STORE"))
        uuids = {}
        for name, part in uploads:
            temporary = await asyncio.to_thread(self.intake.ingest.blobs.receive, part.file)
            uuids[name] = (await self.intake.add(temporary, replace(label, filename=part.filename or ""))).uuid
        return uuids

    async def info(self, request: Request) -> Response:
        """``GET /info/?pub_key=...&file_id=...``: a file as the Upload API shows it."""
        self.authentication.require_key(request.query_params.get("pub_key"), "pub_key")
        file_id = request.query_params.get("file_id", "")
        if not file_id:
            raise HttpRefusal(400, "file_id is required.", code="FileIdRequiredError")
        if not is_uuid(file_id):
            raise HttpRefusal(400, "file_id is invalid.", code="FileIdInvalidError")
        try:
            return plain_json(upload_info(self.files.find_present(file_id)))
        except HttpRefusal as error:
            raise HttpRefusal(404, "File is not found.", code="FileNotFoundError") from error
