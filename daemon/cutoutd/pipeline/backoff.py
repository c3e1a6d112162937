"""The wait before the same step is tried again. Pure: clock and chance are given.

No photo is given up because of a DelayError, however long it lasts. Waits grow with full jitter, so that many photos do
not come back in the same second. They stay so short that all photos move half a minute after the service is back.

A request may be billed, and get the same answer each time. Such tries become rare: a photo takes a few hundred
operations a day at most, whatever it meets.
"""

import random
import sys
from collections.abc import Callable

from cutoutd.core.errors import (
    DelayError,
    DiskError,
    DuplicateInProgressError,
    LimitReachedError,
    NeverSentError,
    NotDeliveredError,
    NotReadyError,
    PausedError,
    PlaceError,
    RemovalLockedError,
    ResultDamagedError,
    ResultGoneError,
    SourceUnavailableError,
    ThrottledError,
    TreeUnavailableError,
    UnapprovedError,
    UnreachableError,
    UploadGoneError,
)
from cutoutd.core.photo import UNTIL_SOMEBODY_ACTS_S, Wait, WaitKind

_FIRST_WAIT_S = 2.0

#: With the 5 s that a connection may take, this keeps recovery within 30 s of the service's return.
_LONGEST_WAIT_S = 25.0

#: Longer waits for errors that do not pass within seconds; the first class that fits counts.
_LONGEST_WAITS_S: tuple[tuple[type[DelayError], float], ...] = (
    (DiskError, 30.0),
    (RemovalLockedError, 300.0),  # the lock of a removal that died can stay for a day
    (ResultGoneError, 900.0),
)

#: Answers that cost an operation each and say the same each time: so many tries at the usual pace, and the longest wait
#: behind them. The end of an outage is to be noticed soon, so its waits begin to grow late. The first class that fits
#: counts; without one, as without a connection, a try costs nothing.
_LATE_TRIES: tuple[tuple[tuple[type[DelayError], ...], int, float], ...] = (
    ((NeverSentError, PausedError), sys.maxsize, 0.0),
    ((NotDeliveredError, NotReadyError, UploadGoneError, ResultGoneError, RemovalLockedError), 12, 900.0),
    ((ThrottledError,), 12, 420.0),
    ((UnreachableError,), 60, 420.0),
)

#: Fetches cost money by their length, and a damaged cutout seldom gets better within seconds.
_FIRST_FETCH_WAIT_S, _FETCH_WAIT_FACTOR, _LONGEST_FETCH_WAIT_S = 5.0, 6.0, 600.0

#: A look for a lost launch asks for many things, and is worth nothing without one of them. So each is asked for again
#: at once, but not in an outage that lasts: there it would cost three operations where one tells as much.
_QUICK_REPEATS, _TRIES_WITH_REPEATS = 2, 6

#: The rest after a look without a trace, as a share of the time since the launch. What does not show itself soon seldom
#: does in the next second, and each look is billed.
_REST_SHARE, _SHORTEST_REST_S, _LONGEST_REST_S = 0.25, 4.0, 900.0

#: The tries of such a rest. Failed looks count on from here, because an answer shows that the service is there.
_TRIES_WHEN_ANSWERED = 2

#: The kinds of waiting that have a word of their own.
_KINDS: tuple[tuple[type[DelayError], WaitKind], ...] = (
    (SourceUnavailableError, WaitKind.UNAVAILABLE),
    (PlaceError, WaitKind.PLACE),
    (TreeUnavailableError, WaitKind.UNAVAILABLE),
    (ThrottledError, WaitKind.THROTTLED),
    (ResultDamagedError, WaitKind.DAMAGED),
    (DuplicateInProgressError, WaitKind.DUPLICATE),
)

#: The longest wait that the service can ask for.
_LONGEST_PATIENCE_S = 3600.0

