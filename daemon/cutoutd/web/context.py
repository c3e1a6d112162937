"""The context that every page gets."""

import logging

from cutoutd.core.blocking import local_calls
from cutoutd.core.errors import PageError
from cutoutd.core.logs import log_error, register_secret
from cutoutd.web.access.sessions import Sessions
from cutoutd.web.access.tokens import Tokens, ensure_token
from cutoutd.web.backend import PageBackend
from cutoutd.web.live.server_sent_events import ServerSentEvents
from cutoutd.web.live.status_cache import StatusCache
from cutoutd.web.rendering import PageRenderer


class PageContext:
    """The service, the shared status, and the renderer.

    Args:
        backend: the service.
        token: the page's token.
    """

    def __init__(self, backend: PageBackend, token: str) -> None:
        self.backend = backend
        self.tokens = Tokens(token)
        self.sessions = Sessions(backend.settings().state_dir, self.tokens)
        self.renderer = PageRenderer(self.tokens)
        self.status_cache = StatusCache(backend)
        self.events = ServerSentEvents(self.status_cache, self.renderer)


async def open_page_context(backend: PageBackend) -> PageContext | None:
    """Return the context, with the stored token.

    Return None if there is no listener or no token. Photos go on without the page.
    """
    settings = backend.settings()
    if settings.web.listen is None:
        return None
    try:
        token = await local_calls.run(ensure_token, settings)
    except PageError as error:
        log_error("no_page", error, level=logging.WARNING)
        return None
    register_secret(token)
    return PageContext(backend, token)
