"""The story of one photo: which step follows which fact, and what is stored when.

Read ``_steps`` and the methods below it from top to bottom: that is the way a photo goes. A step does one thing and
stores the fact that it became true; after a crash the step behind the last stored fact is done (again), and each says
what that means. Waiting and choosing who is next is ``lanes``' business; how to check, send and publish is told in
``intake``, ``sending`` and ``publishing``.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from weakref import WeakValueDictionary

from cutoutd.config.settings import Folder, Provenance
from cutoutd.disputes import say_paid_again
from cutoutd.errors import (
    CutoutdError,
    DelayError,
    FailedError,
    PhotoError,
    RejectedError,
    RemovalLockedError,
    ResultGoneError,
    SourceGoneError,
    SupersededError,
    UnansweredError,
)
from cutoutd.heavy import in_turn
from cutoutd.intake import examine
from cutoutd.ledger import Ledger, losses, questions, twins
from cutoutd.logs import say
from cutoutd.notes import Notes
from cutoutd.photo import (
    UNPAID,
    AnswerLost,
    Ended,
    Failed,
    Kept,
    LaunchUnclear,
    Photo,
    Published,
    Rejected,
    RemovalFinished,
    RemovalLocked,
    RemovalStarted,
    ResultFound,
    ResultLost,
    State,
    Superseded,
    UploadAbandoned,
    UploadExpired,
    Wait,
    known,
)
from cutoutd.publishing import publish_cutout
from cutoutd.recovery import Move, is_past_keeping, look_for_traces, next_move, search_of
from cutoutd.region import parameters_to_send
from cutoutd.retrying import wait_after
from cutoutd.reuse import reuse_cutout
from cutoutd.sending import send_source
from cutoutd.source import require_same
from cutoutd.spending import Spending
from cutoutd.standby import Standby
from cutoutd.uploadcare.answers import Progress
from cutoutd.uploadcare.client import Uploadcare
from cutoutd.uploadcare.polling import Pace

#: What only a person can change is looked at again this often.
_RARELY_S = 3600.0

#: The answer came to nobody.
_ENDED_MEANWHILE = "cutoutd ended before an answer was stored"

_ENDINGS: dict[type[PhotoError], type[Ended]] = {
    RejectedError: Rejected,
    FailedError: Failed,
    SupersededError: Superseded,
}


class Journey:
    """Takes photos one step further. Steps of different photos run side by side; one photo's never do."""

    def __init__(
        self, ledger: Ledger, uploadcare: Uploadcare, spending: Spending, pace: Pace, standby: Standby
    ) -> None:
        self._ledger = ledger
        self._spending = spending
        self._uploadcare = uploadcare
        self._pace = pace
        self._standby = standby
        self._notes = Notes(standby.folders)
        self._publishing: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()
        self._steps: dict[State, Callable[[Photo], Awaitable[Photo]]] = {
            State.DISCOVERED: self._examine,
            State.ACCEPTED: self._upload,
            State.UPLOADED: self._launch,
            State.REMOVAL_INTENDED: self._find_outcome,
            State.REMOVAL_STARTED: self._ask,
            State.REMOVAL_FINISHED: self._publish,
        }

    async def advance(self, photo: Photo) -> Photo:
        """Do what comes after the photo's last fact; the answer is the photo with its new fact, or with a wait.

        Raises:
            HaltError: no photo's fault; nothing is to be sent until a person acts.
        """
        try:
            return await (self._take_unpaid_step if photo.state in UNPAID else self._steps[photo.state])(photo)
        except DelayError as error:
            return await self._ledger.postpone(photo, wait_after(error, photo.wait.attempts, time.time()))
        except PhotoError as error:
            return await self._end(photo, error)

    async def _take_unpaid_step(self, photo: Photo) -> Photo:
        """Before payment the source is needed; that it is gone or changed is believed only where it would be seen."""
        self._standby.require_presence(photo)
        try:
            return await self._steps[photo.state](photo)
        except SupersededError:
            await self._standby.require_believable(photo)
            raise

    async def _examine(self, photo: Photo) -> Photo:
        """Is it a photo that can be sent? A crash here leaves nothing; the file is read again."""
        examination = await in_turn(photo.identity.size_bytes, examine, photo.identity, self._standby.folder_of(photo))
        # Before the fact: after it nobody would come back to a note that a crash kept.
        await asyncio.to_thread(self._notes.take_away, photo)
        return await self._ledger.accept(photo, examination.fact, examination.free_targets)

    async def _upload(self, photo: Photo) -> Photo:
        """Reuse a cutout or, within the limits, send the source.

        A crash after sending leaves an upload that expires after 24 hours.
        """
        await asyncio.to_thread(require_same, self._standby.folder_of(photo).input, photo.identity)
        if (joined := await self._join_twin(photo)) is not None:
            return joined
        async with self._spending.claim(photo):
            uploaded = await send_source(photo, self._standby.folder_of(photo), self._uploadcare)
            return await self._ledger.insist(photo, uploaded)

    async def _launch(self, photo: Photo) -> Photo:
        """Make the one call that costs money. A crash during it leaves ``removal_intended``: see ``_find_outcome``."""
        await asyncio.to_thread(require_same, self._standby.folder_of(photo).input, photo.identity)
        if (joined := await self._join_twin(photo)) is not None:
            return joined
        await self._spending.require_room(photo)
        source_uuid, parameters = known(photo.source_uuid), parameters_to_send(photo)
        try:
            await self._uploadcare.require_ready(source_uuid)
        except SourceGoneError:
            return await self._ledger.record(photo, UploadExpired())
        intended = await self._spending.intend(photo)
        try:
            request_id = await self._uploadcare.start_removal(source_uuid, parameters)
        except UnansweredError as error:  # accepted or not, that is the question
            say("answer_lost", error.sentence, about=photo.identity, level=logging.WARNING)
            return await self._look_later(intended, AnswerLost(time.time(), error.sentence), error)
        except RemovalLockedError as error:  # an earlier call was accepted
            return await self._look_later(intended, RemovalLocked(photo.locked_since_s or time.time()), error)
        except CutoutdError as error:
            await self._spending.take_back(intended, error)
            raise
        if photo.has_lost_outcome:
            say_paid_again(photo, request_id, await self._ledger.ask(losses.lost_of, photo.id))
        return await self._ledger.insist(intended, RemovalStarted(request_id), self._pace.first_wait(time.time()))

    async def _join_twin(self, photo: Photo) -> Photo | None:
        """The same picture was paid for, or is about to be: reuse its cutout or wait for it; None if this one pays."""
        async with self._turn_of(photo):
            reused = await reuse_cutout(photo, self._ledger, _provenance_of(photo, self._standby.folders))
            if reused is not None:
                return await self._ledger.record(photo, self._with_task(photo, reused))
        payer = await self._ledger.ask(twins.payer_for, photo)
        return None if payer is None else await self._ledger.postpone(photo, _wait_for(payer))

    async def _find_outcome(self, photo: Photo) -> Photo:
        """Met only when the paid call's answer was lost: look for what it did, and never repeat it blindly."""
        if photo.unclear_since_s is None and photo.locked_since_s is None:
            return await self._ledger.record(photo, AnswerLost(photo.state_at_s, _ENDED_MEANWHILE))
        traces = await look_for_traces(photo, self._standby.folders, self._ledger, self._uploadcare)
        search = search_of(photo, len(await self._ledger.ask(losses.lost_of, photo.id)), time.time())
        match next_move(traces, search):
            case Move.ADOPT:
                return await self._ledger.insist(photo, ResultFound(known(traces.result_uuid)))
            case Move.LAUNCH_AGAIN:
                return await self._ledger.record(photo, LaunchUnclear(photo.unclear_since_s or photo.state_at_s))
            case Move.SEND_ANEW:
                return await self._ledger.record(photo, UploadAbandoned())
            case Move.LOOK_AGAIN:
                raise UnansweredError("it is not known yet whether Uploadcare began its removal; cutoutd looks for it")

    async def _look_later(self, intended: Photo, fact: AnswerLost | RemovalLocked, error: DelayError) -> Photo:
        return await self._ledger.insist(intended, fact, wait_after(error, 0, time.time()))

    async def _ask(self, photo: Photo) -> Photo:
        """Ask whether the removal is finished; each question costs an operation, so ``Pace`` chooses the moments."""
        removal = await self._uploadcare.ask_removal(known(photo.request_id))
        match removal.progress:
            case Progress.DONE:
                self._pace.learn(photo, time.time())
                return await self._ledger.insist(photo, RemovalFinished(known(removal.result_uuid)))
            case Progress.ERROR:
                self._pace.forget(photo)
                raise known(removal.failure)
            case Progress.IN_PROGRESS | Progress.UNKNOWN:
                wait = self._pace.next_wait(photo, removal, time.time())
                if self._pace.is_lost(photo, time.time()) and is_past_keeping(photo.state_at_s, time.time()):
                    return await self._give_up(photo)
                return await self._ledger.postpone(photo, wait)

    async def _give_up(self, photo: Photo) -> Photo:
        """Uploadcare has forgotten the removal, as it does after a day: unless its result is there, pay once more."""
        traces = await look_for_traces(photo, self._standby.folders, self._ledger, self._uploadcare)
        self._pace.forget(photo)
        if traces.result_uuid is not None:
            return await self._ledger.insist(photo, ResultFound(traces.result_uuid))
        return await self._ledger.record(photo, ResultLost())

    async def _publish(self, photo: Photo) -> Photo:
        """Fetch, verify and place the cutout. A crash leaves at most a temporary file; the step is repeated.

        A result that Uploadcare let go of, as it does after a day unless ``retention`` was in time, is paid for again.
        """
        async with self._turn_of(photo):
            own_cutouts = await self._ledger.ask(questions.cutouts_of, photo)
            fetch = partial(self._uploadcare.fetch_cutout, known(photo.result_uuid))
            try:
                published = await publish_cutout(
                    photo, fetch, own_cutouts, _provenance_of(photo, self._standby.folders)
                )
            except ResultGoneError:
                if not is_past_keeping(photo.state_at_s, time.time()):
                    raise
                return await self._ledger.record(photo, ResultLost())
            return await self._ledger.insist(photo, self._with_task(photo, published))

    @asynccontextmanager
    async def _turn_of(self, photo: Photo) -> AsyncIterator[None]:
        """Versions of one path go one after the other: each must see what the one before it put there."""
        async with self._publishing.setdefault((photo.identity.folder, photo.identity.path), asyncio.Lock()):
            if await self._ledger.ask(questions.has_newer_publication, photo):
                raise SupersededError("newer_version", "a newer version of the photo was published first")
            yield

    def _with_task(self, photo: Photo, published: Published) -> Published:
        """What is left to be done once the photo is published is ``aftercare``'s."""
        return replace(published, is_source_due=self._standby.is_source_due(photo))

    async def _end(self, photo: Photo, error: PhotoError) -> Photo:
        """The photo comes to nothing; its ledger row and a note beside where its cutout would be say why.

        A crash between the two leaves a note that the repeated step writes again; the other way round there would
        never be one.
        """
        fact = _ending(photo, error)
        if isinstance(fact, Rejected | Failed):
            await asyncio.to_thread(self._notes.leave, photo.with_fact(fact, time.time()))
        return await self._ledger.record(photo, fact)


def _provenance_of(photo: Photo, folders: Mapping[str, Folder]) -> Provenance:
    """As its folder says; what was paid for is published although its folder has left the configuration."""
    folder = folders.get(photo.identity.folder)
    return Provenance.XATTR if folder is None else folder.provenance


def _wait_for(payer: Photo) -> Wait:
    reason = f"the same picture is under way as {payer.identity.folder}/{payer.identity.path}"
    return Wait(until_s=time.time() + _RARELY_S, attempts=0, reason=reason, for_photo=payer.id)


def _ending(photo: Photo, error: PhotoError) -> Ended | Kept:
    kind = _ENDINGS[type(error)]
    if kind is Superseded and photo.earlier_parameters is not None:
        return Kept(parameters=photo.earlier_parameters, note=f"not made anew: {error.sentence}")
    if kind is Rejected and photo.state is not State.DISCOVERED:
        kind = Failed  # what was accepted once cannot be rejected: the photo was all right, its copy is not
    return kind(error.code, error.sentence, error.advice)
