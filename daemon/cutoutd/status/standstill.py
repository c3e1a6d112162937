"""The things that stand still, each with its reason and its end; the one list behind `status`, page and metrics. Pure.

A part that only the running daemon knows stands in the live state, the other part in the ledger.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from cutoutd.core.logs import printable
from cutoutd.core.photo import TERMINAL, State, WaitKind
from cutoutd.ledger import Total
from cutoutd.ledger.queries.monitoring import WaitGroup
from cutoutd.pipeline.scheduling.pause import Pause
from cutoutd.status.photo_counts import count_at


class StandstillCode(StrEnum):
    """The reasons to stand still; stable, and documented in ``docs/operations.md``."""

    NOT_RUNNING = "not_running"
    HALTED = "halted"
    PAUSED = "paused"
    LEDGER = "ledger"
    THROTTLED = "throttled"
    RATE = "rate"
    PLACES = "places"
    UNSCANNED = "unscanned"
    STRANDED = "stranded"
    UNAVAILABLE = "unavailable"
    LIMIT = "limit"
    APPROVAL = "approval"
    DISK = "disk"
    SOURCE = "source"
    DUPLICATE = "duplicate"
    TROUBLE = "trouble"
    DAMAGED = "damaged"
    OVERDUE = "overdue"
    UNKNOWN_OUTCOME = "unknown_outcome"


class StandstillStage(StrEnum):
    """The part of the way that stands still."""

    ALL = "all"
    UPLOAD = "upload"
    LAUNCH = "launch"
    QUESTION = "question"
    DOWNLOAD = "download"
    PHOTO = "photo"  #: these photos only; all others go on


_UNFINISHED = frozenset(State) - TERMINAL

#: The states of the photos that each stage would take next.
_STATES: Mapping[StandstillStage, frozenset[State]] = {
    StandstillStage.ALL: _UNFINISHED,
    StandstillStage.UPLOAD: frozenset({State.DISCOVERED, State.ACCEPTED}),
    StandstillStage.LAUNCH: frozenset({State.UPLOADED}),
    StandstillStage.QUESTION: frozenset({State.REMOVAL_INTENDED, State.REMOVAL_STARTED}),
    StandstillStage.DOWNLOAD: frozenset({State.REMOVAL_FINISHED}),
}

_WAITS: Mapping[WaitKind, StandstillCode] = {
    WaitKind.HELD: StandstillCode.LIMIT,
    WaitKind.UNAPPROVED: StandstillCode.APPROVAL,
    WaitKind.PLACE: StandstillCode.DISK,
    WaitKind.UNAVAILABLE: StandstillCode.SOURCE,
    WaitKind.DUPLICATE: StandstillCode.DUPLICATE,
    WaitKind.RETRY: StandstillCode.TROUBLE,
    WaitKind.THROTTLED: StandstillCode.TROUBLE,
    WaitKind.DAMAGED: StandstillCode.DAMAGED,
    WaitKind.OVERDUE: StandstillCode.OVERDUE,
}


@dataclass(frozen=True, slots=True)
class Standstill:
    """One thing that stands still."""

    stage: StandstillStage
    code: StandstillCode
    reason: str  #: a sentence for people; printable
    until_s: float | None = None  #: Unix time of its end, or of the next try; None: no time ends it
    folder: str | None = None  #: the only folder that it concerns
    photos: int = 0  #: the photos that it keeps from going on

    @property
    def in_words(self) -> str:
        """The reason with the number of photos and the end."""
        parts = [f"{self.photos:,} photo{'' if self.photos == 1 else 's'}"] if self.photos else []
        if self.until_s is not None:
            parts.append(f"until {datetime.fromtimestamp(self.until_s, UTC).astimezone():%Y-%m-%d %H:%M:%S}")
        return f"{' '.join(parts)}: {self.reason}" if parts else self.reason


@dataclass(frozen=True, slots=True)
class StoredStandstills:
    """The part that the ledger knows."""

    waits: Sequence[WaitGroup] = ()
    unknown_outcomes: int = 0  #: photos with a search for the outcome of a launch
    pause: Pause | None = None


def standstills(
    live: Iterable[Standstill], stored: StoredStandstills, totals: Sequence[Total], *, is_running: bool = True
) -> tuple[Standstill, ...]:
    """Return everything that stands still: what concerns all photos first."""
    found = [*live, *_paused(stored.pause)]
    if not is_running:
        found = [Standstill(StandstillStage.ALL, StandstillCode.NOT_RUNNING, "cutoutd is not running"), *found]
    counted = (replace(each, photos=_photos(each, totals)) for each in found)
    return (
        *(each for each in counted if each.photos or each.code is not StandstillCode.NOT_RUNNING),
        *_waiting(stored),
    )


def _paused(pause: Pause | None) -> Iterator[Standstill]:
    for stage in (StandstillStage.UPLOAD, StandstillStage.LAUNCH) if pause else ():
        yield Standstill(stage, StandstillCode.PAUSED, pause.sentence if pause else "")


def _photos(standstill: Standstill, totals: Sequence[Total]) -> int:
    own = [total for total in totals if standstill.folder in {None, total.folder}]
    return count_at(own, _STATES.get(standstill.stage, _UNFINISHED))


def _waiting(stored: StoredStandstills) -> Iterator[Standstill]:
    for group in stored.waits:
        until_s = group.until_s if group.has_end else None
        reason = printable(group.reason or "waits")
        yield Standstill(StandstillStage.PHOTO, _WAITS[group.kind], reason, until_s, photos=group.photos)
    if stored.unknown_outcomes:
        reason = "the response to a launch was lost; cutoutd looks for its result before it launches again"
        number = stored.unknown_outcomes
        yield Standstill(StandstillStage.PHOTO, StandstillCode.UNKNOWN_OUTCOME, reason, photos=number)


def rounded_end_s(in_s: float) -> float:
    """Return the Unix time so many seconds from now, rounded so that two calls in a row agree."""
    return float(round(time.time() + in_s))
