"""The project's webhooks at Uploadcare: shown, made, changed, deleted. One operation each.

Which of them is this machine's, and what is to be done about it, is decided elsewhere.

Webhook messages: whether Uploadcare signed one, and what it says.

A message counts only with a right signature over its bytes as they came; reading it comes after that. The payload is
``{initiator, hook, data, file}``, and only its initiator links a result to the upload and the launch that it comes from
(UPLOADCARE.md 1 and 3).
"""

import hashlib
import hmac
from collections.abc import Awaitable, Sequence
from http import HTTPStatus
from typing import Protocol

from pydantic import BaseModel, ConfigDict, SecretStr, TypeAdapter, ValidationError

from cutoutd.core.errors import CutoutdError, UnreachableError, WebhookRefusedError
from cutoutd.core.webhook_result import WebhookResult
from cutoutd.uploadcare.error_mapping import error_for, service_message
from cutoutd.uploadcare.responses import LOGIN_PAGE_ADVICE, Reply, Response, Uuid, parse
from cutoutd.uploadcare.signing import REMOVE_BG

#: The header that holds the signature.
SIGNATURE_HEADER = "X-Uc-Signature"

#: The event that a finished removal causes: its result is an upload.
EVENT = "file.uploaded"

_FORM = "v1="


class _Part(BaseModel):
    """Fields that we do not use may come and go."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Kind(_Part):
    """What an initiator says of itself, whatever it is."""

    type: str
    detail: dict[str, object] | None = None


class _Detail(_Part):
    request_id: Uuid
    source_file_uuid: Uuid


class _Hook(_Part):
    event: str


class _File(_Part):
    uuid: Uuid


class _Message(_Part):
    initiator: _Kind
    hook: _Hook
    data: _File


def is_signed(body: bytes, signature: str, secret: str) -> bool:
    """Whether the message was signed with this secret; takes as long for a wrong signature as for a right one."""
    expected = _FORM + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogateescape"))


def webhook_result_in(body: bytes) -> WebhookResult | None:
    """What a message announces; None for what is no removal's result: another event, another cause, another add-on.

    Raises:
        ValueError: it is no message of Uploadcare's.
    """
    try:
        message = _Message.model_validate_json(body)
        detail = message.initiator.detail or {}
        is_result = message.initiator.type == "addon" and detail.get("addon_name") == REMOVE_BG
        if not is_result or message.hook.event != EVENT:
            return None
        link = _Detail.model_validate(detail)
    except ValidationError as error:
        msg = f"it is no webhook message of Uploadcare's ({error.error_count()} fields are not as they should be)"
        raise ValueError(msg) from None
    return WebhookResult(message.data.uuid, link.source_file_uuid, link.request_id)


_ADVICE = {
    HTTPStatus.FORBIDDEN: "Webhooks may not be in the project's plan; cutoutd works without, it asks instead.",
    HTTPStatus.BAD_REQUEST: "Look at the address; `cutoutd webhook list` shows the webhooks that are there.",
}


class RemoteWebhook(Reply):
    """A subscription to one event."""

    id: int
    event: str
    target_url: str
    is_active: bool
    signing_secret: SecretStr | None = None


_WEBHOOKS = TypeAdapter(list[RemoteWebhook])


class _Ask(Protocol):
    def __call__(self, method: str, url: str, body: object = None) -> Awaitable[Response]: ...


class WebhookApi:
    """The webhooks of one project.

    Every method may raise what ``Uploadcare``'s may, and WebhookRefusedError: in the service's own words.
    """

    def __init__(self, ask: _Ask) -> None:
        self._ask = ask

    async def list_all(self) -> Sequence[RemoteWebhook]:
        """All of them, whoever made them."""
        response = _required(await self._ask("GET", "webhooks/"))
        try:
            return _WEBHOOKS.validate_json(response.body)
        except ValidationError as error:
            msg = f"{response.host} answered {response.status} with a list that is not Uploadcare's"
            raise UnreachableError(msg, advice=LOGIN_PAGE_ADVICE) from error

    async def create(self, url: str, secret: SecretStr) -> RemoteWebhook:
        """Have finished removals told to this address. Twice is refused: target and event are unique together."""
        return parse(RemoteWebhook, _required(await self._ask("POST", "webhooks/", _fields(url, secret))))

    async def update(self, webhook: RemoteWebhook, secret: SecretStr) -> RemoteWebhook:
        """Have it sign with this secret, and switch it on again if it was off."""
        response = await self._ask("PUT", f"webhooks/{webhook.id}/", _fields(webhook.target_url, secret))
        return parse(RemoteWebhook, _required(response))

    async def delete(self, webhook: RemoteWebhook) -> None:
        """Delete it; one that is gone already is fine."""
        response = await self._ask("DELETE", f"webhooks/{webhook.id}/")
        if response.status != HTTPStatus.NOT_FOUND:
            _required(response)


def _fields(url: str, secret: SecretStr) -> dict[str, object]:
    return {"target_url": url, "event": EVENT, "is_active": True, "signing_secret": secret.get_secret_value()}


def _required(response: Response) -> Response:
    if not response.is_success:
        raise _refusal(response)
    return response


def _refusal(response: Response) -> CutoutdError:
    words = service_message(response)
    if words is None or response.status not in _ADVICE:
        return error_for(response)
    return WebhookRefusedError(
        f'{response.host} said {response.status}: "{words}"', advice=_ADVICE[HTTPStatus(response.status)]
    )
