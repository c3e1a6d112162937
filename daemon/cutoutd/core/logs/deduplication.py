"""Repeated faults: the first is written at once, and the rest are counted and written as a number.

Facts are never counted away: one line for each is a promise, and so is every line about money. The caller passes the
time.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from cutoutd.core.logs.record import LogLine

#: The interval of summaries of a fault that continues.
TELL_EVERY_S = 600.0

#: The actions that every photo and every loop repeats during an outage, a full disk, or a locked ledger.
_REPEATING = frozenset(
    {
        "waiting",
        "ledger_trouble",
        "cleanup_postponed",
        "retention_postponed",
        "sources_postponed",
        "note_trouble",
        "live_untold",
        "launches_paused",
        "events_refused",
        "page_refused",
        "webhook_refused",
        "webhook_unready",
    }
)

#: The actions with the address of a client, which is part of the fault.
_BY_CLIENT = frozenset({"page_refused"})

#: Numbers in a message do not make another fault, as in "within 10 s" and "within 9.7 s".
_VOLATILE = re.compile(r"\d+(?:\.\d+)?")

_Kind = tuple[str, int, str]


@dataclass(slots=True)
class _Series:
    last: LogLine
    since_s: float
    suppressed: int = 0


class Deduplicator:
    """The faults of the last minutes."""

    def __init__(self) -> None:
        self._series: dict[_Kind, _Series] = {}

    def should_write(self, line: LogLine, now_s: float) -> bool:
        """Return True if the line must be written now; count it otherwise."""
        if line.action not in _REPEATING or line.level < logging.WARNING or line.trace:
            return True
        fault = line.message if line.action in _BY_CLIENT else _VOLATILE.sub("#", line.message)
        kind = (line.action, line.level, fault)
        series = self._series.get(kind)
        if series is None:
            self._series[kind] = _Series(line, now_s)
            return True
        series.last = line
        series.suppressed += 1
        return False

    def summaries_due(self, now_s: float) -> Iterator[LogLine]:
        """Yield one line for each fault with due repetitions, and forget faults that have ended."""
        for kind, series in list(self._series.items()):
            if now_s - series.since_s < TELL_EVERY_S:
                continue
            if not series.suppressed:
                del self._series[kind]
                continue
            yield _summed_up(series, now_s)
            series.since_s, series.suppressed = now_s, 0


def _summed_up(series: _Series, now_s: float) -> LogLine:
    minutes = max(1, round((now_s - series.since_s) / 60))
    times = "once more" if series.suppressed == 1 else f"{series.suppressed:,} more times"
    message = f"{series.last.message} ({times} in {minutes} min)"
    # Name no photo, because the line concerns many; status shows the reason of each.
    return replace(series.last, message=message, folder="", path="", photo=None)
