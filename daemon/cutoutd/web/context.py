"""What the rooms of the page may ask, and whom they hand orders to."""

import asyncio
import logging

from cutoutd.core.errors import PageError
from cutoutd.core.logs import conceal, say_error
from cutoutd.web.access.token_file import token_for
from cutoutd.web.access.tokens import Key
from cutoutd.web.backend import Office
from cutoutd.web.live.server_sent_events import Watching
from cutoutd.web.live.status_cache import Outlook
from cutoutd.web.rendering import Pages


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


async def open_desk(office: Office) -> Desk | None:
    """The desk with the token as it is kept; None when nobody listens, or its token cannot be had: photos go on."""
    settings = office.settings()
    if settings.web.listen is None:
        return None
    try:
        token = await asyncio.to_thread(token_for, settings)
    except PageError as error:
        say_error("no_page", error, level=logging.WARNING)
        return None
    conceal(token)
    return Desk(office, token)
