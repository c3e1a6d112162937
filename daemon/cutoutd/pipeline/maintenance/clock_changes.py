"""Notices that this machine's clock was set, and has what was stored before corrected.

While cutoutd runs, the wall clock is held against one that nobody can set; at its start, against the newest fact. A
clock that was set forward while nothing ran cannot be told from time that passed, and is taken for that: a lost launch
may then be searched for less long, but before it is made again the upload itself refuses it while its removal runs.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from cutoutd.core.logs import log_error, log_event
from cutoutd.core.periodic import every
from cutoutd.ledger import Ledger
from cutoutd.ledger.writes import clock_changes

_LOOK_EVERY_S = 1.0
_MINUTE_S = 60.0

#: Time servers nudge clocks by less than this, and nothing here depends on so little.
_NOTABLE_S = 2.0


@dataclass(frozen=True, slots=True)
class ClockReading:
    """Both clocks at one moment, in seconds."""

    wall_s: float
    steady_s: float

    @classmethod
    def now(cls) -> "ClockReading":
        """The steady one goes on while the machine sleeps, as the wall clock does."""
        return cls(time.time(), time.clock_gettime(time.CLOCK_BOOTTIME))


def set_by_s(before: ClockReading, now: ClockReading) -> float:
    """By how much the wall clock was set between two readings, forward if positive; 0 for less than is notable."""
    by_s = (now.wall_s - before.wall_s) - (now.steady_s - before.steady_s)
    return by_s if abs(by_s) >= _NOTABLE_S else 0.0


class ClockMonitor:
    """Looks at the clocks; ``wake`` lets those go on whose waits ended."""

    def __init__(self, ledger: Ledger, wake: Callable[[], None], interval_s: float = _LOOK_EVERY_S) -> None:
        self._ledger = ledger
        self._wake = wake
        self._interval_s = interval_s
        self._before = ClockReading.now()

    async def open(self) -> None:
        """Before anything moves: is the newest fact in the future?

        Raises:
            LedgerError, DiskError: the ledger cannot be used.
        """
        ahead_s = await self._ledger.query(clock_changes.ahead_s, time.time())
        if ahead_s >= _NOTABLE_S:
            await self._follow(-ahead_s)  # at each start until the time of that fact has come, as nothing else tells

    async def run(self) -> None:
        """Look every second until cancelled; while the ledger cannot be written, the correction waits for it."""
        self._before = ClockReading.now()
        await every(self._interval_s, self._look, partial(log_error, "ledger_trouble"))

    async def _look(self) -> None:
        now = ClockReading.now()
        if by_s := set_by_s(self._before, now):
            await self._follow(by_s)
        self._before = now

    async def _follow(self, by_s: float) -> None:
        ended = await self._ledger.shift_times(by_s)
        direction = "forward" if by_s > 0 else "back"
        sentence = (
            f"this machine's clock was set {direction} by {_in_words(abs(by_s))}; waits that end early for it: {ended}"
        )
        log_event("clock_set", sentence, level=logging.WARNING)
        self._wake()


def _in_words(span_s: float) -> str:
    return f"{span_s:.0f} s" if span_s < 2 * _MINUTE_S else f"{span_s / _MINUTE_S:.0f} minutes"
