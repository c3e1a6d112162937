"""How fast photos are published, and when those under way will be: for everybody who shows it. Pure, the clock given.

What is measured counts more than what is configured: the rate is that of the last minutes, and the launch rate only
says what cannot be faster. What waits for a person, a limit or a folder is left out: nobody knows when it goes on.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

#: Publications of the last minutes count: long enough for a rate that does not jump, short enough to follow.
LATELY_S = 300.0

#: A rate from fewer publications, or from a shorter time, says nothing.
_FEWEST = 3
_SHORTEST_S = 5.0

_MINUTE_S = 60.0
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Lately:
    """What was published in the last ``LATELY_S`` seconds."""

    published: int
    first_at_s: float | None  #: Unix time of the first of them; None: there is none


@dataclass(frozen=True, slots=True)
class Work:
    """What is under way, and what it may meet."""

    under_way: int  #: photos that are not at rest
    to_launch: int  #: those of them whose removal is not launched yet
    held: int  #: those of these that wait for a person, a limit, or a folder that stands by
    launches_per_minute: float | None = None  #: the working rate; None: unknown
    launches_left: int | None = None  #: what the limits of day and month leave; None: no limit
    stands_still: bool = False  #: halted, paused, or not running


@dataclass(frozen=True, slots=True)
class Forecast:
    """What can be said of the near future."""

    per_minute: float | None  #: photos published in a minute; None: too few lately to say
    to_do: int  #: photos that go on by themselves
    left_over: int  #: photos that do not: held, or beyond what the limits leave
    finish_at_s: float | None  #: when the ``to_do`` will be published, Unix time; None: nobody can tell, or none are


NO_FORECAST = Forecast(per_minute=None, to_do=0, left_over=0, finish_at_s=None)


def forecast(work: Work, lately: Lately, now_s: float) -> Forecast:
    """What the numbers come to; pessimistic where pictures were paid for before, as their photos need no launch."""
    per_minute = _per_minute(lately, now_s)
    to_launch = max(0, work.to_launch - work.held)
    launched_today = to_launch if work.launches_left is None else min(to_launch, work.launches_left)
    left_over = work.to_launch - launched_today
    to_do = max(0, work.under_way - left_over)
    finish_at_s = None
    if to_do and per_minute and not work.stands_still:
        minutes = max(to_do / per_minute, launched_today / (work.launches_per_minute or float("inf")))
        finish_at_s = now_s + minutes * _MINUTE_S
    return Forecast(per_minute, to_do, left_over, finish_at_s)


def forecast_in_words(forecast: Forecast, now_s: float) -> str:
    """For people, in local time: "14.2 a minute; the last of 1,200 expected at 16:40"; empty when there is nothing."""
    parts = []
    if forecast.per_minute:
        parts.append(f"{rate_in_words(forecast.per_minute)} published")
    if forecast.finish_at_s is not None:
        which = "the last one" if forecast.to_do == 1 else f"the last of {forecast.to_do:,}"
        parts.append(f"{which} expected {moment_in_words(forecast.finish_at_s, now_s)}")
    return "; ".join(parts)


def rate_in_words(per_minute: float) -> str:
    """1,200 a minute, 14.2 a minute, or 30 an hour."""
    if per_minute < 1:
        return f"{per_minute * 60:.0f} an hour"
    return f"{per_minute:.1f} a minute" if per_minute < 100 else f"{per_minute:,.0f} a minute"  # noqa: PLR2004  digits


def moment_in_words(at_s: float, now_s: float) -> str:
    """A moment to come, as far as it is known: within a minute, at 16:40, on Tuesday at 09:10, on 2026-12-03."""
    at, now = (datetime.fromtimestamp(moment_s, UTC).astimezone() for moment_s in (at_s, now_s))
    if at_s - now_s < _MINUTE_S:
        return "within a minute"
    if at.date() == now.date():
        return f"at {at:%H:%M}"
    return f"on {at:%A} at {at:%H:%M}" if at_s - now_s < 6 * _DAY_S else f"on {at:%Y-%m-%d}"


def _per_minute(lately: Lately, now_s: float) -> float | None:
    """From the first publication on: what came before it, a night or the first removal, is no part of the pace."""
    if lately.first_at_s is None or lately.published < _FEWEST:
        return None
    for_s = min(LATELY_S, now_s - lately.first_at_s)
    return (lately.published - 1) * _MINUTE_S / for_s if for_s >= _SHORTEST_S else None
