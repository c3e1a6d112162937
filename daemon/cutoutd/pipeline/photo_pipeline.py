"""The story of one photo: the step that follows each fact, and the fact that each step stores.

Read `PhotoPipeline.advance` and the methods below it from top to bottom: that is the way of a photo. A step does one
thing and stores the fact that it became true. After a crash the step that follows the last stored fact is taken again;
the docstring of each step says what that means. `scheduling` decides which photo is next and when.
"""

import time
from collections.abc import Callable
from functools import partial

from cutoutd.core.blocking import calls_to
from cutoutd.core.errors import (
    DelayError,
    FailedError,
    PhotoError,
    PlaceError,
    RejectedError,
    RejectionCode,
    ResultGoneError,
    SupersededError,
    UploadGoneError,
)
from cutoutd.core.photo import (
    PAID_FOR,
    UNPAID,
    Ended,
    Failed,
    Photo,
    Rejected,
    RemovalFinished,
    ReprocessCancelled,
    ResultFromWebhook,
    ResultLost,
    State,
    Superseded,
    Wait,
    WaitKind,
    require_value,
)
from cutoutd.files.unfinished import require_finished
from cutoutd.ledger.queries import duplicates
from cutoutd.ledger.writes import webhook_results
from cutoutd.pipeline.backoff import backoff
from cutoutd.pipeline.budget.budget import Budget
from cutoutd.pipeline.completion.poll_schedule import PollSchedule
from cutoutd.pipeline.steps.context import StepContext
from cutoutd.pipeline.steps.failure_note import FailureNotes
from cutoutd.pipeline.steps.launching.launch import Launcher
from cutoutd.pipeline.steps.launching.recover_launch import may_have_expired
from cutoutd.pipeline.steps.publish import Publisher
from cutoutd.pipeline.steps.upload import upload_photo
from cutoutd.pipeline.steps.validate import own_cutout, validate_in_thread
from cutoutd.uploadcare.responses import Progress
from cutoutd.watch.availability.monitor import FolderAvailability

#: The longest wait for another photo of the same picture; its end ends the wait sooner.
_DUPLICATE_WAIT_S = 3600.0

_ENDINGS: dict[type[PhotoError], type[Ended]] = {
    RejectedError: Rejected,
    FailedError: Failed,
    SupersededError: Superseded,
}


