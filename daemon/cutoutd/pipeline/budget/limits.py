"""The configured limits: launches in a day and in a month, and free space on the disks. It only checks."""

import os
import shutil
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from pathlib import Path

from cutoutd.config.settings import Limits
from cutoutd.core.errors import DiskError, LimitReachedError
from cutoutd.ledger import LaunchCounts


def require_within(limits: Limits, spent: LaunchCounts, *, wanted: int) -> None:
    """Check that so many more launches are allowed.

    Raises:
        LimitReachedError: they are not allowed before the time that it names. The month comes first, because its limit
            lasts longer.
    """
    next_month = (spent.day.replace(day=1) + timedelta(days=31)).replace(day=1)
    if limits.per_month is not None and spent.this_month + wanted > limits.per_month:
        raise _reached("per_month", limits.per_month, f"{spent.day:%Y-%m}", next_month)
    if limits.per_day is not None and spent.today + wanted > limits.per_day:
        raise _reached("per_day", limits.per_day, f"{spent.day}", spent.day + timedelta(days=1))


def room_within(limits: Limits, spent: LaunchCounts) -> int | None:
    """Return the number of photos that may still go towards a launch; None without a limit."""
    left = [
        limit - made
        for limit, made in ((limits.per_day, spent.today), (limits.per_month, spent.this_month))
        if limit is not None
    ]
    return max(0, min(left) - spent.ahead) if left else None


def require_free(places: Iterable[Path], min_free_bytes: int) -> None:
    """Check that each folder can be written and its file system has this much free space. Blocking.

    Raises:
        DiskError: a folder cannot be written, has too little space, or its free space is unknown.
    """
    for place in places:
        if not os.access(place, os.W_OK | os.X_OK):
            raise DiskError(f"{place} cannot be written, and nothing is paid for that finds no place")
        free_bytes = _free_bytes(place)
        if free_bytes < min_free_bytes:
            msg = (
                f"{place} has {free_bytes / 1e6:,.0f} MB of free space, and nothing is paid for below"
                f" {min_free_bytes / 1e6:,.0f} MB (limits.min_free_space)"
            )
            raise DiskError(msg)


def _free_bytes(place: Path) -> int:
    try:
        return shutil.disk_usage(place).free
    except OSError as error:
        raise DiskError(f"the free space of {place} is not known: {error.strerror}") from error


def _reached(key: str, limit: int, period: str, resume: date) -> LimitReachedError:
    removals = "1 removal" if limit == 1 else f"{limit:,} removals"
    sentence = f"limits.{key} allows {removals} in {period}, and no more are left; it goes on on {resume}"
    return LimitReachedError(sentence, until_s=datetime.combine(resume, time()).timestamp())
