"""Where Uploadcare's messages arrive: small ones, soon complete, answered within a second.

The signature over the body is the access: no token, no cookie, and the reverse proxy's Host is nobody's concern. What a
message means is the mailbox's business.
"""

import asyncio
from http import HTTPStatus

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cutoutd.config.text_types import HOOK_PATH
from cutoutd.core.errors import CutoutdError
from cutoutd.uploadcare.webhook_messages import SIGNATURE_HEADER
from cutoutd.web.mailbox import Mailbox, Verdict, refuse

#: A message describes one file; what is larger is none.
MOST_BYTES = 262_144

_RECEIVED_WITHIN_S = 5.0

#: Uploadcare repeats what is not answered, so it is better told to come again than kept waiting.
_STORED_WITHIN_S = 0.8

_STATUSES = {
    Verdict.TAKEN: HTTPStatus.OK,
    Verdict.UNSIGNED: HTTPStatus.UNAUTHORIZED,
    Verdict.JUNK: HTTPStatus.BAD_REQUEST,
    Verdict.CLOSED: HTTPStatus.NOT_FOUND,
}

#: What is not read to its end must not be taken for the next request.
_CLOSE = {"Connection": "close"}


class _TooLargeError(Exception):
    """More than any message has."""


def hook_routes(mailbox: Mailbox) -> list[BaseRoute]:
    """``POST /hooks/uploadcare``."""

    async def take(request: Request) -> Response:
        return await _answer(request, mailbox)

    return [Route(HOOK_PATH, take, methods=["POST"])]


async def _answer(request: Request, mailbox: Mailbox) -> Response:
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