class PhotoPipeline:
    """Takes photos one step further. Steps of different photos run side by side; the steps of one photo never do."""

    def __init__(
        self,
        context: StepContext,
        budget: Budget,
        poll_schedule: PollSchedule,
        availability: FolderAvailability,
    ) -> None:
        self._ledger = context.ledger
        self._uploadcare = context.uploadcare
        self._folders = context.folders
        self._budget = budget
        self._poll_schedule = poll_schedule
        self._availability = availability
        self._failure_notes = FailureNotes(context.folders, availability.destinations.require_mounted)
        self._launcher = Launcher(context, budget, poll_schedule.shown_after_s)
        self._publisher = Publisher(context, availability.destinations)

    async def advance(self, photo: Photo) -> Photo:
        """Take the step that follows the photo's last fact; return the photo with its new fact or with a wait.

        Raises:
            HaltError: a refusal that is about all photos, or about this one: see `scheduling.refusals`.
        """
        try:
            return await self._next_step(photo)
        except (DelayError, PhotoError) as error:
            return await self.conclude(photo, error)

    async def conclude(self, photo: Photo, error: DelayError | PhotoError) -> Photo:
        """Let the photo wait, or end it, because of this error."""
        if isinstance(error, DelayError):
            return await self._postpone(photo, error)
        if isinstance(error, SupersededError):
            return await self._supersede(photo, error)
        return await self._end(photo, error)

    async def _next_step(self, photo: Photo) -> Photo:
        if photo.state in UNPAID:
            self._availability.require_available(photo)
        match photo.state:
            case State.DISCOVERED:
                return await self._validate(photo)
            case State.ACCEPTED:
                return (
                    await self._use_any_webhook_result(photo)
                    or await self._reuse_or_wait(photo)
                    or await self._upload(photo)
                )
            case State.UPLOADED:
                return (
                    await self._use_any_webhook_result(photo)
                    or await self._reuse_or_wait(photo)
                    or await self._launch(photo)
                )
            case State.REMOVAL_INTENDED:
                return await self._use_any_webhook_result(photo) or await self._launcher.find_outcome(photo)
            case State.REMOVAL_STARTED:
                return await self._use_any_webhook_result(photo) or await self._poll(photo)
            case State.REMOVAL_FINISHED:
                return await self._publish(photo)
            case _:
                raise ValueError(f"{photo.state} is terminal")

    async def _validate(self, photo: Photo) -> Photo:
        """Accept the photo if it can be sent. A crash here leaves nothing; the file is read again."""
        # The note goes before the fact, because after it a crash would leave a stale note for ever.
        remove_note = partial(self._failure_notes.remove, photo)
        validation = await validate_in_thread(photo.identity, self._folders.of(photo), remove_note)
        if validation.is_png and await self._ledger.query(duplicates.is_cutout, validation.fact.sha256):
            raise own_cutout()
        is_placed = validation.is_cutout_placed
        return await self._ledger.accept(photo, validation.fact, validation.free_targets, is_placed=is_placed)

    async def _reuse_or_wait(self, photo: Photo) -> Photo | None:
        """Keep or reuse the cutout of the same picture, or wait for its payer; None if this photo pays.

        A paid cutout that finds no place as the other photo's is fetched for this one. The file is checked first,
        because a changed file is not that picture.

        Raises:
            SupersededError: the file is not the accepted version any more, or a newer version was published first.
            DelayError: the file cannot be read or is being written, or the cutout cannot be placed, for now.
        """
        if photo in self._ledger.known_unique:
            return None
        await calls_to(self._folders.of(photo).input).run(self._source_check(photo))
        # One query, because a duplicate that is published between two queries would be in neither result.
        info = await self._ledger.query(duplicates.duplicate_info, photo, self._budget.unusable_folders())
        if info.earlier_version is not None and not info.is_superseded_by_newer:
            return await self._publisher.keep(photo, info.earlier_version)
        if info.is_superseded_by_newer or info.has_cutout:  # if superseded, `reuse` raises SupersededError
            reused = await self._publisher.reuse(photo)
            if reused is not None:
                return reused
        if (placed := await self._publisher.adopt(photo)) is not None:
            return placed
        return None if info.payer is None else await self._follow(photo, info.payer)

    async def _follow(self, photo: Photo, payer: Photo) -> Photo:
        """Fetch the result of the payer if it finds no place there; else wait for it."""
        if payer.has_stranded_result:
            return await self._publisher.reuse_result(photo, payer)
        return await self._ledger.postpone(photo, _wait_for(payer))

    async def _upload(self, photo: Photo) -> Photo:
        """Send the source, within the limits. A crash after sending leaves an upload that expires after 24 hours."""
        # The budget makes the check of the source, because one thread for both checks costs half as much as two.
        async with self._budget.claim(photo, self._source_check(photo)):
            unwanted = partial(self._ledger.files.note_unwanted_upload, photo)
            uploaded = await upload_photo(photo, self._folders.of(photo), self._uploadcare, unwanted)
            return await self._ledger.record_until_stored(photo, uploaded)

    async def _use_any_webhook_result(self, photo: Photo) -> Photo | None:
        """Record the removal as finished if a webhook result of one of its launches is stored; else return None.

        Uploadcare signs a webhook message, which names the upload and the launch. Therefore nothing has to be asked or
        compared. A crash before the fact is stored keeps the webhook result, and the repeated step finds it.
        """
        photo = self._ledger.waits.with_launch_made(photo)
        if not (self._ledger.waits.may_have_webhook_results and (photo.state in PAID_FOR or photo.may_be_paid_for)):
            return None
        found = await self._ledger.query(webhook_results.result_for, photo)
        if found is None:
            return None
        result, received_at_s = found
        self._poll_schedule.on_webhook(photo, received_at_s)
        return await self._ledger.record_until_stored(photo, ResultFromWebhook(result.result_uuid, result.request_id))

    async def _launch(self, photo: Photo) -> Photo:
        """Make the one call that costs money. A crash during it leaves `removal_intended`: see `steps.launching`."""
        await self._availability.require_same_trees(photo)  # because the place is made now
        await self._budget.require_room(photo, self._source_check(photo), is_launching=True)
        source_uuid = require_value(photo.upload.source_uuid)
        try:
            # The launcher first, because it knows an upload that was asked for just now.
            has_run = not self._launcher.was_just_refused(photo) and await self._uploadcare.files.require_ready(
                source_uuid
            )
        except UploadGoneError:
            return await self._launcher.renew_upload(photo)
        if has_run and photo.launch.noticed_at_s is None:  # else its result was looked for, and not found in time
            return await self._launcher.find_earlier_removal(photo)
        if photo not in self._ledger.known_unique and (found := await self._reuse_or_wait(photo)):
            return found  # reused or put to wait, because another photo of the same picture overtook it meanwhile
        await self._availability.require_same_trees(photo)
        return await self._launcher.launch(photo, self._poll_schedule.first_wait)

    async def _poll(self, photo: Photo) -> Photo:
        """Ask if the removal is finished. Each request costs an operation; `PollSchedule` chooses the moments."""
        removal = await self._uploadcare.get_removal_status(require_value(photo.launch.request_id))
        now_s = time.time()
        match removal.progress:
            case Progress.DONE:
                self._poll_schedule.on_poll_success(photo, now_s)
                finished = RemovalFinished(require_value(removal.result_uuid))
                return await self._ledger.record_until_stored(photo, finished)
            case Progress.ERROR:
                self._poll_schedule.discard(photo)
                raise require_value(removal.failure)
            case Progress.IN_PROGRESS | Progress.UNKNOWN:
                self._poll_schedule.on_poll_unfinished(photo, removal, now_s)
                if self._poll_schedule.is_forgotten(photo, now_s) and may_have_expired(photo.state_at_s, now_s):
                    self._poll_schedule.discard(photo)
                    return await self._launcher.adopt_or_give_up(photo)
                return await self._ledger.postpone(photo, self._poll_schedule.next_wait(photo, now_s))

    async def _publish(self, photo: Photo) -> Photo:
        """Put the cutout in place. A crash leaves at most a temporary file; the step is repeated.

        Uploadcare deletes a result after a day unless `result_retention` asked in time to store it. A photo without its
        result is paid for again.
        """
        try:
            return await self._publisher.publish(photo)
        except ResultGoneError:
            if (placed := await self._publisher.adopt(photo)) is not None:
                return placed
            if not may_have_expired(photo.state_at_s, time.time()):
                raise
            return await self._ledger.record(photo, ResultLost())

    def _source_check(self, photo: Photo) -> Callable[[], None]:
        """Return a blocking check that raises an error if the file is another version by now, or is being written."""
        return partial(require_finished, self._folders.of(photo).input, photo.identity)

    async def _postpone(self, photo: Photo, error: DelayError) -> Photo:
        if isinstance(error, PlaceError) and photo.bound.output is not None:
            self._budget.room.distrust(photo)
        return await self._ledger.postpone(photo, backoff(error, photo.wait.failed_tries, time.time()))

    async def _supersede(self, photo: Photo, error: SupersededError) -> Photo:
        """End a photo because its file is gone or changed, or because a newer version was published first.

        Before payment the photo waits instead while its folder is unavailable.
        """
        try:
            if photo.state in UNPAID:
                await self._availability.confirm_missing(photo)
        except DelayError as unavailable:
            return await self._postpone(photo, unavailable)
        return await self._end(photo, error)

    async def _end(self, photo: Photo, error: PhotoError) -> Photo:
        """End the photo without a cutout, or cancel its reprocess; its row says why.

        If it is rejected or failed, a note beside the place of its cutout says the same. It is written first, because
        after a crash in between the repeated step writes it again.
        """
        fact = _fact_for(photo, error)
        # None for a cutout that came back, because a note would come back with each synchronisation.
        if isinstance(fact, Rejected | Failed) and fact.code != RejectionCode.OWN_CUTOUT:
            await self._failure_notes.write_in_thread(photo.with_fact(fact, time.time()))
        return await self._ledger.record(photo, fact)

    def is_paying(self, photo_id: int) -> bool:
        """Return True if a paid call is under way."""
        return self._launcher.is_paying(photo_id)


def _wait_for(payer: Photo) -> Wait:
    reason = f"the same picture is under way as {payer.identity.folder}/{payer.identity.path}"
    return Wait(WaitKind.DUPLICATE, time.time() + _DUPLICATE_WAIT_S, reason=reason, for_photo=payer.id)


def _fact_for(photo: Photo, error: PhotoError) -> Ended | ReprocessCancelled:
    kind = _ENDINGS[type(error)]
    if kind is Superseded and (previous_parameters := photo.cutout.previous_parameters) is not None:
        return ReprocessCancelled(parameters=previous_parameters, note=f"not made anew: {error.sentence}")
    if kind is Rejected and photo.state is not State.DISCOVERED:
        kind = Failed  # because the photo itself was accepted: the copy that was made for sending is at fault
    return kind(error.code, error.sentence, error.advice)
