"""How many photos of each folder stand where: counted once at the start, and kept by every fact since.

So that whoever looks often, at a million photos too, asks nobody to count.

How many photos stand where, in the five words that people think in. Pure.
"""

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from cutoutd.core.photo import Photo, State
from cutoutd.ledger import Ledger, Total
from cutoutd.ledger.queries import photos

WAITING = frozenset({State.DISCOVERED, State.ACCEPTED})
AT_UPLOADCARE = frozenset({State.UPLOADED, State.REMOVAL_INTENDED, State.REMOVAL_STARTED, State.REMOVAL_FINISHED})


@dataclass(frozen=True, slots=True)
class CountSummary:
    """Numbers of photos."""

    waiting: int = 0
    at_uploadcare: int = 0
    published: int = 0
    rejected: int = 0
    failed: int = 0

    @property
    def under_way(self) -> int:
        """Those that something more happens to by itself."""
        return self.waiting + self.at_uploadcare

    @property
    def all(self) -> int:
        """Everything that was ever found and still counts."""
        return self.under_way + self.published + self.rejected + self.failed


def summarize(totals: Iterable[Total]) -> CountSummary:
    """The sum over all of these."""
    numbers: dict[State, int] = {}
    for total in totals:
        numbers[total.state] = numbers.get(total.state, 0) + total.photos
    return CountSummary(
        waiting=sum(numbers.get(state, 0) for state in WAITING),
        at_uploadcare=sum(numbers.get(state, 0) for state in AT_UPLOADCARE),
        published=numbers.get(State.PUBLISHED, 0),
        rejected=numbers.get(State.REJECTED, 0),
        failed=numbers.get(State.FAILED, 0),
    )


class PhotoCounts:
    """The numbers of ``ledger.questions.totals``, at any moment and for nothing. For any thread."""

    def __init__(self) -> None:
        self._numbers: Counter[tuple[str, State]] = Counter()
        self._lock = threading.Lock()

    async def open(self, ledger: Ledger) -> None:
        """Count, and hear of every fact from now on; before anything moves.

        Raises:
            LedgerError, DiskError: the ledger cannot be used.
        """
        totals = await ledger.query(photos.totals)
        self._numbers = Counter({(total.folder, total.state): total.photos for total in totals})
        ledger.add_listener(self.note)

    def note(self, before: Photo | None, after: Photo) -> None:
        """A fact was stored."""
        with self._lock:
            if before is not None:
                self._numbers[before.identity.folder, before.state] -= 1
            self._numbers[after.identity.folder, after.state] += 1

    def numbers(self) -> dict[tuple[str, State], int]:
        """How many photos of each folder stand at each state; where none stands any more it is 0."""
        with self._lock:
            return dict(self._numbers)

    def totals(self) -> list[Total]:
        """The same, as the ledger would tell it."""
        return [Total(folder, state, number) for (folder, state), number in self.numbers().items() if number]

    def at(self, *states: State) -> int:
        """How many photos stand at these states."""
        return sum(total.photos for total in self.totals() if total.state in states)
