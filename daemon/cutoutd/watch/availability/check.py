"""The check of a folder, part by part: which of the sample files are still there. It changes nothing."""

from contextlib import suppress
from dataclasses import dataclass, replace
from os import close

from cutoutd.config.choices import OnSourceRemoved
from cutoutd.config.settings import FolderSettings
from cutoutd.core.logs import printable
from cutoutd.files.input_tree import open_folder_beneath
from cutoutd.files.name_filters import Exclusions
from cutoutd.watch.availability.mounts import MountedPart, MountedParts
from cutoutd.watch.availability.snapshot import SampleFile
from cutoutd.watch.availability.verdict import Observation, unavailable_reason
from cutoutd.watch.scanner import Scan


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
        scan = Scan(self.folder.input, Exclusions(self.folder.exclude), is_recursive=self.folder.recursive)
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
