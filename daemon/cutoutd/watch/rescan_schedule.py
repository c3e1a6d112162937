"""The times of the next scan, and of the next poll of the mounts without events. Pure."""

import time
from collections.abc import Callable

#: Scanning stays under 0.25 % of a core for a tree of any size: it rests 400 times as long as it worked. Only the walk
#: is timed; the queries of the ledger for it take up to twice as much again (tests/bench).
REST_PER_CPU_SECOND = 1200
#: After lost events the next scan comes sooner, but a flood must not cause scans without end.
REST_AFTER_LOSS = 20
MIN_REST_AFTER_LOSS_S = 1.0
#: The pause between polls of mounts without events, if the rescan interval is not shorter. After dropping
#: a photo, a user waits that long. It takes at most 0.25 % of a core.
POLL_INTERVAL_S = 10.0


class RescanSchedule:
    """The times of the next scan and the next poll; the first scan is due at once.

    Args:
        rescan_interval_s: the configured pause between scans of the whole tree; a large tree rests longer.
        now_s: a clock that never goes back.
    """

    def __init__(self, rescan_interval_s: float, now_s: Callable[[], float] = time.monotonic) -> None:
        self._interval_s = rescan_interval_s
        self._now_s = now_s
        self._scan_cpu_s = 0.0
        self._scanned_s = self._scan_due_s = self._poll_due_s = now_s()

    @property
    def is_scan_due(self) -> bool:
        """True if the whole tree is to be scanned now."""
        return self._now_s() >= self._scan_due_s

    @property
    def is_poll_due(self) -> bool:
        """True if the mounts without events are to be scanned now."""
        return self._now_s() >= self._poll_due_s

    @property
    def rest_s(self) -> float:
        """The seconds until a scan or a poll is due."""
        return max(0.0, min(self._scan_due_s, self._poll_due_s) - self._now_s())

    def note_scan(self, cpu_s: float) -> None:
        """Note the end of a whole scan and its CPU time; it was a poll too."""
        self._scan_cpu_s = cpu_s
        self._scanned_s = self._now_s()
        self._scan_due_s = self._scanned_s + max(self._interval_s, cpu_s * REST_PER_CPU_SECOND)
        self.note_poll(cpu_s)

    def note_poll(self, cpu_s: float) -> None:
        """Note the end of a poll and its CPU time."""
        step_s = min(self._interval_s, POLL_INTERVAL_S)
        self._poll_due_s = self._now_s() + max(step_s, cpu_s * REST_PER_CPU_SECOND)

    def note_loss(self) -> None:
        """Note lost events: the next scan comes sooner."""
        rest_s = max(MIN_REST_AFTER_LOSS_S, self._scan_cpu_s * REST_AFTER_LOSS)
        self._scan_due_s = min(self._scan_due_s, self._scanned_s + rest_s)
