"""Uploadcare's webhooks: the API that manages them, and the messages that they send.

A message counts only with a valid signature over its raw bytes, and is parsed after that. The payload is
``{initiator, hook, data, file}``. Only its initiator links a result to the upload and the launch that it comes from
(docs/uploadcare.md 1 and 3).
"""

import hashlib
import hmac
from collections.abc import Sequence
from http import HTTPStatus

from pydantic import RootModel, SecretStr, ValidationError

from cutoutd.core.errors import CutoutdError, WebhookRefusedError
from cutoutd.core.photo.photo import WebhookResult
from cutoutd.uploadcare.bounded_json import ForeignJsonError
from cutoutd.uploadcare.connections import REMOVE_BG
from cutoutd.uploadcare.error_mapping import error_for, service_message
from cutoutd.uploadcare.responses import Reply, Response, ServiceText, Uuid, parse, read_reply, shown
from cutoutd.uploadcare.transport import Call

#: The header that holds the signature.
SIGNATURE_HEADER = "X-Uc-Signature"

#: The event that a finished removal causes: its result is an upload.
EVENT = "file.uploaded"

_SIGNATURE_PREFIX = "v1="


class _Initiator(Reply):
    """The cause of a message, of any type."""

    type: str
    detail: dict[str, object] | None = None


class _InitiatorDetail(Reply):
    request_id: Uuid
    source_file_uuid: Uuid


class _Hook(Reply):
    event: str


class _File(Reply):
    uuid: Uuid


class _Message(Reply):
    initiator: _Initiator
    hook: _Hook
    data: _File


def is_signed(body: bytes, signature: str, secret: str) -> bool:
    """Return True if the message was signed with this secret; the time taken does not depend on the result."""
    expected = _SIGNATURE_PREFIX + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogateescape"))


def webhook_result_in(body: bytes) -> WebhookResult | None:
    """Return the result that a message announces.

    None means another event, another cause, or another add-on.

    Raises:
        ValueError: the body is no message of Uploadcare's.
    """
    try:
        message = read_reply(_Message, body)
        detail = message.initiator.detail or {}
        is_result = message.initiator.type == "addon" and detail.get("addon_name") == REMOVE_BG
        if not is_result or message.hook.event != EVENT:
            return None
        link = _InitiatorDetail.model_validate(detail)
    except ValidationError as error:
        msg = f"it is no webhook message of Uploadcare's ({error.error_count()} fields are not as they should be)"
        raise ValueError(msg) from None
    except ForeignJsonError as error:
        msg = f"it is no webhook message of Uploadcare's ({shown(str(error))})"
        raise ValueError(msg) from None
    return WebhookResult(message.data.uuid, link.source_file_uuid, link.request_id)


_ADVICE_BY_STATUS = {
    HTTPStatus.FORBIDDEN: "Webhooks may not be in the project's plan; cutoutd works without them and polls instead.",
    HTTPStatus.BAD_REQUEST: "Check the address; `cutoutd webhook list` shows the webhooks that exist.",
}


class RemoteWebhook(Reply):
    """A webhook of the project: a subscription to one event."""

    id: int
    event: ServiceText
    target_url: str  #: as it came, because it is compared and sent back
    is_active: bool
    signing_secret: SecretStr | None = None


class _Webhooks(RootModel[list[RemoteWebhook]]):
    """``GET /webhooks/``."""


class WebhookApi:
    """The webhooks of one project.

    Every method may raise WebhookRefusedError in the service's own words, and the errors of ``UploadcareClient``.
    """

    def __init__(self, call: Call) -> None:
        self._call = call

    async def list_all(self) -> Sequence[RemoteWebhook]:
        """Return all webhooks of the project."""
        return parse(_Webhooks, _require_success(await self._call("GET", "webhooks/"))).root

    async def create(self, url: str, secret: SecretStr) -> RemoteWebhook:
        """Create a webhook for finished removals; Uploadcare refuses a second one with the same target and event."""
        response = await self._call("POST", "webhooks/", _request_body(url, secret))
        return parse(RemoteWebhook, _require_success(response))

    async def update(self, webhook: RemoteWebhook, secret: SecretStr) -> RemoteWebhook:
        """Set the webhook's secret, and switch it on."""
        response = await self._call("PUT", f"webhooks/{webhook.id}/", _request_body(webhook.target_url, secret))
        return parse(RemoteWebhook, _require_success(response))

    async def delete(self, webhook: RemoteWebhook) -> None:
        """Delete the webhook; one that is gone already is no error."""
        response = await self._call("DELETE", f"webhooks/{webhook.id}/")
        if response.status != HTTPStatus.NOT_FOUND:
            _require_success(response)


def _request_body(url: str, secret: SecretStr) -> dict[str, object]:
    return {"target_url": url, "event": EVENT, "is_active": True, "signing_secret": secret.get_secret_value()}


def _require_success(response: Response) -> Response:
    if not response.is_success:
        raise _webhook_error_for(response)
    return response


def _webhook_error_for(response: Response) -> CutoutdError:
    message = service_message(response)
    if message is None or response.status not in _ADVICE_BY_STATUS:
        return error_for(response)
    return WebhookRefusedError(
        f'{response.host} said {response.status}: "{message}"', advice=_ADVICE_BY_STATUS[HTTPStatus(response.status)]
    )
