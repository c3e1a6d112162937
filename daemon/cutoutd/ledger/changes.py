"""Knowledge of the ledger that every stored fact keeps current in memory, so that it costs no query."""

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Protocol

from cutoutd.core.photo import TERMINAL, Photo, State
from cutoutd.ledger.queries.photos import Total

#: A flag says yes after this time in any case, because the day, for example, changes without a commit.
_ASK_ANYWAY_AFTER_S = 60.0

#: More photos than this are not known as unique, because memory has to stay flat; the ledger is asked about the others.
_MOST_UNIQUE = 10_000


class _Revised(Protocol):
    """A ledger."""

    @property
    def revision(self) -> int:
        """A number that differs after every commit of this run."""


class ChangeFlag:
    """A flag for a loop that asks the ledger every few seconds: True if something was stored since it was last taken.

    Args:
        ledger: the ledger.
        now_s: a clock that never goes back.
    """

    def __init__(self, ledger: _Revised, now_s: Callable[[], float] = time.monotonic) -> None:
        self._ledger = ledger
        self._now_s = now_s
        self._seen: int | None = None
        self._taken_at_s = 0.0

    def take(self) -> bool:
        """Return True if the loop should ask now. Take it before asking, so that later commits set it again."""
        revision, now_s = self._ledger.revision, self._now_s()
        if revision == self._seen and now_s - self._taken_at_s < _ASK_ANYWAY_AFTER_S:
            return False
        self._seen, self._taken_at_s = revision, now_s
        return True

    def give_back(self) -> None:
        """Set the flag again, because the ledger could not be asked."""
        self._seen = None


class PhotoCounts:
    """The result of `queries.photos.totals` at any moment, without a query. For any thread."""

    def __init__(self) -> None:
        self._numbers: Counter[tuple[str, State]] = Counter()
        self._is_open = False
        self._lock = threading.Lock()

    def open(self, totals: Iterable[Total]) -> None:
        """Begin with these numbers; call it before any photo moves."""
        self._numbers = Counter({(total.folder, total.state): total.photos for total in totals})
        self._is_open = True

    def note(self, before: Photo | None, after: Photo) -> None:
        """Count a fact that was stored."""
        with self._lock:
            if before is not None:
                self._numbers[before.identity.folder, before.state] -= 1
            self._numbers[after.identity.folder, after.state] += 1

    def numbers(self) -> dict[tuple[str, State], int]:
        """Return the number of photos by folder and state; 0 where the last photo has left a state."""
        with self._lock:
            return dict(self._numbers)

    def totals(self) -> list[Total]:
        """Return the same numbers in the form of the ledger's query."""
        return [Total(folder, state, number) for (folder, state), number in self.numbers().items() if number]

    def at(self, *states: State) -> int:
        """Return the number of photos at these states."""
        return sum(total.photos for total in self.totals() if total.state in states)

    def most_at(self, states: Iterable[State], folder: str | None = None) -> float:
        """Return the most photos that can be at these states, in one folder or in all; infinite before `open`.

        It costs no query, so a limit that this number keeps needs no look into the ledger.
        """
        if not self._is_open:
            return math.inf
        with self._lock:
            if folder is not None:
                return sum(self._numbers[folder, state] for state in states)
            wanted = frozenset(states)
            return sum(number for (_, state), number in self._numbers.items() if state in wanted)

    def folders(self) -> frozenset[str]:
        """Return the folders with photos."""
        with self._lock:
            return frozenset(folder for (folder, _), number in self._numbers.items() if number)

    def folders_at(self, state: State) -> int:
        """Return the number of folders with a photo at this state."""
        return len(self.crowded_folders(state, 1))

    def crowded_folders(self, state: State, least: int) -> frozenset[str]:
        """Return the folders with at least so many photos at this state."""
        with self._lock:
            items = self._numbers.items()
            return frozenset(folder for (folder, at), number in items if at is state and number >= least)


class UniquePhotos:
    """Photos that were alone with their picture and path when they were accepted, and still are.

    The group committer's thread changes it, in the order of the commits. Any thread may ask.
    """

    def __init__(self) -> None:
        self._photos: dict[int, tuple[str | None, str | None, str, str]] = {}
        self._by_sha256: dict[str | None, int] = {}
        self._by_picture: dict[str | None, int] = {}
        self._by_path: dict[tuple[str, str], int] = {}

    def __contains__(self, photo: Photo) -> bool:
        return photo.id in self._photos

    def add(self, photo: Photo) -> None:
        """Remember a photo that has just been accepted; the ledger has no other row of its picture or its path."""
        if len(self._photos) < _MOST_UNIQUE:
            identity, sha256, picture = photo.identity, photo.picture.sha256, photo.picture.identity
            self._photos[photo.id] = (sha256, picture, identity.folder, identity.path)
            self._by_sha256[sha256] = self._by_picture[picture] = photo.id
            self._by_path[identity.folder, identity.path] = photo.id

    def note(self, before: Photo | None, after: Photo) -> None:
        """Forget the photos that a stored fact makes common, and those that are finished."""
        if before is None:
            self._discard(self._by_path.get((after.identity.folder, after.identity.path)))
        elif after.state in TERMINAL:
            self._discard(after.id)
        elif after.state is State.ACCEPTED:
            picture = after.picture
            for like in (self._by_sha256.get(picture.sha256), self._by_picture.get(picture.identity)):
                if like != after.id:
                    self._discard(like)

    def _discard(self, photo_id: int | None) -> None:
        if photo_id in self._photos:
            sha256, picture, folder, path = self._photos.pop(photo_id)
            del self._by_sha256[sha256], self._by_picture[picture], self._by_path[folder, path]
