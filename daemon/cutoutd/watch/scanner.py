"""One walk over an input tree, or over a part of it: every candidate that lies there now, lazily.

The scan is the truth about a tree; kernel events are only hints about where to look sooner. It opens folders, never
files, keeps no list of files (a million photos cost no more memory than ten) and knows nothing of ledgers or settling.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cutoutd.files.input_tree import FOLDER_FLAGS, Sighting, open_folder_beneath
from cutoutd.files.name_filters import Exclusions, is_candidate, is_junk

MAX_TROUBLES = 100  #: a tree full of unreadable folders is told by examples


@dataclass(frozen=True, slots=True)
class FolderSeen:
    """A folder about to be listed; the numbers name it wherever it is moved."""

    path: str  #: relative to the input root, "" for the root itself
    device: int
    inode: int
    descriptor: int  #: open while it is listed, no longer


@dataclass(frozen=True, slots=True)
class ScanProblem:
    """A folder or file that could not be looked at, and why; the rest of the scan went on."""

    path: str
    sentence: str


@dataclass(frozen=True, slots=True)
class _Ahead:
    """A folder still to be listed, with the folders above it."""

    path: str
    above: "_Above | None"


@dataclass(frozen=True, slots=True)
class _Above:
    device: int
    inode: int
    above: "_Above | None"

    def is_at(self, status: os.stat_result) -> bool:
        return (self.device, self.inode) == (status.st_dev, status.st_ino)

    def holds(self, status: os.stat_result) -> bool:
        link: _Above | None = self
        while link is not None:
            if link.is_at(status):
                return True
            link = link.above
        return False


def _nothing(_: FolderSeen) -> None:
    """No one wants to know of folders."""


class Scan:
    """The walk itself; iterate ``sightings()`` once, the counts are complete when it ends.

    Args:
        root: the input tree; it may itself be a symbolic link, nothing below it is followed.
        exclusions: the user's globs.
        is_recursive: whether sub-folders are entered.
        on_folder: told of each folder before it is listed, so that a watch put on it there misses nothing after.
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
        self.troubles: list[ScanProblem] = []

    def sightings(self, below: str = "") -> Iterator[Sighting]:
        """Every candidate in the folder ``below`` and under it, in the order the file system gives.

        Raises:
            OSError: ``below`` itself cannot be listed: the root is missing, or the folder was moved away.
        """
        ahead = [_Ahead(below, None)]
        while ahead:
            folder = ahead.pop()
            try:
                yield from self._list(folder, ahead)
            except OSError as error:
                if folder.path == below:
                    raise
                self._report(folder.path, error.strerror or str(error))

    def _list(self, folder: _Ahead, ahead: list[_Ahead]) -> Iterator[Sighting]:
        fd = self._open(folder)
        try:
            status = os.fstat(fd)
            if folder.above is not None and folder.above.holds(status):
                self._report(folder.path, "is a folder that it lies in itself: not entered again")
                return
            self.folders += 1
            self._on_folder(FolderSeen(folder.path, status.st_dev, status.st_ino, fd))
            above = _Above(status.st_dev, status.st_ino, folder.above)
            prefix = f"{folder.path}/" if folder.path else ""
            with os.scandir(fd) as entries:
                for entry in entries:
                    path = prefix + entry.name
                    if entry.is_dir(follow_symlinks=False):
                        if self._is_entered(entry.name, path):
                            ahead.append(_Ahead(path, above))
                    elif (sighting := self._look(entry, path)) is not None:
                        yield sighting
        finally:
            os.close(fd)

    def _open(self, folder: _Ahead) -> int:
        """Listing goes through a descriptor that refused links: no folder can be swapped for one while it is read."""
        if folder.above is None:
            return open_folder_beneath(self._root, folder.path)
        fd = os.open(self._root / folder.path, FOLDER_FLAGS)
        try:
            # Links further up are not refused; whoever followed one is now in a folder that lies somewhere else.
            if folder.above.is_at(os.stat("..", dir_fd=fd)):
                return fd
            raise FileNotFoundError(errno.ENOENT, "is not where it was a moment ago: not entered")
        except OSError:
            os.close(fd)
            raise

    def _is_entered(self, name: str, path: str) -> bool:
        return self._is_recursive and not is_junk(name) and not self._exclusions.covers(path)

    def _look(self, entry: "os.DirEntry[str]", path: str) -> Sighting | None:
        if is_candidate(entry.name) and not self._exclusions.covers(path):
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                return None  # gone since it was listed: nothing is there, which is what the scan says
            except OSError as error:
                self._report(path, error.strerror or str(error))
                return None
            if stat.S_ISREG(status.st_mode):
                return Sighting.of(path, status)
        self.ignored += 1
        return None

    def _report(self, path: str, sentence: str) -> None:
        if len(self.troubles) < MAX_TROUBLES:
            self.troubles.append(ScanProblem(path, sentence))
