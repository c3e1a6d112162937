"""The roll of a folder: what it stood on, and a few of its photos that were there when its tree was last looked at.

Kept in the ledger's memory, so that a restart in the middle of an unmounted share does not take it for an emptied one.
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

#: Enough that not all of them are taken away one by one while many others stay.
WITNESSES = 16


@dataclass(frozen=True, slots=True)
class SampleFile:
    """A photo that should be there; without its inode, since some file systems number anew at each mount."""

    path: str
    size_bytes: int
    mtime_ns: int

    @classmethod
    def of(cls, seen: "Sighting | Identity | SampleFile") -> "SampleFile":
        """What would be known of it again."""
        return cls(seen.path, seen.size_bytes, seen.mtime_ns)

    def is_in(self, root: Path) -> bool:
        """Whether it is there now. Blocking."""
        found = stat_quietly(root, self.path)
        return found is not None and SampleFile.of(found) == self


@dataclass(frozen=True, slots=True)
class FolderSnapshot:
    """What is remembered of a folder's input."""

    input: str
    parts: tuple[MountedPart, ...]
    samples: tuple[SampleFile, ...]

    def as_json(self) -> str:
        """Also names that are no UTF-8 survive: JSON escapes lone surrogates."""
        return json.dumps(asdict(self))


def snapshot_from(text: str | None) -> FolderSnapshot | None:
    """What was remembered; None for nothing, or for what an older version may have remembered otherwise."""
    try:
        values = json.loads(text or "")
        parts = tuple(MountedPart(**part) for part in values["parts"])
        # Ledgers written before 0.2 call the samples witnesses.
        samples = values["samples"] if "samples" in values else values["witnesses"]
        return FolderSnapshot(values["input"], parts, tuple(SampleFile(**each) for each in samples))
    except (ValueError, KeyError, TypeError):
        return None


def sample(seen: Iterable[Sighting | SampleFile]) -> tuple[SampleFile, ...]:
    """A few of many, spread over the whole tree, and mostly the same ones each time: the memory is rarely written.

    Of a path that was seen twice, the last look counts. Those few alone become witnesses: a tree has many files.
    """
    last = {each.path: each for each in seen}.values()
    few = heapq.nsmallest(WITNESSES, last, key=lambda each: (zlib.crc32(fsencode(each.path)), each.path))
    return tuple(map(SampleFile.of, few))
