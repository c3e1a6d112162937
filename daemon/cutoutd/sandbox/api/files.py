"""The project's files: their REST objects, and storing, deleting and expiring them.

New files come from ``uploads`` and ``removals``.
"""

import json
import re
import uuid
from collections.abc import Callable
from pathlib import PurePath
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from cutoutd.sandbox.clock import Clock
from cutoutd.sandbox.http.responses import HttpRefusal, not_found, rest
from cutoutd.sandbox.storage.blobs import BlobStore
from cutoutd.sandbox.storage.database import Store
from cutoutd.sandbox.storage.rows import StoredFile

BATCH_LIMIT = 100
TEMPORARY_FILES_LAST_H = 24


class QueueMessages(Protocol):
    """A function that queues the webhook messages about an event of a file."""

    def __call__(self, event: str, file: StoredFile) -> None:
        """Queue the messages about this event."""


class FileEndpoints:
    """The handlers of files, and their lookup."""

    def __init__(self, store: Store, blobs: BlobStore, clock: Clock, queue_messages: QueueMessages) -> None:
        self._store = store
        self._blobs = blobs
        self._clock = clock
        self._queue_messages = queue_messages

    def find(self, file_uuid: str) -> StoredFile:
        """Return the file with this UUID, also if it was removed. Raises the 404 refusal, also for malformed UUIDs."""
        file = self._store.files.find(file_uuid.lower()) if is_uuid(file_uuid) else None
        if file is None:
            raise not_found()
        return file

    def find_present(self, file_uuid: str) -> StoredFile:
        """Return the file with this UUID unless it was removed. Raises the 404 refusal."""
        file = self.find(file_uuid)
        if file.is_removed:
            raise not_found()
        return file

    def store(self, file: StoredFile) -> StoredFile:
        """Store a file permanently."""
        self._store.files.mark_stored(file.uuid, self._clock.stamp())
        stored = self._store.files.find(file.uuid) or file
        self._queue_messages("file.stored", stored)
        return stored

    def remove(self, file: StoredFile) -> StoredFile:
        """Delete the bytes and keep the information. A kill in between leaves bytes of a removed file."""
        self._store.files.mark_removed(file.uuid, self._clock.stamp())
        self._blobs.discard(file.uuid)
        removed = self._store.files.find(file.uuid) or file
        self._queue_messages("file.deleted", removed)
        return removed

    def expire(self) -> None:
        """Delete the files that were not stored within 24 hours of their upload."""
        for file_uuid in self._store.files.expired(self._clock.ago(hours=TEMPORARY_FILES_LAST_H)):
            self._store.files.mark_removed(file_uuid, self._clock.stamp())
            self._blobs.discard(file_uuid)

    # requests

    async def show(self, request: Request) -> Response:
        """``GET /files/{uuid}/``."""
        return rest(as_json(self.find(request.path_params["uuid"]), request))

    async def store_one(self, request: Request) -> Response:
        """``PUT /files/{uuid}/storage/``."""
        return rest(as_json(self.store(self.find_present(request.path_params["uuid"])), request))

    async def delete_one(self, request: Request) -> Response:
        """``DELETE /files/{uuid}/storage/``; a second time changes nothing."""
        file = self.find(request.path_params["uuid"])
        return rest(as_json(file if file.is_removed else self.remove(file), request))

    async def store_many(self, request: Request) -> Response:
        """``PUT /files/storage/``."""
        return await self._many(request, self.store)

    async def delete_many(self, request: Request) -> Response:
        """``DELETE /files/storage/``."""
        return await self._many(request, self.remove)

    async def _many(self, request: Request, act: Callable[[StoredFile], StoredFile]) -> Response:
        problems: dict[str, str] = {}
        result = []
        for name in _batch(await request.body()):
            file = self._store.files.find(name.lower())
            if not is_uuid(name):
                problems[name] = "Invalid"
            elif file is None or file.is_removed:
                problems[name] = "Missing in the project"
            else:
                result.append(as_json(act(file), request))
        return rest({"status": "ok", "problems": problems, "result": result})


def _batch(body: bytes) -> list[str]:
    """Return the UUIDs of a batch request, or raise a refusal in the words of the published description."""
    try:
        names = json.loads(body)
    except ValueError:
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise HttpRefusal(400, "Expected list of UUIDs")
    if not names:
        raise HttpRefusal(400, "List of UUIDs can not be empty")
    if len(names) > BATCH_LIMIT:
        raise HttpRefusal(400, f"Maximum UUIDs per request is exceeded. The limit is {BATCH_LIMIT}")
    return names


def is_uuid(text: str) -> bool:
    """Return True if a text is a UUID in its usual form."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def public_name(original: str) -> str:
    """Return the name in CDN links: letters, digits, ``_``, and the extension (docs/uploadcare.md 5)."""
    path = PurePath(original)
    return re.sub(r"\W", "", path.stem, flags=re.ASCII) + re.sub(r"[^\w.]", "", path.suffix, flags=re.ASCII)


def content_info(file: StoredFile) -> dict[str, object]:
    """Return ``content_info`` as REST and ``/info/`` show it."""
    kind, _, subtype = file.mime_type.partition("/")
    mime = {"mime": file.mime_type, "type": kind, "subtype": subtype}
    return {"mime": mime, "image": json.loads(file.image)} if file.image else {"mime": mime}


def as_json(file: StoredFile, request: Request) -> dict[str, object]:
    """Return REST's file object; its links lead to the host of the request. ``appdata`` must be asked for."""
    shown = describe(file, str(request.base_url))
    if "appdata" in request.query_params.get("include", "").split(","):
        shown["appdata"] = json.loads(file.appdata) if file.appdata else None
    return shown


def describe(file: StoredFile, base_url: str) -> dict[str, object]:
    """Return REST's file object without ``appdata``; its links begin with ``base_url``, which ends in a slash."""
    name = public_name(file.original_filename)
    return {
        "datetime_removed": file.removed,
        "datetime_stored": file.stored,
        "datetime_uploaded": file.uploaded,
        "is_image": file.image is not None,
        "is_ready": True,
        "mime_type": file.mime_type,
        "original_file_url": None if file.is_removed else f"{base_url}{file.uuid}/{name}",
        "original_filename": file.original_filename,
        "size": file.size,
        "url": f"{base_url}files/{file.uuid}/",
        "uuid": file.uuid,
        "variations": None,
        "content_info": content_info(file),
        "metadata": json.loads(file.metadata),
    }
