"""What an input tree stands on: the mount that holds its root, and the mounts inside it.

Looking is all it does. Device numbers of network, btrfs, overlay and memory file systems may be others after a restart;
what a changed one means is for ``doubts`` to say.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cutoutd.config.settings import FolderSettings
from cutoutd.files.input_tree import open_folder_beneath
from cutoutd.files.mounts import MOUNT_TABLE, parse_mounts
from cutoutd.files.name_filters import is_junk


@dataclass(frozen=True, slots=True)
class MountedPart:
    """The part of an input tree that lies on one mount."""

    path: str  #: relative to the input root, "" for the root itself
    mount: str  #: where that mount is mounted, absolute
    device: int  #: its st_dev

    def holds(self, path: str) -> bool:
        """Whether a path of the tree lies on or below this part's own."""
        return not self.path or path == self.path or path.startswith(f"{self.path}/")


#: All parts of one tree, the root's first.
Ground = tuple[MountedPart, ...]


def mounted_parts(folder: FolderSettings) -> Ground:
    """The parts of a folder's input tree as they are now, the root's first. Blocking.

    Raises:
        OSError: the root is not there, is no folder, or cannot be listed.
    """
    device = _device_of_listed(folder.input, "")  # first, since looking is what makes an automounter mount it
    real = Path(os.path.realpath(folder.input))
    mounts = [Path(mount.path) for mount in parse_mounts(MOUNT_TABLE.read_text(errors="surrogateescape"))]
    over = max(
        (mount for mount in mounts if real.is_relative_to(mount)), key=lambda mount: len(mount.parts), default=""
    )
    nested = _nested_parts(folder, real, mounts) if folder.recursive else ()
    return (MountedPart("", str(over), device), *nested)


def _nested_parts(folder: FolderSettings, real: Path, mounts: list[Path]) -> Iterator[MountedPart]:
    for mount in sorted(mount for mount in mounts if mount != real and mount.is_relative_to(real)):
        path = mount.relative_to(real)
        if not any(map(is_junk, path.parts)):
            with suppress(OSError):  # it cannot be looked at, which is as good as not there
                yield MountedPart(str(path), str(mount), _device_of_listed(folder.input, str(path)))


def _device_of_listed(root: Path, path: str) -> int:
    """Listed, not only opened: a share that died lets itself be opened."""
    fd = open_folder_beneath(root, path)
    try:
        with os.scandir(fd) as entries:
            next(entries, None)
        return os.fstat(fd).st_dev
    finally:
        os.close(fd)
