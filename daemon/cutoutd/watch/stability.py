"""Is this file finished, or is somebody still writing it?

Pure: looks come in, a verdict goes out, clocks are handed in. A look that finds a file unfinished is never final: it is
looked at again until it is finished or gone. What is finished goes to intake, which decides whether it is any good.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from cutoutd.files.input_tree import Sighting

#: More files being written at one moment than this are left to the next rescan, so that memory stays bounded.
MAX_WAITING = 10_000


@dataclass(frozen=True, slots=True)
class WaitingFile:
    """A file that is not finished yet."""

    path: str
    since_s: float  #: Unix time of its first look
    reason: str


@dataclass(frozen=True, slots=True)
class _Still:
    """A version of a file, and since when it has been seen like this."""

    sighting: Sighting
    still_since_s: float
    told: WaitingFile


class StabilityCheck:
    """The files that are not finished yet.

    A file is finished at once if its writer closed it and its own format says that it is whole, or if it is whole and
    its last change lies ``stability_delay_s`` back; else as soon as it stood still for that long between two looks,
    whole or not.

    Args:
        stability_delay_s: how long a file must not have changed.
        now_s: a clock that never goes back; two looks are compared by it.
        wall_ns: the clock that files are stamped with. Set back, it only makes the first look say "wait"; set forward,
            it can only speed up files that are whole.
        capacity: how many files may be waiting.
    """

    def __init__(
        self,
        stability_delay_s: float,
        *,
        now_s: Callable[[], float] = time.monotonic,
        wall_ns: Callable[[], int] = time.time_ns,
        capacity: int = MAX_WAITING,
    ) -> None:
        self._delay_s = stability_delay_s
        self._now_s = now_s
        self._wall_ns = wall_ns
        self._capacity = capacity
        self._waiting: dict[str, _Still] = {}

    def is_due_for_reading(self, sighting: Sighting) -> bool:
        """Whether it would change the verdict if the file were whole: reading half-written files is wasted work."""
        return sighting.is_closed or self._is_of_old(sighting)

    def is_finished(self, sighting: Sighting, *, is_whole: bool) -> bool:
        """Take note of a look and judge the file; a finished one is forgotten here.

        Args:
            sighting: the look.
            is_whole: whether the content of this very version reaches its format's end marker.
        """
        now_s = self._now_s()
        last = self._waiting.pop(sighting.path, None)
        has_stood_still = last is not None and last.sighting.is_same_version(sighting)
        still_since_s = last.still_since_s if last is not None and has_stood_still else now_s
        if is_whole and self.is_due_for_reading(sighting):
            return True
        if has_stood_still and now_s - still_since_s >= self._delay_s:
            return True
        if len(self._waiting) < self._capacity:
            self._waiting[sighting.path] = _Still(
                sighting,
                still_since_s,
                WaitingFile(
                    sighting.path,
                    since_s=last.told.since_s if last is not None else self._wall_ns() / 1e9,
                    reason=_reason(sighting, is_changing=last is not None and not has_stood_still),
                ),
            )
        return False

    @property
    def is_full(self) -> bool:
        """Whether a further unfinished file would be left to the next rescan."""
        return len(self._waiting) >= self._capacity

    def due(self) -> list[str]:
        """The paths whose next look is due now."""
        by_s = self._now_s() - self._delay_s
        return [path for path, still in self._waiting.items() if still.still_since_s <= by_s]

    def due_in_s(self) -> float | None:
        """Seconds until the next look is due, 0 if one is overdue; None if nothing waits."""
        if not self._waiting:
            return None
        oldest_s = min(still.still_since_s for still in self._waiting.values())
        return max(0.0, oldest_s + self._delay_s - self._now_s())

    def forget(self, path: str) -> None:
        """The file is gone, or known already."""
        self._waiting.pop(path, None)

    def waiting(self) -> tuple[WaitingFile, ...]:
        """What is not finished yet, and why, for ``status``."""
        return tuple(still.told for still in self._waiting.values())

    def _is_of_old(self, sighting: Sighting) -> bool:
        """Whether its last change lies back far enough, by both stamps: copying programs set mtime to the past."""
        changed_ns = max(sighting.mtime_ns, sighting.ctime_ns)
        return self._wall_ns() - changed_ns >= self._delay_s * 1e9


def _reason(sighting: Sighting, *, is_changing: bool) -> str:
    if is_changing:
        return "is still being written"
    return "was closed, but is not whole yet" if sighting.is_closed else "has to stand still for a moment first"
