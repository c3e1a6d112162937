"""The labels of a file: its metadata, key by key, and its tags."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from cutoutd.sandbox.api.files import FileEndpoints
from cutoutd.sandbox.api.uploads.form import normal_tags, require_few_keys, require_metadata
from cutoutd.sandbox.http.responses import HttpRefusal, not_found, read_json, rest
from cutoutd.sandbox.storage.database import Store
from cutoutd.sandbox.storage.rows import StoredFile


@dataclass(frozen=True, slots=True)
class LabelEndpoints:
    """The handlers of metadata and tags."""

    store: Store
    files: FileEndpoints
    queue_change: Callable[[StoredFile, Mapping[str, object]], None]

    async def show_metadata(self, request: Request) -> Response:
        """``GET /files/{uuid}/metadata/``."""
        return rest(self._metadata(self._file(request)))

    async def show_key(self, request: Request) -> Response:
        """``GET /files/{uuid}/metadata/{key}/``."""
        value = self._metadata(self._file(request)).get(request.path_params["key"])
        if value is None:
            raise not_found()
        return rest(value)

    async def set_key(self, request: Request) -> Response:
        """``PUT /files/{uuid}/metadata/{key}/`` with a JSON text; 201 if the key is new."""
        file, key, value = self._file(request), str(request.path_params["key"]), await read_json(request)
        if not isinstance(value, str):
            raise HttpRefusal(400, "Expected JSON string.")
        require_metadata(key, value)
        metadata = self._metadata(file)
        status = 200 if key in metadata else 201
        metadata[key] = value
        require_few_keys(metadata)
        self._set_metadata(file, metadata)
        return rest(value, status)

    async def delete_key(self, request: Request) -> Response:
        """``DELETE /files/{uuid}/metadata/{key}/``."""
        file = self._file(request)
        metadata = self._metadata(file)
        if metadata.pop(request.path_params["key"], None) is None:
            raise not_found()
        self._set_metadata(file, metadata)
        return Response(status_code=204)

    async def show_tags(self, request: Request) -> Response:
        """``GET /files/{uuid}/tags/``."""
        return rest({"tags": json.loads(self._file(request).tags)})

    async def set_tags(self, request: Request) -> Response:
        """``PUT /files/{uuid}/tags/`` with ``{"tags": [...]}``, which replaces all."""
        file, body = self._file(request), await _object(request)
        if "tags" not in body:
            raise HttpRefusal(400, {"tags": ["This field is required."]})
        return self._changed(file, normal_tags(body["tags"]))

    async def change_tags(self, request: Request) -> Response:
        """``PATCH /files/{uuid}/tags/`` with ``{"add": [...], "delete": [...]}``."""
        file, body = self._file(request), await _object(request)
        gone = set(normal_tags(body.get("delete") or []))
        kept = [tag for tag in json.loads(file.tags) if tag not in gone]
        return self._changed(file, normal_tags([*kept, *normal_tags(body.get("add") or [])]))

    def _file(self, request: Request) -> StoredFile:
        return self.files.find_present(request.path_params["uuid"])

    def _metadata(self, file: StoredFile) -> dict[str, str]:
        metadata: dict[str, str] = json.loads(file.metadata)
        return metadata

    def _set_metadata(self, file: StoredFile, metadata: Mapping[str, str]) -> None:
        self.store.files.set_metadata(file.uuid, json.dumps(metadata))
        self.queue_change(self.files.find(file.uuid), {"metadata": self._metadata(file)})

    def _changed(self, file: StoredFile, tags: list[str]) -> Response:
        before: list[str] = json.loads(file.tags)
        self.store.files.set_tags(file.uuid, json.dumps(tags))
        added, deleted = [tag for tag in tags if tag not in before], [tag for tag in before if tag not in tags]
        return rest({"tags": tags, "added": added, "deleted": deleted})


async def _object(request: Request) -> Mapping[str, object]:
    body = await read_json(request)
    if not isinstance(body, dict):
        raise HttpRefusal(400, "Expected JSON object.")
    return body
