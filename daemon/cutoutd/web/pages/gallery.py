"""``/gallery``: published photos before and after, newest first, filtered by folder and name, in pages."""

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

#: Longer than any path.
_MAX_SEARCH = 300


@dataclass(frozen=True, slots=True)
class FolderChoice:
    """A folder in the filter."""

    name: str
    published: int


@dataclass(frozen=True, slots=True)
class GalleryRequest:
    """The filter and the position in an address."""

    filter: GalleryFilter
    before: PagePosition | None
    after: PagePosition | None

    def address(self, **others: str) -> str:
        """Return the address of the gallery with this filter, and with the ``others``."""
        values = {"folder": self.filter.folder or "", "name": self.filter.name, **others}
        query = urlencode({name: value for name, value in values.items() if value})
        return f"/gallery?{query}" if query else "/gallery"


def gallery_routes(context: PageContext) -> list[BaseRoute]:
    """Return the route of the gallery."""

    async def show(request: Request) -> Response:
        wanted = _gallery_request(request)
        page, totals = await context.backend.ledger.query(_load, wanted)
        settings = context.backend.settings()
        choices = _choices(totals, [folder.name for folder in settings.folders])
        return context.renderer.respond(
            request,
            "gallery.html",
            title="Gallery",
            filter=wanted.filter,
            comparisons=[before_after(photo) for photo in page.photos],
            choices=choices,
            published=sum(choice.published for choice in choices),
            newer=wanted.address(after=_position_text(page.newer)) if page.newer else None,
            older=wanted.address(before=_position_text(page.older)) if page.older else None,
            inputs=[folder.input for folder in settings.folders],
        )

    return [Route("/gallery", show, methods=["GET"])]


def _load(ledger: ReadTransaction, wanted: GalleryRequest) -> tuple[GalleryPage, list[Total]]:
    """Return the page and the totals from one transaction."""
    page = (
        gallery_page_after(ledger, wanted.filter, PER_PAGE, wanted.after)
        if wanted.after is not None
        else gallery_page(ledger, wanted.filter, PER_PAGE, wanted.before)
    )
    return page, photos.totals(ledger)


def _gallery_request(request: Request) -> GalleryRequest:
    query = request.query_params
    name = query.get("name", "").strip()[:_MAX_SEARCH]
    return GalleryRequest(
        GalleryFilter(query.get("folder") or None, name), _position(query.get("before")), _position(query.get("after"))
    )


def _choices(totals: list[Total], configured: list[str]) -> list[FolderChoice]:
    """Return the configured folders in their order, then those that only the ledger knows."""
    numbers = {total.folder: total.photos for total in totals if total.state is State.PUBLISHED}
    names = [*configured, *sorted(numbers.keys() - set(configured))]
    return [FolderChoice(name, numbers.get(name, 0)) for name in names]


def _position_text(position: PagePosition) -> str:
    return f"{position.at_s!r}-{position.photo_id}"


def _position(text: str | None) -> PagePosition | None:
    """Return the position in an address; None if there is none, which means the first page."""
    at_s, _, photo_id = (text or "").rpartition("-")
    try:
        position = PagePosition(float(at_s), int(photo_id))
    except ValueError:
        return None
    return position if position.photo_id < 1 << 63 else None
