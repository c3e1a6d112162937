"""The input tree: its files as they are now, opened without being led out of it, compared with a known version.

Symbolic links inside a tree are never followed, neither by the scan nor on opening. Otherwise a user with write access
to an input folder could have other files of this machine uploaded. Every reader of a source uses ``open_source`` and
``require_unchanged``, so a swapped, rewritten or missing file never goes unnoticed. It never writes, remembers nothing
and judges no content.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from io import BufferedReader
from pathlib import Path

from cutoutd.core.errors import CutoutdError, SourceUnavailableError, SupersededError
from cutoutd.core.logs import printable
from cutoutd.core.photo import Identity

# No wait on a FIFO, no control of a terminal, no link. The kernel checks it at the opening, because a file could be
# swapped for a link after an earlier check.
FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW

#: The errors of a refused link: as the last component, or in place of a folder; ENXIO is a socket.
LINK_ON_THE_WAY = frozenset({errno.ELOOP, errno.ENOTDIR, errno.ENXIO})

#: The first time that a database's integer cannot hold, in nanoseconds of Unix time.
_NO_TIME_NS = 1 << 63

_STEPS_OUT = frozenset({"", ".", ".."})

_COMES_AS_NEW = "Nothing to do: its new version is taken up as a new photo."


@dataclass(frozen=True, slots=True)
class Sighting:
    """A candidate as it was at one moment."""

    path: str  #: relative to the input root, with "/"; undecodable bytes as surrogate escapes
    size_bytes: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    is_closed: bool = False  #: by a kernel event: its writer closed it, or it was moved here

    def is_same_version(self, other: "Sighting") -> bool:
        """Return True if the file did not change between the two looks."""
        return self.version == other.version

    @property
    def version(self) -> tuple[str, int, int, int, int]:
        """The values that tell one version of a file from another without reading it."""
        return (self.path, self.size_bytes, self.mtime_ns, self.ctime_ns, self.inode)

    @classmethod
    def of(cls, path: str, status: os.stat_result, *, is_closed: bool = False) -> "Sighting":
        """Make a sighting from a file's status."""
        mtime_ns, ctime_ns = _storable(status.st_mtime_ns), _storable(status.st_ctime_ns)
        return cls(path, status.st_size, mtime_ns, ctime_ns, status.st_ino, is_closed)


def _storable(time_ns: int) -> int:
    """Limit a time to what an integer of the database holds; a file may carry one beyond the year 2262."""
    # Compared first, because min and max take four times as long, twice for each file of a scan.
    return time_ns if -_NO_TIME_NS <= time_ns < _NO_TIME_NS else max(-_NO_TIME_NS, min(time_ns, _NO_TIME_NS - 1))


def stat_entry(root: Path, path: str) -> os.stat_result | None:
    """Return the status of whatever is at ``path`` now, also of a link itself.

    None if nothing is there, or a symbolic link is on the way.

    Raises:
        OSError: unknown for now: permissions, a failing disk, an unmounted share.
    """
    try:
        with _parent_of(root, path) as (parent_fd, name):
            return os.stat(name, dir_fd=parent_fd, follow_symlinks=False)
    except FileNotFoundError:
        return None


def stat_file(root: Path, path: str) -> Sighting | None:
    """Return a sighting of the file at ``path`` now, without opening it.

    None if it is gone, is no regular file, or is reached only through a symbolic link.

    Raises:
        OSError: unknown for now: permissions, a failing disk, an unmounted share.
    """
    status = stat_entry(root, path)
    return Sighting.of(path, status) if status is not None and stat.S_ISREG(status.st_mode) else None


def stat_quietly(root: Path, path: str) -> Sighting | None:
    """As ``stat_file``, but return None also while it is unknown: the next scan looks again."""
    with suppress(OSError):
        return stat_file(root, path)
    return None


def open_beneath(root: Path, path: str) -> BufferedReader:
    """Open a regular file of the tree for reading; the caller closes it, and compares versions where that matters.

    A file that is renamed or replaced later stays readable as it was opened. One that is overwritten in place does not.

    Raises:
        FileNotFoundError: no regular file is there, or a symbolic link is on the way (never followed). A FIFO or a
            device is never waited on.
        OSError: it cannot be read.
    """
    with _parent_of(root, path) as (parent_fd, name):
        fd = os.open(name, FILE_FLAGS, dir_fd=parent_fd)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise _no_photo(path)
    return os.fdopen(fd, "rb")


def open_folder_beneath(root: Path, path: str) -> int:
    """Open a folder of the tree, "" for its root, and return the descriptor; the caller closes it.

    Raises:
        FileNotFoundError: there is none, or a symbolic link is on the way.
        OSError: it cannot be opened.
    """
    names = path.split("/") if path else []
    with _links_refused(path):
        _require_beneath(path, names)
        return descend(root, names, enter_folder)


