"""Templates to answers: what all pages share is filled in here, what is shown comes from the rooms.

Everything that is filled in is escaped. The values are plain: what a template needs is computed before.

The stylesheet, the script and the icon: read once, served under names that change with their content.

Nothing is ever looked up on disk for a request, so no path in it can lead anywhere.
"""

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
from cutoutd.web.pages.flash_message import flash_message_of, forget, see_other

_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file."""

    name: str
    content: bytes
    media_type: str

    @property
    def address(self) -> str:
        """Where it is served; another content has another address."""
        return f"/static/{sha256(self.content).hexdigest()[:12]}/{self.name}"


class Assets:
    """All of them, by name."""

    def __init__(self) -> None:
        found = {asset.name: asset for asset in _shipped()}
        self._addresses = {name: asset.address for name, asset in found.items()}
        self._served = {asset.address: asset for asset in found.values()}

    def address(self, name: str) -> str:
        """For templates: where a file of the ``static`` folder is served."""
        return self._addresses[name]

    def routes(self) -> list[BaseRoute]:
        """``/static/…``."""
        return [Route("/static/{rest:path}", self._serve, methods=["GET"])]

    async def _serve(self, request: Request) -> Response:
        asset = self._served.get(request.url.path)
        if asset is None:
            return Response(status_code=404)
        return Response(asset.content, media_type=asset.media_type, headers={"Cache-Control": _FOR_EVER})


def _shipped() -> Iterator[Asset]:
    for file in (files("cutoutd.web") / "static").iterdir():
        media_type = _TYPES.get(f".{file.name.rpartition('.')[2]}")
        if media_type is not None:
            yield Asset(file.name, file.read_bytes(), media_type)


#: The pages that stand in the head of each, in this order.
_PLACES: Sequence[tuple[str, str]] = (("/", "Overview"), ("/gallery", "Gallery"), ("/failures", "Failures"))
_ADDRESSES = frozenset(address for address, _name in _PLACES)


class PageRenderer:
    """Fills templates in.

    Args:
        key: what forms and messages are sealed with.
    """

    def __init__(self, key: Tokens) -> None:
        self._key = key
        self.assets = Assets()  #: stylesheet, script and icon
        self._environment = Environment(
            loader=PackageLoader("cutoutd.web", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(asset=self.assets.address, places=_PLACES, addresses=_ADDRESSES, csrf=key.form)
        self._environment.filters.update(formatting.FILTERS)

    def show(self, request: Request, template: str, **values: object) -> Response:
        """A page, with what its reader's last order came to, once."""
        said = flash_message_of(request, self._key)
        response = HTMLResponse(self.drawn(template, here=request.url.path, said=said, **values))
        if said is not None:
            forget(request, response)
        return response

    def go_on(self, request: Request, address: str, answer: CommandResult) -> Response:
        """Send the browser on to a page that tells what an order came to; going back or reloading repeats nothing."""
        return see_other(request, address, self._key, answer)

    def drawn(self, template: str, **values: object) -> str:
        """A template filled in, as text."""
        return self._environment.get_template(template).render(**values)

    def refuse(self, status: HTTPStatus, title: str, sentence: str, *hints: str) -> Response:
        """A page that says why there is nothing to see, for readers who may be anybody."""
        page = self.drawn("refusal.html", title=title, sentence=sentence, hints=hints, again=None)
        return HTMLResponse(page, status)
