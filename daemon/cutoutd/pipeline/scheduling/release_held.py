"""Lets held photos go on when what held them is no more: a batch has shrunk, an allowance was given back.

It only looks, rarely and cheaply, and never decides whether a photo may be paid for: each asks again in its next step.
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
    """Keeps an eye on those that wait; its only memory is the ledger."""

    def __init__(self, spending: Budget, lanes: WorkerPool, news: ChangeFlag) -> None:
        self._spending = spending
        self._lanes = lanes
        self._news = news
        self._coming_in = 0  #: new files on their way into batches, at the last look

    async def run(self) -> None:
        """Look every now and then until cancelled."""
        await every(_LOOK_EVERY_S, self._look_if_changed)

    async def _look_if_changed(self) -> None:
        if self._is_worth_looking():
            await self.look()

    async def look(self) -> bool:
        """Let go whoever can go now, if anybody; a crash leaves them held, and the next look lets them go."""
        try:
            has_released = await self._spending.release()
        except CutoutdError as error:
            self._news.give_back()
            log_error("ledger_trouble", error, level=logging.DEBUG)  # whoever has a photo in hand says it aloud
            return False
        if has_released:
            self._lanes.wake_all()
        return has_released

    def _is_worth_looking(self) -> bool:
        """Batches and allowances change with what is stored, and batches with what is coming in."""
        before, self._coming_in = self._coming_in, self._spending.approval.coming_in
        return self._news.take() or before != self._coming_in
