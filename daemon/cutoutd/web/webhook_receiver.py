"""Where Uploadcare's messages arrive: small ones, soon complete, answered within a second.

The signature over the body is the access: no token, no cookie, and the reverse proxy's Host is nobody's concern. What a
message means is the mailbox's business.

Uploadcare's messages on their way in: signature first, then what they say, then the ledger; only then an answer.

How a message arrives over HTTP, and how large it may be, is ``web``'s business.
"""

import asyncio
import logging
from collections.abc import Callable
from enum import Enum, auto
from http import HTTPStatus

from pydantic import SecretStr
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cutoutd.config.text_types import HOOK_PATH
from cutoutd.core.errors import CutoutdError
from cutoutd.core.logs import log_event
from cutoutd.ledger import Ledger
from cutoutd.ledger.writes import webhook_results
from cutoutd.uploadcare.webhooks import SIGNATURE_HEADER, is_signed, webhook_result_in


class ReceiptResult(Enum):
    """What became of a message."""

    ACCEPTED = auto()  #: stored, known already, or none of ours: it need not come again
    UNSIGNED = auto()
    MALFORMED = auto()  #: signed, and no message of Uploadcare's
    CLOSED = auto()  #: no webhook was set up


class WebhookReceiver:
    """Takes messages in.

    Args:
        ledger: where announcements are kept.
        secret: what messages are signed with; None where none are expected. May raise ValueError; blocking.
        tell: called when a photo may go on.
    """

    def __init__(self, ledger: Ledger, secret: Callable[[], SecretStr | None], tell: Callable[[], None]) -> None:
        self._ledger = ledger
        self._secret = secret
        self._tell = tell

    async def deliver(self, body: bytes, signature: str) -> ReceiptResult:
        """Take one message in; the same one again changes nothing. Those that are refused are told in the log.

        Raises:
            DiskError, LedgerError: it could not be stored, and is to come again.
        """
        try:
            secret = await asyncio.to_thread(self._secret)
        except ValueError as error:
            refuse(f"webhook.secret_file {error}")
            return ReceiptResult.CLOSED
        if secret is None:
            refuse("no webhook was set up here; cutoutd webhook create does")
            return ReceiptResult.CLOSED
        if not is_signed(body, signature, secret.get_secret_value()):
            refuse("its signature is not that of the webhook's secret; if it lasts, run: cutoutd webhook create")
            return ReceiptResult.UNSIGNED
        try:
            announcement = webhook_result_in(body)
        except ValueError as error:
            refuse(str(error))
            return ReceiptResult.MALFORMED
        if announcement is not None:
            receipt = await self._ledger.store_webhook_result(announcement)
            # One that is known may have been stored after nobody waited for it any more, and so without a word of it.
            if receipt is not webhook_results.Receipt.NOT_OURS:
                self._tell()
        return ReceiptResult.ACCEPTED


def refuse(reason: str) -> None:
    """Tell that a message was refused; one that repeats is counted."""
    log_event("webhook_refused", f"a message to the webhook was refused: {reason}", level=logging.WARNING)


#: A message describes one file; what is larger is none.
MOST_BYTES = 262_144

_RECEIVED_WITHIN_S = 5.0

#: Uploadcare repeats what is not answered, so it is better told to come again than kept waiting.
_STORED_WITHIN_S = 0.8

_STATUSES = {
    ReceiptResult.ACCEPTED: HTTPStatus.OK,
    ReceiptResult.UNSIGNED: HTTPStatus.UNAUTHORIZED,
    ReceiptResult.MALFORMED: HTTPStatus.BAD_REQUEST,
    ReceiptResult.CLOSED: HTTPStatus.NOT_FOUND,
}

#: What is not read to its end must not be taken for the next request.
_CLOSE = {"Connection": "close"}


class _TooLargeError(Exception):
    """More than any message has."""


def hook_routes(mailbox: WebhookReceiver) -> list[BaseRoute]:
    """``POST /hooks/uploadcare``."""

    async def take(request: Request) -> Response:
        return await _answer(request, mailbox)

    return [Route(HOOK_PATH, take, methods=["POST"])]


async def _answer(request: Request, mailbox: WebhookReceiver) -> Response:
    try:
        async with asyncio.timeout(_RECEIVED_WITHIN_S):
            body = await _body(request)
    except _TooLargeError:
        refuse("it is larger than any message of Uploadcare's")
        return Response(status_code=HTTPStatus.REQUEST_ENTITY_TOO_LARGE, headers=_CLOSE)
    except (TimeoutError, ClientDisconnect):
        refuse("it was not complete after 5 seconds")
        return Response(status_code=HTTPStatus.REQUEST_TIMEOUT, headers=_CLOSE)
    try:
        async with asyncio.timeout(_STORED_WITHIN_S):
            verdict = await mailbox.deliver(body, request.headers.get(SIGNATURE_HEADER, ""))
    except (TimeoutError, CutoutdError) as error:
        refuse(f"the ledger could not store it in time, and it is to come again: {error}".rstrip(": "))
        return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE)
    return Response(status_code=_STATUSES[verdict])


async def _body(request: Request) -> bytes:
    if _announced_bytes(request) > MOST_BYTES:
        raise _TooLargeError
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise _TooLargeError
    return bytes(body)


def _announced_bytes(request: Request) -> int:
    length = request.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdecimal() else 0
