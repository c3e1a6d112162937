"""The rewrites of one path: a file that changes again and again has to stand still longer each time.

Otherwise a program that overwrites one name would have each version paid for. Pure: the clock comes in. Only paths that
were delivered a short time ago are kept.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from cutoutd.files.input_tree import Sighting

_FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 300.0
#: A path is forgotten after this time without a new version, or after twice its delay.
_FORGET_AFTER_S = 60.0


@dataclass(frozen=True, slots=True)
class _Rewritten:
    """The last version of a path, and the time for which the next one must stand still."""

    version: tuple[int, int, int]
    delivered_s: float
    delay_s: float

    def is_over(self, now_s: float) -> bool:
        return now_s - self.delivered_s > max(_FORGET_AFTER_S, 2 * self.delay_s)


class RewriteDelays:
    """The delays of the paths that were delivered a short time ago: 1 s, doubled with each new version, up to 5 min.

    Args:
        now_s: a clock that never goes back.
        capacity: the most paths; the oldest is forgotten for a new one.
    """

    def __init__(self, *, now_s: Callable[[], float] = time.monotonic, capacity: int = 10_000) -> None:
        self._now_s = now_s
        self._capacity = capacity
        self._paths: OrderedDict[str, _Rewritten] = OrderedDict()

    def delay_s(self, sighting: Sighting) -> float:
        """Return for how long this version must stand still; 0 if its path is new, or only its attributes changed."""
        last = self._paths.get(sighting.path)
        if last is None or last.version == _version(sighting) or last.is_over(self._now_s()):
            return 0.0
        return last.delay_s

    def note_delivery(self, sighting: Sighting) -> None:
        """Note that a version was found finished; the next one of its path has to stand still for longer."""
        last = self._paths.pop(sighting.path, None)
        now_s = self._now_s()
        delay_s = _FIRST_DELAY_S
        if last is not None and not last.is_over(now_s):
            is_same = last.version == _version(sighting)
            delay_s = last.delay_s if is_same else min(2 * last.delay_s, LONGEST_DELAY_S)
        self._paths[sighting.path] = _Rewritten(_version(sighting), now_s, delay_s)
        if len(self._paths) > self._capacity:
            self._paths.popitem(last=False)


def _version(sighting: Sighting) -> tuple[int, int, int]:
    return (sighting.size_bytes, sighting.mtime_ns, sighting.inode)
