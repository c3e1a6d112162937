"""One walk over an input tree, or over a part of it. It yields every candidate, one by one.

The scan tells what a tree holds; kernel events only tell where to look sooner. It opens folders, never files. It keeps
no list of files, so a million photos need no more memory than ten. It does not know the ledger or the stability check.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cutoutd.files.input_tree import FOLDER_FLAGS, Sighting, open_folder_beneath
from cutoutd.files.name_filters import Exclusions, is_candidate, is_junk

MAX_PROBLEMS = 100  #: more are not told one by one


@dataclass(frozen=True, slots=True)
class FolderSeen:
    """A folder about to be listed. The numbers name it wherever it is moved."""

    path: str  #: relative to the input root, "" for the root itself
    device: int
    inode: int
    descriptor: int  #: open while it is listed, no longer


@dataclass(frozen=True, slots=True)
class ScanProblem:
    """A folder or file that could not be read, and why. The rest of the scan went on."""

    path: str
    sentence: str


@dataclass(frozen=True, slots=True)
class _PendingFolder:
    """A folder still to be listed, with the folders above it."""

    path: str
    parent: "_ParentFolder | None"


@dataclass(frozen=True, slots=True)
class _ParentFolder:
    device: int
    inode: int
    parent: "_ParentFolder | None"

    def is_at(self, status: os.stat_result) -> bool:
        return (self.device, self.inode) == (status.st_dev, status.st_ino)

    def holds(self, status: os.stat_result) -> bool:
        link: _ParentFolder | None = self
        while link is not None:
            if link.is_at(status):
                return True
            link = link.parent
        return False


def _nothing(_: FolderSeen) -> None:
    """Ignore the folder."""


class Scan:
    """One walk; iterate ``sightings()`` once. The counts are complete when it ends.

    Args:
        root: the input tree; it may be a symbolic link, but no link below it is followed.
        exclusions: the globs of the user.
        is_recursive: False if sub-folders are not entered.
        on_folder: called with each folder before it is listed, so that a watch set there misses no later file.
    """

    def __init__(
        self,
        root: Path,
        exclusions: Exclusions,
        *,
        is_recursive: bool = True,
        on_folder: Callable[[FolderSeen], None] = _nothing,
    ) -> None:
        self._root = root
        self._exclusions = exclusions
        self._is_recursive = is_recursive
        self._on_folder = on_folder
        self.folders = 0  #: entered
        self.ignored = 0  #: files and links that are no candidates
        self.problems: list[ScanProblem] = []

    def sightings(self, below: str = "") -> Iterator[Sighting]:
        """Yield every candidate in the folder ``below`` and under it, in the order of the file system.

        Raises:
            OSError: ``below`` itself cannot be listed: the root is missing, or the folder was moved away.
        """
        pending = [_PendingFolder(below, None)]
        while pending:
            folder = pending.pop()
            try:
                yield from self._list(folder, pending)
            except OSError as error:
                if folder.path == below:
                    raise
                self._report(folder.path, error.strerror or str(error))

    def _list(self, folder: _PendingFolder, pending: list[_PendingFolder]) -> Iterator[Sighting]:
        fd = self._open(folder)
        try:
            status = os.fstat(fd)
            if folder.parent is not None and folder.parent.holds(status):
                self._report(folder.path, "is a folder that contains itself: not entered again")
                return
            self.folders += 1
            self._on_folder(FolderSeen(folder.path, status.st_dev, status.st_ino, fd))
            parent = _ParentFolder(status.st_dev, status.st_ino, folder.parent)
            prefix = f"{folder.path}/" if folder.path else ""
            with os.scandir(fd) as entries:
                for entry in entries:
                    path = prefix + entry.name
                    if entry.is_dir(follow_symlinks=False):
                        if self._is_entered(entry.name, path):
                            pending.append(_PendingFolder(path, parent))
                    elif (sighting := self._sighting_of(entry, path)) is not None:
                        yield sighting
        finally:
            os.close(fd)

    def _open(self, folder: _PendingFolder) -> int:
        """Open a folder without following a link, because a folder could be swapped for a link meanwhile."""
        if folder.parent is None:
            return open_folder_beneath(self._root, folder.path)
        fd = os.open(self._root / folder.path, FOLDER_FLAGS)
        try:
            # Its parent too, because the kernel follows links further up, and they lead to another folder.
            if folder.parent.is_at(os.stat("..", dir_fd=fd)):
                return fd
            raise FileNotFoundError(errno.ENOENT, "is not where it was a moment ago: not entered")
        except OSError:
            os.close(fd)
            raise

    def _is_entered(self, name: str, path: str) -> bool:
        return self._is_recursive and not is_junk(name) and not self._exclusions.covers(path)

    def _sighting_of(self, entry: "os.DirEntry[str]", path: str) -> Sighting | None:
        if is_candidate(entry.name) and not self._exclusions.covers(path):
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                return None  # removed since it was listed
            except OSError as error:
                self._report(path, error.strerror or str(error))
                return None
            if stat.S_ISREG(status.st_mode):
                return Sighting.of(path, status)
        self.ignored += 1
        return None

    def _report(self, path: str, sentence: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(ScanProblem(path, sentence))
