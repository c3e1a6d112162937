"""The forecast: the rate at which photos are published, and the time at which the last one will be. Pure.

The rate is measured over the last minutes. The configured launch rate is only an upper bound. Photos that wait for
approval, a limit or a folder are left out, because the end is unknown.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from cutoutd.core.photo.longest_lead import DAY_S

#: The time that counts: long enough for a steady rate, short enough to follow a change.
RECENT_S = 300.0

#: Fewer publications, or a shorter time, give no useful rate.
_MIN_PHOTOS = 3
_MIN_S = 5.0

_MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class RecentlyPublished:
    """The photos published in the last ``RECENT_S`` seconds."""

    photos: int
    first_at_s: float | None  #: Unix time of the first; None: there is none


@dataclass(frozen=True, slots=True)
class OpenWork:
    """The photos that are not finished, and their limits."""

    under_way: int  #: photos that are not terminal
    to_launch: int  #: of these, photos without a launched removal
    held: int  #: of these, photos that wait for approval, a limit, or an unavailable folder
    launches_per_minute: float | None = None  #: the working rate; None: unknown
    launches_left: int | None = None  #: what the limits of day and month leave; None: no limit
    is_stopped: bool = False  #: halted, paused, or not running


@dataclass(frozen=True, slots=True)
class Forecast:
    """The forecast at one moment."""

    per_minute: float | None  #: photos published in a minute; None: too few lately
    to_do: int  #: photos that go on by themselves
    left_over: int  #: photos that do not, because a limit holds them
    finish_at_s: float | None  #: Unix time at which the ``to_do`` will be published; None: unknown, or none are left


NO_FORECAST = Forecast(per_minute=None, to_do=0, left_over=0, finish_at_s=None)


def forecast(work: OpenWork, recent: RecentlyPublished, now_s: float) -> Forecast:
    """Return the forecast. It is pessimistic if some pictures were paid for before, because those need no launch."""
    per_minute = _per_minute(recent, now_s)
    to_launch = max(0, work.to_launch - work.held)
    launched_today = to_launch if work.launches_left is None else min(to_launch, work.launches_left)
    left_over = work.to_launch - launched_today
    to_do = max(0, work.under_way - left_over)
    finish_at_s = None
    if to_do and per_minute and not work.is_stopped:
        minutes = max(to_do / per_minute, launched_today / (work.launches_per_minute or float("inf")))
        finish_at_s = now_s + minutes * _MINUTE_S
    return Forecast(per_minute, to_do, left_over, finish_at_s)


def forecast_in_words(forecast: Forecast, now_s: float) -> str:
    """Return the forecast in local time: "14.2 a minute; the last of 1,200 expected at 16:40"; empty if unknown."""
    parts = []
    if forecast.per_minute:
        parts.append(f"{rate_in_words(forecast.per_minute)} published")
    if forecast.finish_at_s is not None:
        which = "the last one" if forecast.to_do == 1 else f"the last of {forecast.to_do:,}"
        parts.append(f"{which} expected {moment_in_words(forecast.finish_at_s, now_s)}")
    return "; ".join(parts)


def rate_in_words(per_minute: float) -> str:
    """Return a rate as "1,200 a minute", "14.2 a minute" or "30 an hour"."""
    if per_minute < 1:
        return f"{per_minute * 60:.0f} an hour"
    return f"{per_minute:.1f} a minute" if per_minute < 100 else f"{per_minute:,.0f} a minute"  # noqa: PLR2004  digits


def moment_in_words(at_s: float, now_s: float) -> str:
    """Return a future time: "within a minute", "at 16:40", "on Tuesday at 09:10" or "on 2026-12-03"."""
    at, now = (datetime.fromtimestamp(moment_s, UTC).astimezone() for moment_s in (at_s, now_s))
    if at_s - now_s < _MINUTE_S:
        return "within a minute"
    if at.date() == now.date():
        return f"at {at:%H:%M}"
    return f"on {at:%A} at {at:%H:%M}" if at_s - now_s < 6 * DAY_S else f"on {at:%Y-%m-%d}"


def _per_minute(recent: RecentlyPublished, now_s: float) -> float | None:
    """Return the rate since the first publication, because an idle night before it would lower the rate."""
    if recent.first_at_s is None or recent.photos < _MIN_PHOTOS:
        return None
    for_s = min(RECENT_S, now_s - recent.first_at_s)
    return (recent.photos - 1) * _MINUTE_S / for_s if for_s >= _MIN_S else None
