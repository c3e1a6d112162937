"""``/gallery``: published photos, before and after, newest first; by folder, by name, a page at a time."""

from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cutoutd.core.photo import State
from cutoutd.ledger import Total, View
from cutoutd.ledger.queries import photos as questions
from cutoutd.ledger.queries.gallery import Leaf, Mark, Wanted, leaf, leaf_after
from cutoutd.web.context import Desk
from cutoutd.web.live.before_after import comparison_of

PER_PAGE = 60

#: More than any path has.
_LONGEST_SEARCH = 300


@dataclass(frozen=True, slots=True)
class Choice:
    """A folder to choose."""

    name: str
    published: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for."""

    wanted: Wanted
    before: Mark | None
    after: Mark | None

    def address(self, **others: str) -> str:
        """The gallery with this filter, and ``others``."""
        values = {"folder": self.wanted.folder or "", "name": self.wanted.name, **others}
        query = urlencode({name: value for name, value in values.items() if value})
        return f"/gallery?{query}" if query else "/gallery"


def gallery_routes(desk: Desk) -> list[BaseRoute]:
    """The gallery."""

    async def show(request: Request) -> Response:
        asked = _asked(request)
        found, totals = await desk.office.ledger.ask(_look, asked)
        settings = desk.office.settings()
        choices = _choices(totals, [folder.name for folder in settings.folders])
        return desk.pages.show(
            request,
            "gallery.html",
            title="Gallery",
            wanted=asked.wanted,
            comparisons=[comparison_of(photo) for photo in found.photos],
            choices=choices,
            published=sum(choice.published for choice in choices),
            newer=asked.address(after=_as_text(found.newer)) if found.newer else None,
            older=asked.address(before=_as_text(found.older)) if found.older else None,
            inputs=[folder.input for folder in settings.folders],
        )

    return [Route("/gallery", show, methods=["GET"])]


def _look(ledger: View, asked: Asked) -> tuple[Leaf, list[Total]]:
    """Both in one look."""
    found = (
        leaf_after(ledger, asked.wanted, PER_PAGE, asked.after)
        if asked.after is not None
        else leaf(ledger, asked.wanted, PER_PAGE, asked.before)
    )
    return found, questions.totals(ledger)


def _asked(request: Request) -> Asked:
    asked = request.query_params
    name = asked.get("name", "").strip()[:_LONGEST_SEARCH]
    return Asked(Wanted(asked.get("folder") or None, name), _mark(asked.get("before")), _mark(asked.get("after")))


def _choices(totals: list[Total], configured: list[str]) -> list[Choice]:
    """The folders of the configuration in its order, then those that only the ledger knows."""
    numbers = {total.folder: total.photos for total in totals if total.state is State.PUBLISHED}
    names = [*configured, *sorted(numbers.keys() - set(configured))]
    return [Choice(name, numbers.get(name, 0)) for name in names]


def _as_text(mark: Mark) -> str:
    return f"{mark.at_s!r}-{mark.photo_id}"


def _mark(text: str | None) -> Mark | None:
    """A place as addresses carry it; None for what is none, which is the first page."""
    at_s, _, photo_id = (text or "").rpartition("-")
    try:
        mark = Mark(float(at_s), int(photo_id))
    except ValueError:
        return None
    return mark if mark.photo_id < 1 << 63 else None
