"""What the rooms of the page may ask, and whom they hand orders to."""

from collections.abc import Callable
from dataclasses import dataclass

from cutoutd.config.settings import Common
from cutoutd.control.clerk import Clerk
from cutoutd.ledger import Ledger
from cutoutd.live import Live
from cutoutd.web.key import Key
from cutoutd.web.pages import Pages


@dataclass(frozen=True, slots=True)
class Office:
    """The running service, as far as the page has to do with it."""

    settings: Callable[[], Common]  #: as they are now
    ledger: Ledger
    clerk: Clerk  #: the same that carries out the command line's orders
    live: Callable[[], Live]  #: what is in no ledger, as it is now


class Desk:
    """Handed to every room: the service, and how pages are made.

    Args:
        office: the service.
        token: the page's.
    """

    def __init__(self, office: Office, token: str) -> None:
        self.office = office
        self.key = Key(token)
        self.pages = Pages(self.key)
