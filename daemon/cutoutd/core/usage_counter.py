"""The counter of billable operations that are not in the ledger yet, by local day and purpose.

The client counts them when it sends a request, and the ledger takes them into its next commit. So counting costs no
commit of its own. A crash loses the count since the last commit; nothing is ever counted twice.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from enum import StrEnum

from cutoutd.core.errors import NeverSentError


class Purpose(StrEnum):
    """The purpose of an operation."""

    UPLOAD = "upload"
    LAUNCH = "launch"
    POLL = "poll"
    OTHER = "other"  #: file descriptions, searches for lost results, deletions


UsageCounts = Mapping[tuple[date, Purpose], int]


def local_day() -> date:
    """Return today's date by this machine's calendar."""
    return datetime.now(UTC).astimezone().date()


class UsageCounter:
    """The counts since the process began; the event loop adds to them, and the ledger's thread takes them."""

    def __init__(self, today: Callable[[], date] = local_day) -> None:
        self._today = today
        self._unstored: Counter[tuple[date, Purpose]] = Counter()
        self._totals: Counter[Purpose] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def count_request(self, purpose: Purpose) -> Iterator[None]:
        """Count the request of the block, unless it was never sent; a request that was cut off may have arrived."""
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
        """True if the ledger has not taken all counts."""
        return bool(self._unstored)

    def count(self, purpose: Purpose, number: int) -> None:
        """Add operations of this purpose."""
        with self._lock:
            self._unstored[self._today(), purpose] += number
            self._totals[purpose] += number

    def total(self, purpose: Purpose) -> int:
        """Return the operations since the process began, stored or not."""
        return self._totals[purpose]

    def take_unstored(self) -> UsageCounts:
        """Return the counts since the last call; the caller must store them or give them back."""
        with self._lock:
            taken, self._unstored = self._unstored, Counter()
        return taken

    def give_back(self, taken: UsageCounts) -> None:
        """Add counts that could not be stored."""
        with self._lock:
            self._unstored.update(taken)
