"""How many photos stand where, in the five words that people think in. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from cutoutd.core.photo import State
from cutoutd.ledger import Total

WAITING = frozenset({State.DISCOVERED, State.ACCEPTED})
AT_UPLOADCARE = frozenset({State.UPLOADED, State.REMOVAL_INTENDED, State.REMOVAL_STARTED, State.REMOVAL_FINISHED})


@dataclass(frozen=True, slots=True)
class Figures:
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


def figures_of(totals: Iterable[Total]) -> Figures:
    """The sum over all of these."""
    numbers: dict[State, int] = {}
    for total in totals:
        numbers[total.state] = numbers.get(total.state, 0) + total.photos
    return Figures(
        waiting=sum(numbers.get(state, 0) for state in WAITING),
        at_uploadcare=sum(numbers.get(state, 0) for state in AT_UPLOADCARE),
        published=numbers.get(State.PUBLISHED, 0),
        rejected=numbers.get(State.REJECTED, 0),
        failed=numbers.get(State.FAILED, 0),
    )
