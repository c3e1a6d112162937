"""Uploads from addresses: ``POST /from_url/`` returns a token, ``GET /from_url/status/`` tells how far it is.

Fetching belongs in ``url_fetch``. A kill leaves an upload open; the next start fetches it again.
"""

import logging
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from starlette.requests import Request
from starlette.responses import Response

from cutoutd.sandbox.api.uploads.form import Fields, read_fields, read_label
from cutoutd.sandbox.api.uploads.intake import Intake, upload_info
from cutoutd.sandbox.api.uploads.url_fetch import FetchProgress, UrlFetcher
from cutoutd.sandbox.clock import Clock
from cutoutd.sandbox.http.authentication import UploadAuthentication
from cutoutd.sandbox.http.responses import HttpRefusal, plain_json
from cutoutd.sandbox.storage.rows import StoredFile
from cutoutd.sandbox.storage.upload_tables import UrlUpload, UrlUploadTable, read_stored_label, stored_label

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FromUrlEndpoints:
    """The handlers of uploads from addresses, and their work."""

    intake: Intake
    authentication: UploadAuthentication
    uploads: UrlUploadTable
    clock: Clock
    fetcher: UrlFetcher
    start_task: Callable[..., object]
    _progress: dict[str, FetchProgress] = field(default_factory=dict)

    async def upload(self, request: Request) -> Response:
        """``POST /from_url/``: return a token, or the file that came from this address before."""
        fields = await read_fields(request)
        self.authentication.require_key(fields.get("pub_key"), "pub_key")
        self.authentication.require_signature(fields.get("signature"), fields.get("expire"))
        source_url = fields.get("source_url")
        if not source_url:
            raise HttpRefusal(400, "source_url is required.", code="SourceURLRequiredError")
        label = read_label(fields, _sanitized(fields.get("filename") or ""), fields.get("store"))
        await self.fetcher.require_allowed(source_url)
        is_checked = fields.get("check_URL_duplicates") == "1"
        if is_checked and (known := self._known(source_url)):
            return plain_json({"type": "file_info", **upload_info(known)})
        upload = UrlUpload(
            token=str(uuid.uuid4()),
            source_url=source_url,
            label_json=stored_label(label),
            is_remembered=int(_is_remembered(fields, is_checked=is_checked)),
            started=self.clock.stamp(),
        )
        self.uploads.add(upload)
        self.start_task(self._run(upload))
        return plain_json({"type": "token", "token": upload.token})

    async def status(self, request: Request) -> Response:
        """``GET /from_url/status/?token=...``."""
        token = request.query_params.get("token", "")
        if not token:
            raise HttpRefusal(400, "token is required.", code="TokenRequiredError")
        upload = self.uploads.find(token.lower())
        if upload is None:
            return plain_json({"status": "unknown"})
        if upload.error:
            return plain_json({"status": "error", "error": upload.error, "error_code": upload.error_code})
        file = self.intake.ingest.store.files.find(upload.file_uuid) if upload.file_uuid else None
        if file is not None:
            return plain_json({"status": "success", **upload_info(file)})
        progress = self._progress.get(upload.token)
        if progress is None:
            return plain_json({"status": "waiting"})
        total: int | str = "unknown" if progress.total_bytes is None else progress.total_bytes
        return plain_json({"status": "progress", "total": total, "done": progress.done_bytes})

    def resume(self) -> None:
        """Fetch again what an earlier process had not finished."""
        for upload in self.uploads.open():
            self.start_task(self._run(upload))

    async def _run(self, upload: UrlUpload) -> None:
        self._progress[upload.token] = progress = FetchProgress()
        try:
            ended = await self._fetched(upload, progress)
        except HttpRefusal as refusal:
            ended = replace(upload, error=str(refusal.body), error_code=refusal.code)
        except Exception:  # noqa: BLE001 - a mistake must end this upload, and no other
            _log.exception("upload %s", upload.token)
            ended = replace(upload, error="Internal server error.", error_code="DownloadFileInternalServerError")
        self.uploads.end(ended)
        del self._progress[upload.token]

    async def _fetched(self, upload: UrlUpload, progress: FetchProgress) -> UrlUpload:
        temporary = self.intake.ingest.blobs.new_temporary()
        name = await self.fetcher.fetch(upload.source_url, temporary, progress)
        label = read_stored_label(upload.label_json)
        file = await self.intake.add(temporary, replace(label, filename=label.filename or _sanitized(name)))
        return replace(upload, file_uuid=file.uuid)

    def _known(self, source_url: str) -> StoredFile | None:
        for upload in self.uploads.remembered(source_url):
            file = self.intake.ingest.store.files.find(upload.file_uuid or "")
            if file is not None and not file.is_removed:
                return file
        return None


def _is_remembered(fields: Fields, *, is_checked: bool) -> bool:
    given = fields.get("save_URL_duplicates")
    return is_checked if given is None else given == "1"


def _sanitized(name: str) -> str:
    """Return a name in the letters that the service leaves in names of addresses."""
    return re.sub(r"[^A-Za-z0-9._]", "", name)
