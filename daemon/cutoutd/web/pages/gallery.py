"""``/gallery``: published photos, before and after, newest first; by folder, by name, a page at a time."""

from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cutoutd.core.photo import State
from cutoutd.ledger import ReadTransaction, Total
from cutoutd.ledger.queries import photos
from cutoutd.ledger.queries.gallery import GalleryFilter, GalleryPage, PagePosition, gallery_page, gallery_page_after
from cutoutd.web.context import PageContext
from cutoutd.web.live.before_after import before_after

PER_PAGE = 60

#: More than any path has.
_LONGEST_SEARCH = 300


@dataclass(frozen=True, slots=True)
class FolderChoice:
    """A folder to choose."""

    name: str
    published: int


@dataclass(frozen=True, slots=True)
class GalleryRequest:
    """What an address asks for."""

    wanted: GalleryFilter
    before: PagePosition | None
    after: PagePosition | None

    def address(self, **others: str) -> str:
        """The gallery with this filter, and ``others``."""
        values = {"folder": self.wanted.folder or "", "name": self.wanted.name, **others}
        query = urlencode({name: value for name, value in values.items() if value})
        return f"/gallery?{query}" if query else "/gallery"


def gallery_routes(desk: PageContext) -> list[BaseRoute]:
    """The gallery."""

    async def show(request: Request) -> Response:
        asked = _asked(request)
        found, totals = await desk.backend.ledger.query(_look, asked)
        settings = desk.backend.settings()
        choices = _choices(totals, [folder.name for folder in settings.folders])
        return desk.pages.show(
            request,
            "gallery.html",
            title="Gallery",
            wanted=asked.wanted,
            comparisons=[before_after(photo) for photo in found.photos],
            choices=choices,
            published=sum(choice.published for choice in choices),
            newer=asked.address(after=_as_text(found.newer)) if found.newer else None,
            older=asked.address(before=_as_text(found.older)) if found.older else None,
            inputs=[folder.input for folder in settings.folders],
        )

    return [Route("/gallery", show, methods=["GET"])]


def _look(ledger: ReadTransaction, asked: GalleryRequest) -> tuple[GalleryPage, list[Total]]:
    """Both in one look."""
    found = (
        gallery_page_after(ledger, asked.wanted, PER_PAGE, asked.after)
        if asked.after is not None
        else gallery_page(ledger, asked.wanted, PER_PAGE, asked.before)
    )
    return found, photos.totals(ledger)


def _asked(request: Request) -> GalleryRequest:
    asked = request.query_params
    name = asked.get("name", "").strip()[:_LONGEST_SEARCH]
    return GalleryRequest(
        GalleryFilter(asked.get("folder") or None, name), _mark(asked.get("before")), _mark(asked.get("after"))
    )


def _choices(totals: list[Total], configured: list[str]) -> list[FolderChoice]:
    """The folders of the configuration in its order, then those that only the ledger knows."""
    numbers = {total.folder: total.photos for total in totals if total.state is State.PUBLISHED}
    names = [*configured, *sorted(numbers.keys() - set(configured))]
    return [FolderChoice(name, numbers.get(name, 0)) for name in names]


def _as_text(mark: PagePosition) -> str:
    return f"{mark.at_s!r}-{mark.photo_id}"


def _mark(text: str | None) -> PagePosition | None:
    """A place as addresses carry it; None for what is none, which is the first page."""
    at_s, _, photo_id = (text or "").rpartition("-")
    try:
        mark = PagePosition(float(at_s), int(photo_id))
    except ValueError:
        return None
    return mark if mark.photo_id < 1 << 63 else None
