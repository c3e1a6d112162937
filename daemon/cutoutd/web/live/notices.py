"""The notices on the overview, the gravest first: what is wrong or to be decided, why, and what to do. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from cutoutd.core.logs import printable
from cutoutd.core.photo import BY_LIMIT
from cutoutd.pipeline.budget.pricing import estimate_in_words
from cutoutd.status.costs import PricedBatch
from cutoutd.status.live_state import LiveState
from cutoutd.status.status import Launches, PossibleDoubleCharge, Status
from cutoutd.watch.passed_over.passed_over import PassedOver


class Tone(StrEnum):
    """The gravity of a notice; also the name of its style."""

    BAD = "bad"  #: nothing goes on without the user
    ASK = "ask"  #: the user is asked something
    WARN = "warn"  #: something waits, and goes on by itself


class Remedy(StrEnum):
    """The button that the page offers."""

    RESUME = "resume"
    APPROVE = "approve"


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice."""

    tone: Tone
    title: str
    sentence: str
    remedy: Remedy | None = None
    folder: str | None = None  #: the folder that a remedy is about
    address: str = ""  #: of the list of the photos that it is about


_HELD = "/photos?group=held"


def notices_of(status: Status) -> tuple[Notice, ...]:
    """Return the notices of a status."""
    return (
        *_halt(status.live),
        *_pause(status),
        *(_batch(priced) for priced in status.batches),
        *_unavailable(status.live),
        *_limit(status),
        *_throttled(status.live),
        *_sources(status.live),
        *_passed_over(status.live),
        *_double_charges(status.launches, status.double_charges),
    )


def _halt(live: LiveState | None) -> Iterator[Notice]:
    if live is not None and live.halt is not None:
        reason = _sentence(f"{live.halt.sentence}. {live.halt.advice}")
        meaning = "Nothing is sent until then. Photos are still found and checked."
        yield Notice(Tone.BAD, live.halt.title, f"{reason} {meaning}")


def _pause(status: Status) -> Iterator[Notice]:
    if status.pause is not None:
        meaning = "Nothing new is sent or launched. What is under way is finished and published."
        yield Notice(
            Tone.WARN, f"{status.pause.sentence[:1].upper()}{status.pause.sentence[1:]}", meaning, Remedy.RESUME
        )


def _batch(priced: PricedBatch) -> Notice:
    batch = priced.batch
    photos = "1 new photo waits" if batch.photos == 1 else f"{batch.photos:,} new photos wait"
    return Notice(
        Tone.ASK,
        f"{photos} for your approval in “{batch.folder}”",
        f"That is more than limits.confirm_over, so none of them is sent before you agree. They will cost "
        f"{estimate_in_words(priced.bill)}.",
        Remedy.APPROVE,
        batch.folder,
    )


def _unavailable(live: LiveState | None) -> Iterator[Notice]:
    for folder in live.unavailable if live else ():
        yield Notice(
            Tone.WARN,
            f"“{folder.folder}” is not available",
            f"{_sentence(folder.reason)} Its photos wait, and no cutout is deleted. "
            f"{folder.advice or 'It goes on by itself.'}",
        )


def _limit(status: Status) -> Iterator[Notice]:
    held = status.launches.held - sum(priced.batch.held for priced in status.batches)
    if held > 0:
        photos = "1 photo waits" if held == 1 else f"{held:,} photos wait"
        until = next((photo.wait.reason for photo in status.waiting if photo.wait.kind in BY_LIMIT), "")
        sentence = _sentence(until or "They go on by themselves")
        yield Notice(Tone.WARN, f"A limit is reached, and {photos}", sentence, address=_HELD)


def _throttled(live: LiveState | None) -> Iterator[Notice]:
    if live is not None and live.is_throttled and live.launches_per_minute is not None:
        title = f"Uploadcare accepts {live.launches_per_minute:.0f} removals a minute at present"
        yield Notice(Tone.WARN, title, _sentence(live.launch_reason))


def _sources(live: LiveState | None) -> Iterator[Notice]:
    for folder, sentence in (live.source_troubles if live else {}).items():
        yield Notice(Tone.WARN, f"Photos of “{folder}” cannot be moved or deleted", _sentence(sentence))


def _passed_over(live: LiveState | None) -> Iterator[Notice]:
    for item in live.passed_over if live else ():
        if not item.reason.is_by_setting:
            title = f"Photos of “{item.folder}” may be missed" if item.reason.may_hide_photos else _left_out(item)
            yield Notice(Tone.WARN, title, f"{printable(item.sentence)}. {item.advice}")


def _left_out(item: PassedOver) -> str:
    things = "1 file or folder" if item.count == 1 else f"{item.count:,} files and folders"
    return f"{things} of “{item.folder}” passed over"


def _double_charges(launches: Launches, double_charges: tuple[PossibleDoubleCharge, ...]) -> Iterator[Notice]:
    if double_charges:
        photos = "1 photo" if len(double_charges) == 1 else f"{len(double_charges)} photos"
        sentence = (
            f"The answers to {launches.lost:,} launches were lost so far. "
            "“cutoutd status” lists the facts to ask Uploadcare about."
        )
        yield Notice(Tone.WARN, f"{photos} may have been paid for twice", sentence)


def _sentence(text: str) -> str:
    """Return the text with a capital and a full stop."""
    text = printable(text).strip().replace("..", ".")
    return f"{text[:1].upper()}{text[1:]}".rstrip(".") + "."
