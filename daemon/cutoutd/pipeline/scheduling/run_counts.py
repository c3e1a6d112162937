"""What happened since this run began: photos by their present state, for progress and for the exit code."""

from collections import Counter

from cutoutd.core.photo import TERMINAL, Photo, State


class RunCounts:
    """Counts the photos that this run has met; only photos that moved in it, or waited for it, are in here."""

    def __init__(self) -> None:
        self._states: dict[int, State] = {}
        self._finished: Counter[State] = Counter()

    def note(self, photo: Photo) -> None:
        """A photo stands at this state now. Those at rest are only counted, so that memory stays flat."""
        if photo.state in TERMINAL:
            self._states.pop(photo.id, None)
            self._finished[photo.state] += 1
        else:
            self._states[photo.id] = photo.state

    def at(self, *states: State) -> int:
        """How many photos of this run stand at these states."""
        under_way = sum(state in states for state in self._states.values())
        return under_way + sum(self._finished[state] for state in states)

    @property
    def finished(self) -> int:
        """How many photos came to rest."""
        return self._finished.total()

    @property
    def met(self) -> int:
        """How many photos this run has to do with so far."""
        return len(self._states) + self.finished
