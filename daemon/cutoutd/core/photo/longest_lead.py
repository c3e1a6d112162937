"""The longest lead of each kind of stored time: the one rule for all times that outlive a moment.

A clock may be wrong for an hour, by years. What was stored then must not last until the clock gets there. So a time is
pulled back if it is further ahead than its kind allows: at every start, and when the clock is set. docs/architecture.md
lists every stored time.

- **What has happened** (a fact, a mark, a message, the beginning of a search) is not ahead at all.
- **A wait** is as far ahead as the code that sets it can make it, see ``longest_wait_s``.
- **A day** that launches or operations count for is at most the day after today. Launches of a later day count for
  today. So a clock that went forward and back blocks an allowance for a day at most. It opens no second one.
- **A remembered value** (the table ``memory``) has a rule for each time in its JSON, see ``pulled_back``.
"""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from cutoutd.core.photo.wait import WaitKind

#: Clocks of one machine differ by less; a time that is no further ahead is left alone.
NOTABLE_S = 2.0

_MINUTE_S = 60.0
_HOUR_S = 3600.0
DAY_S = 24 * _HOUR_S
_LONGEST_HOLD_S = 33 * DAY_S  #: until the first of the next month, in any time zone

#: The longest wait of each kind; None: a person ends it, and it has no time. With the spread that is added to each.
_LONGEST_WAITS_S: dict[WaitKind, float | None] = {
    WaitKind.NONE: _MINUTE_S,
    WaitKind.POLL: 20 * _MINUTE_S,
    WaitKind.OVERDUE: 20 * _MINUTE_S,
    WaitKind.RETRY: _HOUR_S + _MINUTE_S,
    WaitKind.THROTTLED: _HOUR_S + _MINUTE_S,
    WaitKind.DUPLICATE: _HOUR_S + _MINUTE_S,
    WaitKind.HELD: _LONGEST_HOLD_S,
    WaitKind.UNAPPROVED: None,
    WaitKind.PLACE: _HOUR_S + _MINUTE_S,
    WaitKind.UNAVAILABLE: _HOUR_S + _MINUTE_S,
}


def longest_wait_s(kind: WaitKind) -> float | None:
    """Return how far ahead a wait of this kind may end, in seconds; None if only a person ends it."""
    return _LONGEST_WAITS_S.get(kind, _HOUR_S + _MINUTE_S)


#: How far ahead the times in each remembered value may be, by their names in its JSON; "" is a bare number. The key
#: begins with the word here. A value without a time stands here too, because a test looks for all of them.
REMEMBERED_LEADS_S: dict[str, Mapping[str, float]] = {
    "archive": {},
    "clock": {"": 0.0},
    "launch_rate": {"paused_until_s": _HOUR_S, "paused_at_s": 0.0, "learned_at_s": 0.0},
    "mounts": {},
    "pause": {"since_s": 0.0},
    "processing_times": {"learned_at_s": 0.0},
    "provenance": {},
    "roll": {},
    "told": {"open": _LONGEST_HOLD_S, "failures_until_s": 0.0, "failures_at_s": 0.0},
    "trust": {},
}


def pulled_back(key: str, text: str, now_s: float) -> str:
    """Return a remembered value, with each time that is further ahead than it may be set to the present."""
    leads_s = REMEMBERED_LEADS_S[key]
    try:
        bounded = _bounded(value := json.loads(text), "", leads_s, now_s)
    except (ValueError, RecursionError):
        return text  # another version stored it in another form
    return text if bounded == value else json.dumps(bounded)


def _bounded(value: object, name: str, leads_s: Mapping[str, float], now_s: float) -> object:
    if isinstance(value, dict):
        return {key: _bounded(each, name if name in leads_s else key, leads_s, now_s) for key, each in value.items()}
    is_ahead = isinstance(value, int | float) and name in leads_s and value > now_s + max(leads_s[name], NOTABLE_S)
    return now_s if is_ahead else value


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
