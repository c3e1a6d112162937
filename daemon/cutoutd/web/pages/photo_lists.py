"""``/photos``: the photos behind a counter, by state or by kind of waiting, each with its reason, in pages."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cutoutd.core.photo import NOT_DELAYED, Photo, State, WaitKind
from cutoutd.ledger import ReadTransaction
from cutoutd.ledger.queries.photo_lists import photos_at, photos_waiting
from cutoutd.status.photo_counts import StateGroup
from cutoutd.web.context import PageContext
from cutoutd.web.live.before_after import BeforeAfter, before_after
from cutoutd.web.pages.forms import number_in

PER_PAGE = 100


@dataclass(frozen=True, slots=True)
class ListedPhoto:
    """A line of a list."""

    comparison: BeforeAfter
    state: str
    reason: str  #: why it waits or ended; empty: it goes on
    until_s: float | None  #: the end of its wait, Unix time; None: it waits for nothing that has a time


@dataclass(frozen=True, slots=True)
class PhotoList:
    """A list, by the photos' states or by their waits."""

    title: str
    states: Collection[State] = ()
    kinds: Collection[WaitKind] = ()

    def load(self, ledger: ReadTransaction, folder: str | None, after_id: int, limit: int) -> list[Photo]:
        """Return the photos of one folder, or of all, after another photo."""
        if self.states:
            return photos_at(ledger, self.states, folder, after_id, limit)
        return photos_waiting(ledger, self.kinds, folder, after_id, limit)


#: By the name in the address.
_LISTS = {
    **{group.value.replace(" ", "-").lower(): PhotoList(group.value, group.states) for group in StateGroup},
    "dismissed": PhotoList("dismissed", {State.DISMISSED}),
    "held": PhotoList("held by a limit", kinds={WaitKind.HELD}),
    "unapproved": PhotoList("waiting for approval", kinds={WaitKind.UNAPPROVED}),
    "delayed": PhotoList("waiting for something", kinds=frozenset(WaitKind) - NOT_DELAYED),
}


def photo_list_routes(context: PageContext) -> list[BaseRoute]:
    """Return the route of the lists."""

    async def show(request: Request) -> Response:
        query = request.query_params
        group, folder = query.get("group", ""), query.get("folder") or None
        wanted = _LISTS.get(group)
        if wanted is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        after_id = number_in(query.get("after", "")) or 0
        found = await context.backend.ledger.query(wanted.load, folder, after_id, PER_PAGE + 1)
        place = {"group": group, "folder": folder or ""}
        following = f"/photos?{urlencode({**place, 'after': found[PER_PAGE - 1].id})}" if found[PER_PAGE:] else None
        return context.renderer.respond(
            request,
            "photo_list.html",
            title=f"Photos {wanted.title}",
            folder=folder,
            photos=listed(found[:PER_PAGE]),
            is_first=not after_id,
            first=f"/photos?{urlencode(place)}",
            following=following,
        )

    return [Route("/photos", show, methods=["GET"])]


def listed(photos: Sequence[Photo]) -> list[ListedPhoto]:
    """Return the lines of these photos."""
    return [_line(photo) for photo in photos]


def _line(photo: Photo) -> ListedPhoto:
    is_waiting = photo.wait.is_delayed
    return ListedPhoto(
        before_after(photo),
        photo.state.phrase,
        (photo.wait.reason if is_waiting else photo.ending.sentence) or "",
        photo.wait.until_s if is_waiting and photo.wait.has_end and photo.wait.until_s else None,
    )
