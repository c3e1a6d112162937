"""The snapshot of a folder: its mounts, and a sample of the files that were there at the last scan.

The ledger stores it, so a restart does not take an unmounted share for an emptied folder.
"""

import heapq
import json
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from os import fsencode
from pathlib import Path

from cutoutd.core.photo import Identity
from cutoutd.files.input_tree import Sighting, stat_quietly
from cutoutd.watch.availability.mounts import MountedPart

#: So many that users hardly remove just these one by one while other files stay.
SAMPLE_SIZE = 16


@dataclass(frozen=True, slots=True)
class SampleFile:
    """A file that should exist; without its inode, because some file systems number anew at each mount."""

    path: str
    size_bytes: int
    mtime_ns: int

    @classmethod
    def of(cls, seen: "Sighting | Identity | SampleFile") -> "SampleFile":
        """Return the sample of a sighting or a photo."""
        return cls(seen.path, seen.size_bytes, seen.mtime_ns)

    def is_in(self, root: Path) -> bool:
        """Return True if the file exists now, unchanged. Blocking."""
        found = stat_quietly(root, self.path)
        return found is not None and SampleFile.of(found) == self


@dataclass(frozen=True, slots=True)
class FolderSnapshot:
    """The stored knowledge about a folder's input."""

    input: str
    parts: tuple[MountedPart, ...]
    samples: tuple[SampleFile, ...]

    def as_json(self) -> str:
        """Return it as JSON. Names that are not UTF-8 survive, because JSON escapes lone surrogates."""
        return json.dumps(asdict(self))


def snapshot_from(text: str | None) -> FolderSnapshot | None:
    """Read a stored snapshot; None for nothing, or for a form of another version."""
    try:
        values = json.loads(text or "")
        parts = tuple(MountedPart(**part) for part in values["parts"])
        # Ledgers written before 0.2 call the samples witnesses.
        samples = values["samples"] if "samples" in values else values["witnesses"]
        return FolderSnapshot(values["input"], parts, tuple(SampleFile(**each) for each in samples))
    except (ValueError, KeyError, TypeError):
        return None


def sample(seen: Iterable[Sighting | SampleFile]) -> tuple[SampleFile, ...]:
    """Return a few of many files, spread over the tree.

    Mostly they are the same ones each time, so the snapshot is rarely written. Of a path that was seen twice, the last
    look counts. Only these few become ``SampleFile`` objects, because a tree has many files.
    """
    last = {each.path: each for each in seen}.values()
    few = heapq.nsmallest(SAMPLE_SIZE, last, key=lambda each: (zlib.crc32(fsencode(each.path)), each.path))
    return tuple(map(SampleFile.of, few))
