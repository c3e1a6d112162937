"""A tree as it is mounted now: the folder that its root really is, and the places of its parts in their file systems.

The same folder can have many names: symbolic links, bind mounts, a share that is mounted twice, and names in another
case. Two places are equal if the kernel or the server shows the same folder there.
"""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from cutoutd.files.mounts import Mount, is_at_or_below, mount_over, polling_reason
from cutoutd.files.name_filters import is_junk

#: The number of the device and of the inode.
FolderNumbers = tuple[int, int]

#: "nas:/photos", "user@host:photos" or "//nas/photos", as the sources of network file systems are written.
_REMOTE_SOURCE = re.compile(r"//(?P<server>[^/]+)(?P<share>/.*)?|(?P<host>\[[^\]]+\]|[^:/]+):(?P<path>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class DiskPlace:
    """A folder of a file system, independent of where that is mounted."""

    file_system: str
    path: PurePosixPath

    def is_in(self, other: "DiskPlace") -> bool:
        """Return True if this is the other folder, or inside it."""
        return self.file_system == other.file_system and self.path.is_relative_to(other.path)


@dataclass(frozen=True, slots=True)
class TreePart:
    """The part of a tree on one mount."""

    path: str  #: relative to the root of the tree, "" for the root itself
    mount: Mount
    place: DiskPlace

    def is_same_disk(self, other: "TreePart") -> bool:
        """Return True for one disk or share, at the same mount point or in the same folder of it."""
        if self.mount.path != other.mount.path and self.place.path != other.place.path:
            return False
        ours, theirs = self.mount, other.mount
        # Device numbers with major 0 are given anew at each mount, so they prove nothing.
        is_same_device = ours.device == theirs.device and not ours.device.startswith("0:")
        return is_same_device or (ours.fs_type, ours.source) == (theirs.fs_type, theirs.source)


@dataclass(frozen=True, slots=True)
class MountedTree:
    """One look at a tree. Two equal looks saw the same folders on the same mounts."""

    real: PurePosixPath  #: the root with all links followed
    is_there: bool  #: True if the root is reached
    parts: tuple[TreePart, ...]  #: the root's first
    lasting_numbers: FolderNumbers | None  #: of the root; None where a folder gets new ones now and then
    numbers: FolderNumbers | None = field(compare=False)  #: of the root; None: it is missing
    #: Of the root and each folder above; None: not known, or not its own.
    ancestry: tuple[FolderNumbers | None, ...] = field(compare=False)

    def part(self, path: str) -> TreePart | None:
        """Return the part that is mounted at this very path of the tree."""
        return next((part for part in self.parts if part.path == path), None)

    def part_over(self, path: str) -> TreePart | None:
        """Return the innermost part that holds a path of the tree."""
        holding = (part for part in self.parts if is_at_or_below(path, part.path))
        return max(holding, key=lambda part: len(part.path), default=None)

    def shared_with(self, other: "MountedTree") -> PurePosixPath | None:
        """Return the first folder of this tree that is in the other tree too; None if there is none.

        It is the root if this tree lies inside the other one, and else a mount inside it.
        """
        if other.ancestry[0] is not None and other.ancestry[0] in self.ancestry:
            return self.real
        return next((self.real / part.path for part in self.parts if other.shows(part.place)), None)

    def shows(self, place: DiskPlace) -> bool:
        """Return True if this folder of a disk is seen somewhere in the tree."""
        return any(place.is_in(part.place) and self._is_visible(place, part) for part in self.parts)

    def _is_visible(self, place: DiskPlace, part: TreePart) -> bool:
        """Return True unless another mount of this tree hides the folder."""
        inside = place.path.relative_to(part.place.path)
        return self.part_over((PurePosixPath(part.path) / inside).as_posix().removeprefix(".")) is part


def look_at_tree(root: Path, mounts: Sequence[Mount], *, is_recursive: bool = True) -> MountedTree:
    """Return a tree as it is mounted now; its root need not exist. Blocking.

    Mounts under names that are never entered do not count.
    """
    real = Path(os.path.realpath(root))
    over = mount_over(real, mounts)
    parts = [] if over is None else [TreePart("", over, _place_of(real, over))]
    nested = _mounts_below(real, mounts) if is_recursive else ()
    parts += [TreePart(path, mount, _place_of(mount.path, mount)) for path, mount in sorted(nested, key=_path_first)]
    numbers = [numbers_of(folder) for folder in (real, *real.parents)]
    return MountedTree(
        PurePosixPath(real),
        is_there=numbers[0] is not None,
        parts=tuple(parts),
        lasting_numbers=numbers[0] if over is not None and _has_lasting_numbers(over.fs_type) else None,
        numbers=numbers[0],
        ancestry=tuple(_own(numbers)),
    )


def _has_lasting_numbers(fs_type: str) -> bool:
    """Return False for FUSE, which numbers a folder anew once the kernel forgot it, and for other machines' disks."""
    return not fs_type.startswith("fuse") and polling_reason(fs_type) is None


def _path_first(nested: tuple[str, Mount]) -> str:
    return nested[0]


def _mounts_below(real: Path, mounts: Sequence[Mount]) -> Iterator[tuple[str, Mount]]:
    for mount in mounts:
        if mount.path != PurePosixPath(real) and mount.path.is_relative_to(real):
            path = mount.path.relative_to(real)
            if not any(map(is_junk, path.parts)):
                yield path.as_posix(), mount


def _place_of(path: PurePosixPath | Path, mount: Mount) -> DiskPlace:
    """Return the place of a path on its innermost mount.

    A share that is mounted twice has two devices. So the server and the path in its source name the place.
    """
    inside = mount.root / PurePosixPath(path).relative_to(mount.path)
    found = _REMOTE_SOURCE.fullmatch(mount.source) if polling_reason(mount.fs_type) is not None else None
    if found is None:
        return DiskPlace(mount.device, inside)
    if found["server"] is not None:
        return DiskPlace(f"//{found['server'].lower()}", _joined(found["share"] or "/", inside))
    shared = found["path"] if found["path"].startswith("/") else f"/~/{found['path']}"
    return DiskPlace(f"{found['host'].lower()}:", _joined(shared, inside))


def _joined(shared: str, inside: PurePosixPath) -> PurePosixPath:
    return PurePosixPath(f"{os.path.normpath(shared)}/{inside}")


def numbers_of(folder: Path) -> FolderNumbers | None:
    """Return the numbers of a folder; None if it cannot be reached. Blocking."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _own(ancestry: Sequence[FolderNumbers | None]) -> Iterator[FolderNumbers | None]:
    """Yield each folder's numbers, or None: some FUSE file systems give all folders one number, or zero."""
    for numbers in ancestry:
        yield numbers if numbers is not None and numbers[1] and ancestry.count(numbers) == 1 else None
