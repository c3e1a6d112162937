"""The guard in front of the private pages.

It checks, in this order:

1. the name in ``Host``, against DNS rebinding;
2. the link's token or the session cookie;
3. for commands: ``Origin`` and ``Sec-Fetch-Site``, then the secret in the form.

A browser that comes to this machine's plain address is led to the page's own host name. The log line of a refusal names
the client, and holds nothing else of the request.
"""

import logging
from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from cutoutd.config.settings import WebSettings
from cutoutd.core.logs import log_event
from cutoutd.web.access.hosts import (
    is_browser_at_plain_address,
    is_encrypted,
    is_origin_of,
    is_own,
    name_of,
    port_of,
)
from cutoutd.web.access.sessions import SESSION_S, Sessions
from cutoutd.web.access.tokens import Tokens
from cutoutd.web.access.wrong_tokens import WrongTokens, client_address
from cutoutd.web.pages.forms import FormError, read_form
from cutoutd.web.rendering import PageRenderer

_SAFE_METHODS = frozenset({"GET", "HEAD"})

#: The form that ends all sessions.
SIGN_OUT = "/sign-out"


@dataclass(frozen=True, slots=True)
class AccessKeys:
    """The keys of the page."""

    tokens: Tokens  #: the link's token, and the values derived from it
    sessions: Sessions


class AccessGuard:
    """Passes allowed requests to another application, and refuses the others.

    Args:
        app: the private application.
        web: the listener and the further names; only these names are allowed.
        keys: the token and the sessions.
        renderer: renders refusals.
    """

    def __init__(self, app: ASGIApp, *, web: WebSettings, keys: AccessKeys, renderer: PageRenderer) -> None:
        self._app = app
        self._web = web
        self._tokens = keys.tokens
        self._sessions = keys.sessions
        self._renderer = renderer
        self._wrong_tokens = WrongTokens()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        request = Request(scope, receive)
        response = await self._refuse_stranger(request) or await self._refuse_forgery(request)
        if response is None and request.url.path == SIGN_OUT and request.method == "POST":
            response = await self._sign_out()
        await (response or self._app)(scope, receive, send)

    async def _refuse_stranger(self, request: Request) -> Response | None:
        host = request.headers.get("host", "")
        own_hosts = (self._tokens.host, *self._web.hosts)
        if self._web.listen is None or not is_own(host, self._web.listen, own_hosts):
            return self._refuse_name(request, name_of(host))
        if request.method in _SAFE_METHODS and is_browser_at_plain_address(request.headers):
            return self._lead_to_own_host(request)
        token = request.query_params.get("token")
        if token is not None and request.method in _SAFE_METHODS and request.url.path == "/":
            is_right = self._tokens.is_token(token)
            return await self._start_session(request) if is_right else self._refuse_token(request)
        session = request.cookies.get(_cookie(host), "")
        if await self._sessions.is_valid(session):
            request.state.session = session
            return None
        if request.method in _SAFE_METHODS and request.headers.get("sec-fetch-site") == "cross-site":
            return self._redirect_without_token(_address(request))
        return self._ask_for_link(request)

    def _lead_to_own_host(self, request: Request) -> Response:
        """Redirect to the same address by the page's own host name, with the token if there is one."""
        address = f"http://{self._tokens.host}:{port_of(request.headers.get('host', ''))}{_address(request)}"
        return RedirectResponse(address, HTTPStatus.SEE_OTHER, headers={"Referrer-Policy": "no-referrer"})

    async def _sign_out(self) -> Response:
        """End the sessions of all browsers, this one's included."""
        await self._sessions.end_all()
        log_event("signed_out", "all browsers were signed out of the page")
        return self._renderer.refuse(HTTPStatus.OK, "Signed out", _SIGNED_OUT, *_LINK_COMMANDS, about=_LINK_PRINTED)

    async def _refuse_forgery(self, request: Request) -> Response | None:
        if request.method in _SAFE_METHODS:
            return None
        if not _is_from_own_page(request):
            return self._refusal(request, HTTPStatus.FORBIDDEN, _FOREIGN, _FORGED)
        try:
            form = await read_form(request)
        except FormError as error:
            return self._refusal(request, HTTPStatus(error.status), "The request was not understood", str(error))
        if not self._tokens.is_form(form.one("csrf"), request.state.session):
            return self._refusal(request, HTTPStatus.FORBIDDEN, _FOREIGN, _FORGED)
        request.state.form = form
        return None

    async def _start_session(self, request: Request) -> Response:
        """Set the session cookie, and redirect to the address without the token."""
        response: Response = RedirectResponse("/", HTTPStatus.SEE_OTHER)
        if request.headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
            # A browser that came from another site sends no strict cookie with a redirect. It does with a refresh by
            # a page of ours.
            response = self._redirect_without_token("/")
        name = _cookie(request.headers.get("host", ""))
        response.set_cookie(
            name,
            await self._sessions.start(),
            max_age=int(SESSION_S),
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

    def _refuse_name(self, request: Request, name: str) -> Response:
        """Refuse a name that is not ours, and say what would make it ours. Only a well-formed name is shown."""
        hints = () if not name or ":" in name else (f"web:\n  hosts: [{name}]",)
        page = self._renderer.refuse(
            HTTPStatus.MISDIRECTED_REQUEST, "Wrong address", _MISDIRECTED, *hints, about=_NAME_ALLOWED
        )
        return self._tell(request, page, "Wrong address")

    def _ask_for_link(self, request: Request) -> Response:
        title = "You need the link"
        page = self._renderer.refuse(HTTPStatus.FORBIDDEN, title, _NO_LINK, *_LINK_COMMANDS, about=_LINK_PRINTED)
        return self._tell(request, page, title)

    def _refusal(self, request: Request, status: HTTPStatus, title: str, sentence: str) -> Response:
        return self._tell(request, self._renderer.refuse(status, title, sentence), title)

    def _tell(self, request: Request, refusal: Response, title: str) -> Response:
        """Log a refusal with its client, and return it."""
        sentence = f"a request for the page was refused: {title}, from {self._client(request)}"
        log_event("page_refused", sentence, level=logging.WARNING)
        return refusal

    def _refuse_token(self, request: Request) -> Response:
        """Refuse a wrong token. Each try is logged, and a client with too many has to wait; a right one never does."""
        client = self._client(request)
        number = self._wrong_tokens.count(client)
        if self._wrong_tokens.is_logged(number):
            sentence = f"a request for the page was refused: wrong token, from {client}"
            log_event("token_refused", sentence, level=logging.WARNING)
        if self._wrong_tokens.is_too_often(number):
            wait = {"Retry-After": str(self._wrong_tokens.wait_s), "Connection": "close"}
            return Response(status_code=HTTPStatus.TOO_MANY_REQUESTS, headers=wait)
        title = "You need the link"
        return self._renderer.refuse(HTTPStatus.FORBIDDEN, title, _OLD_LINK, *_LINK_COMMANDS, about=_LINK_PRINTED)

    def _client(self, request: Request) -> str:
        peer = request.client.host if request.client else ""
        is_proxied = name_of(request.headers.get("host", "")) in self._web.hosts
        return client_address(peer, request.headers, is_proxied=is_proxied)


_MISDIRECTED = "The address has another name than this page. Open the link that “cutoutd page” prints."
_FOREIGN = "The request did not come from this page"
_SIGNED_OUT = "No browser is signed in any more. The link opens the page again."
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
