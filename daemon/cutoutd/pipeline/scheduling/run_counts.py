"""The photos of this run by their present state, for the progress bar and the exit code."""

from collections import Counter

from cutoutd.core.photo import TERMINAL, Photo, State


class RunCounts:
    """Counts the photos that moved in this run, or were found in it."""

    def __init__(self) -> None:
        self._states: dict[int, State] = {}
        self._finished: Counter[State] = Counter()

    def note(self, photo: Photo) -> None:
        """Count a photo at its present state. Finished photos are only counted, so memory stays flat."""
        if photo.state in TERMINAL:
            self._states.pop(photo.id, None)
            self._finished[photo.state] += 1
        else:
            self._states[photo.id] = photo.state

    def at(self, *states: State) -> int:
        """Return the number of photos of this run at these states."""
        under_way = sum(state in states for state in self._states.values())
        return under_way + sum(self._finished[state] for state in states)

    @property
    def finished(self) -> int:
        """The number of finished photos."""
        return self._finished.total()

    @property
    def met(self) -> int:
        """The number of photos of this run so far."""
        return len(self._states) + self.finished
