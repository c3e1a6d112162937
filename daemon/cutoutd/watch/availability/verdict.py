"""The verdict on an input tree, part by part: files were removed, or the tree itself is unavailable.

An unmounted share leaves an empty folder, and its files were not removed. So the folder becomes unavailable, and no
photo fails and no cutout is deleted, if

- its root cannot be listed;
- a mount inside it is gone. It is forgotten once its mount point is removed too and nothing is at stake;
- its root, or a mount inside it, is on another device or mount, and no known file is there. One known file is enough,
  because numbers change at a restart of the machine. Another disk is accepted with its first new file, while nothing is
  at stake. A tree that is no longer mounted is never accepted;
- on the same mount, all of several files are gone at once, and something is at stake. The first new file shows that the
  tree is alive. While nothing is at stake, an emptied tree is just empty.

At stake is an unfinished photo, which would fail, or a cutout, which would be deleted.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from os import close

from cutoutd.config.settings import FolderSettings
from cutoutd.config.types.choices import OnSourceRemoved
from cutoutd.core.logs import printable
from cutoutd.files.input_tree import open_folder_beneath
from cutoutd.files.name_filters import Exclusions
from cutoutd.watch.availability.snapshot import MountedPart, MountedParts, SampleFile
from cutoutd.watch.scanner import Scan


class UnavailableReason(StrEnum):
    """The reason why a part of a tree is unavailable; ``{}`` stands for its path."""

    NOT_MOUNTED = "nothing is mounted at {} any more"
    ANOTHER_DEVICE = "{} is on another disk or share than before, and none of its photos is there"
    ALL_GONE = "every photo that was in {} is gone at once, as when a share is not mounted"


@dataclass(frozen=True, slots=True)
class Observation:
    """The facts about one part of a tree."""

    missing: int  #: the number of missing sample files, without those that cutoutd itself moved or deleted
    is_familiar: bool  #: True if one sample file is there
    is_at_stake: bool  #: True if a photo would fail, or a cutout would be deleted
    has_others: bool  #: True if other photos are there
    is_place_there: bool  #: True if the mount point, or the root, is still a folder


def unavailable_reason(before: MountedPart, now: MountedPart | None, observed: Observation) -> UnavailableReason | None:
    """Return the reason why a part of a tree is unavailable; None if it is available."""
    if observed.is_familiar:
        return None
    if now is None:
        is_forgotten = not observed.is_place_there and not observed.is_at_stake
        return None if is_forgotten else UnavailableReason.NOT_MOUNTED
    if (before.mount, before.device) != (now.mount, now.device):
        return _reason_for_other_mount(before, now, observed)
    is_available = observed.has_others or not observed.is_at_stake or observed.missing < 2  # noqa: PLR2004  "several"
    return None if is_available else UnavailableReason.ALL_GONE


def _reason_for_other_mount(before: MountedPart, now: MountedPart, observed: Observation) -> UnavailableReason | None:
    if not observed.missing:
        return None  # no known file could be missing
    if len(now.mount) < len(before.mount):  # the mount is gone, and the one beneath is visible
        return UnavailableReason.NOT_MOUNTED
    return None if observed.has_others and not observed.is_at_stake else UnavailableReason.ANOTHER_DEVICE


@dataclass(frozen=True, slots=True)
class AvailabilityCheck:
    """One check of one folder."""

    folder: FolderSettings
    before: MountedParts
    now: MountedParts
    expected: frozenset[SampleFile]  #: files that should be there
    in_flight: frozenset[SampleFile]  #: photos that would fail if their file were missing

    def reason(self) -> str:
        """Return why the folder is unavailable, as a sentence; empty if it is available. Blocking."""
        for path in self._paths():
            before = _at(path, self.before) or self._covered(path)
            reason = unavailable_reason(before, _at(path, self.now), self._observe(path))
            if reason is not None:
                return reason.format(printable(str(self.folder.input / path)))
        return ""

    def _paths(self) -> list[str]:
        return sorted({part.path for part in (*self.before, *self.now)})

    def _covered(self, path: str) -> MountedPart:
        """Return the part of the tree that was at the place of a new mount before."""
        return replace(
            max((part for part in self.before if part.holds(path)), key=lambda part: len(part.path)), path=path
        )

    def _observe(self, path: str) -> Observation:
        files = {file for file in self.expected if self._place_of(file.path) == path}
        is_familiar = any(file.is_in(self.folder.input) for file in files)
        # Only then the other observations matter.
        is_all_missing = bool(files) and not is_familiar
        return Observation(
            missing=len(files) if is_all_missing else 0,
            is_familiar=is_familiar,
            is_at_stake=is_all_missing and (self._is_deleting() or not files.isdisjoint(self.in_flight)),
            has_others=is_all_missing and self._has_photos(path),
            is_place_there=self._is_folder(path),
        )

    def _is_deleting(self) -> bool:
        return self.folder.on_source_removed is OnSourceRemoved.DELETE

    def _place_of(self, path: str) -> str:
        return max((place for place in self._paths() if MountedPart(place, "", 0).holds(path)), key=len)

    def _has_photos(self, path: str) -> bool:
        scan = Scan(self.folder.input, Exclusions.of(self.folder), is_recursive=self.folder.recursive)
        with suppress(OSError):
            return any(self._place_of(sighting.path) == path for sighting in scan.sightings(path))
        return False

    def _is_folder(self, path: str) -> bool:
        with suppress(OSError):
            close(open_folder_beneath(self.folder.input, path))
            return True
        return False


def _at(path: str, parts: MountedParts) -> MountedPart | None:
    return next((part for part in parts if part.path == path), None)
