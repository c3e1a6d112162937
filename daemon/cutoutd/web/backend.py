"""The running service, as far as the page has to do with it."""

from collections.abc import Callable
from dataclasses import dataclass

from cutoutd.config.settings import CommonSettings
from cutoutd.control.queue import CommandQueue
from cutoutd.ledger import Ledger
from cutoutd.status.live_state import LiveState


@dataclass(frozen=True, slots=True)
class Backend:
    """Whom to ask, and who carries out orders."""

    settings: Callable[[], CommonSettings]  #: as they are now
    ledger: Ledger
    orders: CommandQueue  #: the same that takes those of the command line
    live: Callable[[], LiveState]  #: what is in no ledger, as it is now
