"""The whole service stands still for a named reason, probes rarely, and goes on by itself.

A halt blames no photo. It is told once when it begins and once when it ends; photos are still found and checked.
"""

import logging
import time
from collections.abc import Callable

from cutoutd.core.errors import HaltError
from cutoutd.core.logs import log_event
from cutoutd.core.photo import Photo, State

_FIRST_PROBE_AFTER_S = 60.0
_LAST_PROBE_AFTER_S = 900.0

#: A photo's way past everything that can be refused, and where it comes to when a step was let through. What went
#: another way (a reuse, an upload that had expired, a file that is gone) never asked, and shows nothing.
_LET_THROUGH = {
    State.ACCEPTED: {State.UPLOADED},
    State.UPLOADED: {State.REMOVAL_STARTED},
    State.REMOVAL_INTENDED: {State.REMOVAL_FINISHED, State.UPLOADED, State.ACCEPTED},
    State.REMOVAL_STARTED: {State.REMOVAL_STARTED, State.REMOVAL_FINISHED, State.FAILED},
    State.REMOVAL_FINISHED: {State.PUBLISHED},
}
_WAY = tuple(_LET_THROUGH)


class CircuitBreaker:
    """Whether anything may be sent. ``begin`` and ``end`` may be called as often as they like to be.

    Only the step that was refused can show that it no longer is: an upload that goes well says nothing about an add-on
    that is switched off.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.error: HaltError | None = None
        self._at: State | None = None
        self._probe_at_s = 0.0
        self._probe_after_s = _FIRST_PROBE_AFTER_S

    @property
    def probe_states(self) -> tuple[State, ...]:
        """The states up to the refused step, in order; the photo that has come furthest on it probes for all."""
        return () if self._at is None else _WAY[: _WAY.index(self._at) + 1]

    def is_over(self, before: Photo, after: Photo) -> bool:
        """Whether a step shows that what was refused is let through again: it went just there, and met no trouble."""
        return before.state is self._at and after.state in _LET_THROUGH[before.state] and not after.wait.is_delayed

    @property
    def probe_in_s(self) -> float:
        """Seconds until something may be sent again: 0 when nothing stands still or a probe is due."""
        return max(0.0, self._probe_at_s - self._clock()) if self.error else 0.0

    def open(self, error: HaltError, at: State) -> None:
        """Stand still because the step after ``at`` was refused; each no to a probe doubles the time to the next."""
        if self.probe_in_s > 0:
            return  # steps that were under way met the same wall
        if self.error is None:
            log_event(
                "halted", f"{error.title}: {error.sentence.removesuffix('.')}. {error.advice}", level=logging.ERROR
            )
        else:
            self._probe_after_s = min(self._probe_after_s * 2, _LAST_PROBE_AFTER_S)
        self.error, self._at = error, at
        self._probe_at_s = self._clock() + self._probe_after_s

    def close(self) -> None:
        """What was refused is no longer: go on."""
        if self.error is None:
            return
        log_event("resumed", "Uploadcare accepts requests again, and all photos go on")
        self.error, self._at, self._probe_after_s = None, None, _FIRST_PROBE_AFTER_S
