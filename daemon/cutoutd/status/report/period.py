"""The days that a report covers, in local time, read from the text that the user wrote. Pure."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

_BACK = re.compile(r"(\d{1,4})\s*([dw])", re.ASCII)
_DAYS = {"d": 1, "w": 7}

#: A day before the first cutout of any installation.
_FIRST_DAY = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Period:
    """From one day to another, both included."""

    first: date
    last: date
    is_open: bool = False  #: True: the user gave no first day, so it covers everything

    @property
    def from_s(self) -> float:
        """The Unix time of its start."""
        return _midnight_s(self.first)

    @property
    def to_s(self) -> float:
        """The Unix time of its end."""
        return _midnight_s(self.last + timedelta(days=1))

    @property
    def text(self) -> str:
        """The period in words."""
        if self.is_open:
            return f"everything until {_day(self.last)}"
        return _day(self.first) if self.first == self.last else f"{_day(self.first)} to {_day(self.last)}"


def parse_period(since: str | None, until: str | None, today: date) -> Period:
    """Return the period that two texts mean.

    A text is a day (2026-11-01), or a number of days or weeks up to today (7d, 2w). None means no bound.

    Raises:
        ValueError: a text is not understood; the message says why.
    """
    first, last = _parse_day(since, today) or _FIRST_DAY, _parse_day(until, today) or today
    if first > last:
        msg = f"it begins on {first}, after its end on {last}"
        raise ValueError(msg)
    return Period(first, last, is_open=since is None)


def _parse_day(text: str | None, today: date) -> date | None:
    if text is None:
        return None
    if found := _BACK.fullmatch(text.strip()):
        days = max(1, int(found[1]) * _DAYS[found[2]])
        return max(_FIRST_DAY, today - timedelta(days=days - 1))
    try:
        return max(_FIRST_DAY, min(date.fromisoformat(text.strip()), date(9000, 1, 1)))
    except ValueError:
        msg = f"{text!r} is not a day: write one like {today}, or 7d or 2w for days or weeks up to today"
        raise ValueError(msg) from None


def _midnight_s(day: date) -> float:
    """Return local midnight. A day has 23 or 25 hours where clocks change."""
    return datetime.combine(day, time.min).astimezone().timestamp()


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
