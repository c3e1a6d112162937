"""Groups of files: made and shown by the Upload API, listed and deleted by REST."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from cutoutd.sandbox.api.cdn import CdnEndpoints
from cutoutd.sandbox.api.file_list import read_query
from cutoutd.sandbox.api.files import as_json
from cutoutd.sandbox.api.uploads.form import Fields, read_fields
from cutoutd.sandbox.api.uploads.intake import upload_info
from cutoutd.sandbox.clock import Clock
from cutoutd.sandbox.http.authentication import UploadAuthentication
from cutoutd.sandbox.http.responses import HttpRefusal, not_found, plain_json, rest
from cutoutd.sandbox.storage.database import Store
from cutoutd.sandbox.storage.group_table import GroupMember, StoredGroup
from cutoutd.sandbox.storage.rows import StoredFile

_FILES = re.compile(r"files\[(\d*)\]")
_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_MEMBER = re.compile(rf"(?:https?://[^/]+/)?({_UUID})(?:/-/(.+))?(?:/[^/]*)?", re.IGNORECASE)
ORDERINGS = {"datetime_created": "datetime_uploaded", "-datetime_created": "-datetime_uploaded"}


@dataclass(frozen=True, slots=True)
class GroupEndpoints:
    """The handlers of groups."""

    store: Store
    clock: Clock
    authentication: UploadAuthentication
    cdn: CdnEndpoints

    async def create(self, request: Request) -> Response:
        """``POST /group/`` with ``files[N]``: UUIDs or CDN addresses, with operations if wanted."""
        fields = await read_fields(request)
        self.authentication.require_key(fields.get("pub_key"), "pub_key")
        self.authentication.require_signature(fields.get("signature"), fields.get("expire"))
        members = [_member(text) for text in _files(fields)]
        if not members:
            raise HttpRefusal(400, "No files[N] parameters found.", code="GroupFilesInvalidError")
        if any(self._present(member) is None for member in members):
            raise HttpRefusal(400, "Some files not found.", code="GroupFilesNotFoundError")
        group = StoredGroup.of(f"{uuid.uuid4()}~{len(members)}", self.clock.stamp(), members)
        self.store.groups.add(group)
        return plain_json(self._as_upload_json(group, request))

    async def info(self, request: Request) -> Response:
        """``GET /group/info/?pub_key=...&group_id=...``."""
        self.authentication.require_key(request.query_params.get("pub_key"), "pub_key")
        group_id = request.query_params.get("group_id", "")
        if not group_id:
            raise HttpRefusal(400, "group_id is required.", code="GroupIdRequiredError")
        group = self.store.groups.find(group_id.lower())
        if group is None:
            raise HttpRefusal(404, "group_id is invalid.", code="GroupNotFoundError")
        return plain_json(self._as_upload_json(group, request))

    async def list(self, request: Request) -> Response:
        """``GET /groups/``: one page."""
        given = dict(request.query_params)
        ordering = given.get("ordering", "datetime_created")
        if ordering not in ORDERINGS:
            raise HttpRefusal(400, {"ordering": [f'"{ordering}" is not a valid choice.']})
        query = read_query({**given, "ordering": ORDERINGS[ordering]})
        groups = self.store.groups.all(query)
        page = groups[query.offset : query.offset + query.limit]
        has_more = len(groups) > query.offset + query.limit
        return rest(
            {
                "next": _next(request, query.limit, page[-1].created) if has_more and page else None,
                "previous": None,
                "total": self.store.groups.count(),
                "per_page": query.limit,
                "results": [_as_json(group, request) for group in page],
            }
        )

    async def show(self, request: Request) -> Response:
        """``GET /groups/{id}/``; a file that was removed is null."""
        group = self._group(request)
        files: list[object] = []
        for member in group.members:
            file = self._present(member)
            effects = {"default_effects": member.effects}
            files.append({**as_json(file, request), **effects} if file else None)
        return rest({**_as_json(group, request), "files": files})

    async def delete(self, request: Request) -> Response:
        """``DELETE /groups/{id}/``; its files stay."""
        self.store.groups.delete(self._group(request).id)
        return Response(status_code=204)

    async def fetch_member(self, request: Request) -> FileResponse:
        """``GET /{group}/nth/{number}/`` of the CDN."""
        group, number = self._group(request), int(request.path_params["number"])
        if number >= len(group.members):
            raise not_found()
        return self.cdn.download(group.members[number].uuid)

    def _group(self, request: Request) -> StoredGroup:
        group = self.store.groups.find(str(request.path_params["group"]).lower())
        if group is None:
            raise not_found()
        return group

    def _present(self, member: GroupMember) -> StoredFile | None:
        file = self.store.files.find(member.uuid)
        return None if file is None or file.is_removed else file

    def _as_upload_json(self, group: StoredGroup, request: Request) -> dict[str, object]:
        present = ((member, self._present(member)) for member in group.members)
        files = [{**upload_info(file), "default_effects": member.effects} if file else None for member, file in present]
        return {**_as_json(group, request), "files": files}


def _as_json(group: StoredGroup, request: Request) -> dict[str, object]:
    return {
        "id": group.id,
        "datetime_created": group.created,
        "files_count": len(group.members),
        "cdn_url": f"{request.base_url}{group.id}/",
        "url": f"{request.base_url}groups/{group.id}/",
    }


def _files(fields: Fields) -> list[str]:
    """Return the values of ``files[N]`` in the order of N; ``files[]`` stays in the order of the form."""
    found = [(match.group(1), value) for name, value in fields.pairs if (match := _FILES.fullmatch(name))]
    return [value for _, value in sorted(found, key=lambda pair: int(pair[0] or 0))]


def _member(text: str) -> GroupMember:
    match = _MEMBER.fullmatch(text)
    if match is None:
        raise HttpRefusal(400, f"This is not valid file url: {text}.", code="GroupFileURLParsingFailedError")
    return GroupMember(match.group(1).lower(), match.group(2) or "")


def _next(request: Request, limit: int, created: str) -> str:
    kept: Mapping[str, str] = {
        name: text for name, text in request.query_params.items() if name not in {"limit", "from", "offset"}
    }
    text = urlencode({**kept, "limit": limit, "from": created.removesuffix("Z") + "+00:00", "offset": 0})
    return f"{request.base_url}groups/?{text}"
