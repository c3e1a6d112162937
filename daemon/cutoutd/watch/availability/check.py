"""Finding out what became of the photos that should be in a tree, part by part; it changes nothing."""

from contextlib import suppress
from dataclasses import dataclass, replace
from os import close

from cutoutd.config.choices import OnSourceRemoved
from cutoutd.config.settings import FolderSettings
from cutoutd.core.logs import printable
from cutoutd.files.input_tree import open_folder_beneath
from cutoutd.files.name_filters import Exclusions
from cutoutd.watch.availability.mounts import Ground, MountedPart
from cutoutd.watch.availability.snapshot import SampleFile
from cutoutd.watch.availability.verdict import Observation, unavailable_reason
from cutoutd.watch.scanner import Scan


@dataclass(frozen=True, slots=True)
class AvailabilityCheck:
    """What is asked of one folder."""

    folder: FolderSettings
    before: Ground
    now: Ground
    expected: frozenset[SampleFile]  #: photos that should be there
    in_flight: frozenset[SampleFile]  #: photos that would be blamed if they were gone

    def reason(self) -> str:
        """The first doubt about a part of the tree, as a sentence; empty when there is none. Blocking."""
        for path in self._paths():
            before = _at(path, self.before) or self._covered(path)
            doubt = unavailable_reason(before, _at(path, self.now), self._evidence(path))
            if doubt is not None:
                return doubt.format(printable(str(self.folder.input / path)))
        return ""

    def _paths(self) -> list[str]:
        return sorted({part.path for part in (*self.before, *self.now)})

    def _covered(self, path: str) -> MountedPart:
        """What a mount that is new covers: the part of the tree that lay there before."""
        return replace(
            max((part for part in self.before if part.holds(path)), key=lambda part: len(part.path)), path=path
        )

    def _evidence(self, path: str) -> Observation:
        mine = {witness for witness in self.expected if self._place_of(witness.path) == path}
        is_familiar = any(witness.is_in(self.folder.input) for witness in mine)
        # Only where none is there is the rest of any interest, and then all of them are missing.
        is_doubtful = bool(mine) and not is_familiar
        return Observation(
            missing=len(mine) if is_doubtful else 0,
            is_familiar=is_familiar,
            is_at_stake=is_doubtful and (self._is_deleting() or not mine.isdisjoint(self.in_flight)),
            has_others=is_doubtful and self._has_photos(path),
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


def _at(path: str, ground: Ground) -> MountedPart | None:
    return next((part for part in ground if part.path == path), None)
