"""The wording of numbers, times and names: the filters of all templates. Pure."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from cutoutd.core.logs import printable
from cutoutd.images.validation import format_size


def number(value: float) -> str:
    """Return a number as 1,234."""
    return f"{value:,.0f}"


def moment(at_s: float) -> str:
    """Return a Unix time in local time: 2026-11-22 14:05."""
    return _local(at_s).strftime("%Y-%m-%d %H:%M")


def precise(at_s: float) -> str:
    """Return a Unix time to the second: 2026-11-22 14:05:09."""
    return _local(at_s).strftime("%Y-%m-%d %H:%M:%S")


def machine_time(at_s: float) -> str:
    """Return a Unix time for ``<time datetime>``."""
    return _local(at_s).isoformat(timespec="seconds")


def plural(value: int, one: str, many: str) -> str:
    """Return a number with its noun: 1 photo, 1,234 photos."""
    return f"{value:,} {one if value == 1 else many}"


def _local(at_s: float) -> datetime:
    return datetime.fromtimestamp(at_s, UTC).astimezone()


FILTERS: dict[str, Callable[..., Any]] = {
    "number": number,
    "moment": moment,
    "machine_time": machine_time,
    "plural": plural,
    "precise": precise,
    "printable": printable,
    "size": format_size,
}
