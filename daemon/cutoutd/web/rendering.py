"""The rendering of pages: templates with the values that all pages share, and the static files.

All values are escaped. A template gets plain values that a page computed before. Static files are read once and served
under names that change with their content. No request reads a path from the disk.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from cutoutd.control.messages import CommandResult
from cutoutd.status import formatting
from cutoutd.web.access.tokens import Tokens
from cutoutd.web.pages.flash_message import delete_flash_message, read_flash_message, redirect_with_flash_message

_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

_FOR_EVER = "public, max-age=31536000, immutable"

#: The links in the head of each page, in this order.
_PLACES: Sequence[tuple[str, str]] = (("/", "Overview"), ("/gallery", "Gallery"), ("/failures", "Failures"))


@dataclass(frozen=True, slots=True)
class Asset:
    """A static file."""

    name: str
    content: bytes
    media_type: str

    @property
    def address(self) -> str:
        """The address, which changes with the content."""
        return f"/static/{sha256(self.content).hexdigest()[:12]}/{self.name}"


class Assets:
    """All static files, by name."""

    def __init__(self) -> None:
        assets = {asset.name: asset for asset in _read_assets()}
        self._addresses = {name: asset.address for name, asset in assets.items()}
        self._by_address = {asset.address: asset for asset in assets.values()}

    def address(self, name: str) -> str:
        """Return the address of a file of the ``static`` folder, for templates."""
        return self._addresses[name]

    def routes(self) -> list[BaseRoute]:
        """Return the route ``/static/…``."""
        return [Route("/static/{rest:path}", self._serve, methods=["GET"])]

    async def _serve(self, request: Request) -> Response:
        asset = self._by_address.get(request.url.path)
        if asset is None:
            return Response(status_code=404)
        return Response(asset.content, media_type=asset.media_type, headers={"Cache-Control": _FOR_EVER})


class PageRenderer:
    """Turns templates into responses.

    Args:
        tokens: sign forms and flash messages.
    """

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        #: Stands for the value of a session's forms, because parts are rendered once for all sessions.
        self._form_mark = secrets.token_hex()
        self.assets = Assets()  #: stylesheets, scripts and icon
        self._environment = Environment(
            loader=PackageLoader("cutoutd.web", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(asset=self.assets.address, places=_PLACES, csrf=self._form_mark)
        self._environment.filters.update(formatting.FILTERS)

    def respond(self, request: Request, template: str, **values: object) -> Response:
        """Return a page, with the flash message of the last command, once."""
        flash = read_flash_message(request, self._tokens)
        page = self.render(template, here=request.url.path, flash=flash, **values)
        response = HTMLResponse(self.with_forms_of(page, session_of(request)))
        if flash is not None:
            delete_flash_message(request, response)
        return response

    def with_forms_of(self, html: str, session: str) -> str:
        """Return a rendered text with the value of its reader's session in each form."""
        return html.replace(self._form_mark, self._tokens.form_of(session))

    def redirect(self, request: Request, address: str, result: CommandResult) -> Response:
        """Return a redirect to a page that shows a command's result. A reload of that page repeats nothing."""
        return redirect_with_flash_message(request, address, self._tokens, result)

    def render(self, template: str, **values: object) -> str:
        """Return a template with its values, as text."""
        return self._environment.get_template(template).render(**values)

    def refuse(self, status: HTTPStatus, title: str, sentence: str, *hints: str, about: str = "") -> Response:
        """Return a page that says why there is nothing to see. It shows nothing private.

        Args:
            status: of the response.
            title: the heading.
            sentence: the reason.
            hints: texts to type, each for another machine or purpose.
            about: says what the hints are for.
        """
        page = self.render("refusal.html", title=title, sentence=sentence, hints=hints, about=about, again=None)
        return HTMLResponse(page, status)


def session_of(request: Request) -> str:
    """Return the session that the guard found valid."""
    return getattr(request.state, "session", "")


def _read_assets() -> Iterator[Asset]:
    for file in (files("cutoutd.web") / "static").iterdir():
        media_type = _TYPES.get(f".{file.name.rpartition('.')[2]}")
        if media_type is not None:
            yield Asset(file.name, file.read_bytes(), media_type)
