"""The story of one photo: which step follows which fact, and what is stored when.

Read ``_steps`` and the methods below it from top to bottom: that is the way a photo goes. A step does one thing and
stores the fact that it became true; after a crash the step behind the last stored fact is done (again), and each says
what that means. Waiting and choosing who is next is ``lanes``' business; how to check, send, launch and publish is
told in ``intake``, ``sending``, ``launching`` and ``publication``.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from cutoutd.core.errors import (
    DelayError,
    FailedError,
    PhotoError,
    RejectedError,
    ResultGoneError,
    SourceGoneError,
    SupersededError,
)
from cutoutd.core.photo import (
    UNPAID,
    Ended,
    Failed,
    Kept,
    Photo,
    Rejected,
    RemovalFinished,
    ResultLost,
    State,
    Superseded,
    UploadExpired,
    Wait,
    known,
)
from cutoutd.files.source_file import require_same
from cutoutd.images.memory_gate import in_turn
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import duplicates as twins
from cutoutd.pipeline.backoff import wait_after
from cutoutd.pipeline.budget.budget import Spending
from cutoutd.pipeline.completion.poll_schedule import Pace
from cutoutd.pipeline.completion.webhook_results import Announced
from cutoutd.pipeline.steps.failure_note import Notes
from cutoutd.pipeline.steps.launch import Launching
from cutoutd.pipeline.steps.publish import Publication
from cutoutd.pipeline.steps.recover_launch import is_past_keeping
from cutoutd.pipeline.steps.upload import send_source
from cutoutd.pipeline.steps.validate import Examination, examine
from cutoutd.uploadcare.client import Uploadcare
from cutoutd.uploadcare.responses import Progress
from cutoutd.watch.availability import Standby

#: What only a person can change is looked at again this often.
_RARELY_S = 3600.0

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
        self._launching = Launching(ledger, uploadcare, spending, standby.folders)
        self._publication = Publication(ledger, uploadcare, standby)
        announced = Announced(ledger, pace)
        self._steps: dict[State, Callable[[Photo], Awaitable[Photo]]] = {
            State.DISCOVERED: self._examine,
            State.ACCEPTED: self._upload,
            State.UPLOADED: announced.before_paying_again(self._launch),
            State.REMOVAL_INTENDED: announced.before(self._launching.find_outcome),
            State.REMOVAL_STARTED: announced.before(self._ask),
            State.REMOVAL_FINISHED: self._publish,
        }

    def is_paying(self, photo_id: int) -> bool:
        """Whether money hangs on the step that is under way for this photo."""
        return self._launching.is_paying(photo_id)

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
        examination = await in_turn(photo.identity.size_bytes, self._examine_anew, photo)
        return await self._ledger.accept(photo, examination.fact, examination.free_targets)

    def _examine_anew(self, photo: Photo) -> Examination:
        examination = examine(photo.identity, self._standby.folder_of(photo))
        # Before the fact: after it nobody would come back to a note that a crash kept.
        self._notes.take_away(photo)
        return examination

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
        """Make the one call that costs money. A crash during it leaves ``removal_intended``: see ``launching``."""
        await asyncio.to_thread(require_same, self._standby.folder_of(photo).input, photo.identity)
        if (joined := await self._join_twin(photo)) is not None:
            return joined
        await self._spending.require_room(photo)
        try:
            await self._uploadcare.require_ready(known(photo.source_uuid))
        except SourceGoneError:
            return await self._ledger.record(photo, UploadExpired())
        return await self._launching.launch(photo, self._pace.first_wait)

    async def _join_twin(self, photo: Photo) -> Photo | None:
        """The same picture was paid for, or is about to be: reuse its cutout or wait for it; None if this one pays."""
        # All of one moment: a twin that is published between two questions would be in neither answer.
        relations = await self._ledger.ask(twins.relations_of, photo)
        is_to_be_had = relations.is_outrun or relations.has_cutout
        if is_to_be_had and (reused := await self._publication.reuse(photo)) is not None:
            return reused
        return None if relations.payer is None else await self._ledger.postpone(photo, _wait_for(relations.payer))

    async def _ask(self, photo: Photo) -> Photo:
        """Ask whether the removal is finished; each question costs an operation, so ``Pace`` chooses the moments.

        Where Uploadcare announces results by itself, it is rarely asked.
        """
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
                    self._pace.forget(photo)
                    return await self._launching.give_up(photo)
                return await self._ledger.postpone(photo, wait)

    async def _publish(self, photo: Photo) -> Photo:
        """Put the cutout in place. A crash leaves at most a temporary file; the step is repeated.

        A result that Uploadcare let go of, as it does after a day unless ``retention`` was in time, is paid for again.
        """
        try:
            return await self._publication.publish(photo)
        except ResultGoneError:
            if not is_past_keeping(photo.state_at_s, time.time()):
                raise
            return await self._ledger.record(photo, ResultLost())

    async def _end(self, photo: Photo, error: PhotoError) -> Photo:
        """The photo comes to nothing; its ledger row and a note beside where its cutout would be say why.

        A crash between the two leaves a note that the repeated step writes again; the other way round there would
        never be one.
        """
        fact = _ending(photo, error)
        if isinstance(fact, Rejected | Failed):
            await asyncio.to_thread(self._notes.leave, photo.with_fact(fact, time.time()))
        return await self._ledger.record(photo, fact)


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