def is_occupied(root: Path, path: str) -> bool:
    """Return True if anything is at ``path``, even a dangling link; False while its folder or the root is missing.

    Raises:
        NotADirectoryError: one of its folders is a file or a link.
        OSError: unknown for now.
    """
    *folders, name = path.split("/")
    try:
        fd = descend(root, folders, enter_folder)
    except FileNotFoundError:
        return False
    try:
        os.stat(name, dir_fd=fd, follow_symlinks=False)
    except FileNotFoundError:
        return False
    finally:
        os.close(fd)
    return True


def descend(
    root: Path, names: Sequence[str], enter: Callable[[int, str], int], guard: Callable[[Path, int], None] | None = None
) -> int:
    """Walk down from the root, which may be a link, and return the descriptor of the last folder.

    ``enter`` opens a folder by its name in the folder with this descriptor. ``guard`` may refuse the open root.
    """
    fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    if guard is not None:
        try:
            guard(root, fd)
        except BaseException:
            os.close(fd)
            raise
    for name in names:
        try:
            child_fd = enter(fd, name)
        finally:
            os.close(fd)
        fd = child_fd
    return fd


def enter_folder(fd: int, name: str) -> int:
    """Open a folder by its name in the folder open as ``fd``, following no link; the caller closes it."""
    return os.open(name, FOLDER_FLAGS, dir_fd=fd)


@contextmanager
def _parent_of(root: Path, path: str) -> Iterator[tuple[int, str]]:
    """Walk down to the folder that holds ``path``, following no link below the root."""
    _require_beneath(path, path.split("/"))
    folder, _, name = path.rpartition("/")
    fd = open_folder_beneath(root, folder)
    try:
        with _links_refused(path):
            yield fd, name
    finally:
        os.close(fd)


@contextmanager
def _links_refused(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in LINK_ON_THE_WAY:
            raise _no_photo(path) from error
        raise


def _require_beneath(path: str, names: list[str]) -> None:
    if not _STEPS_OUT.isdisjoint(names):
        raise _no_photo(path)


def _no_photo(path: str) -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, "No regular file inside the input tree", path)


def open_source(root: Path, identity: Identity) -> BufferedReader:
    """Open the file of this very version, to be read from its beginning; the caller closes it. Blocking.

    Raises:
        SupersededError: it is missing, was rewritten, or is no longer a regular file.
        SourceUnavailableError: it cannot be read for now.
    """
    require_unchanged(root, identity)
    try:
        with reading_errors(root, identity):
            return open_beneath(root, identity.path)
    except FileNotFoundError as error:
        raise _missing(root, identity) from error


@contextmanager
def reading_errors(root: Path, identity: Identity) -> Iterator[None]:
    """Translate the errors of the system about a source that is being read.

    Raises:
        SourceUnavailableError: it may be readable later: a failing disk, an unmounted share, permissions.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise SourceUnavailableError(f"{_shown(root, identity)} cannot be read: {error.strerror}") from error


def require_unchanged(root: Path, identity: Identity) -> None:
    """Refuse a file that is no longer the version that was found. Blocking.

    It is called before reading and again after it, so bytes that changed in between are never used.
    ``FolderAvailability`` decides if a missing file was removed, or if its folder is unavailable.

    Raises:
        SupersededError: its size, times or inode differ, or it is missing.
        SourceUnavailableError: it cannot be read for now, or the whole input folder is missing.
    """
    with reading_errors(root, identity):
        found = stat_file(root, identity.path)
    if found is None:
        raise _missing(root, identity)
    now = (found.size_bytes, found.mtime_ns, found.ctime_ns, found.inode)
    if now != (identity.size_bytes, identity.mtime_ns, identity.ctime_ns, identity.inode):
        sentence = f"{printable(identity.path)} was changed before it was paid for"
        raise SupersededError("changed", sentence, advice=_COMES_AS_NEW)


def current_identity(root: Path, identity: Identity) -> Identity:
    """Return the same version of a source with its present ctime. Blocking.

    A chmod changes the ctime, but not the picture.

    Raises:
        SupersededError: it is missing, or another version is there.
        SourceUnavailableError: it cannot be read for now, or the whole input folder is missing.
    """
    with reading_errors(root, identity):
        found = stat_file(root, identity.path)
    if found is None:
        raise _missing(root, identity, "its source is no longer there")
    if (found.size_bytes, found.mtime_ns, found.inode) != (identity.size_bytes, identity.mtime_ns, identity.inode):
        sentence = "its source is another version by now, which is a photo of its own"
        raise SupersededError("changed", sentence, advice=_COMES_AS_NEW)
    return replace(identity, ctime_ns=found.ctime_ns)


def _missing(root: Path, identity: Identity, sentence: str = "") -> CutoutdError:
    sentence = sentence or f"{printable(identity.path)} was removed before it was paid for"
    with suppress(OSError):  # a dead network share raises an error of its own
        if root.is_dir():
            return SupersededError("vanished", sentence)
    return SourceUnavailableError(
        f"the input folder {root} is not there", advice="Mount it or create it; cutoutd goes on then."
    )


def _shown(root: Path, identity: Identity) -> str:
    """Return the path as text, because a name may hold other bytes, which the ledger could not store."""
    return printable(str(root / identity.path))
