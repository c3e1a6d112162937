"""The recovery of a lost launch: look for its outcome first, wait, and pay again only as the last resort.

The order of looking: the source itself says if the add-on ran on it. The project's list of files shows results that no
photo claims (`find_result`).

Most lost launches were never accepted. A removal locks its upload while it runs, and leaves a mark on it when it ends.
An upload without either, after the time that any removal takes, had none so far. But a gateway may still hold the call,
and deliver it later. So the upload is deleted before the photo is launched again: a late call finds no file then, and
nothing is paid. A call that came just before the deletion shows itself in one more look after it.

No gateway holds a call that got a whole answer. It is launched again on the same upload, which costs less.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto

from cutoutd.core.photo import Photo, require_value
from cutoutd.core.photo.longest_lead import DAY_S
from cutoutd.ledger.queries.lost_launches import LostLaunch
from cutoutd.pipeline.backoff import quick_repeats
from cutoutd.pipeline.steps.context import StepContext
from cutoutd.pipeline.steps.launching.find_result import find_result

#: The time of the search for a removal that may have been made, before the call is made again. While it runs, another
#: call is refused (409) and costs nothing, so a lag longer than this does no harm.
LOOK_FOR_S = 180.0

#: After so many launches on one upload that were not made, the time to the next one doubles with each.
_NOT_MADE_AT_PACE = 6

#: After each further lost launch of a photo the search lasts twice as long, up to so many doublings. A service that
#: makes removals and never responds costs a few removals a day then, not one every few minutes.
_MOST_DOUBLINGS = 7

#: A refusal (409) counts as the lock of a live removal for this time; the lock of a dead one can last for a day.
LOCK_BOUND_S = 1800.0

#: Uploadcare refuses requests if its clock differs by more.
_CLOCKS_DIFFER_S = 900.0

#: The share of that time for a removal that began before its upload was deleted: no call is on its way any more.
_SHARE_AFTER_DELETION = 0.5


class RecoveryAction(Enum):
    """The next step for a launch with an open outcome."""

    ADOPT = auto()
    LOOK_AGAIN = auto()
    NOT_MADE = auto()
    WITHDRAW = auto()
    PREVENTED = auto()
    LAUNCH_AGAIN = auto()
    SEND_ANEW = auto()


@dataclass(frozen=True, slots=True)
class LaunchTraces:
    """The findings of one look."""

    is_source_gone: bool
    result_uuid: str | None  #: a result that must be this photo's
    may_have_run: bool = True  #: False: the upload is there, or was deleted, and says that no removal of it has ended


@dataclass(frozen=True, slots=True)
class OutcomeSearch:
    """The progress of the search for an outcome."""

    unclear_for_s: float  #: since the last lost response, since a lock without one, or since the upload was deleted
    locked_for_s: float | None = None  #: since the upload was first found locked; None: it was not
    lost_launches: int = 1  #: of this photo, never found
    shown_after_s: float = LOOK_FOR_S  #: after so long an accepted removal has ended, and shows itself
    not_made: int = 0  #: earlier launches on this upload without a response, which were not made
    may_come_late: bool = True  #: a gateway may still hold the call
    is_withdrawn: bool = False  #: the upload was deleted, so that the call cannot be accepted any more


def search_of(photo: Photo, lost_launches: int, now_s: float) -> OutcomeSearch:
    """Return the search for a photo's outcome at this Unix time."""
    locked_since_s = photo.launch.locked_since_s
    unclear_since_s = photo.launch.unclear_since_s or locked_since_s or now_s
    locked_for_s = None if locked_since_s is None else now_s - locked_since_s
    is_withdrawn = photo.upload.source_uuid is None
    return OutcomeSearch(now_s - unclear_since_s, locked_for_s, lost_launches, is_withdrawn=is_withdrawn)


def next_action(traces: LaunchTraces, search: OutcomeSearch) -> RecoveryAction:
    """Return the next step, from the findings and the time for which the outcome has been open."""
    if traces.result_uuid is not None:
        return RecoveryAction.ADOPT
    if search.unclear_for_s < looked_for_s(traces, search):
        return RecoveryAction.LOOK_AGAIN
    if _shows_no_removal(traces, search):
        return _without_removal(traces, search)
    if traces.is_source_gone or search.is_withdrawn or (search.locked_for_s or 0.0) >= LOCK_BOUND_S:
        return RecoveryAction.SEND_ANEW
    return RecoveryAction.LAUNCH_AGAIN


