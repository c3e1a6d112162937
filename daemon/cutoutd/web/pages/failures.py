"""``/failures``: photos that came to nothing, by reason, with what to do; and another try for one, some or all."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cutoutd.control.messages import CommandResult, RetryCommand
from cutoutd.core.photo import Photo, State
from cutoutd.ledger.queries import failures
from cutoutd.ledger.queries.failures import FailureGroup, FailureReason
from cutoutd.pipeline.budget.pricing import estimate, estimate_in_words
from cutoutd.web.context import PageContext
from cutoutd.web.live.before_after import BeforeAfter, before_after
from cutoutd.web.pages.forms import Form, form_of

#: Of each reason; the others are retried along with them.
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class FailedPhoto:
    """A photo that came to nothing."""

    comparison: BeforeAfter
    sentence: str


@dataclass(frozen=True, slots=True)
class FailureSection:
    """Photos with one reason, as they are shown."""

    state: State
    code: str
    photos: int
    by_folder: tuple[tuple[str, int], ...]
    advice: str
    troubles: tuple[FailedPhoto, ...]
    cost: str  #: what another try of all may cost; empty: nothing is sent

    @property
    def title(self) -> str:
        """The code, in words."""
        return title_of(self.code)


def title_of(code: str) -> str:
    """A code as a heading: "Unknown foreground"."""
    words = code.replace("_", " ")
    return words[:1].upper() + words[1:]


def failure_routes(desk: PageContext) -> list[BaseRoute]:
    """The page, and its buttons."""

    async def show(request: Request) -> Response:
        found = await desk.backend.ledger.query(failures.failure_groups, _SHOWN)
        groups = [_group(desk, some) for some in found]
        everything = sum(group.photos for group in groups)
        return desk.pages.show(request, "failures.html", title="Failures", groups=groups, everything=everything)

    async def retry(request: Request) -> Response:
        numbers = await _numbers(desk, form_of(request))
        answer = await desk.backend.orders.submit(RetryCommand(photo_ids=numbers)) if numbers else _NOTHING
        return desk.pages.go_on(request, "/failures", answer)

    return [
        Route("/failures", show, methods=["GET"]),
        Route("/failures/retry", retry, methods=["POST"]),
    ]


#: Where Uploadcare gave a reason and nobody knows more.
_ADVICE = (
    "Try it once more. If it fails in the same way again, take another photo, or ask Uploadcare what is wrong with it."
)

#: What a button may say.
_TROUBLED = frozenset({State.FAILED.value, State.REJECTED.value})

_NOTHING = CommandResult(("there was nothing left to retry",), is_idle=True)


def _group(desk: PageContext, some: FailureGroup) -> FailureSection:
    is_sent = some.reason.state is State.FAILED
    price = desk.backend.settings().price
    cost = estimate_in_words(estimate(price, uploads=some.photos, removals=some.photos)) if is_sent else ""
    return FailureSection(
        state=some.reason.state,
        code=some.reason.code,
        photos=some.photos,
        by_folder=some.by_folder,
        advice=next((photo.ending.advice for photo in some.first if photo.ending.advice), _ADVICE if is_sent else ""),
        troubles=tuple(_trouble(photo) for photo in some.first),
        cost=cost,
    )


def _trouble(photo: Photo) -> FailedPhoto:
    return FailedPhoto(before_after(photo), photo.ending.sentence or "")


async def _numbers(desk: PageContext, form: Form) -> tuple[int, ...]:
    """The photos that a button is about: those named, those of a reason, or all."""
    if form.one("all"):
        return await desk.backend.ledger.query(failures.photo_ids_of, None)
    if form.one("state") in _TROUBLED:
        reason = FailureReason(State(form.one("state")), form.one("code"))
        return await desk.backend.ledger.query(failures.photo_ids_of, reason)
    number = form.number("number")
    return () if number is None else (number,)
