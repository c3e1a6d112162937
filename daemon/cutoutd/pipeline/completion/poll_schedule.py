"""The moments at which removals are polled. Each poll costs an operation, and each second without one the user's time.

The moments follow the processing times so far. The first poll comes when two removals out of three are finished. Each
further poll comes when two out of three of the removals that took at least this long were finished. Nothing here waits,
asks or reads a clock; the pipeline does, with the waits that `PollSchedule` returns.
"""

import random
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from cutoutd.core.photo import Photo, State, Wait, WaitKind
from cutoutd.pipeline.completion.processing_times import ENOUGH_TIMES, ProcessingTimes
from cutoutd.pipeline.completion.webhook_trust import WebhookTrust
from cutoutd.uploadcare.responses import Progress, RemovalStatus

#: Tried on simulated services (steady, skewed, two-humped, suddenly faster): about 1.5 polls for each removal.
#: With fewer polls the user waits disproportionately longer.
_FINISHED_SHARE = 0.65

#: Before enough is known, poll as Uploadcare's own SDKs do: after 1 s, then 1.5 times as long each time.
_FIRST_STEP_S = 1.0
_STEP_GROWTH = 1.5

#: No later step is longer, until the removal is overdue.
_LONGEST_STEP_S = 15.0

#: The largest share by which chance shortens a step, because removals launched together would else be polled together.
_JITTER_SHARE = 0.2

#: A removal that takes this long is polled rarely: something is wrong, but it was paid for.
_OVERDUE_AFTER_S = 600.0

#: The shortest and the longest time from then on to the next poll; chance chooses.
_RARELY_S = (300.0, 900.0)

#: A removal is late after so many times the longest time seen, but not before a minute.
_LATE_TIMES = 4.0
_LEAST_LATE_S = 60.0
_LATE_UNTIL_KNOWN_S = 120.0

#: The mark of a removal on its upload is certain after twice the longest time seen and a margin: the call itself may
#: have been on its way for some seconds.
_SHOWN_TIMES = 2.0
_SHOWN_MARGIN_S = 10.0
_LEAST_SHOWN_S = 15.0
_SHOWN_UNTIL_KNOWN_S = 60.0

#: While webhooks are trusted, a removal is polled this long after every usual time. While usual times are unknown, it
#: is polled this long after its launch.
_LEAST_MARGIN_S = 2.0
_LARGEST_MARGIN_S = 30.0
_FALLBACK_UNTIL_KNOWN_S = 10.0

#: A finish found this much later than planned (a halt, a restart) says nothing about the processing time. One of a
#: short removal counts all the same, else nothing would be learned between kills that follow each other.
_LATE_S = 2.0
_SHORT_S = 25.0

#: Right after a launch the status "unknown" is mere lag. It counts only after many polls and a long time.
_UNKNOWNS_THAT_COUNT = 5
_UNKNOWN_FOR_S = 30.0


def next_poll_after_s(
    times_s: Sequence[float], *, elapsed_s: float, polls: int, jitter: Callable[[], float] = random.random
) -> float:
    """Return the seconds from now to the next poll of a removal.

    Args:
        times_s: processing times of earlier removals, sorted.
        elapsed_s: seconds since the launch of this one.
        polls: the polls that found it unfinished.
        jitter: a number from 0 to below 1, new at each call.
    """
    if polls > 0 and elapsed_s >= _OVERDUE_AFTER_S:
        soonest_s, latest_s = _RARELY_S
        return soonest_s + (latest_s - soonest_s) * jitter()
    step_s = min(_FIRST_STEP_S * _STEP_GROWTH ** min(polls, 10), _LONGEST_STEP_S)
    if len(times_s) >= ENOUGH_TIMES:
        if polls == 0:
            return max(0.0, _expected_s(times_s) - elapsed_s)
        longer_s = times_s[bisect_right(times_s, elapsed_s) :]
        expected_s = _expected_s(longer_s) - elapsed_s if longer_s else 0.0
        # One growth step shorter than the cold start, because the first poll came when a finish was likely.
        step_s = min(max(step_s / _STEP_GROWTH, expected_s), _LONGEST_STEP_S)
    return step_s * (1 - _JITTER_SHARE * jitter())


def _elapsed_s(photo: Photo, now_s: float) -> float:
    return max(0.0, now_s - photo.state_at_s)


def _expected_s(times_s: Sequence[float]) -> float:
    return times_s[int(_FINISHED_SHARE * len(times_s))]


@dataclass(frozen=True, slots=True)
class _Watch:
    """The polls of a running removal; they end with the process, which costs a poll or two."""

    unfinished_at_s: float = 0.0  #: seconds after its launch at which it was last found unfinished
    unknowns: int = 0  #: in a row, up to now
    unknown_since_s: float = 0.0  #: Unix time of the first of them


def fallback_after_s(times_s: Sequence[float]) -> float:
    """Return the seconds from a launch to the first poll while webhooks are trusted: well after every usual time.

    The margin is as wide as processing times are spread. A steady service is polled soon after a lost message.
    An unsteady one is not polled for removals that merely take long.
    """
    if len(times_s) < ENOUGH_TIMES:
        return _FALLBACK_UNTIL_KNOWN_S
    longest_s = times_s[-1]
    return longest_s + min(max(_LEAST_MARGIN_S, longest_s - _expected_s(times_s)), _LARGEST_MARGIN_S)


