"""Everything that the overview shows, from one look at the ledger and the running service. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cutoutd.config.settings import CommonSettings, FolderSettings
from cutoutd.core.logs import printable
from cutoutd.core.photo import Photo, WaitKind
from cutoutd.status.forecast import forecast_in_words
from cutoutd.status.formatting import plural
from cutoutd.status.photo_counts import CountSummary, summarize
from cutoutd.status.status import Status
from cutoutd.web.live.before_after import BeforeAfter, before_after
from cutoutd.web.live.notices import Notice, Tone, notices_of

_NAMED = 3

_DIGITS = re.compile(r"\d[\d,]*")


@dataclass(frozen=True, slots=True)
class FolderSummary:
    """One folder's line."""

    name: str
    input: str
    output: str
    figures: CountSummary
    is_configured: bool = True


@dataclass(frozen=True, slots=True)
class Headline:
    """The one thing to know."""

    title: str
    sentence: str
    tone: str  #: good, warn or bad: how the service itself stands
    word: str  #: the same in a word or two

    @property
    def announcement(self) -> str:
        """What is read aloud when it changes: not every number does."""
        return f"{self.word}: {_DIGITS.sub('some', self.title)}"


@dataclass(frozen=True, slots=True)
class WaitSummary:
    """Photos that wait for the same."""

    reason: str
    names: tuple[str, ...]
    more: bool  #: whether there are others


@dataclass(frozen=True, slots=True)
class OverviewModel:
    """One look at everything."""

    status: Status
    figures: CountSummary
    folders: tuple[FolderSummary, ...]
    notices: tuple[Notice, ...]
    waits: tuple[WaitSummary, ...]
    headline: Headline
    latest: tuple[BeforeAfter, ...] = ()  #: the newest cutouts


def overview_of(
    status: Status, settings: CommonSettings, *, now_s: float, latest: Sequence[Photo] = ()
) -> OverviewModel:
    """The look, arranged."""
    figures, notices = summarize(status.totals), notices_of(status)
    folders = _folders(status, settings.folders)
    headline, newest = _headline(figures, status, notices, now_s), tuple(before_after(photo) for photo in latest)
    return OverviewModel(status, figures, folders, notices, _waits(status), headline, newest)


def _folders(status: Status, configured: Sequence[FolderSettings]) -> tuple[FolderSummary, ...]:
    """The configured ones in their order, then those that have photos from before."""
    named = [
        FolderSummary(
            folder.name, printable(str(folder.input)), printable(str(folder.output)), _of(status, folder.name)
        )
        for folder in configured
    ]
    former = sorted({total.folder for total in status.totals} - {folder.name for folder in configured})
    return (*named, *(FolderSummary(name, "", "", _of(status, name), is_configured=False) for name in former))


def _of(status: Status, folder: str) -> CountSummary:
    return summarize(total for total in status.totals if total.folder == folder)


def _waits(status: Status) -> tuple[WaitSummary, ...]:
    """By reason; what waits for an approval has its notice."""
    names: dict[str, list[str]] = {}
    for photo in status.waiting:
        if photo.wait.kind is not WaitKind.UNAPPROVED:
            name = f"{photo.identity.folder}/{photo.identity.path}"
            names.setdefault(printable(photo.wait.reason), []).append(printable(name))
    return tuple(
        WaitSummary(reason, tuple(named[:_NAMED]), more=len(named) > _NAMED) for reason, named in names.items()
    )


def _headline(figures: CountSummary, status: Status, notices: Sequence[Notice], now_s: float) -> Headline:
    held = min(status.launches.held, figures.under_way)
    moving = figures.under_way - held
    left = plural(figures.under_way, "photo", "photos")
    if any(notice.tone is Tone.BAD for notice in notices):
        return Headline("Standing still", f"{left} to go on with, once somebody has acted.", "bad", "Halted")
    if status.pause is not None:
        return Headline("Paused", f"{left} to go on with.", "warn", "Paused")
    if not figures.all:
        return Headline("Ready for photos", "Nothing has been found yet.", "good", "Running")
    if moving:
        parts = [forecast_in_words(status.forecast, now_s), f"{held:,} more on hold" if held else ""]
        sentence = "; ".join(filter(None, parts))
        title = f"Working on {plural(moving, 'photo', 'photos')}"
        return Headline(title, sentence and f"{sentence[:1].upper()}{sentence[1:]}.", "good", "Running")
    if held:
        return Headline(f"{left} on hold", "Everything else is done.", "warn", "Waiting")
    in_place = plural(figures.published, "cutout is", "cutouts are")
    return Headline("All done", f"{in_place} in place.", "good", "Running")
