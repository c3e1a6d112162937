"""Webhook messages: signature, and what is read from them."""

import hashlib
import hmac
import json

import pytest

from cutoutd.core.photo.photo import WebhookResult
from cutoutd.uploadcare.webhooks import is_signed, webhook_result_in
from support.clients.webhook_client import SECRET, message, signature

SOURCE, REQUEST, RESULT = (f"00000000-0000-4000-8000-00000000000{number}" for number in range(3))
BODY = message(SOURCE, REQUEST, RESULT)


def test_a_published_signature_is_right() -> None:
    """``v1=`` and the hex HMAC-SHA256 of the body as it came, as Uploadcare documents it."""
    right = "v1=" + hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()
    assert is_signed(BODY, right, SECRET)


@pytest.mark.parametrize(
    "wrong",
    ["", "v1=", "v1", signature(BODY)[3:], signature(BODY)[:-1], signature(BODY, "other"), signature(BODY) + "0",
     "\xe9", "V1=" + signature(BODY)[3:], signature(BODY + b"\n")],
)  # fmt: skip  # one list
def test_anything_else_is_wrong(wrong: str) -> None:
    """Missing, cut off, of another secret, of another body, in another form."""
    assert not is_signed(BODY, wrong, SECRET)


def test_a_result_names_where_it_comes_from() -> None:
    """Result, source and launch."""
    assert webhook_result_in(BODY) == WebhookResult(RESULT, SOURCE, REQUEST)


@pytest.mark.parametrize(
    "others",
    [
        {"initiator": {"type": "api", "detail": {"request_id": None, "addon_name": None}}},
        {"initiator": {"type": "system", "detail": None}},
        {"initiator": {"type": "addon", "detail": {"addon_name": "uc_clamav_virus_scan", "request_id": REQUEST}}},
        {"hook": {"event": "file.stored"}},
    ],
)
def test_other_events_announce_nothing(others: dict[str, object]) -> None:
    """Uploads by programs, other add-ons, other events."""
    assert webhook_result_in(message(SOURCE, REQUEST, RESULT, **others)) is None


@pytest.mark.parametrize(
    "junk",
    [b"", b"\xff", b"null", b"[]", b"{}", b'{"initiator": {}}', b"[" * 100_000,
     message(SOURCE, REQUEST, "../../etc/passwd"), message("x", REQUEST, RESULT), message(SOURCE, "", RESULT),
     message(SOURCE, REQUEST, RESULT, data=None), json.dumps(json.loads(BODY) | {"hook": 7}).encode(),
     json.dumps(json.loads(BODY) | {"x": "\ud800"}).encode(), BODY[:-1] + b', "data": {}}', BODY[:-1] + b', "x": NaN}',
     BODY[:-1] + b', "x": ' + b'{"a":' * 900 + b"1" + b"}" * 901],
)  # fmt: skip  # one list
def test_junk_is_told_from_messages(junk: bytes) -> None:
    """Whoever knows the secret still says only what Uploadcare may say: UUIDs, and nothing else."""
    with pytest.raises(ValueError, match="no webhook message"):
        webhook_result_in(junk)
