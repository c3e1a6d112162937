"""The commands' end: an order goes to the running cutoutd, or is carried out here while nothing runs.

The commands' end.
"""

import asyncio
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import httpx2
from pydantic import TypeAdapter, ValidationError

from cutoutd.config.settings import Common
from cutoutd.control.executor import CommandExecutor
from cutoutd.control.messages import ANSWERS, CARRIED_OUT_WITHIN_S, ORDERS, REFUSALS, Command, CommandResult
from cutoutd.control.socket import place_to_ask, reachable
from cutoutd.control.status_api import EVENTS, QUESTIONS, STATUSES, HistoryQuestion, PhotoPlace
from cutoutd.core.errors import ControlError, ControlRefusedError, LedgerBusyError, LedgerError, LedgerMissingError
from cutoutd.core.photo_selector import PhotoSelector
from cutoutd.ledger import Event, has_ledger, hold_ledger, open_ledger
from cutoutd.status.status import Status, read_history, read_status

#: A daemon that starts or stops holds the ledger for a moment without listening.
_PATIENCE_S = 5.0
_TRY_EVERY_S = 0.2

_CONNECTED_WITHIN_S = 10.0

#: A little more than the server gives itself, so that its answer is heard.
_TIMES_S = httpx2.Timeout(_CONNECTED_WITHIN_S, read=CARRIED_OUT_WITHIN_S + 10.0)


def send_command(order: Command, settings: Common) -> CommandResult:
    """Have an order carried out, by whoever holds the ledger. Blocking.

    Raises:
        ControlRefusedError: this user may not use the control socket.
        ControlError: the running cutoutd did not carry it out, and says why.
        LedgerBusyError: somebody holds the ledger who takes no orders.
        LedgerError, DiskError: there is no ledger yet, or it cannot be used.
    """
    give_up_s = time.monotonic() + _PATIENCE_S
    while True:
        with _access_errors(place_to_ask(settings)):
            answer = _ask(order, place_to_ask(settings))
            if answer is not None:
                return answer
            _require_ledger(settings.state_dir)
        try:
            answer = asyncio.run(_execute_on_ledger(order, settings))
        except LedgerBusyError as error:
            if time.monotonic() > give_up_s:
                raise LedgerBusyError(f"{error.sentence}, which takes no orders", advice=_TAKES_NONE) from error
            time.sleep(_TRY_EVERY_S)
        else:
            has_moved = answer.is_done and not answer.is_idle
            return replace(answer, done=(*answer.done, _LATER)) if has_moved else answer


_LATER = "cutoutd is not running: it goes on when it is started"
_TAKES_NONE = "If that is `run --once`, wait until it is done; if it is a daemon, its log says why it has no socket."


def ask(settings: Common, path: str, question: bytes) -> bytes | None:
    """What the running daemon answers at this path of its control socket; None when nobody listens. Blocking.

    Raises:
        ControlRefusedError: this user may not use the control socket.
        ControlError: it did not answer, or refused, and says why.
    """
    place = place_to_ask(settings)
    with _access_errors(place):
        reply = _reply(place, path, question)
    if reply is not None and not reply.is_success:
        raise _refusal(reply)
    return None if reply is None else reply.content


def _ask(order: Command, place: Path) -> CommandResult | None:
    """The running daemon's answer; None when nobody listens."""
    reply = _reply(place, "/orders", ORDERS.dump_json(order))
    return None if reply is None else _understood(reply)


def _reply(place: Path, target: str, content: bytes) -> httpx2.Response | None:
    try:
        with reachable(place) as path:
            if not _is_listened_to(path):
                return None
            with _client(path) as client:
                return client.post(target, content=content)
    except FileNotFoundError:
        return None
    except httpx2.TimeoutException as error:
        raise ControlError("the running cutoutd did not answer in time", advice=_LOOK) from error
    except httpx2.HTTPError as error:
        raise ControlError("the running cutoutd ended before it had answered", advice=_LOOK) from error


