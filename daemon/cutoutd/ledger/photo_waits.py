"""Changes to the waits of many photos at once."""

import time
from collections.abc import Collection
from dataclasses import replace

from cutoutd.core.photo import Photo
from cutoutd.core.photo.photo import WebhookResult
from cutoutd.ledger.group_commit import WriteCall
from cutoutd.ledger.writes import approvals, clock_changes, marks, webhook_results


class PhotoWaits:
    """Ends or corrects waits when their cause is gone; reached as ``ledger.waits``."""

    def __init__(self, write: WriteCall) -> None:
        self._write = write
        self.may_have_webhook_results = True  #: False: certainly no webhook result is stored
        self._made_after_all: set[int] = set()  # photos with a launch that counted as not made, and has a result

    async def release_held(self, most: int, closed_folders: Collection[str] = ()) -> None:
        """Let this many photos go on that a limit of day or month held, the first ones first.

        Photos of ``closed_folders`` could not use it.
        """
        await self._write(lambda transaction: marks.release_held(transaction, most, closed_folders))

    async def release_duplicates(self) -> None:
        """Let photos look for another payer than one that is not paid for yet."""
        await self._write(marks.release_duplicates)

    async def release_batch(self, folder: str) -> None:
        """Let a folder's unapproved photos go on, because its batch is small enough now."""
        await self._write(lambda transaction: approvals.release(transaction, folder))

    async def approve(self, folder: str, most: int | None, last_id: int | None = None) -> list[Photo]:
        """Approve a folder's batch, or its first ``most`` photos up to ``last_id``; return the first at each state."""
        return await self._write(lambda transaction: approvals.approve(transaction, folder, most, time.time(), last_id))

    async def release_unavailable(self, folder: str | None = None) -> None:
        """Let the unavailable photos of a folder, or of all folders, go on."""
        await self._write(lambda transaction: marks.release_unavailable(transaction, folder))

    async def release_placeless(self, folder: str) -> None:
        """Let a folder's photos go on that waited for a place of their cutouts."""
        await self._write(lambda transaction: marks.release_placeless(transaction, folder))

    async def shift_times(self, clock_step_s: float) -> int:
        """Correct the times stored before the clock was set by this many seconds; return how many waits ended."""
        return await self._write(lambda transaction: clock_changes.shift_times(transaction, clock_step_s, time.time()))

    async def pull_back(self, *, is_clock_back: bool) -> int:
        """Pull back waits and remembered values too far ahead for their kind, or all times after a clock set back."""
        pull_back = clock_changes.pull_back_all if is_clock_back else clock_changes.pull_back_at_start
        return await self._write(lambda transaction: pull_back(transaction, time.time()))

    async def store_webhook_result(self, result: WebhookResult) -> webhook_results.Receipt:
        """Store a webhook result, and end the wait of its photo; storing it twice changes nothing."""
        self.may_have_webhook_results = True  # set first, because a cancelled write may be stored all the same
        tell_made = self._made_after_all.add
        return await self._write(lambda transaction: webhook_results.store(transaction, result, time.time(), tell_made))

    def with_launch_made(self, photo: Photo) -> Photo:
        """Return the photo with what a webhook result proved of its launch, maybe after the photo was read."""
        if photo.id not in self._made_after_all:
            return photo
        return replace(photo, launch=replace(photo.launch, has_lost_outcome=True))

    async def poll_without_webhooks(self, usual_wait_s: float) -> None:
        """Let running removals be polled on the normal schedule again, as if no webhook were set up."""
        await self._write(lambda transaction: webhook_results.poll_without_webhooks(transaction, usual_wait_s))

    async def note_damage(self, photo: Photo, sentence: str) -> int:
        """Store that a fetch of the photo's result arrived damaged; return how often since its last fact."""
        return await self._write(lambda transaction: marks.note_damage(transaction, photo, sentence, time.time()))
