"""Which days a report is about: what people write, as whole days of this machine's calendar. Pure, today given."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

_BACK = re.compile(r"(\d{1,4})\s*([dw])", re.ASCII)
_DAYS = {"d": 1, "w": 7}

#: Before the first photo that anybody cut out with this.
_EVER = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Period:
    """From one day to another, both included."""

    first: date
    last: date
    is_open: bool = False  #: nobody said where it begins: it is all that ever was

    @property
    def from_s(self) -> float:
        """When it begins, Unix time."""
        return _midnight_s(self.first)

    @property
    def to_s(self) -> float:
        """When it is over, Unix time."""
        return _midnight_s(self.last + timedelta(days=1))

    @property
    def words(self) -> str:
        """For people."""
        if self.is_open:
            return f"everything until {_day(self.last)}"
        return _day(self.first) if self.first == self.last else f"{_day(self.first)} to {_day(self.last)}"


def period_of(since: str | None, until: str | None, today: date) -> Period:
    """What was written: a day (2026-11-01), or how many days or weeks, today included (7d, 2w); nothing: all.

    Raises:
        ValueError: it makes no sense; the text says why.
    """
    first, last = _meant(since, today) or _EVER, _meant(until, today) or today
    if first > last:
        msg = f"it begins on {first}, after its end on {last}"
        raise ValueError(msg)
    return Period(first, last, is_open=since is None)


def _meant(written: str | None, today: date) -> date | None:
    if written is None:
        return None
    if found := _BACK.fullmatch(written.strip()):
        days = max(1, int(found[1]) * _DAYS[found[2]])
        return max(_EVER, today - timedelta(days=days - 1))
    try:
        return max(_EVER, min(date.fromisoformat(written.strip()), date(9000, 1, 1)))
    except ValueError:
        msg = f"{written!r} is no day: write one like {today}, or 7d or 2w for as many days or weeks up to today"
        raise ValueError(msg) from None


def _midnight_s(day: date) -> float:
    """Local midnight; where clocks change, a day has 23 or 25 hours."""
    return datetime.combine(day, time.min).astimezone().timestamp()


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
