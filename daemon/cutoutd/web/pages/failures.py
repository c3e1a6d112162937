"""``/failures``: rejected and failed photos by reason, each with advice; a retry or a dismissal of one, some or all."""

from collections.abc import Collection
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cutoutd.control.messages import Command, CommandResult, DismissCommand, RetryCommand
from cutoutd.control.retry import may_help
from cutoutd.core.errors import CONTENT_REJECTIONS, RejectionCode
from cutoutd.core.photo import Photo, State
from cutoutd.ledger.queries import failures
from cutoutd.ledger.queries.failures import FailureGroup, FailureReason
from cutoutd.pipeline.budget.pricing import estimate, estimate_in_words
from cutoutd.pipeline.steps.failure_note import DEFAULT_ADVICE
from cutoutd.web.context import PageContext
from cutoutd.web.live.before_after import BeforeAfter, before_after
from cutoutd.web.pages.forms import Form, form_of
from cutoutd.web.pages.paid_retry import retry_or_ask

#: The number of photos shown for each reason; a retry includes the others.
_MAX_SHOWN = 12


@dataclass(frozen=True, slots=True)
class FailedPhoto:
    """A rejected or failed photo."""

    comparison: BeforeAfter
    sentence: str
    advice: str
    is_retriable: bool  #: False: the same file would be rejected again


@dataclass(frozen=True, slots=True)
class FailureSection:
    """The photos with one reason."""

    state: State
    code: str
    photos: int
    by_folder: tuple[tuple[str, int], ...]
    failed: tuple[FailedPhoto, ...]  #: the newest
    cost: str  #: the highest cost of a retry of all; empty: nothing is sent

    @property
    def is_retriable(self) -> bool:
        """True if a retry may help one of the photos."""
        return any(photo.is_retriable for photo in self.failed)

    @property
    def title(self) -> str:
        """The code, in words."""
        return title_of(self.code)


def title_of(code: str) -> str:
    """Return a code as a heading: "Unknown foreground"."""
    words = code.replace("_", " ")
    return words[:1].upper() + words[1:]


def failure_routes(context: PageContext) -> list[BaseRoute]:
    """Return the routes of the page and its buttons."""

    async def show(request: Request) -> Response:
        found = await context.backend.ledger.query(failures.failure_groups, _MAX_SHOWN)
        groups = [_section(context, group) for group in found]
        photos = sum(group.photos for group in groups)
        retriable = sum(group.photos for group in groups if group.is_retriable and group.code not in _SAME_AGAIN)
        return context.renderer.respond(
            request, "failures.html", title="Failures", groups=groups, photos=photos, retriable=retriable
        )

    async def retry(request: Request) -> Response:
        photo_ids = await _selected(context, form_of(request), without=_SAME_AGAIN)
        if not photo_ids:
            return await execute(request, None)
        return await retry_or_ask(request, context, RetryCommand(photo_ids=photo_ids), "/failures")

    async def dismiss(request: Request) -> Response:
        photo_ids = await _selected(context, form_of(request))
        return await execute(request, DismissCommand(photo_ids=photo_ids) if photo_ids else None)

    async def execute(request: Request, command: Command | None) -> Response:
        result = await context.backend.queue.submit(command) if command else _NOTHING
        return context.renderer.redirect(request, "/failures", result)

    return [
        Route("/failures", show, methods=["GET"]),
        Route("/failures/retry", retry, methods=["POST"]),
        Route("/failures/dismiss", dismiss, methods=["POST"]),
    ]


#: The advice for a failure that has none of its own.
_ADVICE = "Try it again. If it fails for the same reason, take another photo, or ask Uploadcare what is wrong with it."

_PAID = "Mend what the sentence says, then try it again: the cutout is paid for, and is only fetched."

#: The states that a button may name.
_RETRIABLE = frozenset({State.FAILED.value, State.REJECTED.value})

#: Left out of a retry of everything. For ``too_large`` it helps only after a change of the configuration.
_SAME_AGAIN = CONTENT_REJECTIONS | {RejectionCode.TOO_LARGE}

_NOTHING = CommandResult(("there is nothing left to retry or to dismiss",), is_idle=True)


def _section(context: PageContext, group: FailureGroup) -> FailureSection:
    is_sent = group.reason.state is State.FAILED
    price = context.backend.settings().price
    cost = estimate_in_words(estimate(price, uploads=group.photos, removals=group.photos)) if is_sent else ""
    return FailureSection(
        state=group.reason.state,
        code=group.reason.code,
        photos=group.photos,
        by_folder=group.by_folder,
        failed=tuple(_failed(context, photo) for photo in group.first),
        cost=cost,
    )


def _failed(context: PageContext, photo: Photo) -> FailedPhoto:
    folders = {folder.name: folder for folder in context.backend.settings().folders}
    default = _ADVICE if photo.state is State.FAILED else DEFAULT_ADVICE
    return FailedPhoto(
        before_after(photo),
        photo.ending.sentence or "",
        _PAID if photo.has_paid_removal else photo.ending.advice or default,
        may_help(photo, folders.get(photo.identity.folder)),
    )


async def _selected(context: PageContext, form: Form, without: Collection[str] = ()) -> tuple[int, ...]:
    """Return the photos that a button is about: a named one, those of a reason, or all but those of these codes."""
    if form.one("all"):
        return await context.backend.ledger.query(failures.photo_ids_of, None, without)
    if form.one("state") in _RETRIABLE:
        reason = FailureReason(State(form.one("state")), form.one("code"))
        return await context.backend.ledger.query(failures.photo_ids_of, reason)
    number = form.number("number")
    return () if number is None else (number,)
