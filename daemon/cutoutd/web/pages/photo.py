"""``/photos/N``: one photo, large, with all that became true of it, and what can be ordered for it."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cutoutd.control import retry
from cutoutd.control.messages import ReprocessCommand, RetryCommand
from cutoutd.core.photo import Photo, State
from cutoutd.images import format_size
from cutoutd.images.originals import Absence, Side
from cutoutd.images.thumbnails import Thumbnails
from cutoutd.ledger import Event, ReadTransaction
from cutoutd.ledger.queries import gallery
from cutoutd.pipeline.budget.pricing import estimate, estimate_in_words
from cutoutd.web.context import PageContext
from cutoutd.web.live.before_after import before_after
from cutoutd.web.pages.failures import title_of
from cutoutd.web.pages.history import history_entry, parameters_in_words
from cutoutd.web.pages.image_files import asked_photo

_OTHER_VERSIONS = 20

_TONES = {
    State.PUBLISHED: "is-good",
    State.REJECTED: "is-bad",
    State.FAILED: "is-bad",
    State.SUPERSEDED: "is-warn",
}


@dataclass(frozen=True, slots=True)
class ShownFile:
    """One of the photo's files, or why there is none."""

    side: Side
    size: str
    absence: str  #: empty: it is there


@dataclass(frozen=True, slots=True)
class PossibleActions:
    """What can be ordered for a photo."""

    is_retriable: bool
    is_reprocessable: bool
    cost: str  #: of making it anew


def photo_routes(desk: PageContext, previews: Thumbnails) -> list[BaseRoute]:
    """The page of one photo, and its buttons."""

    async def show(request: Request) -> Response:
        photo = await asked_photo(request, desk)
        facts, others = await desk.backend.ledger.query(_look, photo)
        return desk.pages.show(
            request,
            "photo.html",
            title=before_after(photo).name,
            photo=photo,
            tone=_TONES.get(photo.state, ""),
            reason=title_of(photo.ending.code or ""),
            comparison=before_after(photo),
            files=[await _file(previews, photo, side) for side in Side],
            history=[history_entry(fact) for fact in facts],
            others=others,
            parameters=parameters_in_words(photo.bound.parameters),
            can=_doable(desk, photo),
        )

    async def order_retry(request: Request) -> Response:
        photo = await asked_photo(request, desk)
        answer = await desk.backend.orders.submit(RetryCommand(photo_ids=(photo.id,)))
        return desk.pages.go_on(request, f"/photos/{photo.id}", answer)

    async def order_reprocess(request: Request) -> Response:
        photo = await asked_photo(request, desk)
        # One removal is what the button says.
        answer = await desk.backend.orders.submit(ReprocessCommand(photo_ids=(photo.id,), max_removals=1))
        return desk.pages.go_on(request, f"/photos/{photo.id}", answer)

    return [
        Route("/photos/{number}", show, methods=["GET"]),
        Route("/photos/{number}/retry", order_retry, methods=["POST"]),
        Route("/photos/{number}/reprocess", order_reprocess, methods=["POST"]),
    ]


def _look(ledger: ReadTransaction, photo: Photo) -> tuple[Sequence[Event], Sequence[Photo]]:
    return gallery.facts_of(ledger, photo.id), gallery.other_versions_of(ledger, photo, _OTHER_VERSIONS)


async def _file(previews: Thumbnails, photo: Photo, side: Side) -> ShownFile:
    found = await previews.original(photo, side)
    if isinstance(found, Absence):
        return ShownFile(side, "", found.sentence)
    found.content.close()
    return ShownFile(side, format_size(found.size_bytes), "")


def _doable(desk: PageContext, photo: Photo) -> PossibleActions:
    price = desk.backend.settings().price
    return PossibleActions(
        is_retriable=retry.why_not(photo) is None,
        is_reprocessable=photo.state is State.PUBLISHED and photo.source.result is None,
        cost=estimate_in_words(estimate(price, uploads=1, removals=1)),
    )
