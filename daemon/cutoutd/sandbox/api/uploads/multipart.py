"""Uploads in parts: start, one PUT for each part, complete.

The service sends parts to a storage of its own, at addresses that are signed and expire. Here they lead to this port.
Parts stay on disk, so that a restart loses none of them.
"""

import asyncio
import hashlib
import hmac
import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from cutoutd.sandbox.api.files import is_uuid
from cutoutd.sandbox.api.uploads.form import Fields, read_fields, read_label
from cutoutd.sandbox.api.uploads.intake import Intake, upload_info
from cutoutd.sandbox.clock import Clock
from cutoutd.sandbox.http.authentication import UploadAuthentication
from cutoutd.sandbox.http.responses import HttpRefusal, plain_json
from cutoutd.sandbox.storage.upload_tables import MultipartTable, StoredMultipart

SMALLEST_FILE_BYTES = 10 * 1024 * 1024
LARGEST_FILE_BYTES = 5 * 1024**3  # a project's own limit at the service
SMALLEST_PART_BYTES = 5 * 1024 * 1024
LARGEST_PART_BYTES = 5 * 1024**3
SESSION_LASTS_H = 24
PART_FOLDER = "/_storage"
PART_PATH = f"{PART_FOLDER}/{{uuid}}/{{number:int}}"


@dataclass(frozen=True, slots=True)
class MultipartEndpoints:
    """The handlers of uploads in parts."""

    intake: Intake
    authentication: UploadAuthentication
    sessions: MultipartTable
    clock: Clock
    secret_key: str
    _being_completed: set[str] = field(default_factory=set)

    async def start(self, request: Request) -> Response:
        """``POST /multipart/start/``: return a UUID and an address for each part."""
        fields = await read_fields(request)
        self.authentication.require_key(fields.get("UPLOADCARE_PUB_KEY"), "UPLOADCARE_PUB_KEY")
        self.authentication.require_signature(fields.get("signature"), fields.get("expire"))
        filename, _type, size = fields.require("filename"), fields.require("content_type"), _size(fields)
        part_size = _part_size(fields)
        label = read_label(fields, filename, fields.get("UPLOADCARE_STORE"))
        self._drop_old_sessions()
        session = StoredMultipart.of(str(uuid.uuid4()), size, part_size, label, self.clock.stamp())
        self.sessions.add(session)
        expires = int((self.clock.now() + timedelta(hours=SESSION_LASTS_H)).timestamp())
        addresses = [self._address(request, session.uuid, number, expires) for number in range(1, session.parts + 1)]
        return plain_json({"uuid": session.uuid, "parts": addresses})

    async def receive_part(self, request: Request) -> Response:
        """``PUT`` of one part; its address is the permission, and a repeated part replaces the earlier one."""
        file_uuid, number = str(request.path_params["uuid"]), int(request.path_params["number"])
        expires = request.query_params.get("Expires", "")
        signature = self._signature(file_uuid, number, expires)
        if not hmac.compare_digest(signature.encode(), request.query_params.get("Signature", "").encode()):
            raise HttpRefusal(403, "The request signature we calculated does not match.", code="SignatureDoesNotMatch")
        if int(expires) < self.clock.now().timestamp():
            raise HttpRefusal(403, "Request has expired", code="AccessDenied")
        if not request.headers.get("content-type"):
            raise HttpRefusal(403, "Content-Type must be given.", code="SignatureDoesNotMatch")
        if self.sessions.find(file_uuid) is None:
            raise HttpRefusal(404, "The specified upload does not exist.", code="NoSuchUpload")
        temporary = self.intake.ingest.blobs.new_temporary()
        md5 = hashlib.md5(usedforsecurity=False)
        with temporary.open("wb") as part:
            async for piece in request.stream():
                md5.update(piece)
                await asyncio.to_thread(part.write, piece)
        self.intake.ingest.blobs.keep_part(temporary, file_uuid, number)
        return Response(headers={"ETag": f'"{md5.hexdigest()}"'})

    async def complete(self, request: Request) -> Response:
        """``POST /multipart/complete/``: make the file of its parts, and return its information."""
        fields = await read_fields(request)
        self.authentication.require_key(fields.get("UPLOADCARE_PUB_KEY"), "UPLOADCARE_PUB_KEY")
        session = self._session(fields.get("uuid") or "")
        parts = self.intake.ingest.blobs.parts_of(session.uuid)
        _require_whole(session, [part.stat().st_size for part in parts])
        if session.uuid in self._being_completed:
            raise _already_uploaded()
        self._being_completed.add(session.uuid)
        try:
            temporary = await asyncio.to_thread(_joined, parts, self.intake.ingest.blobs.new_temporary())
            file = await self.intake.add(temporary, session.label, session.uuid)
        finally:
            self._being_completed.discard(session.uuid)
        self._end(session.uuid)
        return plain_json(upload_info(file))

    def _session(self, file_uuid: str) -> StoredMultipart:
        if not file_uuid:
            raise HttpRefusal(400, "uuid is required.", code="MultipartFileIdRequiredError")
        if not is_uuid(file_uuid):
            raise HttpRefusal(400, "uuid is invalid.", code="UUIDInvalidError")
        if self.intake.ingest.store.files.find(file_uuid.lower()) is not None:
            raise _already_uploaded()
        session = self.sessions.find(file_uuid.lower())
        if session is None:
            raise HttpRefusal(404, "File is not found.", code="MultipartFileNotFoundError")
        return session

    def _address(self, request: Request, file_uuid: str, number: int, expires: int) -> str:
        path = f"{PART_FOLDER.lstrip('/')}/{file_uuid}/{number}"
        signature = self._signature(file_uuid, number, str(expires))
        return f"{request.base_url}{path}?Expires={expires}&Signature={signature}"

    def _signature(self, file_uuid: str, number: int, expires: str) -> str:
        return hmac.new(self.secret_key.encode(), f"{file_uuid}/{number}/{expires}".encode(), "sha256").hexdigest()

    def _drop_old_sessions(self) -> None:
        for file_uuid in self.sessions.started_before(self.clock.ago(hours=SESSION_LASTS_H)):
            self._end(file_uuid)

    def _end(self, file_uuid: str) -> None:
        self.sessions.delete(file_uuid)
        self.intake.ingest.blobs.discard_parts(file_uuid)


