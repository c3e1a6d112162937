"""The longest lead of each kind of stored time: the one rule for all times that outlive a moment.

A clock may be wrong for an hour, by years. What was stored then must not last until the clock gets there. So a time is
pulled back if it is further ahead than its kind allows: at every start, and when the clock is set.

- **What has happened** (a fact, a mark, a message, the beginning of a search) is not ahead at all.
- **A wait** is as far ahead as the code that sets it can make it, see ``longest_wait_s``.
- **A day** that launches or operations count for is at most the day after today. Launches of a later day count for
  today. So a clock that went forward and back blocks an allowance for a day at most. It opens no second one.
"""

from datetime import UTC, date, datetime, timedelta

from cutoutd.core.photo.wait import WaitKind

#: Clocks of one machine differ by less; a time that is no further ahead is left alone.
NOTABLE_S = 2.0

_MINUTE_S = 60.0
_HOUR_S = 3600.0

#: The longest wait of each kind; None: a person ends it, and it has no time. With the spread that is added to each.
_LONGEST_WAITS_S: dict[WaitKind, float | None] = {
    WaitKind.NONE: _MINUTE_S,
    WaitKind.POLL: 20 * _MINUTE_S,
    WaitKind.OVERDUE: 20 * _MINUTE_S,
    WaitKind.RETRY: _HOUR_S + _MINUTE_S,
    WaitKind.THROTTLED: _HOUR_S + _MINUTE_S,
    WaitKind.DUPLICATE: _HOUR_S + _MINUTE_S,
    WaitKind.HELD: 33 * 24 * _HOUR_S,  # until the first of the next month, in any time zone
    WaitKind.UNAPPROVED: None,
    WaitKind.PLACE: _HOUR_S + _MINUTE_S,
    WaitKind.UNAVAILABLE: _HOUR_S + _MINUTE_S,
}


def longest_wait_s(kind: WaitKind) -> float | None:
    """Return how far ahead a wait of this kind may end, in seconds; None if only a person ends it."""
    return _LONGEST_WAITS_S.get(kind, _HOUR_S + _MINUTE_S)


def not_ahead(at_s: float, now_s: float) -> float:
    """Return the time of something that has happened, at most the present."""
    return min(at_s, now_s) if at_s > now_s + NOTABLE_S else at_s


def local_day(at_s: float) -> date:
    """Return the calendar day of this machine at a Unix time."""
    return datetime.fromtimestamp(at_s, UTC).astimezone().date()


def last_day(now_s: float) -> date:
    """Return the last day that anything may count for."""
    return local_day(now_s) + timedelta(days=1)


def day_to_count_for(last: date | None, now_s: float) -> date:
    """Return the day that the next launch counts for: never before the last one's, unless that is further ahead."""
    today = local_day(now_s)
    return today if last is None or last > last_day(now_s) else max(today, last)
