"""Who gets past the door: our own address, the link's token or its cookie, and orders from our own pages only.

Everything behind it is private. In this order: the name in ``Host`` (DNS rebinding), the token, then for orders where
they come from (``Origin``, ``Sec-Fetch-Site``) and the form's own secret. A refusal is logged without a word of what
was sent, and repeated ones are counted.
"""

import logging
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from cutoutd.config.text_types import Listen
from cutoutd.core.logs import log_event
from cutoutd.web.access.hosts import is_origin_of, is_own, port_of
from cutoutd.web.access.tokens import Tokens
from cutoutd.web.pages.forms import FormError, read_form
from cutoutd.web.rendering import PageRenderer

_READING = frozenset({"GET", "HEAD"})

#: A month; the link gives another one.
_VISIT_LASTS_S = 30 * 86_400


class AccessGuard:
    """An application that lets requests through to another one, or refuses them.

    Args:
        app: what is behind it.
        listen: the listener, whose names are the only ones.
        key: the token, and what is derived from it.
        pages: for saying no.
    """

    def __init__(self, app: ASGIApp, *, listen: Listen, key: Tokens, pages: PageRenderer) -> None:
        self._app = app
        self._listen = listen
        self._key = key
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through, or refuse."""
        request = Request(scope, receive)
        response = self._refuse_stranger(request) or await self._refuse_forgery(request)
        await (response or self._app)(scope, receive, send)

    def _refuse_stranger(self, request: Request) -> Response | None:
        host = request.headers.get("host", "")
        if not is_own(host, self._listen):
            return self._refusal(HTTPStatus.MISDIRECTED_REQUEST, "This is not my address", _MISDIRECTED)
        token = request.query_params.get("token")
        if token is not None and request.method in _READING and request.url.path == "/":
            return self._welcome(request) if self._key.is_token(token) else self._ask_for_link(_OLD_LINK)
        if self._key.is_session(request.cookies.get(_cookie(host), "")):
            return None
        if request.method in _READING and request.headers.get("sec-fetch-site") == "cross-site":
            return self._redirect_without_token(_address(request))
        return self._ask_for_link(_NO_LINK)

    async def _refuse_forgery(self, request: Request) -> Response | None:
        if request.method in _READING:
            return None
        if not _is_from_here(request):
            return self._refusal(HTTPStatus.FORBIDDEN, "That did not come from this page", _FORGED)
        try:
            form = await read_form(request)
        except FormError as error:
            return self._refusal(HTTPStatus(error.status), "That was not understood", str(error))
        if not self._key.is_form(form.one("csrf")):
            return self._refusal(HTTPStatus.FORBIDDEN, "That did not come from this page", _FORGED)
        request.state.form = form
        return None

    def _welcome(self, request: Request) -> Response:
        """The right token: a cookie takes its place, and the address is the clean one at once."""
        response: Response = RedirectResponse("/", HTTPStatus.SEE_OTHER)
        if request.headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
            # Followed from another site's page, a redirect is still that site's doing, and a strict cookie would not
            # come along; a page of ours that goes on by itself is ours.
            response = self._redirect_without_token("/")
        name = _cookie(request.headers.get("host", ""))
        response.set_cookie(name, self._key.visit, max_age=_VISIT_LASTS_S, path="/", httponly=True, samesite="strict")
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    def _redirect_without_token(self, address: str) -> Response:
        """A page that asks for the same address as one of ours, so that the cookie comes along if there is one."""
        values = {"title": "One moment", "sentence": "Opening the page…", "hints": (), "again": address}
        return HTMLResponse(self._pages.drawn("refusal.html", **values))

    def _ask_for_link(self, sentence: str) -> Response:
        return self._refusal(HTTPStatus.FORBIDDEN, "You need the link", sentence, *_HOW_TO_GET_IT)

    def _refusal(self, status: HTTPStatus, title: str, sentence: str, *hints: str) -> Response:
        log_event("page_refused", f"a request for the page was refused: {title}", level=logging.WARNING)
        return self._pages.refuse(status, title, sentence, *hints)


_MISDIRECTED = "It was asked for under a name that is not this page's own. Open the link that `cutoutd page` prints."
_NO_LINK = "This page shows private photos and can spend money, so it opens with its own link only."
_OLD_LINK = "The token in this link is not, or no longer, the one of this page."
_HOW_TO_GET_IT = ("cutoutd page", "sudo -u cutoutd /opt/cutoutd/bin/cutoutd page")
_FORGED = "Nothing was done. Go back to the page, reload it and try once more."


def _address(request: Request) -> str:
    """Where a request wanted to go, on this host: what begins with two slashes would lead elsewhere."""
    query = f"?{request.url.query}" if request.url.query else ""
    return "/" + request.url.path.lstrip("/\\") + query


def _cookie(host: str) -> str:
    """Browsers keep cookies by host whatever the port, so the port is in the name."""
    return f"cutoutd_{port_of(host)}"


def _is_from_here(request: Request) -> bool:
    """Whether one of our own pages sent it; a browser says at least one of the two."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is None and origin is None:
        return False
    is_origin_ours = origin is None or is_origin_of(origin, request.headers.get("host", ""))
    return site in {None, "same-origin"} and is_origin_ours
