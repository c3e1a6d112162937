"""The subscriptions of ``/webhooks/``, and the content of their messages ``{initiator, hook, data, file}``.

Sending belongs in ``webhook_sender``.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import Response

from cutoutd.sandbox.api.files import describe
from cutoutd.sandbox.api.webhook_sender import WebhookSender
from cutoutd.sandbox.clock import Clock
from cutoutd.sandbox.http.responses import HttpRefusal, not_found, rest
from cutoutd.sandbox.storage.database import Store
from cutoutd.sandbox.storage.rows import Delivery, StoredFile, StoredRemoval, StoredWebhook
from cutoutd.sandbox.storage.tables import DuplicateWebhookError

EVENTS = ("file.uploaded", "file.infected", "file.stored", "file.deleted", "file.info_updated")
LONGEST_TARGET = 255
LONGEST_SECRET = 32
PROJECT_ID = 1
VERSION = "0.7"
BY_API: Mapping[str, object] = {"type": "api", "detail": {"request_id": None, "addon_name": None}}
ALREADY_SUBSCRIBED: Mapping[str, object] = {"non_field_errors": ["This project is already subscribed on this event"]}


@dataclass(frozen=True, slots=True)
class WebhookEndpoints:
    """The handlers of subscriptions, and the queue of their messages."""

    store: Store
    clock: Clock
    sender: WebhookSender
    public_key: str
    base_url: str

    def queue_messages(self, event: str, file: StoredFile) -> None:
        """Queue the messages about an action of a client."""
        self._queue(event, file, BY_API)

    def queue_result(self, result: StoredFile, removal: StoredRemoval) -> None:
        """Queue ``file.uploaded`` for a cutout, with its execution and source."""
        detail = {"addon_name": "remove_bg", "request_id": removal.request_id, "source_file_uuid": removal.target}
        self._queue("file.uploaded", result, {"type": "addon", "detail": detail})

    def queue_change(self, file: StoredFile, previous_values: Mapping[str, object]) -> None:
        """Queue ``file.info_updated`` with the values before the change."""
        self._queue("file.info_updated", file, BY_API, {"previous_values": previous_values})

    def _queue(
        self,
        event: str,
        file: StoredFile,
        initiator: Mapping[str, object],
        further: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        data = describe(file, self.base_url)
        moment = self.clock.stamp()
        for webhook in self.store.webhooks.all():
            if webhook.event == event and webhook.is_active:
                payload = {
                    "initiator": initiator,
                    "hook": self._public(webhook),
                    "data": data,
                    "file": data["original_file_url"] or f"{self.base_url}{file.uuid}/",
                    **further,
                }
                body = json.dumps(payload)
                self.sender.add(
                    Delivery(id=0, webhook_id=webhook.id, body=body, attempts=0, created=moment, due=moment)
                )

    def _public(self, webhook: StoredWebhook) -> dict[str, object]:
        """Return a subscription as its messages show it: its names differ from ``/webhooks/``, and no secret."""
        return {
            "id": webhook.id,
            "project_id": PROJECT_ID,
            "project_pub_key": self.public_key,
            "created_at": webhook.created,
            "updated_at": webhook.updated,
            "event": webhook.event,
            "target": webhook.target_url,
            "is_active": bool(webhook.is_active),
            "version": VERSION,
        }

    # requests

    async def show(self, _request: Request) -> Response:
        """``GET /webhooks/``."""
        return rest([as_json(webhook) for webhook in self.store.webhooks.all()])

    async def create(self, request: Request) -> Response:
        """``POST /webhooks/``."""
        moment = self.clock.stamp()
        blank = StoredWebhook(
            id=0, event="", target_url="", is_active=1, signing_secret=None, created=moment, updated=moment
        )
        webhook = changed(blank, await _fields(request))
        if not webhook.target_url or not webhook.event:
            missing = "event" if webhook.target_url else "target_url"
            raise HttpRefusal(400, {missing: ["This field is required."]})
        try:
            return rest(as_json(self.store.webhooks.add(webhook)), 201)
        except DuplicateWebhookError as error:
            raise HttpRefusal(400, ALREADY_SUBSCRIBED) from error

    async def update(self, request: Request) -> Response:
        """``PUT /webhooks/{id}/``."""
        webhook = changed(self._webhook(request), {**await _fields(request)})
        webhook = replace(webhook, updated=self.clock.stamp())
        try:
            self.store.webhooks.update(webhook)
        except DuplicateWebhookError as error:
            raise HttpRefusal(400, ALREADY_SUBSCRIBED) from error
        return rest(as_json(webhook))

    async def delete(self, request: Request) -> Response:
        """``DELETE /webhooks/{id}/``."""
        self.store.webhooks.delete(self._webhook(request).id)
        return Response(status_code=204)

    async def unsubscribe(self, request: Request) -> Response:
        """``DELETE /webhooks/unsubscribe/`` with the target in the body; an unknown one is no error."""
        target = str((await _fields(request)).get("target_url") or "")
        if not target:
            raise HttpRefusal(400, "`target_url` is missing.")
        for webhook in self.store.webhooks.all():
            if webhook.target_url == target:
                self.store.webhooks.delete(webhook.id)
        return Response(status_code=204)

    def _webhook(self, request: Request) -> StoredWebhook:
        number = str(request.path_params["id"])
        webhook = self.store.webhooks.find(int(number)) if number.isdecimal() else None
        if webhook is None:
            raise not_found()
        return webhook


async def _fields(request: Request) -> dict[str, object]:
    """Return the fields of a request, JSON or form (docs/uploadcare.md 5)."""
    if "json" not in request.headers.get("content-type", ""):
        return dict((await request.form()).items())
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError as error:
        raise HttpRefusal(400, f"JSON parse error - {error}") from error
    if not isinstance(body, dict):
        raise HttpRefusal(400, "Expected JSON object.")
    return body


def changed(webhook: StoredWebhook, fields: Mapping[str, object]) -> StoredWebhook:
    """Return a subscription with these fields set, or raise a refusal for values that the service refuses."""
    if "target_url" in fields:
        target = str(fields["target_url"])
        if not target.startswith(("http://", "https://")) or len(target) > LONGEST_TARGET:
            raise HttpRefusal(400, {"target_url": ["Enter a valid URL."]})
        webhook = replace(webhook, target_url=target)
    if "event" in fields:
        if fields["event"] not in EVENTS:
            raise HttpRefusal(400, {"event": [f'"{fields["event"]}" is not a valid choice.']})
        webhook = replace(webhook, event=str(fields["event"]))
    if "is_active" in fields:
        webhook = replace(webhook, is_active=int(str(fields["is_active"]).lower() in {"true", "1"}))
    if "signing_secret" in fields:
        secret = str(fields["signing_secret"] or "")
        if len(secret) > LONGEST_SECRET:
            raise HttpRefusal(
                400, {"signing_secret": [f"Ensure this field has no more than {LONGEST_SECRET} characters."]}
            )
        webhook = replace(webhook, signing_secret=secret or None)
    return webhook


def as_json(webhook: StoredWebhook) -> dict[str, object]:
    """Return a subscription as ``/webhooks/`` shows it."""
    return {
        "id": webhook.id,
        "project": PROJECT_ID,
        "created": webhook.created,
        "updated": webhook.updated,
        "event": webhook.event,
        "target_url": webhook.target_url,
        "is_active": bool(webhook.is_active),
        "version": VERSION,
        "signing_secret": webhook.signing_secret,
    }
