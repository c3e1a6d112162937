"""The control socket's server: one small HTTP application in the running daemon.

It knows no order. Who may connect is decided by the file system; how much may be sent, and how long it may take, here.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path

import uvicorn
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from cutoutd.control.clerk import Clerk
from cutoutd.control.orders import ANSWERS, ORDERS, REFUSALS, Refusal
from cutoutd.control.socket_file import listening_socket
from cutoutd.errors import ControlError, CutoutdError
from cutoutd.logs import say_error, say_fault

#: More than a command line holds.
_MOST_BYTES = 4_000_000

#: The order is on this machine already when the command connects.
_RECEIVED_WITHIN_S = 10.0

#: Half a million photos are taken up in less.
CARRIED_OUT_WITHIN_S = 600.0

#: Orders under way get this long to finish when the daemon ends.
_GRACE_S = 5

#: Orders are for people; more at once than this is a mistake.
_MOST_AT_ONCE = 16


@asynccontextmanager
async def taking_orders(clerk: Clerk, place: Path, link: Path) -> AsyncIterator[None]:
    """Take orders at ``place`` while the block runs. Without the socket cutoutd works all the same, and says so."""
    with contextlib.ExitStack() as stack:
        try:
            listener = stack.enter_context(listening_socket(place, link))
        except ControlError as error:
            say_error("no_control", error, level=logging.WARNING)
            yield
            return
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(_serve(_application(clerk), listener), name="control socket")
            yield
            serving.cancel()


def _application(clerk: Clerk) -> Starlette:
    async def take(request: Request) -> Response:
        return await _answer(request, clerk)

    return Starlette(routes=[Route("/orders", take, methods=["POST"])])


async def _answer(request: Request, clerk: Clerk) -> Response:
    try:
        order = ORDERS.validate_json(await _body(request))
        async with asyncio.timeout(CARRIED_OUT_WITHIN_S):
            answer = await clerk.carry_out(order)
    except ValidationError:
        return _refused(HTTPStatus.BAD_REQUEST, Refusal("the running cutoutd does not know this order", _OTHER_VERSION))
    except (TimeoutError, ClientDisconnect):
        return _refused(HTTPStatus.REQUEST_TIMEOUT, Refusal("the order took too long; a part may have been done"))
    except CutoutdError as error:
        return _refused(HTTPStatus.CONFLICT, Refusal(f"{error.title}: {error.sentence}", error.advice))
    except Exception as fault:  # noqa: BLE001  the one broad except of this door: a bug costs one order, not the daemon
        say_fault("internal_fault", "a fault in cutoutd itself stopped an order", fault)
        return _refused(HTTPStatus.INTERNAL_SERVER_ERROR, Refusal("a fault in cutoutd itself; its log has the trace"))
    return Response(ANSWERS.dump_json(answer), media_type="application/json")


_OTHER_VERSION = "Restart it, so that it is of the same version as this command."


async def _body(request: Request) -> bytes:
    body = bytearray()
    async with asyncio.timeout(_RECEIVED_WITHIN_S):
        async for piece in request.stream():
            body += piece
            if len(body) > _MOST_BYTES:
                raise ControlError("the order is too long", advice="Name fewer photos at once, or a folder.")
    return bytes(body)


def _refused(status: HTTPStatus, refusal: Refusal) -> Response:
    return Response(REFUSALS.dump_json(refusal), status, media_type="application/json")


class _Server(uvicorn.Server):
    """uvicorn inside a program that has signals and a clock of its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    async def main_loop(self) -> None:
        """Until cancelled; uvicorn's own would wake up ten times a second."""
        await self.on_tick(0)
        await asyncio.Event().wait()


async def _serve(app: Starlette, listener: socket.socket) -> None:
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",  # the application tells its faults itself; the rest is about clients that hung up
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_MOST_AT_ONCE,
        timeout_graceful_shutdown=_GRACE_S,
    )
    server = _Server(config)
    try:
        await server.serve(sockets=[listener])
    finally:
        if server.started:  # uvicorn, when cancelled, leaves its connections open
            await server.shutdown(sockets=[listener])
