"""The receiver of Uploadcare's webhook messages: small ones, complete within seconds, answered within one second.

The signature over the body is the access check. There is no token, no cookie, and no check of ``Host``. A message is
verified, then parsed, then stored; only then is it answered.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus

from pydantic import SecretStr
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cutoutd.config.types.text_types import HOOK_PATH
from cutoutd.core.blocking import local_calls
from cutoutd.core.errors import CutoutdError
from cutoutd.core.http_server import BodyTooLargeError, read_body
from cutoutd.core.logs import log_event
from cutoutd.ledger import Ledger
from cutoutd.ledger.writes import webhook_results
from cutoutd.uploadcare.webhooks import SIGNATURE_HEADER, is_signed, webhook_result_in

#: The rest of the body must not be taken for the next request.
_CLOSE = {"Connection": "close"}


class ReceiptResult(Enum):
    """The result of a message."""

    ACCEPTED = auto()  #: stored, known already, or not ours: Uploadcare need not repeat it
    UNSIGNED = auto()
    MALFORMED = auto()  #: signed, but not a message of Uploadcare's
    CLOSED = auto()  #: no webhook is set up


_STATUSES = {
    ReceiptResult.ACCEPTED: HTTPStatus.OK,
    ReceiptResult.UNSIGNED: HTTPStatus.UNAUTHORIZED,
    ReceiptResult.MALFORMED: HTTPStatus.BAD_REQUEST,
    ReceiptResult.CLOSED: HTTPStatus.NOT_FOUND,
}


@dataclass(frozen=True, slots=True)
class WebhookLimits:
    """The bounds of a message."""

    max_bytes: int = 262_144  #: a message describes one file
    receive_timeout_s: float = 5.0
    store_timeout_s: float = 0.8  #: Uploadcare repeats a message without an answer, so a refusal is better than a wait


class WebhookReceiver:
    """Takes messages.

    Args:
        ledger: stores the results.
        secret: returns the secret that messages are signed with; None: no webhook is set up. May raise ValueError.
        on_result: called when a photo may go on.
    """

    def __init__(self, ledger: Ledger, secret: Callable[[], SecretStr | None], on_result: Callable[[], None]) -> None:
        self._ledger = ledger
        self._secret = secret
        self._on_result = on_result

    async def deliver(self, body: bytes, signature: str) -> ReceiptResult:
        """Take one message. A repeated one changes nothing, and a refused one is logged.

        Raises:
            DiskError, LedgerError: it could not be stored; Uploadcare must repeat it.
        """
        try:
            secret = await local_calls.run(self._secret)
        except ValueError as error:
            _log_refusal(f"webhook.secret_file {error}")
            return ReceiptResult.CLOSED
        if secret is None:
            _log_refusal("no webhook is set up here; to set one up, run: cutoutd webhook create")
            return ReceiptResult.CLOSED
        if not is_signed(body, signature, secret.get_secret_value()):
            _log_refusal(
                "its signature does not match the webhook's secret; if this goes on, run: cutoutd webhook create"
            )
            return ReceiptResult.UNSIGNED
        try:
            result = webhook_result_in(body)
        except ValueError as error:
            _log_refusal(str(error))
            return ReceiptResult.MALFORMED
        if result is not None:
            receipt = await self._ledger.waits.store_webhook_result(result)
            # Call it for a known result too, because a request that timed out may have stored it without the call.
            if receipt is not webhook_results.Receipt.NOT_OURS:
                self._on_result()
        return ReceiptResult.ACCEPTED


def webhook_routes(receiver: WebhookReceiver, limits: WebhookLimits | None = None) -> list[BaseRoute]:
    """Return the route ``POST /hooks/uploadcare``."""
    bounds = limits or WebhookLimits()

    async def take(request: Request) -> Response:
        return await _answer(request, receiver, bounds)

    return [Route(HOOK_PATH, take, methods=["POST"])]


async def _answer(request: Request, receiver: WebhookReceiver, limits: WebhookLimits) -> Response:
    try:
        async with asyncio.timeout(limits.receive_timeout_s):
            body = await read_body(request, limits.max_bytes)
    except BodyTooLargeError:
        _log_refusal("it is larger than any message of Uploadcare's")
        return Response(status_code=HTTPStatus.REQUEST_ENTITY_TOO_LARGE, headers=_CLOSE)
    except (TimeoutError, ClientDisconnect):
        _log_refusal("it was not complete after 5 seconds")
        return Response(status_code=HTTPStatus.REQUEST_TIMEOUT, headers=_CLOSE)
    try:
        async with asyncio.timeout(limits.store_timeout_s):
            result = await receiver.deliver(body, request.headers.get(SIGNATURE_HEADER, ""))
    except (TimeoutError, CutoutdError) as error:
        _log_refusal(f"the ledger could not store it in time; Uploadcare repeats it: {error}".rstrip(": "))
        return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE)
    return Response(status_code=_STATUSES[result])


def _log_refusal(reason: str) -> None:
    log_event("webhook_refused", f"a message to the webhook was refused: {reason}", level=logging.WARNING)
