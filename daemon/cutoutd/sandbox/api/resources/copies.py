"""Copies of files: into the project itself; other storages are refused, because a sandbox has none."""

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response

from cutoutd.sandbox.api.files import FileEndpoints, as_json
from cutoutd.sandbox.api.uploads.form import require_few_keys, require_metadata
from cutoutd.sandbox.clock import Clock
from cutoutd.sandbox.http.responses import HttpRefusal, read_json, rest
from cutoutd.sandbox.storage.blobs import BlobStore
from cutoutd.sandbox.storage.database import Store
from cutoutd.sandbox.storage.rows import StoredFile

_SOURCE = re.compile(r"(?:https?://[^/]+/)?([0-9a-fA-F-]{36})(?:/(-/.+|[^/]*))?")
_TRUTH = {True: True, False: False, "true": True, "false": False}


@dataclass(frozen=True, slots=True)
class CopyEndpoints:
    """The handlers of copies."""

    store: Store
    blobs: BlobStore
    clock: Clock
    files: FileEndpoints

    async def copy_locally(self, request: Request) -> Response:
        """``POST /files/local_copy/``: a new file with the same bytes."""
        body = await _object(request)
        source = self._source(body)
        is_stored = _TRUTH.get(body.get("store", False)) if isinstance(body.get("store", False), bool | str) else None
        if is_stored is None:
            raise HttpRefusal(400, "`store` parameter should be `true` or `false`.")
        copied_uuid, moment = str(uuid.uuid4()), self.clock.stamp()
        copied = replace(
            source,
            uuid=copied_uuid,
            metadata=json.dumps({**json.loads(source.metadata), **_metadata(body)}),
            appdata=None,
            uploaded=moment,
            stored=moment if is_stored else None,
        )
        self.blobs.copy(source.uuid, copied_uuid)
        self.store.files.add(copied)
        return rest({"type": "file", "result": as_json(copied, request)}, 201)

    async def copy_away(self, request: Request) -> Response:
        """``POST /files/remote_copy/``: always refused, as a project without a storage of its own is."""
        body = await _object(request)
        self._source(body)
        if not body.get("target"):
            raise HttpRefusal(400, "`target` parameter is required.")
        raise HttpRefusal(400, "Project has no storage with provided name.")

    def _source(self, body: Mapping[str, object]) -> StoredFile:
        source = body.get("source")
        if not source:
            raise HttpRefusal(400, "`source` parameter is required.")
        match = _SOURCE.fullmatch(str(source))
        if match is None:
            raise HttpRefusal(400, "Bad `source` parameter. Use UUID or CDN URL.")
        if (match.group(2) or "").startswith("-/"):
            raise HttpRefusal(400, "The sandbox does not transform pictures: copy the file without operations.")
        return self.files.find_present(match.group(1))


def _metadata(body: Mapping[str, object]) -> dict[str, str]:
    given = body.get("metadata") or {}
    if not isinstance(given, dict):
        raise HttpRefusal(400, {"metadata": ["Expected JSON object."]})
    metadata = {str(key): str(value) for key, value in given.items()}
    for key, value in metadata.items():
        require_metadata(key, value)
    require_few_keys(metadata)
    return metadata


async def _object(request: Request) -> Mapping[str, object]:
    body = await read_json(request)
    if not isinstance(body, dict):
        raise HttpRefusal(400, "Expected JSON object.")
    return body
