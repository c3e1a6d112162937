"""The guard in front of the private pages.

It checks, in this order:

1. the name in ``Host``, against DNS rebinding;
2. the link's token or the session cookie;
3. for commands: ``Origin`` and ``Sec-Fetch-Site``, then the secret in the form.

The log line of a refusal holds nothing of the request. Repeated refusals are counted.
"""

import logging
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from cutoutd.config.settings import WebSettings
from cutoutd.core.logs import log_event
from cutoutd.web.access.hosts import is_encrypted, is_origin_of, is_own, name_of, port_of
from cutoutd.web.access.tokens import Tokens
from cutoutd.web.pages.forms import FormError, read_form
from cutoutd.web.rendering import PageRenderer

_SAFE_METHODS = frozenset({"GET", "HEAD"})

#: A month. The link begins another session.
_SESSION_S = 30 * 86_400


class AccessGuard:
    """Passes allowed requests to another application, and refuses the others.

    Args:
        app: the private application.
        web: the listener and the further names; only these names are allowed.
        tokens: the token and the values derived from it.
        renderer: renders refusals.
    """

    def __init__(self, app: ASGIApp, *, web: WebSettings, tokens: Tokens, renderer: PageRenderer) -> None:
        self._app = app
        self._web = web
        self._tokens = tokens
        self._renderer = renderer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        request = Request(scope, receive)
        response = self._refuse_stranger(request) or await self._refuse_forgery(request)
        await (response or self._app)(scope, receive, send)

    def _refuse_stranger(self, request: Request) -> Response | None:
        host = request.headers.get("host", "")
        if self._web.listen is None or not is_own(host, self._web.listen, self._web.hosts):
            return self._refuse_name(name_of(host))
        token = request.query_params.get("token")
        if token is not None and request.method in _SAFE_METHODS and request.url.path == "/":
            return self._start_session(request) if self._tokens.is_token(token) else self._ask_for_link(_OLD_LINK)
        if self._tokens.is_session(request.cookies.get(_cookie(host), "")):
            return None
        if request.method in _SAFE_METHODS and request.headers.get("sec-fetch-site") == "cross-site":
            return self._redirect_without_token(_address(request))
        return self._ask_for_link(_NO_LINK)

    async def _refuse_forgery(self, request: Request) -> Response | None:
        if request.method in _SAFE_METHODS:
            return None
        if not _is_from_own_page(request):
            return self._refusal(HTTPStatus.FORBIDDEN, "The request did not come from this page", _FORGED)
        try:
            form = await read_form(request)
        except FormError as error:
            return self._refusal(HTTPStatus(error.status), "The request was not understood", str(error))
        if not self._tokens.is_form(form.one("csrf")):
            return self._refusal(HTTPStatus.FORBIDDEN, "The request did not come from this page", _FORGED)
        request.state.form = form
        return None

    def _start_session(self, request: Request) -> Response:
        """Set the session cookie, and redirect to the address without the token."""
        response: Response = RedirectResponse("/", HTTPStatus.SEE_OTHER)
        if request.headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
            # A browser that came from another site sends no strict cookie with a redirect. It does with a refresh by
            # a page of ours.
            response = self._redirect_without_token("/")
        name = _cookie(request.headers.get("host", ""))
        response.set_cookie(
            name,
            self._tokens.session,
            max_age=_SESSION_S,
            path="/",
            httponly=True,
            samesite="strict",
            secure=is_encrypted(request.headers),
        )
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    def _redirect_without_token(self, address: str) -> Response:
        """Return a page that requests the address again, because the browser sends the cookie only from our page."""
        values = {"title": "One moment", "sentence": "Opening the page…", "hints": (), "about": "", "again": address}
        return HTMLResponse(self._renderer.render("refusal.html", **values))

    def _refuse_name(self, name: str) -> Response:
        """Refuse a name that is not ours, and say what would make it ours. Only a well-formed name is shown."""
        hints = () if not name or ":" in name else (f"web:\n  hosts: [{name}]",)
        return self._refusal(HTTPStatus.MISDIRECTED_REQUEST, "Wrong address", _MISDIRECTED, *hints, about=_NAME_ALLOWED)

    def _ask_for_link(self, sentence: str) -> Response:
        return self._refusal(HTTPStatus.FORBIDDEN, "You need the link", sentence, *_LINK_COMMANDS, about=_LINK_PRINTED)

    def _refusal(self, status: HTTPStatus, title: str, sentence: str, *hints: str, about: str = "") -> Response:
        log_event("page_refused", f"a request for the page was refused: {title}", level=logging.WARNING)
        return self._renderer.refuse(status, title, sentence, *hints, about=about)


_MISDIRECTED = "The address has another name than this page. Open the link that “cutoutd page” prints."
_NO_LINK = "This page shows private photos and can spend money, so it opens with its own link only."
_OLD_LINK = "The token in this link is wrong, or no longer valid."
_NAME_ALLOWED = "If this is its name behind a reverse proxy of yours, allow it in the configuration and reload cutoutd:"
_LINK_PRINTED = "On the machine that cutoutd runs on, this command prints the link:"
_LINK_COMMANDS = ("cutoutd page", "sudo -u cutoutd /opt/cutoutd/bin/cutoutd page")
_FORGED = (
    "Nothing was done. Go back to the page, reload it and try again. A reverse proxy must pass on the name that the "
    "browser asked for (Host)."
)


def _address(request: Request) -> str:
    """Return the requested address on this host. Two slashes at its start would lead to another host."""
    query = f"?{request.url.query}" if request.url.query else ""
    return "/" + request.url.path.lstrip("/\\") + query


def _cookie(host: str) -> str:
    """Return the cookie's name. It holds the port, because browsers share cookies between the ports of a host."""
    return f"cutoutd_{port_of(host)}"


def _is_from_own_page(request: Request) -> bool:
    """Return True if one of our own pages sent the request. A browser sends at least one of the two headers."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is None and origin is None:
        return False
    is_own_origin = origin is None or is_origin_of(origin, request.headers.get("host", ""))
    return site in {None, "same-origin"} and is_own_origin
