"""The numbers of photos by state and by group of states. Every count that the user sees comes from here."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from cutoutd.core.photo import AT_UPLOADCARE, State
from cutoutd.ledger import Total


class StateGroup(StrEnum):
    """The five groups in which users count photos; the value is the word that they read."""

    WAITING = "waiting"
    AT_UPLOADCARE = "at Uploadcare"
    PUBLISHED = "published"
    REJECTED = "rejected"
    FAILED = "failed"

    @property
    def states(self) -> frozenset[State]:
        """The states of the group."""
        return _STATES[self]


_STATES: Mapping[StateGroup, frozenset[State]] = {
    StateGroup.WAITING: frozenset({State.DISCOVERED, State.ACCEPTED}),
    StateGroup.AT_UPLOADCARE: AT_UPLOADCARE,
    StateGroup.PUBLISHED: frozenset({State.PUBLISHED}),
    StateGroup.REJECTED: frozenset({State.REJECTED}),
    StateGroup.FAILED: frozenset({State.FAILED}),
}


@dataclass(frozen=True, slots=True)
class CountSummary:
    """The number of photos in each group."""

    waiting: int = 0
    at_uploadcare: int = 0
    published: int = 0
    rejected: int = 0
    failed: int = 0

    @property
    def under_way(self) -> int:
        """The number of photos that go on by themselves."""
        return self.waiting + self.at_uploadcare

    @property
    def all(self) -> int:
        """The number of photos that were ever found and are not superseded."""
        return self.under_way + self.published + self.rejected + self.failed

    def groups(self) -> Iterator[tuple[StateGroup, int]]:
        """Yield each group with its number."""
        yield StateGroup.WAITING, self.waiting
        yield StateGroup.AT_UPLOADCARE, self.at_uploadcare
        yield StateGroup.PUBLISHED, self.published
        yield StateGroup.REJECTED, self.rejected
        yield StateGroup.FAILED, self.failed

    def in_words(self) -> str:
        """Return the groups that have photos, in one line."""
        return ", ".join(f"{number:,} {group}" for group, number in self.groups() if number) or "no photo yet"


def summarize(totals: Iterable[Total]) -> CountSummary:
    """Return the summary of these totals."""
    totals = tuple(totals)
    return CountSummary(*(count_at(totals, group.states) for group in StateGroup))


def summarize_folders(totals: Iterable[Total]) -> dict[str, CountSummary]:
    """Return the summary of each folder, by name."""
    by_folder: dict[str, list[Total]] = {}
    for total in totals:
        by_folder.setdefault(total.folder, []).append(total)
    return {folder: summarize(by_folder[folder]) for folder in sorted(by_folder)}


def count_at(totals: Iterable[Total], states: Collection[State]) -> int:
    """Return the number of photos in these states."""
    return sum(total.photos for total in totals if total.state in states)
