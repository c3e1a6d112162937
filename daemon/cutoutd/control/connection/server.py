"""The daemon's end of the control socket: one HTTP route that takes every message.

The file system decides which users may connect. This module bounds the size and the time of a message.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from cutoutd.config.settings import CommonSettings
from cutoutd.control.connection.socket import listening_socket
from cutoutd.control.messages import (
    COMMAND_TIMEOUT_S,
    ERRORS,
    HISTORIES,
    INSTANCES,
    MESSAGES,
    PAGE_LINKS,
    RESULTS,
    STATUSES,
    CommandError,
    HistoryQuery,
    InstanceQuery,
    Message,
    PageLink,
    PageLinkQuery,
    RunningInstance,
    StatusQuery,
    encode_reply,
)
from cutoutd.control.queue import CommandQueue
from cutoutd.core.blocking import ledger_calls
from cutoutd.core.errors import ControlError, CutoutdError
from cutoutd.core.http_server import BodyTooLargeError, read_body, serve_http
from cutoutd.core.logs import log_error, log_fault
from cutoutd.core.photo.photo_selector import PhotoSelector
from cutoutd.ledger import Ledger
from cutoutd.status.status import read_history, status_in

_OTHER_VERSION = "Restart it, so that it is of the same version as this command."

Answer = Callable[[Message], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class MessageLimits:
    """The bounds of a message."""

    max_bytes: int = 4_000_000  #: more than a command line holds
    receive_timeout_s: float = 10.0  #: the message is on this machine already when the command connects


class MessageHandler:
    """Answers every message.

    Args:
        queue: executes commands.
        ledger: answers queries.
        settings: return the settings in force.
        page_link: returns the link to the page.
        config_file: the file that this cutoutd was started with.
    """

    def __init__(
        self,
        queue: CommandQueue,
        ledger: Ledger,
        settings: Callable[[], CommonSettings],
        page_link: Callable[[], Awaitable[PageLink]],
        config_file: Path | None = None,
    ) -> None:
        self._queue = queue
        self._ledger = ledger
        self._settings = settings
        self._page_link = page_link
        self._config_file = config_file

    async def answer(self, message: Message) -> bytes:
        """Return the reply to a message, as JSON.

        Raises:
            CutoutdError: the message is refused.
        """
        match message:
            case StatusQuery():
                settings, live = self._settings(), self._queue.live()
                status = await self._ledger.query(status_in, live, settings.limits, settings.price)
                return encode_reply(STATUSES, status)
            case HistoryQuery(photos, limit):
                selectors = None if photos is None else [PhotoSelector(each.folder, each.path) for each in photos]
                events = await ledger_calls.run(read_history, self._settings().state_dir, selectors, limit)
                return encode_reply(HISTORIES, events)
            case PageLinkQuery():
                return encode_reply(PAGE_LINKS, await self._page_link())
            case InstanceQuery():
                return encode_reply(INSTANCES, _instance(self._settings(), self._config_file))
            case _:
                return encode_reply(RESULTS, await self._queue.submit(message))


def _instance(settings: CommonSettings, config_file: Path | None) -> RunningInstance:
    folders = tuple((each.name, str(each.input), str(each.output)) for each in settings.folders)
    file = "" if config_file is None else str(config_file.absolute())
    return RunningInstance(file, str(settings.state_dir), folders, settings.limits, settings.price)


@asynccontextmanager
async def serving_control(
    answer: Answer, path: Path, link: Path, limits: MessageLimits | None = None
) -> AsyncIterator[None]:
    """Take messages at ``path`` while the block runs.

    If the socket cannot be made, cutoutd logs that and works without it.
    """
    with contextlib.ExitStack() as stack:
        try:
            listener = stack.enter_context(listening_socket(path, link))
        except ControlError as error:
            log_error("no_control", error, level=logging.WARNING)
            yield
            return
        async with serve_http(_application(answer, limits or MessageLimits()), listener):
            yield


def _application(answer: Answer, limits: MessageLimits) -> Starlette:
    async def take(request: Request) -> Response:
        return await _answer_or_refuse(answer, request, limits)

    return Starlette(routes=[Route("/", take, methods=["POST"])])


async def _answer_or_refuse(answer: Answer, request: Request, limits: MessageLimits) -> Response:
    try:
        async with asyncio.timeout(COMMAND_TIMEOUT_S):
            async with asyncio.timeout(limits.receive_timeout_s):
                body = await read_body(request, limits.max_bytes)
            message = MESSAGES.validate_json(body)
            return Response(await answer(message), media_type="application/json")
    except ValidationError:
        return _refusal(HTTPStatus.BAD_REQUEST, "the running cutoutd does not know this command", _OTHER_VERSION)
    except (TimeoutError, ClientDisconnect):
        return _refusal(HTTPStatus.REQUEST_TIMEOUT, "the command took too long; a part may have been done")
    except BodyTooLargeError:
        return _refusal(HTTPStatus.CONFLICT, "the command is too long", "Name fewer photos at once, or a folder.")
    except CutoutdError as error:
        return _refusal(HTTPStatus.CONFLICT, f"{error.title}: {error.sentence}", error.advice)
    except Exception as fault:  # noqa: BLE001  the one broad except here: a bug costs one command, not the daemon
        log_fault("internal_fault", "a fault in cutoutd itself stopped a command", fault)
        return _refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "a fault in cutoutd itself; its log has the trace")


def _refusal(status: HTTPStatus, sentence: str, advice: str = "") -> Response:
    return Response(encode_reply(ERRORS, CommandError(sentence, advice)), status, media_type="application/json")
