"""``/photos/N``: one photo, large, with its history and its buttons."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cutoutd.control import retry
from cutoutd.control.dismiss import DISMISSIBLE
from cutoutd.control.give_up import GIVEN_UP_AT
from cutoutd.control.messages import ApproveCommand, DismissCommand, GiveUpCommand, ReprocessCommand, RetryCommand
from cutoutd.core.photo import Photo, State
from cutoutd.images.originals import Absence, Side
from cutoutd.images.thumbnails import Thumbnails
from cutoutd.images.validation import format_size
from cutoutd.ledger import Event, ReadTransaction
from cutoutd.ledger.queries import gallery
from cutoutd.pipeline.budget.pricing import estimate, estimate_in_words
from cutoutd.web.context import PageContext
from cutoutd.web.live.before_after import before_after
from cutoutd.web.pages.failures import title_of
from cutoutd.web.pages.history import history_entry, parameters_in_words
from cutoutd.web.pages.image_files import requested_photo
from cutoutd.web.pages.paid_retry import retry_or_ask

_MAX_VERSIONS = 20

_TONES = {
    State.PUBLISHED: "is-good",
    State.REJECTED: "is-bad",
    State.FAILED: "is-bad",
    State.SUPERSEDED: "is-warn",
}


@dataclass(frozen=True, slots=True)
class ShownFile:
    """One of the photo's files, or the reason why it is missing."""

    side: Side
    size: str
    absence: str  #: empty: the file is there


@dataclass(frozen=True, slots=True)
class PossibleActions:
    """The buttons of a photo."""

    is_retriable: bool
    is_dismissible: bool
    is_reprocessable: bool
    is_hung: bool  #: its removal is late, or its outcome is searched for, so it may be given up
    is_doubtful: bool  #: its cutout may be approved
    cost: str  #: the cost of a new cutout


def photo_routes(context: PageContext, thumbnails: Thumbnails) -> list[BaseRoute]:
    """Return the routes of the page and its buttons."""

    async def show(request: Request) -> Response:
        photo = await requested_photo(request, context)
        facts, others = await context.backend.ledger.query(_load, photo)
        return context.renderer.respond(
            request,
            "photo.html",
            title=before_after(photo).name,
            photo=photo,
            tone=_TONES.get(photo.state, ""),
            reason=title_of(photo.ending.code or ""),
            comparison=before_after(photo),
            files=[await _file(thumbnails, photo, side) for side in Side],
            history=[history_entry(fact) for fact in facts],
            others=others,
            parameters=parameters_in_words(photo.bound.parameters),
            can=_possible_actions(context, photo),
        )

    async def retry_photo(request: Request) -> Response:
        photo = await requested_photo(request, context)
        return await retry_or_ask(request, context, RetryCommand(photo_ids=(photo.id,)), f"/photos/{photo.id}")

    async def dismiss_photo(request: Request) -> Response:
        photo = await requested_photo(request, context)
        result = await context.backend.queue.submit(DismissCommand(photo_ids=(photo.id,)))
        return context.renderer.redirect(request, f"/photos/{photo.id}", result)

    async def give_up_photo(request: Request) -> Response:
        photo = await requested_photo(request, context)
        result = await context.backend.queue.submit(GiveUpCommand(photo_ids=(photo.id,)))
        return context.renderer.redirect(request, f"/photos/{photo.id}", result)

    async def approve_cutout(request: Request) -> Response:
        photo = await requested_photo(request, context)
        result = await context.backend.queue.submit(ApproveCommand(photo_ids=(photo.id,)))
        return context.renderer.redirect(request, f"/photos/{photo.id}", result)

    async def reprocess_photo(request: Request) -> Response:
        photo = await requested_photo(request, context)
        # Allow one removal, because the button names the cost of one.
        result = await context.backend.queue.submit(ReprocessCommand(photo_ids=(photo.id,), max_removals=1))
        return context.renderer.redirect(request, f"/photos/{photo.id}", result)

    return [
        Route("/photos/{number}", show, methods=["GET"]),
        Route("/photos/{number}/retry", retry_photo, methods=["POST"]),
        Route("/photos/{number}/dismiss", dismiss_photo, methods=["POST"]),
        Route("/photos/{number}/give-up", give_up_photo, methods=["POST"]),
        Route("/photos/{number}/approve", approve_cutout, methods=["POST"]),
        Route("/photos/{number}/reprocess", reprocess_photo, methods=["POST"]),
    ]


def _load(ledger: ReadTransaction, photo: Photo) -> tuple[Sequence[Event], Sequence[Photo]]:
    return gallery.facts_of(ledger, photo.id), gallery.other_versions_of(ledger, photo, _MAX_VERSIONS)


async def _file(thumbnails: Thumbnails, photo: Photo, side: Side) -> ShownFile:
    found = await thumbnails.original(photo, side)
    if isinstance(found, Absence):
        return ShownFile(side, "", found.sentence)
    found.content.close()
    return ShownFile(side, format_size(found.size_bytes), "")


def _possible_actions(context: PageContext, photo: Photo) -> PossibleActions:
    settings = context.backend.settings()
    price, folders = settings.price, {folder.name: folder for folder in settings.folders}
    return PossibleActions(
        is_retriable=retry.why_not(photo) is None and retry.may_help(photo, folders.get(photo.identity.folder)),
        is_dismissible=photo.state in DISMISSIBLE,
        is_reprocessable=photo.state is State.PUBLISHED and photo.source.result is None,
        is_hung=photo.state in GIVEN_UP_AT and photo.wait.is_delayed,
        is_doubtful=photo.state is State.PUBLISHED and photo.cutout.doubt is not None,
        cost=estimate_in_words(estimate(price, uploads=1, removals=1)),
    )
