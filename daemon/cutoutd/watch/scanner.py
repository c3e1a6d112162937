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

from cutoutd.core.blocking import note_progress
from cutoutd.files.input_tree import FOLDER_FLAGS, Sighting, open_folder_beneath, stat_entry
from cutoutd.files.name_filters import Exclusions, is_candidate, is_junk, is_junk_folder
from cutoutd.ledger import has_text_form
from cutoutd.watch.passed_over.foreign_links import is_foreign_link
from cutoutd.watch.passed_over.notes import PassedOverNotes
from cutoutd.watch.passed_over.passed_over import PassedOverReason

#: Photos further down are passed over: programs fail at such trees, with errors that are hard to tell from others.
MOST_FOLDERS_DEEP = 256


@dataclass(frozen=True, slots=True)
class FolderSeen:
    """A folder about to be listed. The numbers name it wherever it is moved."""

    path: str  #: relative to the input root, "" for the root itself
    device: int
    inode: int
    descriptor: int  #: open while it is listed, no longer


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
        self.passed_over = PassedOverNotes()

    def sightings(self, below: str = "") -> Iterator[Sighting]:
        """Yield every candidate in the folder ``below`` and under it, in the order of the file system.

        Raises:
            OSError: ``below`` itself cannot be listed: the root is missing, or the folder was moved away.
        """
        if self._exclusions.skips_folder(below.rpartition("/")[2]):
            self.passed_over.add(PassedOverReason.CONFLICT_COPY, below)
            return
        pending = [_PendingFolder(below, None)]
        while pending:
            folder = pending.pop()
            try:
                yield from self._list(folder, pending)
            except OSError as error:
                if folder.path == below:
                    raise
                self.passed_over.add_error(folder.path, error)

    def look_at(self, path: str) -> Sighting | None:
        """Return the candidate at a path that a kernel event named; None if there is none, or it is passed over."""
        try:
            status = stat_entry(self._root, path)
            return None if status is None else self._judge(path.rpartition("/")[2], path, status)
        except OSError as error:
            self.passed_over.add_error(path, error)
            return None

    def _list(self, folder: _PendingFolder, pending: list[_PendingFolder]) -> Iterator[Sighting]:
        fd = self._open(folder)
        try:
            status = os.fstat(fd)
            if folder.parent is not None and folder.parent.holds(status):
                self.passed_over.add(PassedOverReason.LOOP, folder.path)
                return
            self.folders += 1
            note_progress()  # because one step may walk over many folders
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
        if is_junk_folder(name) or self._exclusions.covers(path):
            return False
        if not self._is_recursive:
            self.passed_over.add(PassedOverReason.SUBFOLDER, path)
            return False
        if self._exclusions.skips_folder(name):
            self.passed_over.add(PassedOverReason.CONFLICT_COPY, path)
            return False
        if path.count("/") >= MOST_FOLDERS_DEEP:
            self.passed_over.add(PassedOverReason.TOO_DEEP, path)
            return False
        return True

    def _sighting_of(self, entry: "os.DirEntry[str]", path: str) -> Sighting | None:
        if is_candidate(entry.name):
            if not self._exclusions.covers(path):
                try:
                    return self._judge(entry.name, path, entry.stat(follow_symlinks=False))
                except OSError as error:
                    self.passed_over.add_error(path, error)
                    return None
        elif entry.is_symlink() and not is_junk(entry.name) and not self._exclusions.covers(path):
            self.passed_over.add(PassedOverReason.LINK, path)
        self.ignored += 1
        return None

    def _judge(self, name: str, path: str, status: os.stat_result) -> Sighting | None:
        """Return the sighting of a candidate by name, unless it is no photo or is passed over."""
        if not stat.S_ISREG(status.st_mode):
            self.ignored += 1
            if stat.S_ISLNK(status.st_mode):
                self.passed_over.add(PassedOverReason.LINK, path)
        elif self._exclusions.skips_file(name):
            self.passed_over.add(PassedOverReason.CONFLICT_COPY, path)
        elif path.count("/") > MOST_FOLDERS_DEEP:
            self.passed_over.add(PassedOverReason.TOO_DEEP, path)
        elif not has_text_form(path):
            self.passed_over.add(PassedOverReason.UNSTORABLE_NAME, path)
        elif is_foreign_link(self._root, path, status):
            self.passed_over.add(PassedOverReason.FOREIGN_LINK, path)
        else:
            return Sighting.of(path, status)
        return None
