"""The two calls of the add-on: execute a removal, and ask for its status (docs/uploadcare.md 2 and 5).

The work itself belongs in ``removals``. Executing is not idempotent: every accepted call is a new removal.
"""

import json
import uuid
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from cutoutd.sandbox.api.files import FileEndpoints, is_uuid
from cutoutd.sandbox.api.rate_limit import LaunchLimit
from cutoutd.sandbox.api.removals import Removals
from cutoutd.sandbox.clock import Clock
from cutoutd.sandbox.counters import Counters
from cutoutd.sandbox.engine import BadParameterError, parse_parameters
from cutoutd.sandbox.http.responses import HttpRefusal, not_found, plain_json, read_json
from cutoutd.sandbox.storage.database import Store
from cutoutd.sandbox.storage.rows import StoredRemoval, StoredRemovalStatus

ADDON = "remove_bg"
OTHER_ADDONS = frozenset(
    {"aws_rekognition_detect_labels", "aws_rekognition_detect_moderation_labels", "uc_clamav_virus_scan"}
)
STATUS_IS_KEPT_H = 24
LOCK_LASTS_H = 24  # a removal that died locks its file for up to a day (docs/uploadcare.md 2)
BAD_UUID = "Must be a valid UUID."


@dataclass(frozen=True, slots=True)
class AddonEndpoints:
    """The handlers of execute and status."""

    store: Store
    clock: Clock
    files: FileEndpoints
    removals: Removals
    counters: Counters
    limit: LaunchLimit

    async def execute(self, request: Request) -> Response:
        """``POST /addons/remove_bg/execute/``."""
        _require_addon(request)
        self.limit.require_room()
        body = await _json_object(request)
        params = body.get("params") or {}
        if not isinstance(params, dict):
            raise HttpRefusal(400, {"params": ["Expected JSON object."]})
        source = self.files.find_present(_target(body))
        _require_parameters(params)
        oldest_lock = self.clock.ago(hours=LOCK_LASTS_H)
        if any(running.started > oldest_lock for running in self.store.removals.running(source.uuid)):
            raise HttpRefusal(409, "Concurrent call attempted")
        removal = StoredRemoval(
            request_id=str(uuid.uuid4()),
            target=source.uuid,
            parameters=json.dumps(params),
            status=StoredRemovalStatus.IN_PROGRESS,
            file_id=None,
            error_code="",
            error_title="",
            started=self.clock.stamp(),
        )
        self.store.removals.add(removal)
        self.counters.count_launch(source.uuid, source.sha256)
        self.removals.start(removal)
        return plain_json({"request_id": removal.request_id}, {"X-Uploadcare-Request-Id": removal.request_id})

    async def status(self, request: Request) -> Response:
        """``GET /addons/remove_bg/execute/status/?request_id=...``."""
        _require_addon(request)
        request_id = request.query_params.get("request_id", "")
        if not is_uuid(request_id):
            raise HttpRefusal(400, {"request_id": [BAD_UUID if request_id else "This field is required."]})
        self.counters.count_status_request(request_id)
        removal = self.store.removals.find(request_id.lower())
        if removal is None or removal.started < self.clock.ago(hours=STATUS_IS_KEPT_H):
            return plain_json({"status": StoredRemovalStatus.UNKNOWN})
        return plain_json(_as_json(removal))


def _as_json(removal: StoredRemoval) -> dict[str, object]:
    shown: dict[str, object] = {"status": removal.status}
    if removal.status is StoredRemovalStatus.DONE:
        shown["result"] = {"file_id": removal.file_id}
    if removal.error_code:
        shown["details"] = {"code": removal.error_code, "title": removal.error_title}
    return shown


def _require_addon(request: Request) -> None:
    addon = request.path_params["addon"]
    if addon in OTHER_ADDONS:
        raise HttpRefusal(403, f"The add-on {addon} is not available in the sandbox.")
    if addon != ADDON:
        raise not_found()


def _require_parameters(params: dict[str, object]) -> None:
    """Refuse wrong values; unknown names are ignored, as the service does."""
    try:
        parse_parameters(params)
    except BadParameterError as error:
        raise HttpRefusal(400, {"params": [str(error)]}) from error


def _target(body: dict[str, object]) -> str:
    if "target" not in body:
        raise HttpRefusal(400, {"target": ["This field is required."]})
    target = body["target"]
    if not isinstance(target, str) or not is_uuid(target):
        raise HttpRefusal(400, {"target": [BAD_UUID]})
    return target


async def _json_object(request: Request) -> dict[str, object]:
    body = await read_json(request)
    if not isinstance(body, dict):
        raise HttpRefusal(400, "Expected JSON object.")
    return body
