"""How long removals take, learned from questions that only ever say "not yet" or "finished since I last asked".

Such an answer is an interval. Taking its middle would pull everything that a first question finds to half its time; so
a moment is drawn from the interval, as likely as a log-normal service like the one seen so far would end there. What is
remembered stays a plain list of times, so a service with two humps keeps both.
"""

import math
import random
from bisect import insort
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from statistics import NormalDist, fmean

#: Before this many are known, nothing is.
ENOUGH_TIMES = 5
_REMEMBERED_TIMES = 200

#: A spread (of logarithms) that is believed even of a service that always took as long.
_LEAST_SPREAD = 0.1

#: Nothing is taken to be faster; a logarithm needs a limit.
_LEAST_S = 0.001

#: What is less likely was never seen.
_UNHEARD_OF = 1e-9

#: So many finishes in a row met by the first question are no chance any more (0.65 ** 12 is half a percent).
_TOO_MANY_AT_ONCE = 12


class ProcessingTimes:
    """The times of the last 200 removals, in seconds.

    Args:
        times_s: known ones, oldest first.
        chance: a number from 0 to below 1, new at each call.
    """

    def __init__(self, times_s: Iterable[float] = (), chance: Callable[[], float] = random.random) -> None:
        self._recent_s = deque(times_s, maxlen=_REMEMBERED_TIMES)
        self._sorted_s = sorted(self._recent_s)
        self._chance = chance
        self._met_at_once = 0

    @property
    def sorted_s(self) -> Sequence[float]:
        """All of them, the shortest first."""
        return self._sorted_s

    def record(self, unfinished_at_s: float, finished_by_s: float) -> None:
        """A removal was unfinished at the one moment (0: never asked before) and finished at the other."""
        if len(self._recent_s) == _REMEMBERED_TIMES:
            self._sorted_s.remove(self._recent_s[0])
        time_s = self._moment_s(unfinished_at_s, finished_by_s)
        self._recent_s.append(time_s)
        insort(self._sorted_s, time_s)

    def _moment_s(self, after_s: float, by_s: float) -> float:
        """The middle while too little is known, or while the service has plainly become faster than what is known."""
        self._met_at_once = 0 if after_s else self._met_at_once + 1
        middle_s = (after_s + by_s) / 2
        if len(self._sorted_s) < ENOUGH_TIMES or self._met_at_once > _TOO_MANY_AT_ONCE or by_s < _LEAST_S:
            return middle_s
        usual = self._usual()
        least = usual.cdf(math.log(after_s)) if after_s else 0.0
        drawn = least + (usual.cdf(math.log(by_s)) - least) * self._chance()
        # Far from all that is known, the distribution has no more to say.
        if not _UNHEARD_OF < drawn < 1 - _UNHEARD_OF:
            return middle_s
        return min(max(after_s, math.exp(usual.inv_cdf(drawn))), by_s)

    def _usual(self) -> NormalDist:
        logarithms = [math.log(max(time_s, _LEAST_S)) for time_s in self._sorted_s]
        mean = fmean(logarithms)
        spread = math.sqrt(fmean((logarithm - mean) ** 2 for logarithm in logarithms))
        return NormalDist(mean, max(_LEAST_SPREAD, spread))
