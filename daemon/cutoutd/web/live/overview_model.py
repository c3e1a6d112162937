"""The view model of the overview, made from a status. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cutoutd.config.settings import CommonSettings, FolderSettings
from cutoutd.core.logs import printable
from cutoutd.core.photo import Photo, WaitKind
from cutoutd.status.forecast import forecast_in_words
from cutoutd.status.formatting import plural
from cutoutd.status.photo_counts import CountSummary, summarize, summarize_folders
from cutoutd.status.status import Status
from cutoutd.web.live.before_after import BeforeAfter, before_after
from cutoutd.web.live.notices import Notice, Tone, notices_of

_MAX_NAMED = 3

_DIGITS = re.compile(r"\d[\d,]*")


@dataclass(frozen=True, slots=True)
class FolderSummary:
    """The line of one folder."""

    name: str
    input: str
    output: str
    counts: CountSummary
    is_configured: bool = True


@dataclass(frozen=True, slots=True)
class Headline:
    """The state of the service in one sentence."""

    title: str
    sentence: str
    tone: str  #: good, warn or bad: the state of the service
    word: str  #: the same, in a word

    @property
    def announcement(self) -> str:
        """The text that a screen reader speaks after a change; without numbers, else it would speak all the time."""
        return f"{self.word}: {_DIGITS.sub('some', self.title)}"


@dataclass(frozen=True, slots=True)
class WaitSummary:
    """The photos that wait for one reason."""

    reason: str
    names: tuple[str, ...]
    more: bool  #: True if there are others


@dataclass(frozen=True, slots=True)
class OverviewModel:
    """The values of the overview."""

    status: Status
    counts: CountSummary
    folders: tuple[FolderSummary, ...]
    notices: tuple[Notice, ...]
    waits: tuple[WaitSummary, ...]
    headline: Headline
    latest: tuple[BeforeAfter, ...] = ()  #: the newest cutouts


def overview_of(
    status: Status, settings: CommonSettings, *, now_s: float, latest: Sequence[Photo] = ()
) -> OverviewModel:
    """Return the overview of a status."""
    counts, notices = summarize(status.totals), notices_of(status)
    folders = tuple(_folders(status, settings.folders))
    headline, newest = _headline(counts, status, notices, now_s), tuple(before_after(photo) for photo in latest)
    return OverviewModel(status, counts, folders, notices, _waits(status), headline, newest)


def _folders(status: Status, configured: Sequence[FolderSettings]) -> Iterator[FolderSummary]:
    """Yield the configured folders in their order, then former folders that still have photos."""
    counts = summarize_folders(status.totals)
    for folder in configured:
        trees = printable(str(folder.input)), printable(str(folder.output))
        yield FolderSummary(folder.name, *trees, counts.pop(folder.name, CountSummary()))
    for name, former in counts.items():
        yield FolderSummary(name, "", "", former, is_configured=False)


def _waits(status: Status) -> tuple[WaitSummary, ...]:
    """Return the waiting photos by reason, without unapproved ones, because those have a notice."""
    names: dict[str, list[str]] = {}
    for photo in status.waiting:
        if photo.wait.kind is not WaitKind.UNAPPROVED:
            name = f"{photo.identity.folder}/{photo.identity.path}"
            names.setdefault(printable(photo.wait.reason), []).append(printable(name))
    return tuple(
        WaitSummary(reason, tuple(named[:_MAX_NAMED]), more=len(named) > _MAX_NAMED) for reason, named in names.items()
    )


def _headline(counts: CountSummary, status: Status, notices: Sequence[Notice], now_s: float) -> Headline:
    held = min(status.launches.held, counts.under_way)
    moving = counts.under_way - held
    left = plural(counts.under_way, "photo", "photos")
    if any(notice.tone is Tone.BAD for notice in notices):
        return Headline(
            "Standing still",
            f"{plural(counts.under_way, 'photo waits', 'photos wait')} until the problem below is solved.",
            "bad",
            "Halted",
        )
    if status.pause is not None:
        return Headline(
            "Paused", f"{plural(counts.under_way, 'photo is', 'photos are')} not finished yet.", "warn", "Paused"
        )
    if not counts.all:
        return Headline("Ready for photos", "Nothing has been found yet.", "good", "Running")
    if moving:
        parts = [forecast_in_words(status.forecast, now_s), f"{held:,} more on hold" if held else ""]
        sentence = "; ".join(filter(None, parts))
        title = f"Working on {plural(moving, 'photo', 'photos')}"
        return Headline(title, sentence and f"{sentence[:1].upper()}{sentence[1:]}.", "good", "Running")
    if held:
        return Headline(f"{left} on hold", "Everything else is done.", "warn", "Waiting")
    in_place = plural(counts.published, "cutout is", "cutouts are")
    return Headline("All done", f"{in_place} in place.", "good", "Running")
