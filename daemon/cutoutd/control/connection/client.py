"""The command line's end of the control socket.

A message goes to the running cutoutd. While none runs, the client uses the ledger itself.
"""

import asyncio
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from cutoutd.config.settings import CommonSettings
from cutoutd.control.connection.socket import client_socket_path, short_path
from cutoutd.control.executor import CommandExecutor
from cutoutd.control.messages import (
    COMMAND_TIMEOUT_S,
    ERRORS,
    HISTORIES,
    MESSAGES,
    RESULTS,
    STATUSES,
    Command,
    CommandResult,
    DismissCommand,
    HistoryQuery,
    Message,
    PauseCommand,
    PhotoName,
    StatusQuery,
)
from cutoutd.core.errors import ControlError, ControlRefusedError, LedgerBusyError, LedgerError, LedgerMissingError
from cutoutd.core.photo.photo_selector import PhotoSelector
from cutoutd.ledger import Event, has_ledger, hold_ledger, open_ledger
from cutoutd.status.status import Status, read_history, read_status

#: A daemon that starts or stops holds the ledger for a moment without listening.
_LEDGER_PATIENCE_S = 5.0
_RETRY_EVERY_S = 0.2

_CONNECT_TIMEOUT_S = 10.0

#: A little longer than the server's own limit, because its error reply must still arrive.
_READ_TIMEOUT_S = COMMAND_TIMEOUT_S + 10.0

_LATER = "cutoutd is not running: it goes on when it is started"
_PAUSED_LATER = "cutoutd is not running: once it is started, it stays paused"
_NO_SOCKET = (
    "If that is `run --once`, wait until it is done. If it is a daemon, its log says why it has no socket; or"
    " control_socket was changed since its start: restart it."
)
_TRY_AGAIN = "Look at `cutoutd status`, and give the command again: what is done already does no harm."
_SAME_VERSION = "Restart it, so that it is of the same version as this command."
_ALLOWED_USERS = (
    "Use that user (sudo -u cutoutd cutoutd ...) or root, or join the group that the socket and its folder belong to;"
    " or set control_socket to a place in a folder of a group that you and that user are in."
)

T = TypeVar("T")


def send_command(
    command: Command, settings: CommonSettings, *, patience_s: float = _LEDGER_PATIENCE_S
) -> CommandResult:
    """Have a command executed, by the running cutoutd or on the ledger itself. Blocking.

    Args:
        command: the command.
        settings: tell the places of socket and ledger.
        patience_s: how long to wait for a ledger that another process holds.

    Raises:
        ControlRefusedError: this user may not use the control socket.
        ControlError: the running cutoutd did not execute it; the error says why.
        LedgerBusyError: a process holds the ledger and does not listen.
        LedgerError, DiskError: there is no ledger yet, or it cannot be used.
    """
    give_up_s = time.monotonic() + patience_s
    while True:
        with _access_errors(client_socket_path(settings)):
            if (content := exchange_at(client_socket_path(settings), command)) is not None:
                return decode_reply(RESULTS, content)
            _require_ledger(settings.state_dir)
        try:
            result = asyncio.run(_execute_on_ledger(command, settings))
        except LedgerBusyError as error:
            if time.monotonic() > give_up_s:
                raise LedgerBusyError(f"{error.sentence}, which takes no commands", advice=_NO_SOCKET) from error
            time.sleep(_RETRY_EVERY_S)
        else:
            has_moved = result.is_done and not result.is_idle and not isinstance(command, DismissCommand)
            later = _PAUSED_LATER if isinstance(command, PauseCommand) else _LATER
            return replace(result, done=(*result.done, later)) if has_moved else result


def is_listening(settings: CommonSettings) -> bool:
    """Return True if a cutoutd listens where these settings say, also if this user may not use it. Blocking."""
    try:
        connection = _connect(client_socket_path(settings))
    except (OSError, ControlError):
        return True
    if connection is not None:
        connection.close()
    return connection is not None


def load_status(settings: CommonSettings) -> Status:
    """Return the status, from the ledger or, if this user may not read it, from the running cutoutd. Blocking.

    Raises:
        LedgerError: the ledger cannot be read, or this user may not read it while no cutoutd runs.
        ControlRefusedError: this user may use neither the ledger nor the control socket.
        ControlError: the running cutoutd did not answer.
    """
    try:
        return read_status(settings.state_dir, settings.limits, settings.price)
    except LedgerError as error:
        return decode_reply(STATUSES, _query_instead(error, StatusQuery(), settings))


