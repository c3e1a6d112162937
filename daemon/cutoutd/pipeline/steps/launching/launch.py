"""The one call that costs money, and the search for its outcome when its response was lost.

A launch is stored before the call, and its response right after it. Therefore a crash during the call shows. `budget`
decides if a launch may be made. `recover_launch` decides where to look for a lost launch and what to do then. This
module makes the call and stores its outcome.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from cutoutd.core.errors import CutoutdError, DelayError, RemovalLockedError, ResponseLostError, ThrottledError
from cutoutd.core.logs import log_event
from cutoutd.core.photo import (
    NO_WAIT,
    EarlierRunNoticed,
    LaunchNotMade,
    LaunchOutcomeUnknown,
    LaunchPrevented,
    LaunchResponseLost,
    Photo,
    RemovalIntended,
    RemovalLocked,
    RemovalStarted,
    ResultFound,
    ResultLost,
    UploadAbandoned,
    UploadExpired,
    UploadWithdrawn,
    Wait,
    WaitKind,
    require_value,
)
from cutoutd.core.photo.longest_lead import DAY_S
from cutoutd.ledger import ReadTransaction
from cutoutd.ledger.queries import lost_launches
from cutoutd.ledger.queries.lost_launches import LostLaunch, log_paid_again
from cutoutd.ledger.writes import remote_files
from cutoutd.pipeline.backoff import backoff, growing_s, wait_for_traces
from cutoutd.pipeline.budget.budget import Budget
from cutoutd.pipeline.maintenance.clock_changes import ClockDoubt
from cutoutd.pipeline.steps.context import StepContext
from cutoutd.pipeline.steps.launching.parameters import request_parameters
from cutoutd.pipeline.steps.launching.recover_launch import (
    LaunchTraces,
    OutcomeSearch,
    RecoveryAction,
    look_behind,
    look_for_given_up,
    look_for_traces,
    looked_for_after_deletion_s,
    looked_for_s,
    may_have_expired,
    next_action,
    search_of,
)

#: The reason for a launch that the ledger does not know.
_RAN_BEFORE = "its upload says that a removal was made of it, by a launch that the ledger does not know"

_RAN_LATE = "its upload says by now that its removal was made, later than its result was looked for"

_UPLOAD_VANISHED = (
    "its upload is gone from Uploadcare, before its day is over: it is sent and paid for again. If the ledger was just"
    " restored from a backup, pause cutoutd and put the cutouts back, else photos are paid for twice"
)

_LOOKED_FOR = "it is not known yet whether Uploadcare began its removal; cutoutd looks for it"

_NOT_MADE = (
    "its upload was not locked, and shows no removal although any would have ended by now: the launch with the lost"
    " answer was not made, and is made again"
)

_WITHDRAWN = (
    "its upload shows no removal, but a gateway may still deliver the launch with the lost answer; so the upload was"
    " deleted, and another one is made"
)

#: An upload costs three operations, and may vanish or be locked again and again: after so many the next ones wait.
_UPLOADS_AT_PACE = 3
_FIRST_UPLOAD_WAIT_S, _UPLOAD_WAIT_FACTOR, _LONGEST_UPLOAD_WAIT_S = 60.0, 4.0, 3600.0

#: After a refused launch (429) its upload stays ready for so long; the service asks for 30 s at most as a rule.
_READY_FOR_S = 60.0

#: The reason for a lost response after a crash.
_ENDED_MEANWHILE = "cutoutd ended before an answer was stored"


class Launcher:
    """Launches removals of uploads that are ready, and finds the outcomes of lost launches.

    Args:
        context: the ledger, the service and the folders.
        budget: decides if a launch may be made.
        shown_after_s: returns after how many seconds an accepted removal has ended, and its upload shows it.
    """

    def __init__(self, context: StepContext, budget: Budget, shown_after_s: Callable[[], float]) -> None:
        self._context = context
        self._ledger = context.ledger
        self._uploadcare = context.uploadcare
        self._budget = budget
        self._shown_after_s = shown_after_s
        self._clock_doubt = ClockDoubt()
        self._paying: set[int] = set()
        self._refused: dict[int, tuple[str | None, float]] = {}  # by photo: the upload, and the monotonic time
        self._settled: set[int] = set()  # photos with a lost launch that no gateway holds any more

    def is_paying(self, photo_id: int) -> bool:
        """Return True if the paid call of this photo is under way, or its answer is being stored."""
        return photo_id in self._paying

    def was_just_refused(self, photo: Photo) -> bool:
        """Return True if this upload was ready a moment ago, and only too many requests kept it from being launched.

        Then asking for it again would tell nothing, and cost an operation. It counts for one launch.
        """
        source_uuid, refused_at_s = self._refused.pop(photo.id, (None, 0.0))
        is_recent = time.monotonic() - refused_at_s < _READY_FOR_S
        return is_recent and source_uuid is not None and source_uuid == photo.upload.source_uuid

    async def launch(self, photo: Photo, first_wait: Callable[[float], Wait]) -> Photo:
        """Pay for a removal; `first_wait` returns the wait before the first poll of a removal begun at this Unix time.

        The result of a launch on an upload that was given up is looked for once more, and adopted instead. A crash
        leaves `removal_intended`; its outcome is then looked for.

        Raises:
            DelayError, PhotoError, HaltError: the call was refused, and nothing was paid.
        """
        if photo.launch.has_lost_outcome and (found := await self._find_given_up(photo)) is not None:
            return await self._ledger.record_until_stored(photo, ResultFound(found))
        with self._call_for(photo):
            return await self._pay(photo, first_wait)

    async def _find_given_up(self, photo: Photo) -> str | None:
        """Return the result of a lost launch of the last day on another upload of the photo; None if there is none."""
        since_s = time.time() - DAY_S
        lost = await self._ledger.query(lost_launches.lost_launches_of, photo.id)
        others = [each.at_s for each in lost if each.source_uuid != photo.upload.source_uuid and each.at_s > since_s]
        return await look_for_given_up(photo, min(others), self._context) if others else None

    async def _pay(self, photo: Photo, first_wait: Callable[[float], Wait]) -> Photo:
        intended = await self._budget.record_launch_intent(photo)
        self._settled.discard(photo.id)  # because a call that ends without an answer here may come late
        try:
            request_id = await self._uploadcare.start_removal(
                require_value(photo.upload.source_uuid), request_parameters(photo)
            )
        except ResponseLostError as error:  # because the call may have been accepted
            log_event("answer_lost", error.sentence, about=photo.identity, level=logging.WARNING)
            if not error.may_come_late:
                self._settled.add(photo.id)
            # Before the removal can be finished there is no result to find.
            return await self._look_later(
                intended, LaunchResponseLost(time.time(), error.sentence), error, not_before=first_wait(time.time())
            )
        except RemovalLockedError as error:  # because an earlier call was accepted
            return await self._look_later(intended, RemovalLocked(photo.launch.locked_since_s or time.time()), error)
        except CutoutdError as error:
            await self._budget.refund(intended, error)
            if isinstance(error, ThrottledError):
                self._refused[photo.id] = (photo.upload.source_uuid, time.monotonic())
            raise
        # Before anything else, because an error in between would lose the answer that was paid for.
        started = await self._ledger.record_until_stored(intended, RemovalStarted(request_id), first_wait(time.time()))
        if photo.launch.has_lost_outcome:
            log_paid_again(photo, request_id, await self._ledger.query(lost_launches.lost_launches_of, photo.id))
        return started

    async def renew_upload(self, photo: Photo) -> Photo:
        """Let a photo be uploaded again, because its upload is gone.

        Age explains that after a day. Before, a person or an earlier cutoutd deleted it, maybe after a paid removal.
        """
        if not may_have_expired(photo.state_at_s, time.time()):
            log_event("upload_vanished", _UPLOAD_VANISHED, about=photo.identity, level=logging.WARNING)
        return await self._ledger.record(photo, UploadExpired(), await self._wait_before_upload(photo))

    async def _wait_before_upload(self, photo: Photo) -> Wait:
        """Return the wait before a photo is sent again: none at first, because mostly it is sent again once."""
        uploads = await self._ledger.query(remote_files.uploads_of, photo.id, time.time() - DAY_S)
        if uploads < _UPLOADS_AT_PACE:
            return NO_WAIT
        late = uploads - _UPLOADS_AT_PACE
        wait_s = growing_s(_FIRST_UPLOAD_WAIT_S, _LONGEST_UPLOAD_WAIT_S, late, factor=_UPLOAD_WAIT_FACTOR)
        reason = f"it was sent {uploads} times in vain within a day; it is sent again later"
        return Wait(WaitKind.RETRY, time.time() + wait_s, uploads, reason)

    async def find_earlier_removal(self, photo: Photo) -> Photo:
        """Look for the result of a removal that its upload tells of, and the ledger does not; nothing is launched.

        A ledger that was restored from a backup lacks the launch. The day of this launch counts it. A lost launch may
        also have taken longer than the search for it: its result is looked for once more, and it counts once.
        """
        reason = _RAN_BEFORE if photo.launch.unclear_since_s is None else _RAN_LATE
        log_event("removal_noticed", reason, about=photo.identity, level=logging.WARNING)
        intended = await self._ledger.record(photo, RemovalIntended())
        return await self._ledger.record(intended, EarlierRunNoticed(time.time(), time.time(), reason))

    async def find_outcome(self, photo: Photo) -> Photo:
        """Look once for the outcome of a lost launch; after a crash the look is repeated.

        Raises:
            DelayError, HaltError: Uploadcare could not be asked.
        """
        if photo.launch.unclear_since_s is None and photo.launch.locked_since_s is None:
            return await self._ledger.record(photo, LaunchResponseLost(photo.state_at_s, _ENDED_MEANWHILE))
        search = await self._search(photo)  # before the look, because what it does not show may begin while it lasts
        traces = await self._look(photo)
        action = next_action(traces, search)
        match action:
            case RecoveryAction.ADOPT:
                return await self._ledger.record_until_stored(photo, ResultFound(require_value(traces.result_uuid)))
            case RecoveryAction.LAUNCH_AGAIN:
                lost_at_s = photo.launch.unclear_since_s or photo.state_at_s
                return await self._ledger.record(photo, LaunchOutcomeUnknown(lost_at_s))
            case RecoveryAction.SEND_ANEW:
                return await self._ledger.record(photo, UploadAbandoned(), await self._wait_before_upload(photo))
            case RecoveryAction.LOOK_AGAIN:
                wait = wait_for_traces(search.unclear_for_s, time.time(), _LOOKED_FOR)
                # Not later than the end of the search, because then something can be done.
                end_s = time.time() + looked_for_s(traces, search) - search.unclear_for_s
                return await self._ledger.postpone(photo, replace(wait, until_s=min(wait.until_s, end_s)))
        return await self._begin_anew(photo, action)

    async def _begin_anew(self, photo: Photo, action: RecoveryAction) -> Photo:
        """Take the next step to another launch, because the lost one was not made."""
        if action is RecoveryAction.WITHDRAW:
            return await self._withdraw(photo)
        log_event("launch_not_made", _NOT_MADE, about=photo.identity)
        if action is RecoveryAction.NOT_MADE:
            return await self._ledger.record(photo, LaunchNotMade())
        return await self._ledger.record(photo, LaunchPrevented(), await self._wait_before_upload(photo))

    async def _look(self, photo: Photo) -> LaunchTraces:
        if photo.upload.source_uuid is not None:
            return await look_for_traces(photo, self._context)
        return await look_behind(photo, await self._lost_launch(photo), self._context)

    async def _search(self, photo: Photo) -> OutcomeSearch:
        search = await self._ledger.query(_search_in, photo, time.time())
        if self._clock_doubt.was_just_set():  # it looks like time that passed; nothing is given up because of it
            search = replace(search, unclear_for_s=0.0)
        return replace(search, shown_after_s=self._shown_after_s(), may_come_late=photo.id not in self._settled)

    async def _withdraw(self, photo: Photo) -> Photo:
        """Delete the upload of a lost launch, so that a call that comes late finds none and nothing is paid.

        A crash before the fact repeats the deletion, which does no harm.

        Raises:
            DelayError, HaltError: Uploadcare did not say that it is deleted.
        """
        source_uuid = photo.upload.source_uuid or (await self._lost_launch(photo)).source_uuid
        await self._uploadcare.files.delete([source_uuid])
        log_event("upload_withdrawn", _WITHDRAWN, about=photo.identity)
        at_s = time.time()
        wait = Wait(WaitKind.RETRY, at_s + looked_for_after_deletion_s(self._shown_after_s()), reason=_LOOKED_FOR)
        return await self._ledger.record(photo, UploadWithdrawn(at_s), wait)

    async def _lost_launch(self, photo: Photo) -> LostLaunch:
        return (await self._ledger.query(lost_launches.lost_launches_of, photo.id))[-1]

    async def adopt_or_give_up(self, photo: Photo) -> Photo:
        """Adopt the result of a removal that Uploadcare has forgotten; without one give it up, and pay again."""
        traces = await look_for_traces(photo, self._context)
        if traces.result_uuid is not None:
            return await self._ledger.record_until_stored(photo, ResultFound(traces.result_uuid))
        return await self._ledger.record(photo, ResultLost())

    @contextmanager
    def _call_for(self, photo: Photo) -> Iterator[None]:
        self._paying.add(photo.id)
        try:
            yield
        finally:
            self._paying.discard(photo.id)

    async def _look_later(
        self,
        intended: Photo,
        fact: LaunchResponseLost | RemovalLocked,
        error: DelayError,
        *,
        not_before: Wait = NO_WAIT,
    ) -> Photo:
        wait = backoff(error, 0, time.time())
        return await self._ledger.record_until_stored(
            intended, fact, replace(wait, until_s=max(wait.until_s, not_before.until_s))
        )


def _search_in(ledger: ReadTransaction, photo: Photo, now_s: float) -> OutcomeSearch:
    lost = len(lost_launches.lost_launches_of(ledger, photo.id))
    return replace(search_of(photo, lost, now_s), not_made=lost_launches.number_not_made(ledger, photo))
