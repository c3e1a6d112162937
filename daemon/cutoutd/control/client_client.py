"""The commands' end."""

from collections.abc import Sequence
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from cutoutd.config.settings import Common
from cutoutd.control.client import ask
from cutoutd.control.status_api import EVENTS, QUESTIONS, STATUSES, HistoryQuestion, Place
from cutoutd.core.errors import ControlError, LedgerError
from cutoutd.core.photo_selector import Address
from cutoutd.ledger import Event
from cutoutd.status.status import Status, read_history, read_status

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
        return _understood(STATUSES, _asked(document, "/status", error))


def history_of(document: Common, addresses: Sequence[Address] | None, limit: int) -> list[Event]:
    """The last facts, oldest first; see ``reporting.read_history``. Blocking.

    Raises:
        LedgerError, ControlRefusedError, ControlError: as ``status_of``.
    """
    try:
        return read_history(document.state_dir, addresses, limit)
    except LedgerError as error:
        places = None if addresses is None else tuple(Place(each.folder, each.path) for each in addresses)
        question = QUESTIONS.dump_json(HistoryQuestion(places, limit))
        return _understood(EVENTS, _asked(document, "/history", error, question))


def _asked(document: Common, path: str, unreadable: LedgerError, question: bytes = b"") -> bytes:
    if not isinstance(unreadable.__cause__, PermissionError):
        raise unreadable
    if (answer := ask(document, path, question)) is None:
        raise unreadable
    return answer


def _understood(form: TypeAdapter[T], answer: bytes) -> T:
    try:
        return form.validate_json(answer)
    except ValidationError as error:
        msg = "the running cutoutd answered in a way that this version does not understand"
        raise ControlError(msg, advice="Restart it, so that it is of the same version as this command.") from error