#: Photos with the same time to try again are spread over so many seconds.
_SPREAD_S = 5.0  # at most: never longer than the wait itself, but for the shortest
_SHORTEST_SPREAD_S = 1.0


def backoff(error: DelayError, attempts: int, now_s: float, *, jitter: Callable[[], float] = random.random) -> Wait:
    """Return the wait before the step that raised this error is taken again.

    Args:
        error: the error; a wait that it names is obeyed, up to an hour.
        attempts: the failed attempts before this one.
        now_s: Unix time.
        jitter: a number from 0 to below 1, new at each call.
    """
    if isinstance(error, LimitReachedError):
        return Wait(WaitKind.HELD, error.until_s, reason=error.sentence)
    if isinstance(error, UnapprovedError):
        return Wait(WaitKind.UNAPPROVED, UNTIL_SOMEBODY_ACTS_S, reason=error.sentence)
    kind = next((kind for cause, kind in _KINDS if isinstance(error, cause)), WaitKind.RETRY)
    # A pause is no try, because else a photo that meets several waits ever longer, although nothing was sent.
    tries = attempts if isinstance(error, PausedError) else attempts + 1
    return Wait(kind, now_s + _wait_s(error, attempts, jitter), tries, error.sentence)


def wait_for_traces(
    open_for_s: float, now_s: float, reason: str, *, jitter: Callable[[], float] = random.random
) -> Wait:
    """Return the wait after a look that found no trace of a launch; it grows with the time since then.

    Failed looks do not lengthen it, because else a bad line would make the search slow for its whole length.
    """
    rest_s = min(_LONGEST_REST_S, max(_SHORTEST_REST_S, _REST_SHARE * open_for_s)) * (1 + jitter()) / 2
    return Wait(WaitKind.RETRY, now_s + rest_s, _TRIES_WHEN_ANSWERED, reason)


def growing_s(first_s: float, longest_s: float, tries: int, *, factor: float = 2.0) -> float:
    """Return a wait in seconds that grows by this factor with each try, up to the longest one."""
    # The exponent is bounded because an outage may outlast any float.
    return min(longest_s, first_s * factor ** min(tries, 20))


def quick_repeats(failed_tries: int) -> int:
    """Return how often each question of a look may be repeated at once."""
    return _QUICK_REPEATS if failed_tries < _TRIES_WITH_REPEATS else 0


def _wait_s(error: DelayError, attempts: int, jitter: Callable[[], float]) -> float:
    return max(_usual_wait_s(error, attempts, jitter), _late_wait_s(error, attempts, jitter))


def _late_wait_s(error: DelayError, attempts: int, jitter: Callable[[], float]) -> float:
    """Return the shortest wait of a billed try after many others with the same answer; else 0."""
    for kinds, tries, longest_s in _LATE_TRIES:
        if isinstance(error, kinds):
            late = attempts - tries
            return 0.0 if late < 0 else growing_s(_LONGEST_WAIT_S, longest_s, late) * (1 + jitter()) / 2
    return 0.0


def _usual_wait_s(error: DelayError, attempts: int, jitter: Callable[[], float]) -> float:
    if error.retry_after_s is not None:
        asked_s = min(error.retry_after_s, _LONGEST_PATIENCE_S)
        # Not longer than the wait itself, because else a pause of a second costs each photo five.
        return asked_s + max(_SHORTEST_SPREAD_S, min(asked_s, _SPREAD_S)) * jitter()
    if isinstance(error, ResultDamagedError):
        wait_s = growing_s(_FIRST_FETCH_WAIT_S, _LONGEST_FETCH_WAIT_S, attempts, factor=_FETCH_WAIT_FACTOR)
        return wait_s * (1 + jitter()) / 2
    longest_s = next((cap_s for kind, cap_s in _LONGEST_WAITS_S if isinstance(error, kind)), _LONGEST_WAIT_S)
    return growing_s(_FIRST_WAIT_S, longest_s, attempts) * jitter()
