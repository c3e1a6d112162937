"""The door for Uploadcare's messages: what is slow, broken off or cannot be stored."""

import asyncio
from http import HTTPStatus

import httpx2
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette

from cutoutd.core.errors import DiskError
from cutoutd.core.photo.photo import WebhookResult
from cutoutd.ledger.writes.webhook_results import Receipt
from cutoutd.web.webhook_receiver import ReceiptResult, WebhookLimits, WebhookReceiver, webhook_routes
from support.clients.webhook_client import SECRET, signature, unknown_message


class Slow(WebhookReceiver):
    """Takes its time, or cannot store."""

    def __init__(self, error: Exception | None) -> None:
        self._error = error

    async def deliver(self, body: bytes, signature: str) -> ReceiptResult:  # noqa: ARG002  the receiver's signature
        if self._error is None:
            await asyncio.Event().wait()
        raise self._error or AssertionError


class Ledger:
    """Knows what became of an announcement, whichever it is."""

    def __init__(self, receipt: Receipt) -> None:
        self._receipt = receipt
        self.waits = self

    async def store_webhook_result(self, _announcement: WebhookResult) -> Receipt:
        return self._receipt


BRISK = WebhookLimits(receive_timeout_s=0.05, store_timeout_s=0.05)


def posted(
    receiver: WebhookReceiver, content: bytes, limits: WebhookLimits | None = None, **headers: str
) -> httpx2.Response:
    async def post() -> httpx2.Response:
        transport = httpx2.ASGITransport(Starlette(routes=webhook_routes(receiver, limits)))
        async with httpx2.AsyncClient(transport=transport, base_url="http://cutoutd") as client:
            return await client.post("/hooks/uploadcare", content=content, headers=headers)

    return asyncio.run(post())


@pytest.mark.parametrize("error", [None, DiskError("full")])
def test_what_cannot_be_stored_in_time_is_to_come_again(error: Exception | None) -> None:
    """Uploadcare repeats what got no 2xx; it is told so within a second."""
    assert posted(Slow(error), unknown_message(), BRISK).status_code == HTTPStatus.SERVICE_UNAVAILABLE


def test_a_body_that_never_ends_is_refused() -> None:
    """A trickle is cut off, and its connection closed."""

    async def post() -> list[dict[str, object]]:
        sent: list[dict[str, object]] = []
        pieces = [{"type": "http.request", "body": b"{", "more_body": True}]

        async def receive() -> dict[str, object]:
            if pieces:
                return pieces.pop()
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: dict[str, object]) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/hooks/uploadcare",
            "headers": [],
            "query_string": b"",
            "app": None,
        }
        await Starlette(routes=webhook_routes(Slow(None), BRISK))(scope, receive, send)  # type: ignore[arg-type]  # as plain as ASGI is
        return sent

    start = asyncio.run(post())[0]
    assert start["status"] == HTTPStatus.REQUEST_TIMEOUT
    assert (b"connection", b"close") in start["headers"]  # type: ignore[operator]  # as above


def test_a_secret_that_cannot_be_read_lets_nobody_in() -> None:
    """Its file is gone, or everyone may read it: no message can be believed, whatever its signature."""

    def unreadable() -> None:
        raise ValueError("names a file that everyone on this machine may read; run chmod o= on it")

    mailbox = WebhookReceiver(None, unreadable, lambda: None)  # type: ignore[arg-type]  # it never comes to that
    body = unknown_message()
    answer = posted(mailbox, body, **{"X-Uc-Signature": signature(body, SECRET)})
    assert answer.status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("receipt", Receipt)
def test_what_comes_again_lets_its_photo_go_on(receipt: Receipt) -> None:
    """It was stored too late for its first answer, so nobody was told of it then; what is none of ours wakes nobody."""
    told: list[bool] = []
    ledger = Ledger(receipt)
    mailbox = WebhookReceiver(ledger, lambda: SecretStr(SECRET), lambda: told.append(True))  # type: ignore[arg-type]  stands in
    body = unknown_message()
    answer = posted(mailbox, body, **{"X-Uc-Signature": signature(body, SECRET)})
    assert answer.status_code == HTTPStatus.OK
    assert bool(told) is (receipt is not Receipt.NOT_OURS)
