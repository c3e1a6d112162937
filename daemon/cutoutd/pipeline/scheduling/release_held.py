"""The release of held photos when the reason to hold them is gone: a batch has shrunk, or a launch was given back.

A batch that is newly held gets one line in the log, with its cost. It looks rarely and cheaply. It never decides if a
photo may be paid for: each photo is checked again in its next step.
"""

import logging
from functools import partial

from cutoutd.config.settings import Price
from cutoutd.core.errors import CutoutdError
from cutoutd.core.logs import log_error, log_event
from cutoutd.core.periodic import every
from cutoutd.ledger import ChangeFlag
from cutoutd.pipeline.budget.budget import Budget
from cutoutd.pipeline.budget.pricing import estimate, estimate_in_words
from cutoutd.pipeline.scheduling.workers import WorkerPool

_LOOK_EVERY_S = 5.0


class HeldReleaser:
    """Releases held photos, and logs the batches that stay held; what is held stands in the ledger alone."""

    def __init__(self, budget: Budget, workers: WorkerPool, changes: ChangeFlag, price: Price) -> None:
        self._budget = budget
        self._workers = workers
        self._changes = changes
        self._price = price
        self._logged: dict[str, int] = {}  #: by folder: the newest photo of its batch when that was logged
        self._arriving_count = 0  #: at the last look

    async def run(self) -> None:
        """Look every few seconds until cancelled."""
        await every(_LOOK_EVERY_S, self._look_if_changed)

    async def release_placeless(self) -> None:
        """Look every few seconds if disks have room again, until cancelled; no commit tells of that."""
        await every(_LOOK_EVERY_S, self._look_at_places, partial(log_error, "ledger_trouble", level=logging.DEBUG))

    async def _look_at_places(self) -> None:
        if await self._budget.release_placeless():
            self._workers.wake_all()

    async def look(self) -> bool:
        """Release the photos that can go on; return True if there were any.

        A crash leaves them held, and the next look releases them.
        """
        try:
            has_released = await self._budget.release()
            await self._log_held()
        except CutoutdError as error:
            self._changes.give_back()
            log_error("ledger_trouble", error, level=logging.DEBUG)  # because the workers log it aloud
            return False
        if has_released:
            self._workers.wake_all()
        return has_released

    async def _log_held(self) -> None:
        """Log each batch once, when all its photos are stored, else the number would be too small."""
        if self._budget.approval.arriving_count:
            return
        held = await self._budget.approval.held_batches()
        for batch in held:
            # All later than the logged ones: those were approved, maybe since the last look.
            if batch.first_id > self._logged.get(batch.folder, 0):
                self._logged[batch.folder] = batch.last_id
                cost = estimate(self._price, uploads=batch.photos - batch.uploaded, removals=batch.photos)
                sentence = (
                    f'"{batch.folder}" has {batch.photos:,} new photos, more than limits.confirm_over allows; none of'
                    f" them is sent. They cost {estimate_in_words(cost)}. To go on: cutoutd approve {batch.folder}"
                )
                log_event("batch_held", sentence, level=logging.WARNING)
        folders = {batch.folder for batch in held}
        self._logged = {folder: last_id for folder, last_id in self._logged.items() if folder in folders}

    async def _look_if_changed(self) -> None:
        # Batches and limits change with stored facts, and batches with arriving files too.
        before, self._arriving_count = self._arriving_count, self._budget.approval.arriving_count
        if self._changes.take() or before != self._arriving_count:
            await self.look()
