"""When the next scan is due, and the next poll of mounts without events. Pure; the clock is handed in."""

import time
from collections.abc import Callable

#: Scanning stays under 0.25 % of a core however large the tree is: it rests 400 times as long as it worked. Only the
#: walk is timed; the ledger's answers to it take up to twice as much again (tests/bench).
REST_PER_CPU_SECOND = 1200
#: After lost events the next scan is wanted sooner, but a flood must not make it scan without end.
REST_AFTER_LOSS = 20
MIN_REST_AFTER_LOSS_S = 1.0
#: How often mounts without events are looked at, if that is shorter than the rescan interval: what a person who just
#: dropped a photo will wait for, and still 0.25 % of a core at most.
POLL_INTERVAL_S = 10.0


class RescanSchedule:
    """The times of the next scan and the next poll; the first scan is due at once.

    Args:
        rescan_interval_s: the configured pause between scans of the whole tree; large trees rest longer.
        now_s: a clock that never goes back.
    """

    def __init__(self, rescan_interval_s: float, now_s: Callable[[], float] = time.monotonic) -> None:
        self._interval_s = rescan_interval_s
        self._now_s = now_s
        self._scan_cpu_s = 0.0
        self._scanned_s = self._scan_due_s = self._poll_due_s = now_s()

    @property
    def is_scan_due(self) -> bool:
        """Whether the whole tree is to be scanned now."""
        return self._now_s() >= self._scan_due_s

    @property
    def is_poll_due(self) -> bool:
        """Whether the mounts without events are to be scanned now."""
        return self._now_s() >= self._poll_due_s

    @property
    def rest_s(self) -> float:
        """Seconds until something is due."""
        return max(0.0, min(self._scan_due_s, self._poll_due_s) - self._now_s())

    def note_scan(self, cpu_s: float) -> None:
        """A scan of the whole tree has ended, having used this much of a core; it was a poll too."""
        self._scan_cpu_s = cpu_s
        self._scanned_s = self._now_s()
        self._scan_due_s = self._scanned_s + max(self._interval_s, cpu_s * REST_PER_CPU_SECOND)
        self.note_poll(cpu_s)

    def note_poll(self, cpu_s: float) -> None:
        """The mounts without events were scanned."""
        step_s = min(self._interval_s, POLL_INTERVAL_S)
        self._poll_due_s = self._now_s() + max(step_s, cpu_s * REST_PER_CPU_SECOND)

    def note_loss(self) -> None:
        """Events were lost: scan soon."""
        rest_s = max(MIN_REST_AFTER_LOSS_S, self._scan_cpu_s * REST_AFTER_LOSS)
        self._scan_due_s = min(self._scan_due_s, self._scanned_s + rest_s)