def load_history(settings: CommonSettings, selectors: Sequence[PhotoSelector] | None, limit: int) -> list[Event]:
    """Return the last events, oldest first, like ``read_history``. Blocking.

    Raises:
        LedgerError, ControlRefusedError, ControlError: like ``load_status``.
    """
    try:
        return read_history(settings.state_dir, selectors, limit)
    except LedgerError as error:
        names = None if selectors is None else tuple(PhotoName(each.folder, each.path) for each in selectors)
        return decode_reply(HISTORIES, _query_instead(error, HistoryQuery(names, limit), settings))


def send_message(message: Message, settings: CommonSettings) -> bytes | None:
    """Send a message to the running cutoutd and return the reply; None if no cutoutd listens. Blocking.

    Raises:
        ControlRefusedError: this user may not use the control socket.
        ControlError: it did not answer, or it refused; the error says why.
    """
    with _access_errors(client_socket_path(settings)):
        return exchange_at(client_socket_path(settings), message)


def decode_reply(form: TypeAdapter[T], content: bytes) -> T:
    """Return the value that a reply holds.

    Raises:
        ControlError: this version of the command does not understand it.
    """
    try:
        return form.validate_json(content)
    except ValidationError as error:
        raise ControlError(
            "the answer on the control socket is not cutoutd's, or not of this version", advice=_SAME_VERSION
        ) from error


def _query_instead(unreadable: LedgerError, query: Message, settings: CommonSettings) -> bytes:
    if not isinstance(unreadable.__cause__, PermissionError):
        raise unreadable
    if (content := send_message(query, settings)) is None:
        raise unreadable
    return content


def exchange_at(socket_path: Path, message: Message) -> bytes | None:
    """Send a message to the cutoutd that listens at this path, and return the reply; None without one. Blocking.

    Raises:
        PermissionError: this user may not use the socket.
        ControlError: it did not answer, or it refused; the error says why.
    """
    connection = _connect(socket_path)
    if connection is None:
        return None
    with connection:
        status, content = _post(connection, MESSAGES.dump_json(message))
    if status != HTTPStatus.OK:
        refusal = decode_reply(ERRORS, content)
        raise ControlError(refusal.sentence, advice=refusal.advice)
    return content


def _connect(socket_path: Path) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(_CONNECT_TIMEOUT_S)
    try:
        with short_path(socket_path) as path:
            connection.connect(path)
    except OSError as error:
        connection.close()
        if isinstance(error, FileNotFoundError | ConnectionRefusedError):
            return None
        if isinstance(error, TimeoutError):
            raise ControlError("the running cutoutd did not answer in time", advice=_TRY_AGAIN) from error
        raise
    return connection


def _post(connection: socket.socket, body: bytes) -> tuple[int, bytes]:
    """Return status and body of the response. The standard client serves, because nothing here costs money."""
    connection.settimeout(_READ_TIMEOUT_S)
    http = HTTPConnection("cutoutd")
    http.sock = connection
    try:
        http.request("POST", "/", body)
        response = http.getresponse()
        return response.status, response.read()
    except TimeoutError as error:
        raise ControlError("the running cutoutd did not answer in time", advice=_TRY_AGAIN) from error
    except (HTTPException, OSError) as error:
        raise ControlError("the running cutoutd ended before it had answered", advice=_TRY_AGAIN) from error


@contextmanager
def _access_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        msg = f"{path} belongs to the user that cutoutd runs as"
        raise ControlRefusedError(msg, advice=_ALLOWED_USERS) from error


def _require_ledger(state_dir: Path) -> None:
    try:
        if has_ledger(state_dir):
            return
    except LedgerError as error:
        if isinstance(error.__cause__, PermissionError):
            raise error.__cause__ from error
        raise
    raise LedgerMissingError(f"{state_dir} has none")


async def _execute_on_ledger(command: Command, settings: CommonSettings) -> CommandResult:
    with hold_ledger(settings.state_dir):
        async with open_ledger(settings.state_dir) as ledger:
            executor = CommandExecutor(ledger, settings.folders, lambda _photo: None, settings.price)
            return await executor.execute(command)
