"""What the rooms of the page may ask, and whom they hand orders to."""

import asyncio
import logging

from cutoutd.core.errors import PageError
from cutoutd.core.logs import log_error, register_secret
from cutoutd.web.access.token_file import token_for
from cutoutd.web.access.tokens import Tokens
from cutoutd.web.backend import Backend
from cutoutd.web.live.server_sent_events import ServerSentEvents
from cutoutd.web.live.status_cache import StatusCache
from cutoutd.web.rendering import PageRenderer


class PageContext:
    """Handed to every room: the service, the look at it that all share, and how pages are made.

    Args:
        office: the service.
        token: the page's.
    """

    def __init__(self, office: Backend, token: str) -> None:
        self.backend = office
        self.tokens = Tokens(token)
        self.pages = PageRenderer(self.tokens)
        self.status_cache = StatusCache(office)
        self.events = ServerSentEvents(self.status_cache, self.pages)


async def open_page_context(office: Backend) -> PageContext | None:
    """The desk with the token as it is kept; None when nobody listens, or its token cannot be had: photos go on."""
    settings = office.settings()
    if settings.web.listen is None:
        return None
    try:
        token = await asyncio.to_thread(token_for, settings)
    except PageError as error:
        log_error("no_page", error, level=logging.WARNING)
        return None
    register_secret(token)
    return PageContext(office, token)