class PollSchedule:
    """The processing times of the last 200 removals, and the waits that follow from them.

    Args:
        times_s: known processing times.
        jitter: a number from 0 to below 1, new at each call.
        webhook_trust: decides if webhook messages are trusted to arrive, so that polling is the exception.
    """

    def __init__(
        self,
        times_s: Iterable[float] = (),
        jitter: Callable[[], float] = random.random,
        webhook_trust: WebhookTrust | None = None,
    ) -> None:
        self.webhook_trust = webhook_trust or WebhookTrust()
        self.times = ProcessingTimes(times_s, jitter)
        self._watches: dict[int, _Watch] = {}
        self._jitter = jitter

    def first_wait(self, now_s: float) -> Wait:
        """Return the wait after a launch, up to the first poll."""
        wait_s = fallback_after_s(self.times.sorted_s) if self.webhook_trust.is_trusted else self.usual_wait_s()
        return Wait(WaitKind.POLL, now_s + wait_s)

    def usual_wait_s(self) -> float:
        """Return the seconds from a launch to the first poll without webhooks."""
        return next_poll_after_s(self.times.sorted_s, elapsed_s=0.0, polls=0, jitter=self._jitter)

    def late_after_s(self) -> float:
        """Return the seconds after which a removal that runs takes far longer than the others did."""
        times_s = self.times.sorted_s
        if len(times_s) < ENOUGH_TIMES:
            return _LATE_UNTIL_KNOWN_S
        return min(max(_LEAST_LATE_S, _LATE_TIMES * times_s[-1]), _OVERDUE_AFTER_S)

    def shown_after_s(self) -> float:
        """Return the seconds after which an accepted removal has certainly ended, so that its upload shows it."""
        times_s = self.times.sorted_s
        if len(times_s) < ENOUGH_TIMES:
            return _SHOWN_UNTIL_KNOWN_S
        return max(_LEAST_SHOWN_S, _SHOWN_TIMES * times_s[-1] + _SHOWN_MARGIN_S)

    def on_poll_unfinished(self, photo: Photo, removal: RemovalStatus, now_s: float) -> None:
        """Note a poll that found the removal unfinished, or unknown; `is_forgotten` and `next_wait` follow from it."""
        if removal.progress is not Progress.UNKNOWN:
            self._watches[photo.id] = _Watch(unfinished_at_s=_elapsed_s(photo, now_s))
            return
        before = self._watches.get(photo.id, _Watch())
        since_s = before.unknown_since_s if before.unknowns else now_s
        self._watches[photo.id] = _Watch(before.unfinished_at_s, before.unknowns + 1, since_s)

    def next_wait(self, photo: Photo, now_s: float) -> Wait:
        """Return the wait after the poll that `on_poll_unfinished` noted."""
        polls = photo.wait.attempts + 1
        elapsed_s = _elapsed_s(photo, now_s)
        if self.is_forgotten(photo, now_s):
            elapsed_s = max(elapsed_s, _OVERDUE_AFTER_S)
        paced_s = self._paced_s(photo, elapsed_s, now_s)
        wait_s = next_poll_after_s(self.times.sorted_s, elapsed_s=paced_s, polls=polls, jitter=self._jitter)
        reason = self._overdue_because(photo, elapsed_s, now_s)
        kind = WaitKind.POLL if reason is None else WaitKind.OVERDUE
        return Wait(kind, now_s + wait_s, polls, reason or "")

    def _paced_s(self, photo: Photo, elapsed_s: float, now_s: float) -> float:
        """Return the time that the next poll follows from: since the first "unknown", until so many have been said.

        Only several in a row show that a removal is forgotten. Asked at the pace of an overdue one, they would take an
        hour.
        """
        watch = self._watches.get(photo.id, _Watch())
        is_open = watch.unknowns > 0 and not self.is_forgotten(photo, now_s)
        return min(elapsed_s, now_s - watch.unknown_since_s) if is_open else elapsed_s

    def on_poll_success(self, photo: Photo, now_s: float) -> None:
        """Learn from a removal that a poll found finished."""
        self.webhook_trust.record_missed(photo.state_at_s)
        watch = self._watches.pop(photo.id, _Watch())
        took_s = max(0.0, now_s - photo.state_at_s)  # the clock may have been set back
        if now_s - photo.wait.until_s > _LATE_S and took_s > _SHORT_S:
            return
        self.times.record(watch.unfinished_at_s, took_s)

    def on_webhook(self, photo: Photo, announced_at_s: float) -> None:
        """Learn from a removal that a webhook message reported as finished at this Unix time."""
        self._watches.pop(photo.id, None)
        self.webhook_trust.record_received()
        if photo.state is State.REMOVAL_STARTED:  # because the begin of a lost launch is unknown
            took_s = max(0.0, announced_at_s - photo.state_at_s)
            self.times.record(took_s, took_s)

    def discard(self, photo: Photo) -> None:
        """Forget a removal that ended without a result."""
        self._watches.pop(photo.id, None)

    def is_forgotten(self, photo: Photo, now_s: float) -> bool:
        """Return True if the service has said "unknown" so often and for so long that it has forgotten the removal."""
        watch = self._watches.get(photo.id, _Watch())
        return watch.unknowns >= _UNKNOWNS_THAT_COUNT and now_s - watch.unknown_since_s >= _UNKNOWN_FOR_S

    def _overdue_because(self, photo: Photo, elapsed_s: float, now_s: float) -> str | None:
        if self.is_forgotten(photo, now_s):
            return "Uploadcare does not know this removal any more; cutoutd goes on asking, rarely"
        if elapsed_s >= _OVERDUE_AFTER_S:
            return f"the removal has been running for {elapsed_s / 60:.0f} minutes; cutoutd goes on asking, rarely"
        return None
