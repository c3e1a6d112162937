"""The running service, as far as the page uses it."""

from collections.abc import Callable
from dataclasses import dataclass

from cutoutd.config.settings import CommonSettings
from cutoutd.control.queue import CommandQueue
from cutoutd.ledger import Ledger
from cutoutd.status.live_state import LiveState


@dataclass(frozen=True, slots=True)
class PageBackend:
    """The parts of the service that answer queries and execute commands."""

    settings: Callable[[], CommonSettings]  #: returns the settings in force
    ledger: Ledger
    queue: CommandQueue  #: the queue that takes the command line's commands as well
    live: Callable[[], LiveState]  #: returns the state that is not in the ledger
