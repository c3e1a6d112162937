"""Webhook messages: whether Uploadcare signed one, and what it says.

A message counts only with a right signature over its bytes as they came; reading it comes after that. The payload is
``{initiator, hook, data, file}``, and only its initiator links a result to the upload and the launch that it comes from
(UPLOADCARE.md 1 and 3).
"""

import hashlib
import hmac

from pydantic import BaseModel, ConfigDict, ValidationError

from cutoutd.core.webhook_result import Announcement
from cutoutd.uploadcare.responses import Uuid
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


def announcement_in(body: bytes) -> Announcement | None:
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
    return Announcement(message.data.uuid, link.source_file_uuid, link.request_id)
