"""The stability check: it tells a finished file from one that is still being written.

Pure: looks and clocks come in, a verdict goes out. An unfinished file is looked at again until it is finished or gone.
The validation then judges the content of a finished file.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from cutoutd.files.input_tree import Sighting


@dataclass(frozen=True, slots=True)
class WaitingFile:
    """A file that is not finished yet."""

    path: str
    since_s: float  #: Unix time of the first look
    reason: str


@dataclass(frozen=True, slots=True)
class _LastLook:
    """A version of a file, and since when it has not changed."""

    sighting: Sighting
    unchanged_since_s: float
    waiting: WaitingFile


class StabilityCheck:
    """The files that are not finished yet.

    A file is finished as soon as one of these holds:

    - its writer closed it, and it is whole by its own format;
    - it is whole, and its last change is ``stability_delay_s`` ago;
    - it did not change for that long between two looks, whole or not.

    Args:
        stability_delay_s: the time for which a file must not change.
        now_s: a clock that never goes back; it compares two looks.
        wall_ns: the clock of the time stamps of files. Set back, it only makes a file wait longer; set forward, it only
            speeds up whole files.
        capacity: the most files that may wait. More are left to the next rescan, so memory stays bounded.
    """

    def __init__(
        self,
        stability_delay_s: float,
        *,
        now_s: Callable[[], float] = time.monotonic,
        wall_ns: Callable[[], int] = time.time_ns,
        capacity: int = 10_000,
    ) -> None:
        self._delay_s = stability_delay_s
        self._now_s = now_s
        self._wall_ns = wall_ns
        self._capacity = capacity
        self._waiting: dict[str, _LastLook] = {}

    def is_due_for_reading(self, sighting: Sighting) -> bool:
        """Return True if the verdict depends on whether the file is whole. Reading half a file is wasted work."""
        return sighting.is_closed or self._is_old(sighting)

    def is_finished(self, sighting: Sighting, *, is_whole: bool) -> bool:
        """Note a look, and return True if the file is finished; then it is forgotten here.

        Args:
            sighting: the look.
            is_whole: True if the content of this very version reaches the end marker of its format.
        """
        now_s = self._now_s()
        last = self._waiting.pop(sighting.path, None)
        is_unchanged = last is not None and last.sighting.is_same_version(sighting)
        unchanged_since_s = last.unchanged_since_s if last is not None and is_unchanged else now_s
        if is_whole and self.is_due_for_reading(sighting):
            return True
        if is_unchanged and now_s - unchanged_since_s >= self._delay_s:
            return True
        if len(self._waiting) < self._capacity:
            self._waiting[sighting.path] = _LastLook(
                sighting,
                unchanged_since_s,
                WaitingFile(
                    sighting.path,
                    since_s=last.waiting.since_s if last is not None else self._wall_ns() / 1e9,
                    reason=_reason(sighting, is_changing=last is not None and not is_unchanged),
                ),
            )
        return False

    @property
    def is_full(self) -> bool:
        """True if a further unfinished file would be left to the next rescan."""
        return len(self._waiting) >= self._capacity

    def due(self) -> list[str]:
        """Return the paths that are due for a look now."""
        by_s = self._now_s() - self._delay_s
        return [path for path, look in self._waiting.items() if look.unchanged_since_s <= by_s]

    def due_in_s(self) -> float | None:
        """Return the seconds until the next look is due, 0 if one is overdue; None if no file waits."""
        if not self._waiting:
            return None
        oldest_s = min(look.unchanged_since_s for look in self._waiting.values())
        return max(0.0, oldest_s + self._delay_s - self._now_s())

    def forget(self, path: str) -> None:
        """Forget a file that is gone, or known already."""
        self._waiting.pop(path, None)

    def waiting(self) -> tuple[WaitingFile, ...]:
        """Return the files that are not finished yet, and why, for ``status``."""
        return tuple(look.waiting for look in self._waiting.values())

    def _is_old(self, sighting: Sighting) -> bool:
        """Return True if its last change is long ago by both stamps, because copying programs set mtime to the past."""
        changed_ns = max(sighting.mtime_ns, sighting.ctime_ns)
        return self._wall_ns() - changed_ns >= self._delay_s * 1e9


def _reason(sighting: Sighting, *, is_changing: bool) -> str:
    if is_changing:
        return "is still being written"
    return "was closed, but is not whole yet" if sighting.is_closed else "has to stand still for a moment first"
