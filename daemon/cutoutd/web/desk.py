"""What the rooms of the page may ask, and whom they hand orders to."""

from cutoutd.web.key import Key
from cutoutd.web.office import Office
from cutoutd.web.outlook import Outlook
from cutoutd.web.pages import Pages
from cutoutd.web.watching import Watching


class Desk:
    """Handed to every room: the service, the look at it that all share, and how pages are made.

    Args:
        office: the service.
        token: the page's.
    """

    def __init__(self, office: Office, token: str) -> None:
        self.office = office
        self.key = Key(token)
        self.pages = Pages(self.key)
        self.outlook = Outlook(office)
        self.watching = Watching(self.outlook, self.pages)
