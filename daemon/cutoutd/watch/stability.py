"""The stability check: it tells a finished file from one that is still being written.

Pure: looks and clocks come in, a verdict goes out. An unfinished file is looked at again until it is finished or gone.
The validation then judges the content of a finished file.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from cutoutd.files.input_tree import Sighting
from cutoutd.files.unfinished import NO_SIGNS, Writer, WriteSigns
from cutoutd.watch.rewrites import LONGEST_DELAY_S, RewriteDelays

#: Where nothing can tell if a program still writes, a file must stand still for so many times ``stability_delay_s``.
QUIET_FACTOR = 5

#: Holes, and files that a crashed program may have left beside it, count until all stood still for so long.
LEFTOVER_AFTER_S = 600.0

#: The log names a file that has waited for so long.
_TELL_AFTER_S = 300.0

#: The pause between looks at a file that waits for its writer grows up to this.
_LONGEST_RECHECK_S = 30.0
_SHORTEST_RECHECK_S = 0.5


@dataclass(frozen=True, slots=True)
class FileLook:
    """The content of a file at one moment."""

    is_whole: bool  #: the content reaches the end marker of its format
    signs: WriteSigns = NO_SIGNS


#: A file that was not opened, because it is too fresh, or changed meanwhile.
NOT_READ = FileLook(is_whole=False)


@dataclass(frozen=True, slots=True)
class WaitingFile:
    """A file that is not finished yet."""

    path: str
    since_s: float  #: Unix time of the first look
    reason: str


@dataclass(frozen=True, slots=True)
class _LastLook:
    """A version of a file, since when it has not changed, and when the next look is due."""

    sighting: Sighting
    first_s: float
    unchanged_since_s: float
    due_s: float
    waiting: WaitingFile
    is_told: bool = False


@dataclass(frozen=True, slots=True)
class _Rest:
    """The time for which a file has stood still."""

    between_looks_s: float | None  #: None at the first look at this version
    by_stamps_s: float  #: by both stamps, because copying programs set mtime to the past; below 0 for the future

    @property
    def longest_s(self) -> float:
        return max(self.between_looks_s or 0.0, self.by_stamps_s)


class StabilityCheck:
    """The files that are not finished yet.

    A file is finished as soon as one of these holds:

    - its writer closed it, and it is whole by its own format;
    - it is whole, and its last change is ``stability_delay_s`` ago;
    - it did not change for that long between two looks, whole or not.

    It is not finished, whatever else holds,

    - while a program has it open for writing, or a download tool's control file is beside it;
    - while it has holes or a sibling that says "in progress", until all stood still for ten minutes;
    - until it stood still for five times ``stability_delay_s``, where nothing can tell if a program still writes;
    - until it stood still for a growing time, if its path keeps bringing new versions: see ``RewriteDelays``.

    Args:
        stability_delay_s: the time for which a file must not change.
        now_s: a clock that never goes back; it compares two looks.
        wall_ns: the clock of the time stamps of files. Set back, it only makes a file wait longer; set forward, it only
            speeds up whole files.
        capacity: the most files that may wait. More are left to the next rescan, so memory stays bounded.
    """

    def __init__(
        self,
        stability_delay_s: float,
        *,
        now_s: Callable[[], float] = time.monotonic,
        wall_ns: Callable[[], int] = time.time_ns,
        capacity: int = 10_000,
    ) -> None:
        self._delay_s = stability_delay_s
        self._now_s = now_s
        self._wall_ns = wall_ns
        self._capacity = capacity
        self._waiting: dict[str, _LastLook] = {}
        self._rewrites = RewriteDelays(now_s=now_s, capacity=capacity)

    def is_due_for_reading(self, sighting: Sighting) -> bool:
        """Return True if the verdict depends on a look into the file. Reading half a file is wasted work."""
        return self._was_closed(sighting) or self._rest_of(sighting).longest_s >= self._delay_s

    def is_finished(self, sighting: Sighting, look: FileLook) -> bool:
        """Note a look, and return True if the file is finished; then it no longer waits here.

        Args:
            sighting: the file as it was seen.
            look: the content of this very version.
        """
        now_s = self._now_s()
        rest = self._rest_of(sighting)
        sighting = replace(sighting, is_closed=self._was_closed(sighting))
        last = self._waiting.pop(sighting.path, None)
        is_unchanged = rest.between_looks_s is not None
        waited_s = now_s - last.first_s if last is not None else 0.0
        obstacle = self._obstacle(sighting, look, rest, waited_s)
        if obstacle is None:
            self._rewrites.note_delivery(sighting)
            return True
        reason, look_in_s = obstacle
        if last is not None and not is_unchanged and look.signs.writer is not Writer.PRESENT:
            reason = "is still being written"
        if len(self._waiting) < self._capacity:
            since_s = last.waiting.since_s if last is not None else self._wall_ns() / 1e9
            self._waiting[sighting.path] = _LastLook(
                sighting,
                first_s=last.first_s if last is not None else now_s,
                unchanged_since_s=last.unchanged_since_s if last is not None and is_unchanged else now_s,
                due_s=now_s + look_in_s,
                waiting=WaitingFile(sighting.path, since_s, reason),
                is_told=last is not None and last.is_told,
            )
        return False

    @property
    def is_full(self) -> bool:
        """True if a further unfinished file would be left to the next rescan."""
        return len(self._waiting) >= self._capacity

    def due(self) -> list[str]:
        """Return the paths that are due for a look now."""
        now_s = self._now_s()
        return [path for path, look in self._waiting.items() if look.due_s <= now_s]

    def due_in_s(self) -> float | None:
        """Return the seconds until the next look is due, 0 if one is overdue; None if no file waits."""
        if not self._waiting:
            return None
        return max(0.0, min(look.due_s for look in self._waiting.values()) - self._now_s())

    def forget(self, path: str) -> None:
        """Forget a file that is gone, or known already."""
        self._waiting.pop(path, None)

    def waiting(self) -> tuple[WaitingFile, ...]:
        """Return the files that are not finished yet, and why, for ``status``."""
        return tuple(look.waiting for look in self._waiting.values())

    def take_untold(self) -> tuple[WaitingFile, ...]:
        """Return, once each, the files that have waited for five minutes: the log names them."""
        by_s = self._now_s() - _TELL_AFTER_S
        untold = {path: look for path, look in self._waiting.items() if look.first_s <= by_s and not look.is_told}
        self._waiting.update({path: replace(look, is_told=True) for path, look in untold.items()})
        return tuple(look.waiting for look in untold.values())

    def _was_closed(self, sighting: Sighting) -> bool:
        """Return True if the writer of this version was seen to close it, at this look or an earlier one."""
        last = self._waiting.get(sighting.path)
        is_known = last is not None and last.sighting.is_closed and last.sighting.is_same_version(sighting)
        return sighting.is_closed or is_known

    def _rest_of(self, sighting: Sighting) -> _Rest:
        by_stamps_s = (self._wall_ns() - max(sighting.mtime_ns, sighting.ctime_ns)) / 1e9
        last = self._waiting.get(sighting.path)
        if last is None or not last.sighting.is_same_version(sighting):
            return _Rest(None, by_stamps_s)
        return _Rest(self._now_s() - last.unchanged_since_s, by_stamps_s)

    def _obstacle(self, sighting: Sighting, look: FileLook, rest: _Rest, waited_s: float) -> tuple[str, float] | None:
        """Return why the file is not finished, and in how many seconds to look again; None if it is finished."""
        signs = look.signs
        if (reason := self._sign_of_writing(signs, rest)) is not None:
            return reason, min(max(self._delay_s, _SHORTEST_RECHECK_S, waited_s / 4), _LONGEST_RECHECK_S)
        rewrite_delay_s = self._rewrites.delay_s(sighting)
        if rest.longest_s < rewrite_delay_s and waited_s < LONGEST_DELAY_S:
            return "is rewritten again and again", rewrite_delay_s - max(0.0, rest.longest_s)
        quiet_s = self._delay_s * (QUIET_FACTOR if signs.writer is Writer.UNKNOWN else 1)
        is_closed = sighting.is_closed and signs.writer is Writer.ABSENT
        if look.is_whole and (is_closed or rest.longest_s >= quiet_s):
            return None
        if rest.between_looks_s is not None and rest.between_looks_s >= quiet_s:
            return None
        rested_s = rest.longest_s if look.is_whole else rest.between_looks_s or 0.0
        return _reason(sighting, look), quiet_s - max(0.0, rested_s)

    def _sign_of_writing(self, signs: WriteSigns, rest: _Rest) -> str | None:
        """Return the sign that the file is still being written; None if there is none, or only one left over."""
        if signs.certain is not None:
            return signs.certain
        sibling = signs.sibling
        if rest.longest_s >= LEFTOVER_AFTER_S:
            sibling_rested_s = LEFTOVER_AFTER_S if sibling is None else (self._wall_ns() - sibling.changed_ns) / 1e9
            if sibling_rested_s >= LEFTOVER_AFTER_S:
                return None
        if sibling is not None:
            return sibling.as_clause
        return "has parts that were not written yet" if signs.has_holes else None


def _reason(sighting: Sighting, look: FileLook) -> str:
    if sighting.is_closed and not look.is_whole:
        return "was closed, but is not whole yet"
    return "has to stand still for a moment first"
