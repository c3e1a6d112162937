"""The mounts of an input tree: the one that holds its root, and those inside it.

It only looks. The device numbers of network, btrfs, overlay and memory file systems may change at a restart;
``verdict`` judges a change.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cutoutd.config.settings import FolderSettings
from cutoutd.files.input_tree import open_folder_beneath
from cutoutd.files.mounts import Mount, is_at_or_below, mount_over, read_mounts
from cutoutd.files.name_filters import is_junk


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
        if not any(map(is_junk, path.parts)):
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
