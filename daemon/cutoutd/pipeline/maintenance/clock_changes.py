"""The clock of this machine was set: stored times are corrected.

During a run the wall clock is compared with a steady clock, at the start with the newest fact. A clock that was set
forward while cutoutd did not run looks like time that passed, and counts as that. A lost launch may then be searched
for a shorter time. It is still not paid twice, because Uploadcare refuses a second launch while the first removal runs.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from cutoutd.core.logs import log_error, log_event
from cutoutd.core.periodic import every
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import photos
from cutoutd.ledger.writes import clock_changes

_LOOK_EVERY_S = 1.0

#: Twice the time to the next comparison, and as long again for the correction.
_CORRECTED_AFTER_S = 4 * _LOOK_EVERY_S

#: What the clock showed at the last start or correction.
_KEY = "clock"
_MINUTE_S = 60.0

#: Time servers nudge clocks by less than this, which harms nothing.
_NOTABLE_S = 2.0


@dataclass(frozen=True, slots=True)
class ClockReading:
    """Both clocks at one moment, in seconds."""

    wall_s: float
    steady_s: float

    @classmethod
    def now(cls) -> "ClockReading":
        """Read both clocks. The steady one goes on while the machine sleeps, as the wall clock does."""
        return cls(time.time(), time.clock_gettime(time.CLOCK_BOOTTIME))


def clock_step_s(before: ClockReading, now: ClockReading) -> float:
    """Return by how much the wall clock was set between two readings, forward if positive; 0 for a small nudge."""
    by_s = (now.wall_s - before.wall_s) - (now.steady_s - before.steady_s)
    return by_s if abs(by_s) >= _NOTABLE_S else 0.0


class ClockDoubt:
    """The question if the wall clock was set so lately that the stored times may not be corrected yet."""

    def __init__(self) -> None:
        self._before = ClockReading.now()
        self._corrected_at_s = 0.0  # steady

    def was_just_set(self) -> bool:
        """Return True for some seconds after the clock was set."""
        before, self._before = self._before, ClockReading.now()
        if clock_step_s(before, self._before):
            self._corrected_at_s = self._before.steady_s + _CORRECTED_AFTER_S
        return self._before.steady_s < self._corrected_at_s


class ClockMonitor:
    """The comparison of the clocks.

    Args:
        ledger: holds the stored times.
        wake: called after a correction, because waits may have ended.
        interval_s: the pause between two comparisons.
    """

    def __init__(self, ledger: Ledger, wake: Callable[[], None], interval_s: float = _LOOK_EVERY_S) -> None:
        self._ledger = ledger
        self._wake = wake
        self._interval_s = interval_s
        self._before = ClockReading.now()

    async def open(self) -> None:
        """Correct stored times in the future, before any photo goes on.

        Raises:
            LedgerError, DiskError: the ledger cannot be used.
        """
        seen = await self._ledger.query(photos.remembered, _KEY)
        seen_s = float(seen) if seen else 0.0
        ahead_s = max(await self._ledger.query(clock_changes.ahead_s, time.time()), seen_s - time.time())
        if ahead_s >= _NOTABLE_S:
            await self._correct(-ahead_s)
        else:
            await self._ledger.waits.pull_back(is_clock_back=False)
        await self._remember()

    async def run(self) -> None:
        """Compare every second until cancelled. A ledger that cannot be written gets the correction later."""
        self._before = ClockReading.now()
        await every(self._interval_s, self._look, partial(log_error, "ledger_trouble"))

    async def _look(self) -> None:
        now = ClockReading.now()
        by_s = clock_step_s(self._before, now)
        if by_s:
            await self._correct(by_s)
        self._before = now  # before the next write, because a failed one must not repeat the correction
        if by_s:
            await self._remember()

    async def _remember(self) -> None:
        """Store what the clock shows, because a wait that was set by a wrong clock leaves no fact."""
        await self._ledger.remember(_KEY, repr(time.time()))

    async def _correct(self, by_s: float) -> None:
        ended = await self._ledger.waits.shift_times(by_s)
        if by_s < 0:
            ended += await self._ledger.waits.pull_back(is_clock_back=True)
        direction = "forward" if by_s > 0 else "back"
        sentence = (
            f"this machine's clock was set {direction} by {_in_words(abs(by_s))};"
            f" waits that end early because of it: {ended}"
        )
        log_event("clock_set", sentence, level=logging.WARNING)
        self._wake()


def _in_words(span_s: float) -> str:
    return f"{span_s:.0f} s" if span_s < 2 * _MINUTE_S else f"{span_s / _MINUTE_S:.0f} minutes"
