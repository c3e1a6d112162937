"""The times that removals took: the poll schedule and the search for a lost launch follow from them.

A poll only says "not yet" or "finished since the last poll". Such a result is an interval. Its middle would halve the
time of every removal that the first poll finds. Therefore a moment is drawn from the interval, with the probability of
a log-normal service like the one so far. The times are a plain list, so a service with two humps keeps both.
"""

import asyncio
import math
import random
from bisect import insort
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from statistics import NormalDist, fmean

#: Fewer times than this say nothing.
ENOUGH_TIMES = 5
_REMEMBERED_TIMES = 200

#: The least spread (of logarithms), even of a service that always took the same time.
_LEAST_SPREAD = 0.1

#: No removal counts as faster, because a logarithm needs a limit.
_LEAST_S = 0.001

#: A less likely time was never seen.
_LEAST_LIKELY = 1e-9

#: More finishes in a row found by the first poll are no accident (0.65 ** 12 is half a percent).
_MOST_AT_FIRST_POLL = 12


class ProcessingTimes:
    """The times of the last 200 removals, in seconds.

    Args:
        times_s: known times, oldest first.
        chance: a number from 0 to below 1, new at each call.
    """

    def __init__(self, times_s: Iterable[float] = (), chance: Callable[[], float] = random.random) -> None:
        self._recent_s = deque(times_s, maxlen=_REMEMBERED_TIMES)
        self._sorted_s = sorted(self._recent_s)
        self._chance = chance
        self._at_first_poll = 0
        self.has_news = asyncio.Event()  #: set by each further time

    @property
    def sorted_s(self) -> Sequence[float]:
        """All times, the shortest first."""
        return self._sorted_s

    @property
    def recent_s(self) -> Sequence[float]:
        """All times, the oldest first."""
        return list(self._recent_s)

    def record(self, unfinished_at_s: float, finished_by_s: float) -> None:
        """Learn from a removal that was unfinished at one moment (0: never polled) and finished at another."""
        if len(self._recent_s) == _REMEMBERED_TIMES:
            self._sorted_s.remove(self._recent_s[0])
        time_s = self._moment_s(unfinished_at_s, finished_by_s)
        self._recent_s.append(time_s)
        insort(self._sorted_s, time_s)
        self.has_news.set()

    def _moment_s(self, after_s: float, by_s: float) -> float:
        """Return the middle while too little is known, or while the service has plainly become faster."""
        self._at_first_poll = 0 if after_s else self._at_first_poll + 1
        middle_s = (after_s + by_s) / 2
        if len(self._sorted_s) < ENOUGH_TIMES or self._at_first_poll > _MOST_AT_FIRST_POLL or by_s < _LEAST_S:
            return middle_s
        usual = self._usual()
        least = usual.cdf(math.log(after_s)) if after_s else 0.0
        drawn = least + (usual.cdf(math.log(by_s)) - least) * self._chance()
        # Far from all known times the distribution says nothing.
        if not _LEAST_LIKELY < drawn < 1 - _LEAST_LIKELY:
            return middle_s
        return min(max(after_s, math.exp(usual.inv_cdf(drawn))), by_s)

    def _usual(self) -> NormalDist:
        logarithms = [math.log(max(time_s, _LEAST_S)) for time_s in self._sorted_s]
        mean = fmean(logarithms)
        spread = math.sqrt(fmean((logarithm - mean) ** 2 for logarithm in logarithms))
        return NormalDist(mean, max(_LEAST_SPREAD, spread))
