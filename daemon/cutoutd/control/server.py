"""The control socket's server: one small HTTP application in the running daemon.

It knows no order. Who may connect is decided by the file system; how much may be sent, and how long it may take, here.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cutoutd.control.messages import ANSWERS, CARRIED_OUT_WITHIN_S, ORDERS, REFUSALS, CommandError
from cutoutd.control.queue import CommandQueue
from cutoutd.control.socket import listening_socket
from cutoutd.core.errors import ControlError, CutoutdError
from cutoutd.core.http_server import serving
from cutoutd.core.logs import log_error, log_fault

Handler = Callable[[Request], Awaitable[Response]]

#: More than a command line holds.
_MOST_BYTES = 4_000_000

#: The order is on this machine already when the command connects.
_RECEIVED_WITHIN_S = 10.0


@asynccontextmanager
async def serving_commands(
    dispatch: CommandQueue, place: Path, link: Path, also: Sequence[BaseRoute] = ()
) -> AsyncIterator[None]:
    """Take orders at ``place`` while the block runs, and what else comes by the routes of ``also``.

    Without the socket cutoutd works all the same, and says so.
    """
    with contextlib.ExitStack() as stack:
        try:
            listener = stack.enter_context(listening_socket(place, link))
        except ControlError as error:
            log_error("no_control", error, level=logging.WARNING)
            yield
            return
        async with serving(_application(dispatch, also), listener):
            yield


def _application(dispatch: CommandQueue, also: Sequence[BaseRoute]) -> Starlette:
    async def take(request: Request) -> Response:
        return await _execute(request, dispatch)

    return Starlette(routes=[Route("/orders", json_response(take), methods=["POST"]), *also])


async def _execute(request: Request, dispatch: CommandQueue) -> Response:
    order = ORDERS.validate_json(await body_of(request))
    return Response(ANSWERS.dump_json(await dispatch.submit(order)), media_type="application/json")


def json_response(answer: Handler) -> Handler:
    """The handler, with a bound to its time, and whatever it raises answered as a refusal."""

    async def answer_or_refuse(request: Request) -> Response:
        return await _answer_or_refuse(answer, request)

    return answer_or_refuse


async def _answer_or_refuse(answer: Handler, request: Request) -> Response:
    try:
        async with asyncio.timeout(CARRIED_OUT_WITHIN_S):
            return await answer(request)
    except ValidationError:
        return _refused(
            HTTPStatus.BAD_REQUEST, CommandError("the running cutoutd does not know this order", _OTHER_VERSION)
        )
    except (TimeoutError, ClientDisconnect):
        return _refused(HTTPStatus.REQUEST_TIMEOUT, CommandError("the order took too long; a part may have been done"))
    except CutoutdError as error:
        return _refused(HTTPStatus.CONFLICT, CommandError(f"{error.title}: {error.sentence}", error.advice))
    except Exception as fault:  # noqa: BLE001  the one broad except of this door: a bug costs one order, not the daemon
        log_fault("internal_fault", "a fault in cutoutd itself stopped an order", fault)
        return _refused(
            HTTPStatus.INTERNAL_SERVER_ERROR, CommandError("a fault in cutoutd itself; its log has the trace")
        )


_OTHER_VERSION = "Restart it, so that it is of the same version as this command."


async def body_of(request: Request) -> bytes:
    """What was sent, whole and not too long.

    Raises:
        TimeoutError, ClientDisconnect, ControlError: it is not.
    """
    body = bytearray()
    async with asyncio.timeout(_RECEIVED_WITHIN_S):
        async for piece in request.stream():
            body += piece
            if len(body) > _MOST_BYTES:
                raise ControlError("the order is too long", advice="Name fewer photos at once, or a folder.")
    return bytes(body)


def _refused(status: HTTPStatus, refusal: CommandError) -> Response:
    return Response(REFUSALS.dump_json(refusal), status, media_type="application/json")
