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
    SupersededError,
    UploadGoneError,
)
from cutoutd.core.photo import (
    UNPAID,
    Ended,
    Failed,
    Photo,
    Rejected,
    RemovalFinished,
    ReprocessCancelled,
    ResultLost,
    State,
    Superseded,
    UploadExpired,
    Wait,
    require_value,
)
from cutoutd.files.source_file import require_same
from cutoutd.images.memory_gate import run_exclusive
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import duplicates
from cutoutd.pipeline.backoff import backoff
from cutoutd.pipeline.budget.budget import Budget
from cutoutd.pipeline.completion.poll_schedule import PollSchedule
from cutoutd.pipeline.completion.webhook_results import WebhookResults
from cutoutd.pipeline.steps.failure_note import FailureNotes
from cutoutd.pipeline.steps.launch import Launcher
from cutoutd.pipeline.steps.publish import Publisher
from cutoutd.pipeline.steps.recover_launch import is_past_keeping
from cutoutd.pipeline.steps.upload import upload_photo
from cutoutd.pipeline.steps.validate import Validation, validate_photo
from cutoutd.uploadcare.client import UploadcareClient
from cutoutd.uploadcare.responses import Progress
from cutoutd.watch.availability import FolderAvailability

#: What only a person can change is looked at again this often.
_RARELY_S = 3600.0

_ENDINGS: dict[type[PhotoError], type[Ended]] = {
    RejectedError: Rejected,
    FailedError: Failed,
    SupersededError: Superseded,
}


class PhotoPipeline:
    """Takes photos one step further. Steps of different photos run side by side; one photo's never do."""

    def __init__(
        self,
        ledger: Ledger,
        uploadcare: UploadcareClient,
        spending: Budget,
        pace: PollSchedule,
        standby: FolderAvailability,
    ) -> None:
        self._ledger = ledger
        self._spending = spending
        self._uploadcare = uploadcare
        self._pace = pace
        self._standby = standby
        self._notes = FailureNotes(standby.folders)
        self._launching = Launcher(ledger, uploadcare, spending, standby.folders)
        self._publication = Publisher(ledger, uploadcare, standby)
        announced = WebhookResults(ledger, pace)
        self._steps: dict[State, Callable[[Photo], Awaitable[Photo]]] = {
            State.DISCOVERED: self._validate,
            State.ACCEPTED: self._upload,
            State.UPLOADED: announced.before_paying_again(self._launch),
            State.REMOVAL_INTENDED: announced.before(self._launching.find_outcome),
            State.REMOVAL_STARTED: announced.before(self._poll),
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
            return await self._ledger.postpone(photo, backoff(error, photo.wait.attempts, time.time()))
        except PhotoError as error:
            return await self._end(photo, error)

    async def _take_unpaid_step(self, photo: Photo) -> Photo:
        """Before payment the source is needed; that it is gone or changed is believed only where it would be seen."""
        self._standby.require_available(photo)
        try:
            return await self._steps[photo.state](photo)
        except SupersededError:
            await self._standby.confirm_missing(photo)
            raise

    async def _validate(self, photo: Photo) -> Photo:
        """Is it a photo that can be sent? A crash here leaves nothing; the file is read again."""
        examination = await run_exclusive(photo.identity.size_bytes, self._validate_again, photo)
        return await self._ledger.accept(photo, examination.fact, examination.free_targets)

    def _validate_again(self, photo: Photo) -> Validation:
        examination = validate_photo(photo.identity, self._standby.folder_of(photo))
        # Before the fact: after it nobody would come back to a note that a crash kept.
        self._notes.remove(photo)
        return examination

    async def _upload(self, photo: Photo) -> Photo:
        """Reuse a cutout or, within the limits, send the source.

        A crash after sending leaves an upload that expires after 24 hours.
        """
        await asyncio.to_thread(require_same, self._standby.folder_of(photo).input, photo.identity)
        if (joined := await self._join_twin(photo)) is not None:
            return joined
        async with self._spending.claim(photo):
            uploaded = await upload_photo(photo, self._standby.folder_of(photo), self._uploadcare)
            return await self._ledger.record_until_stored(photo, uploaded)

    async def _launch(self, photo: Photo) -> Photo:
        """Make the one call that costs money. A crash during it leaves ``removal_intended``: see ``launching``."""
        await asyncio.to_thread(require_same, self._standby.folder_of(photo).input, photo.identity)
        if (joined := await self._join_twin(photo)) is not None:
            return joined
        await self._spending.require_room(photo)
        try:
            await self._uploadcare.require_ready(require_value(photo.upload.source_uuid))
        except UploadGoneError:
            return await self._ledger.record(photo, UploadExpired())
        return await self._launching.launch(photo, self._pace.first_wait)

    async def _join_twin(self, photo: Photo) -> Photo | None:
        """The same picture was paid for, or is about to be: reuse its cutout or wait for it; None if this one pays."""
        # All of one moment: a twin that is published between two questions would be in neither answer.
        relations = await self._ledger.query(duplicates.duplicate_info, photo)
        is_to_be_had = relations.is_superseded_by_newer or relations.has_cutout
        if is_to_be_had and (reused := await self._publication.reuse(photo)) is not None:
            return reused
        return None if relations.payer is None else await self._ledger.postpone(photo, _wait_for(relations.payer))

    async def _poll(self, photo: Photo) -> Photo:
        """Ask whether the removal is finished; each question costs an operation, so ``Pace`` chooses the moments.

        Where Uploadcare announces results by itself, it is rarely asked.
        """
        removal = await self._uploadcare.get_removal_status(require_value(photo.launch.request_id))
        match removal.progress:
            case Progress.DONE:
                self._pace.on_poll_success(photo, time.time())
                return await self._ledger.record_until_stored(
                    photo, RemovalFinished(require_value(removal.result_uuid))
                )
            case Progress.ERROR:
                self._pace.discard(photo)
                raise require_value(removal.failure)
            case Progress.IN_PROGRESS | Progress.UNKNOWN:
                wait = self._pace.next_wait(photo, removal, time.time())
                if self._pace.is_lost(photo, time.time()) and is_past_keeping(photo.state_at_s, time.time()):
                    self._pace.discard(photo)
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
            await asyncio.to_thread(self._notes.write, photo.with_fact(fact, time.time()))
        return await self._ledger.record(photo, fact)


def _wait_for(payer: Photo) -> Wait:
    reason = f"the same picture is under way as {payer.identity.folder}/{payer.identity.path}"
    return Wait(until_s=time.time() + _RARELY_S, attempts=0, reason=reason, for_photo=payer.id)


def _ending(photo: Photo, error: PhotoError) -> Ended | ReprocessCancelled:
    kind = _ENDINGS[type(error)]
    if kind is Superseded and photo.cutout.previous_parameters is not None:
        return ReprocessCancelled(parameters=photo.cutout.previous_parameters, note=f"not made anew: {error.sentence}")
    if kind is Rejected and photo.state is not State.DISCOVERED:
        kind = Failed  # what was accepted once cannot be rejected: the photo was all right, its copy is not
    return kind(error.code, error.sentence, error.advice)