def _without_removal(traces: LaunchTraces, search: OutcomeSearch) -> RecoveryAction:
    if search.is_withdrawn and traces.is_source_gone:
        return RecoveryAction.PREVENTED
    is_settled = not search.may_come_late and not search.is_withdrawn and not traces.is_source_gone
    return RecoveryAction.NOT_MADE if is_settled else RecoveryAction.WITHDRAW


def looked_for_s(traces: LaunchTraces, search: OutcomeSearch) -> float:
    """Return how long the outcome is looked for."""
    if _shows_no_removal(traces, search):
        if search.is_withdrawn:
            return looked_for_after_deletion_s(search.shown_after_s)
        slower = max(0, search.not_made - _NOT_MADE_AT_PACE + 1)
        return min(LOOK_FOR_S, search.shown_after_s) * 2.0 ** min(slower, _MOST_DOUBLINGS)
    return LOOK_FOR_S * 2.0 ** min(max(search.lost_launches - 1, 0), _MOST_DOUBLINGS)


def looked_for_after_deletion_s(shown_after_s: float) -> float:
    """Return how long a removal is looked for that may have begun just before its upload was deleted."""
    return _SHARE_AFTER_DELETION * min(LOOK_FOR_S, shown_after_s)


def _shows_no_removal(traces: LaunchTraces, search: OutcomeSearch) -> bool:
    return not traces.may_have_run and search.locked_for_s is None


def may_have_expired(since_s: float, now_s: float) -> bool:
    """Return True if Uploadcare may have deleted a file of that age by itself; a younger missing file may return.

    Both are Unix times of this machine. Uploadcare itself must have said too that the file is gone.
    """
    return now_s - since_s > DAY_S


async def look_for_traces(photo: Photo, context: StepContext) -> LaunchTraces:
    """Look once: one operation for the source, and some for the list and the comparisons if the add-on may have run.

    An upload that has expired no longer says whether it ran; its result may have been stored all the same.

    Raises:
        DelayError, HaltError: Uploadcare could not be asked.
    """
    source = await context.uploadcare.files.get(
        require_value(photo.upload.source_uuid), repeats=quick_repeats(photo.wait.failed_tries)
    )
    if source is None:
        return LaunchTraces(is_source_gone=True, result_uuid=None)
    has_expired = source.is_removed and may_have_expired(source.uploaded_at.timestamp(), time.time())
    may_have_run = source.has_run_remove_bg or has_expired
    result_uuid = await find_result(photo, source.uploaded_at, context) if may_have_run else None
    return LaunchTraces(source.is_removed, result_uuid, may_have_run)


async def look_behind(photo: Photo, launch: LostLaunch, context: StepContext) -> LaunchTraces:
    """Look once for traces of a lost launch after its upload was deleted; two operations, and the comparisons.

    Its results are looked for in any case, because a deleted upload may not get the mark any more.

    Raises:
        DelayError, HaltError: Uploadcare could not be asked.
    """
    repeats = quick_repeats(photo.wait.failed_tries)
    source = await context.uploadcare.files.get(launch.source_uuid, repeats=repeats)
    if source is None:
        found = await look_for_given_up(photo, launch.at_s, context)
        return LaunchTraces(is_source_gone=True, result_uuid=found, may_have_run=False)
    result_uuid = await find_result(photo, source.uploaded_at, context) if source.is_removed else None
    return LaunchTraces(source.is_removed, result_uuid, source.has_run_remove_bg)


async def look_for_given_up(photo: Photo, launched_at_s: float, context: StepContext) -> str | None:
    """Return the result of a launch at this Unix time on an upload that the photo gave up; None if there is none.

    The result may have come after the search for it.

    Raises:
        DelayError, HaltError: Uploadcare could not be asked.
    """
    since = datetime.fromtimestamp(launched_at_s - _CLOCKS_DIFFER_S, UTC)
    return await find_result(photo, since, context)
