"""A halt: nothing is sent for a named reason, a photo probes now and then, and the service goes on by itself.

A halt is no photo's fault. It is logged once when it begins and once when it ends. Photos are still found and checked.
"""

import logging
import time
from collections.abc import Callable

from cutoutd.core.errors import HaltError
from cutoutd.core.logs import log_event
from cutoutd.core.photo import Photo, State

_FIRST_PROBE_AFTER_S = 60.0
_LAST_PROBE_AFTER_S = 900.0

#: For each state before a step that can be refused: the next states that prove that Uploadcare accepted the request.
#: Other next states (a reuse, an expired upload, a missing file) prove nothing, because nothing was asked.
_PROVING_STATES = {
    State.ACCEPTED: {State.UPLOADED},
    State.UPLOADED: {State.REMOVAL_STARTED},
    State.REMOVAL_INTENDED: {State.REMOVAL_FINISHED, State.UPLOADED, State.ACCEPTED},
    State.REMOVAL_STARTED: {State.REMOVAL_STARTED, State.REMOVAL_FINISHED, State.FAILED},
    State.REMOVAL_FINISHED: {State.PUBLISHED},
}
_PROBE_STATES = tuple(_PROVING_STATES)


class CircuitBreaker:
    """Decides if anything may be sent. `open` and `close` may be called repeatedly.

    Only the refused step can prove that it is accepted again: an upload that goes well says nothing about an add-on
    that is switched off.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.error: HaltError | None = None  #: the reason of the halt; None: there is no halt
        self._failed_state: State | None = None
        self._probe_at_s = 0.0
        self._probe_after_s = _FIRST_PROBE_AFTER_S

    @property
    def probe_states(self) -> tuple[State, ...]:
        """The states up to the refused step, in order; the photo that is furthest on probes for all."""
        return () if self._failed_state is None else _PROBE_STATES[: _PROBE_STATES.index(self._failed_state) + 1]

    def is_over(self, before: Photo, after: Photo) -> bool:
        """Return True if a step proves that the refused request is accepted again: it was this step, and went well."""
        return (
            before.state is self._failed_state
            and after.state in _PROVING_STATES[before.state]
            and not after.wait.is_delayed
        )

    @property
    def probe_in_s(self) -> float:
        """Seconds until something may be sent again: 0 without a halt, or if a probe is due."""
        return max(0.0, self._probe_at_s - self._clock()) if self.error else 0.0

    def open(self, error: HaltError, failed_state: State) -> None:
        """Halt because the step after this state was refused; each refused probe doubles the time to the next one."""
        if self.probe_in_s > 0:
            return  # because steps that were under way are refused too
        if self.error is None:
            log_event(
                "halted", f"{error.title}: {error.sentence.removesuffix('.')}. {error.advice}", level=logging.ERROR
            )
        else:
            self._probe_after_s = min(self._probe_after_s * 2, _LAST_PROBE_AFTER_S)
        self.error, self._failed_state = error, failed_state
        self._probe_at_s = self._clock() + self._probe_after_s

    def close(self) -> None:
        """End the halt."""
        if self.error is None:
            return
        log_event("resumed", "Uploadcare accepts requests again, and all photos go on")
        self.error, self._failed_state, self._probe_after_s = None, None, _FIRST_PROBE_AFTER_S