def _size(fields: Fields) -> int:
    text = fields.require("size")
    if not text.isdecimal():
        raise HttpRefusal(400, "size should be integer.", code="MultipartSizeInvalidError")
    if int(text) < SMALLEST_FILE_BYTES:
        sentence = (
            f"File size can not be less than {SMALLEST_FILE_BYTES} bytes."
            " Please use direct upload instead of multipart."
        )
        raise HttpRefusal(400, sentence, code="MultipartFileSizeTooSmallError")
    if int(text) > LARGEST_FILE_BYTES:
        raise HttpRefusal(400, "File size exceeds project limit.", code="MultipartFileSizeLimitExceededError")
    return int(text)


def _part_size(fields: Fields) -> int:
    text = fields.get("part_size") or str(SMALLEST_PART_BYTES)
    name = "Multipart Upload Part Size"
    if not text.isdecimal():
        raise HttpRefusal(400, f"{name} should be an integer.", code="MultipartPartSizeInvalidError")
    if int(text) < SMALLEST_PART_BYTES:
        sentence = f"{name} can not be less than {SMALLEST_PART_BYTES} bytes."
        raise HttpRefusal(400, sentence, code="MultipartPartSizeTooSmallError")
    if int(text) > LARGEST_PART_BYTES:
        sentence = f"{name} can not be more than {LARGEST_PART_BYTES} bytes."
        raise HttpRefusal(400, sentence, code="MultipartPartSizeTooBigError")
    return int(text)


def _require_whole(session: StoredMultipart, sizes: Sequence[int]) -> None:
    """Raise the 400 refusal unless the parts make the announced file."""
    if sum(sizes) < session.size:
        sentence = "File size mismatch. Not all parts uploaded?"
        raise HttpRefusal(400, sentence, code="MultipartUploadSizeTooSmallError")
    if sum(sizes) > session.size:
        sentence = "Uploaded size is more than expected."
        raise HttpRefusal(400, sentence, code="MultipartUploadSizeTooLargeError")
    if any(size < SMALLEST_PART_BYTES for size in sizes[:-1]) or len(sizes) != math.ceil(
        session.size / session.part_size
    ):
        sentence = "Can not complete upload. Wrong parts size?"
        raise HttpRefusal(400, sentence, code="MultipartFileCompletionFailedError")


def _already_uploaded() -> HttpRefusal:
    return HttpRefusal(400, "File is already uploaded.", code="MultipartFileAlreadyUploadedError")


def _joined(parts: Sequence[Path], target: Path) -> Path:
    """Write all parts into one file. Blocking."""
    with target.open("wb") as whole:
        for part in parts:
            with part.open("rb") as stream:
                while piece := stream.read(1024 * 1024):
                    whole.write(piece)
    return target
