"""The release of held photos when the reason to hold them is gone: a batch has shrunk, or a launch was given back.

It looks rarely and cheaply, and never decides if a photo may be paid for: each photo is checked again in its next step.
"""

import logging

from cutoutd.core.errors import CutoutdError
from cutoutd.core.logs import log_error
from cutoutd.core.periodic import every
from cutoutd.ledger import ChangeFlag
from cutoutd.pipeline.budget.budget import Budget
from cutoutd.pipeline.scheduling.workers import WorkerPool

_LOOK_EVERY_S = 5.0


class HeldReleaser:
    """Releases held photos; its only memory is the ledger."""

    def __init__(self, budget: Budget, workers: WorkerPool, changes: ChangeFlag) -> None:
        self._budget = budget
        self._workers = workers
        self._changes = changes
        self._arriving_count = 0  #: at the last look

    async def run(self) -> None:
        """Look every few seconds until cancelled."""
        await every(_LOOK_EVERY_S, self._look_if_changed)

    async def look(self) -> bool:
        """Release the photos that can go on; return True if there were any.

        A crash leaves them held, and the next look releases them.
        """
        try:
            has_released = await self._budget.release()
        except CutoutdError as error:
            self._changes.give_back()
            log_error("ledger_trouble", error, level=logging.DEBUG)  # because the workers log it aloud
            return False
        if has_released:
            self._workers.wake_all()
        return has_released

    async def _look_if_changed(self) -> None:
        # Batches and limits change with stored facts, and batches with arriving files too.
        before, self._arriving_count = self._arriving_count, self._budget.approval.arriving_count
        if self._changes.take() or before != self._arriving_count:
            await self.look()
