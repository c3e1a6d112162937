"""The running service, as far as the page has to do with it."""

from collections.abc import Callable
from dataclasses import dataclass

from cutoutd.config.settings import Common
from cutoutd.control.clerk import Clerk
from cutoutd.ledger import Ledger
from cutoutd.live import Live


@dataclass(frozen=True, slots=True)
class Office:
    """Whom to ask, and who carries out orders."""

    settings: Callable[[], Common]  #: as they are now
    ledger: Ledger
    clerk: Clerk  #: the same that carries out the command line's orders
    live: Callable[[], Live]  #: what is in no ledger, as it is now
