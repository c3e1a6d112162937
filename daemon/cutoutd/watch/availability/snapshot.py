"""The snapshot of a folder: its mounts, and a sample of the files that were there at the last scan.

The ledger stores it, so a restart does not take an unmounted share for an emptied folder. The device numbers of
network, btrfs, overlay and memory file systems may change at a restart; ``verdict`` judges a change.
"""

import heapq
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from os import fsencode
from pathlib import Path

from cutoutd.config.settings import FolderSettings
from cutoutd.core.photo import Identity
from cutoutd.files.input_tree import Sighting, open_folder_beneath, stat_quietly
from cutoutd.files.mounts import Mount, is_at_or_below, mount_over, read_mounts
from cutoutd.files.name_filters import is_junk_folder


@dataclass(frozen=True, slots=True)
class MountedPart:
    """The part of an input tree on one mount."""

    path: str  #: relative to the input root, "" for the root itself
    mount: str  #: where that mount is mounted, absolute
    device: int  #: its st_dev

    def holds(self, path: str) -> bool:
        """Return True if a path of the tree is on or below the path of this part."""
        return is_at_or_below(path, self.path)


#: All parts of one tree, the root's first.
MountedParts = tuple[MountedPart, ...]


def mounted_parts(folder: FolderSettings) -> MountedParts:
    """Return the present parts of a folder's input tree, the root's first. Blocking.

    Raises:
        OSError: the root does not exist, is no folder, or cannot be listed.
    """
    device = _device_of_listed(folder.input, "")  # first, because an automounter mounts it only then
    real = Path(os.path.realpath(folder.input))
    mounts = read_mounts()
    mount = mount_over(real, mounts)
    nested = _nested_parts(folder, real, mounts) if folder.recursive else ()
    return (MountedPart("", str(mount.path) if mount else "", device), *nested)


def _nested_parts(folder: FolderSettings, real: Path, mounts: Iterable[Mount]) -> Iterator[MountedPart]:
    paths = (Path(mount.path) for mount in mounts)
    for mount in sorted(mount for mount in paths if mount != real and mount.is_relative_to(real)):
        path = mount.relative_to(real)
        if not any(map(is_junk_folder, path.parts)):
            with suppress(OSError):  # as good as missing
                yield MountedPart(str(path), str(mount), _device_of_listed(folder.input, str(path)))


def _device_of_listed(root: Path, path: str) -> int:
    """Return the device of a folder that can be listed. Opening is no proof: a dead share can be opened."""
    fd = open_folder_beneath(root, path)
    try:
        with os.scandir(fd) as entries:
            next(entries, None)
        return os.fstat(fd).st_dev
    finally:
        os.close(fd)


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
    is_trusted: bool = False  #: True: a person says that these parts are right, although known files are missing

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
        found = tuple(SampleFile(**each) for each in samples)
        return FolderSnapshot(values["input"], parts, found, bool(values.get("is_trusted")))
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
