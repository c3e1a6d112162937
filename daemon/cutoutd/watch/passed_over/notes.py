"""The notes of one scan about what it passes over. They are bounded, so a tree full of links costs no memory."""

import errno
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain

from cutoutd.watch.passed_over.passed_over import PassedOver, PassedOverReason, passed_over_of

#: More of one reason are counted, not named.
MAX_NOTED = 100

#: Gone or replaced since it was listed: the next look tells what is there.
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})


class PassedOverNotes:
    """The notes of one scan, bounded for each reason."""

    def __init__(self) -> None:
        self._causes: dict[PassedOverReason, dict[str, str]] = {}  #: by path: the words of the system
        self.more: Counter[PassedOverReason] = Counter()  #: the number of those that are not named

    def add(self, reason: PassedOverReason, path: str, cause: str = "") -> None:
        """Note a path relative to the input root, "" for the root itself."""
        causes = self._causes.setdefault(reason, {})
        if path in causes or len(causes) < MAX_NOTED:
            causes[path] = cause
        else:
            self.more[reason] += 1

    def add_error(self, path: str, error: OSError) -> None:
        """Note that a path could not be read, unless it is just gone."""
        if error.errno == errno.ENAMETOOLONG:
            self.add(PassedOverReason.PATH_TOO_LONG, path)
        elif error.errno not in _GONE:
            self.add(PassedOverReason.UNREADABLE, path, error.strerror or str(error))

    @property
    def is_empty(self) -> bool:
        """True if nothing is noted."""
        return not any(self._causes.values())

    def replaced(self, is_replaced: Callable[[str], bool], newer: "PassedOverNotes") -> "PassedOverNotes":
        """Return the notes with newer ones about some paths. Numbers past the bound only rise."""
        result = PassedOverNotes()
        kept = ((reason, path, cause) for reason, path, cause in self if not is_replaced(path))
        for reason, path, cause in chain(kept, newer):
            result.add(reason, path, cause)
        result.more += self.more + newer.more
        return result

    def __iter__(self) -> Iterator[tuple[PassedOverReason, str, str]]:
        for reason, causes in self._causes.items():
            for path, cause in causes.items():
                yield reason, path, cause

    def paths(self, reason: PassedOverReason) -> tuple[str, ...]:
        """Return the noted paths."""
        return tuple(self._causes.get(reason, ()))

    def of(self, folder: str) -> tuple[PassedOver, ...]:
        """Return what is passed over in the folder of this name, by reason, the gravest first."""
        return tuple(self._passed_over(folder))

    def _passed_over(self, folder: str) -> Iterator[PassedOver]:
        for reason in PassedOverReason:
            if causes := self._causes.get(reason):
                count = len(causes) + self.more[reason]
                yield passed_over_of(folder, reason, list(causes), count, next(iter(causes.values())))