def _is_listened_to(path: str) -> bool:
    """Asked by ourselves, because the HTTP client leaks a socket that is refused, and hides why it was."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_CONNECTED_WITHIN_S)
        try:
            probe.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
    return True


_LOOK = "Look at `cutoutd status`, and give the order again: what is done already does no harm."


def _client(path: str) -> httpx2.Client:
    transport = httpx2.HTTPTransport(uds=path)
    return httpx2.Client(transport=transport, base_url="http://cutoutd", timeout=_TIMES_S, trust_env=False)


def _understood(reply: httpx2.Response) -> CommandResult:
    try:
        if reply.is_success:
            return ANSWERS.validate_json(reply.content)
    except ValidationError as error:
        raise _misunderstood(reply) from error
    raise _refusal(reply)


def _refusal(reply: httpx2.Response) -> ControlError:
    try:
        refusal = REFUSALS.validate_json(reply.content)
    except ValidationError:
        return _misunderstood(reply)
    return ControlError(refusal.sentence, advice=refusal.advice)


def _misunderstood(reply: httpx2.Response) -> ControlError:
    return ControlError(f"the control socket answered {reply.status_code} with something that is not cutoutd's")


@contextmanager
def _access_errors(place: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        msg = f"{place} belongs to the user that cutoutd runs as"
        raise ControlRefusedError(msg, advice=_WHO_MAY) from error


_WHO_MAY = (
    "Use that user (sudo -u cutoutd cutoutd ...) or root, or join the group that the socket and its folder belong to;"
    " or set control_socket to a place in a folder of a group that you and that user are in."
)


def _require_ledger(state_dir: Path) -> None:
    try:
        if has_ledger(state_dir):
            return
    except LedgerError as error:
        if isinstance(error.__cause__, PermissionError):
            raise error.__cause__ from error
        raise
    raise LedgerMissingError(f"{state_dir} holds none")


async def _execute_on_ledger(order: Command, settings: Common) -> CommandResult:
    with hold_ledger(settings.state_dir):
        async with open_ledger(settings.state_dir) as ledger:
            return await CommandExecutor(ledger, settings.folders, lambda _photo: None, settings.price).execute(order)


T = TypeVar("T")


def status_of(document: Common) -> Status:
    """One look at everything, at the ledger itself or through whoever runs. Blocking.

    Raises:
        LedgerError: the ledger cannot be read, or may not be and nobody runs.
        ControlRefusedError: neither the ledger nor the control socket is for this user.
        ControlError: the running cutoutd did not answer.
    """
    try:
        return read_status(document.state_dir, document.limits, document.price)
    except LedgerError as error:
        return _parsed(STATUSES, _asked(document, "/status", error))


def history_of(document: Common, addresses: Sequence[PhotoSelector] | None, limit: int) -> list[Event]:
    """The last facts, oldest first; see ``reporting.read_history``. Blocking.

    Raises:
        LedgerError, ControlRefusedError, ControlError: as ``status_of``.
    """
    try:
        return read_history(document.state_dir, addresses, limit)
    except LedgerError as error:
        places = None if addresses is None else tuple(PhotoPlace(each.folder, each.path) for each in addresses)
        question = QUESTIONS.dump_json(HistoryQuestion(places, limit))
        return _parsed(EVENTS, _asked(document, "/history", error, question))


def _asked(document: Common, path: str, unreadable: LedgerError, question: bytes = b"") -> bytes:
    if not isinstance(unreadable.__cause__, PermissionError):
        raise unreadable
    if (answer := ask(document, path, question)) is None:
        raise unreadable
    return answer


def _parsed(form: TypeAdapter[T], answer: bytes) -> T:
    try:
        return form.validate_json(answer)
    except ValidationError as error:
        msg = "the running cutoutd answered in a way that this version does not understand"
        raise ControlError(msg, advice="Restart it, so that it is of the same version as this command.") from error
