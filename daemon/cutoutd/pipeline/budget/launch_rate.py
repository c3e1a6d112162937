"""The launch rate: at most the configured ceiling, and less if Uploadcare accepts less.

A token bucket spreads launches evenly. A count of the last minute keeps them under the working rate in any minute.
Pure: the clock is given, and nothing here waits, asks or stores. The launch stage takes a launch before it begins a
step, and then keeps it or gives it back. `Budget` reports refusals and keeps the learned rate across restarts.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

#: The most launches at once after a pause; small, because Uploadcare counts each of them all the same.
_BURST = 5.0

#: A little over the minute that Uploadcare counts, because request durations vary.
_COUNTED_S = 61.0
_MINUTE_S = 60.0

#: The smallest plan's limit (docs/uploadcare.md 2): fewer launches than this fill no minute by themselves.
_LOWEST_LIMIT = 10

#: The tolerance of a measured minute, because Retry-After comes in whole seconds, and responses take time.
_LAG_S = 3.0

_FALL_TO_SHARE = 0.95

#: The first rise, a minute after a refusal that a full minute explains. Each rise doubles the next one, because plans
#: and the programs that share them change: 10 a minute become 600 within 10 minutes.
_RISE_AFTER_FULL_MINUTE = 0.05
_LARGEST_RISE = 1.0

#: A lesson from an earlier process counts for so long.
_LESSON_LASTS_S = 3600.0

#: For so long refusals teach nothing after one that no rate explains.
_UNEXPLAINED_FOR_S = 60.0

#: The longest pause that is obeyed, as in `backoff`.
_LONGEST_PAUSE_S = 3600.0


@dataclass(frozen=True, slots=True)
class LearnedRate:
    """The rate that refusals have taught; it is kept across restarts."""

    per_minute: float  #: the working rate
    accepted: int  #: launches in the minute before the last refusal


class LaunchRate:
    """The moment of the next free launch. A launch has its photo's id from `take` to `keep` or `give_back`.

    Args:
        ceiling: the most launches in any minute.
        clock: monotonic seconds.
    """

    def __init__(self, ceiling: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._ceiling = ceiling
        self._clock = clock
        self._per_minute = float(ceiling)
        self._accepted = 0
        self._tokens = _BURST
        self._filled_at_s = self._risen_at_s = self._open_at_s = clock()
        self._rise_share = _LARGEST_RISE
        self._has_accepted = True  # a launch since the last pause
        self._unexplained_until_s = clock()
        self._under_way: dict[int, float] = {}  # the moment at which each was taken
        self._kept_at_s: deque[float] = deque()

    @property
    def per_minute(self) -> float:
        """The working rate, in launches a minute."""
        return self._per_minute

    @property
    def paused_for_s(self) -> float:
        """Seconds for which Uploadcare asked to launch nothing; 0 without such a request."""
        return max(0.0, self._open_at_s - self._clock())

    @property
    def learned(self) -> LearnedRate | None:
        """The learned rate; None if the ceiling is the only known limit."""
        return LearnedRate(self._per_minute, self._accepted) if self._per_minute < self._ceiling else None

    @property
    def free(self) -> int:
        """The number of launches that are free at this moment."""
        now_s = self._clock()
        if now_s < self._open_at_s:
            return 0
        return max(0, min(int(self._tokens_at(now_s)), int(self._per_minute) - self._count(now_s)))

    @property
    def free_in_s(self) -> float:
        """Seconds until a launch is free; 0 if one is. At least 10 ms otherwise, so that no loop spins."""
        if self.free:
            return 0.0
        now_s = self._clock()
        begin_s = max(now_s, self._open_at_s)
        token_at_s = begin_s + max(0.0, 1.0 - self._tokens_at(begin_s)) * _MINUTE_S / self._per_minute
        return max(token_at_s - now_s, self._room_in_s(now_s), 0.01)

    def recall(
        self, learned: LearnedRate | None, *, paused_for_s: float, ages_s: Iterable[float], learned_ago_s: float = 0.0
    ) -> None:
        """Go on where an earlier process stopped.

        Args:
            learned: its lesson; one that is too old is forgotten.
            paused_for_s: the rest of its pause.
            ages_s: the ages of its launches of the last minute.
            learned_ago_s: the age of its lesson, which counts for the next rise.
        """
        now_s = self._clock()
        self._kept_at_s.extend(sorted(now_s - age_s for age_s in ages_s))
        if learned is not None and learned_ago_s < _LESSON_LASTS_S:
            self._per_minute = min(self._per_minute, learned.per_minute)
            self._accepted = learned.accepted
            self._rise_share, self._risen_at_s = _RISE_AFTER_FULL_MINUTE, now_s - learned_ago_s
        if paused_for_s > 0:
            self._pause(paused_for_s, now_s)
            self._has_accepted = True  # because nothing is known of the launches before the pause

    def take(self, photo_id: int) -> None:
        """Take a launch that is about to be made; one must be free."""
        now_s = self._clock()
        self._tokens = self._tokens_at(now_s) - 1.0
        self._filled_at_s = now_s
        self._under_way[photo_id] = now_s

    def keep(self, photo_id: int) -> None:
        """Count a launch that was accepted, or has an unknown outcome.

        The rate rises once for each minute since the last refusal, however few launches there were. Else a refusal by
        accident would slow down a quiet folder for hours.
        """
        now_s = self._clock()
        taken_at_s = self._under_way.pop(photo_id, now_s)
        self._kept_at_s.append(now_s)
        if taken_at_s < self._open_at_s:
            return  # because it shows nothing about the time after the pause
        self._has_accepted = True
        while self._per_minute < self._ceiling and now_s - self._risen_at_s >= _MINUTE_S:
            self._per_minute = min(self._ceiling, self._per_minute + max(1.0, self._rise_share * self._per_minute))
            self._rise_share = min(_LARGEST_RISE, 2 * self._rise_share)
            self._risen_at_s += _MINUTE_S
        self._risen_at_s = max(self._risen_at_s, now_s - _MINUTE_S)

    def give_back(self, photo_id: int) -> None:
        """Give back a launch that was certainly not made; do nothing if it was kept already."""
        if self._under_way.pop(photo_id, None) is None:
            return
        if self._clock() >= self._open_at_s:  # a pause ends without a burst
            self._tokens += 1.0

    def refuse(self, retry_after_s: float, photo_id: int | None = None) -> None:
        """Pause because Uploadcare accepted no more (429), and mostly go on with a lower rate.

        - The launches of the last minute explain the refusal: go on a little below the rate that was accepted.
        - They do not: other programs share the limit, or it was an accident. The rate is halved, once for all launches
          that met the same refusal.
        - It was the first launch after a pause: no rate explains that. Only the pauses that Uploadcare asks for are
          obeyed for a minute; else refusals by chance would lower the rate for ever.
        """
        now_s = self._clock()
        taken_at_s = now_s if photo_id is None else self._under_way.get(photo_id, now_s)
        if taken_at_s >= self._open_at_s and not self._has_accepted:
            self._per_minute = float(self._ceiling)
            self._unexplained_until_s = now_s + _UNEXPLAINED_FOR_S
        elif now_s >= self._unexplained_until_s:
            self._learn(retry_after_s, now_s)
        self._pause(retry_after_s, now_s)

    def _learn(self, retry_after_s: float, now_s: float) -> None:
        accepted = self._count_kept(now_s)
        if self._has_filled_minute(retry_after_s, now_s):
            in_a_minute = accepted * _MINUTE_S / self._accepted_within_s(retry_after_s, now_s)
            just_under = min(in_a_minute - 1.0, in_a_minute * _FALL_TO_SHARE)
            self._per_minute = max(1.0, min(self._per_minute, just_under))
            self._accepted, self._rise_share = accepted, _RISE_AFTER_FULL_MINUTE
        elif now_s >= self._open_at_s:
            self._per_minute = min(self._per_minute, max(_LOWEST_LIMIT, self._per_minute / 2))
            self._accepted, self._rise_share = accepted, _LARGEST_RISE

    def _pause(self, pause_s: float, now_s: float) -> None:
        self._open_at_s = max(self._open_at_s, now_s + min(pause_s, _LONGEST_PAUSE_S))
        self._tokens = 0.0
        self._filled_at_s = self._risen_at_s = self._open_at_s
        self._has_accepted = False

    def _has_filled_minute(self, retry_after_s: float, now_s: float) -> bool:
        """Return True if our own launches have filled the minute: it has room when its first launch is a minute old."""
        if self._count_kept(now_s) >= _LOWEST_LIMIT:
            return True
        return bool(self._kept_at_s) and abs(now_s - self._kept_at_s[0] + retry_after_s - _MINUTE_S) <= _LAG_S

    def _accepted_within_s(self, retry_after_s: float, now_s: float) -> float:
        """Return the time in which the service accepted our launches: from our first launch to the next accepted one.

        A service that counts the last minute asks for the rest of it, so the time is a minute. A token bucket asks for
        a moment only, and its launches were accepted in less time. Read as a minute's launches, they would reduce a
        plan of 500 a minute to 33: 500 photos would take 12 minutes instead of one (tests/bench).
        """
        within_s = now_s - self._kept_at_s[0] + retry_after_s
        return within_s if retry_after_s > 0 and within_s < _MINUTE_S - _LAG_S else _MINUTE_S

    def _tokens_at(self, now_s: float) -> float:
        filled = max(0.0, now_s - self._filled_at_s) * self._per_minute / _MINUTE_S
        # Rounded, because else the missing billionth of a token would keep the stage awake.
        return round(min(_BURST, self._tokens + filled), 6)

    def _count_kept(self, now_s: float) -> int:
        while self._kept_at_s and self._kept_at_s[0] <= now_s - _COUNTED_S:
            self._kept_at_s.popleft()
        return len(self._kept_at_s)

    def _count(self, now_s: float) -> int:
        return self._count_kept(now_s) + len(self._under_way)

    def _room_in_s(self, now_s: float) -> float:
        too_many = self._count(now_s) - int(self._per_minute)
        if too_many < 0:
            return 0.0
        if too_many >= len(self._kept_at_s):
            return 1.0  # because the launches under way fill it, and their ends wake the stage anyway
        return self._kept_at_s[too_many] + _COUNTED_S - now_s
