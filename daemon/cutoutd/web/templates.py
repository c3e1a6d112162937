"""Templates to answers: what all pages share is filled in here, what is shown comes from the rooms.

Everything that is filled in is escaped. The values are plain: what a template needs is computed before.
"""

from collections.abc import Sequence
from http import HTTPStatus

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from cutoutd.control.messages import Answer
from cutoutd.status import formatting as wording
from cutoutd.web.access.tokens import Key
from cutoutd.web.assets import Assets
from cutoutd.web.flash_message import forget, said_before, see_other

#: The pages that stand in the head of each, in this order.
_PLACES: Sequence[tuple[str, str]] = (("/", "Overview"), ("/gallery", "Gallery"), ("/failures", "Failures"))
_ADDRESSES = frozenset(address for address, _name in _PLACES)


class Pages:
    """Fills templates in.

    Args:
        key: what forms and messages are sealed with.
    """

    def __init__(self, key: Key) -> None:
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
        self._environment.filters.update(wording.FILTERS)

    def show(self, request: Request, template: str, **values: object) -> Response:
        """A page, with what its reader's last order came to, once."""
        said = said_before(request, self._key)
        response = HTMLResponse(self.drawn(template, here=request.url.path, said=said, **values))
        if said is not None:
            forget(request, response)
        return response

    def go_on(self, request: Request, address: str, answer: Answer) -> Response:
        """Send the browser on to a page that tells what an order came to; going back or reloading repeats nothing."""
        return see_other(request, address, self._key, answer)

    def drawn(self, template: str, **values: object) -> str:
        """A template filled in, as text."""
        return self._environment.get_template(template).render(**values)

    def refuse(self, status: HTTPStatus, title: str, sentence: str, *hints: str) -> Response:
        """A page that says why there is nothing to see, for readers who may be anybody."""
        page = self.drawn("refusal.html", title=title, sentence=sentence, hints=hints, again=None)
        return HTMLResponse(page, status)
