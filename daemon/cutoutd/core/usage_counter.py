"""Billable operations that were caused and are not in the ledger yet: by local day and by what they were for.

Counted where requests leave for Uploadcare, taken by the ledger's writer into its next commit, so that counting costs
no commit of its own. What was counted since the last commit is lost with a crash; nothing is ever counted twice.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from enum import StrEnum

from cutoutd.core.errors import NeverSentError


class Purpose(StrEnum):
    """What an operation was for."""

    UPLOAD = "upload"
    LAUNCH = "launch"
    POLL = "poll"
    OTHER = "other"  #: looks at uploads, searches for lost outcomes, deletions


UsageCounts = Mapping[tuple[date, Purpose], int]


def local_day() -> date:
    """Today, by this machine's calendar."""
    return datetime.now(UTC).astimezone().date()


class UsageCounter:
    """Counts in the event loop, hands over in the writer's thread."""

    def __init__(self, today: Callable[[], date] = local_day) -> None:
        self._today = today
        self._unstored: Counter[tuple[date, Purpose]] = Counter()
        self._totals: Counter[Purpose] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def count_request(self, purpose: Purpose) -> Iterator[None]:
        """Count the request that the block makes, unless it never left: one that was cut off may have arrived."""
        try:
            yield
        except NeverSentError:
            raise
        except BaseException:
            self.count(purpose, 1)
            raise
        self.count(purpose, 1)

    @property
    def has_unstored(self) -> bool:
        """Whether anything was counted and not taken."""
        return bool(self._unstored)

    def count(self, purpose: Purpose, number: int) -> None:
        """So many operations were caused now."""
        with self._lock:
            self._unstored[self._today(), purpose] += number
            self._totals[purpose] += number

    def total(self, purpose: Purpose) -> int:
        """How many were caused since the process began, stored or not."""
        return self._totals[purpose]

    def take_unstored(self) -> UsageCounts:
        """What was counted since the last time; whoever takes it stores it or gives it back."""
        with self._lock:
            taken, self._unstored = self._unstored, Counter()
        return taken

    def give_back(self, taken: UsageCounts) -> None:
        """It could not be stored."""
        with self._lock:
            self._unstored.update(taken)
