"""Looking at an input tree: what lies there now, and opening a file without being led out of it.

It owns the rule that symbolic links inside a tree are never followed, neither by the scan nor on opening: whoever can
write into an input folder must not be able to have other files of this machine uploaded. It remembers nothing and
judges no content. Paths come from the scan or from the watcher's hints; sightings go to settling and on to intake.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

# No wait on a FIFO, no terminal taken over, no link followed; the kernel checks at the moment of opening, so a file
# swapped for a link between look and open is refused rather than raced against.
FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW

#: What the kernel says of a refused link: the last component, or one that should be a folder; ENXIO is a socket.
LINK_ON_THE_WAY = frozenset({errno.ELOOP, errno.ENOTDIR, errno.ENXIO})

#: The first time that a database's integer cannot hold, in nanoseconds of Unix time.
_NO_TIME_NS = 1 << 63

_STEPS_OUT = frozenset({"", ".", ".."})


@dataclass(frozen=True, slots=True)
class Sighting:
    """A candidate as it was seen at one moment; the same file looked at later may differ."""

    path: str  #: relative to the input root, with "/"; undecodable bytes as surrogate escapes
    size_bytes: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    is_closed: bool = False  #: the kernel said that its writer closed it, or that it was moved here

    def is_same_version(self, other: "Sighting") -> bool:
        """Whether nothing about the file has changed between the two looks."""
        return self.version == other.version

    @property
    def version(self) -> tuple[str, int, int, int, int]:
        """All that tells one version of a file from another without reading it."""
        return (self.path, self.size_bytes, self.mtime_ns, self.ctime_ns, self.inode)

    @classmethod
    def of(cls, path: str, status: os.stat_result, *, is_closed: bool = False) -> "Sighting":
        """The sighting that a file's status tells."""
        mtime_ns, ctime_ns = _storable(status.st_mtime_ns), _storable(status.st_ctime_ns)
        return cls(path, status.st_size, mtime_ns, ctime_ns, status.st_ino, is_closed)


def _storable(time_ns: int) -> int:
    """Times beyond the year 2262 do not fit into a database's integer; anybody can give a file one."""
    # Asked twice for each file of a scan: comparing takes a quarter of what calling min and max does.
    return time_ns if -_NO_TIME_NS <= time_ns < _NO_TIME_NS else max(-_NO_TIME_NS, min(time_ns, _NO_TIME_NS - 1))


def stat_file(root: Path, path: str) -> Sighting | None:
    """A sighting of the file at ``path`` now, without opening it.

    None if there is none: gone, not a regular file, or reached only through a symbolic link.

    Raises:
        OSError: nobody can tell for now: permissions, a failing disk, a network share that is away.
    """
    try:
        with _parent_of(root, path) as (parent_fd, name):
            status = os.stat(name, dir_fd=parent_fd, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return Sighting.of(path, status) if stat.S_ISREG(status.st_mode) else None


def stat_quietly(root: Path, path: str) -> Sighting | None:
    """As ``look``, but None also while nobody can tell: the next scan looks again."""
    with suppress(OSError):
        return stat_file(root, path)
    return None


def open_beneath(root: Path, path: str) -> BufferedReader:
    """Open a regular file of the tree for reading; the caller closes it, and compares versions where it matters.

    A file renamed away or replaced afterwards stays readable as it was opened; one written to in place does not.

    Raises:
        FileNotFoundError: no regular file is there: gone, a FIFO or device (never waited on), or a symbolic link
            stands on the way (never followed).
        OSError: it cannot be read.
    """
    with _parent_of(root, path) as (parent_fd, name):
        fd = os.open(name, FILE_FLAGS, dir_fd=parent_fd)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise _no_photo(path)
    return os.fdopen(fd, "rb")


def open_folder_beneath(root: Path, path: str) -> int:
    """A descriptor of a folder of the tree, "" for the root itself; the caller closes it.

    Raises:
        FileNotFoundError: there is none, or a symbolic link stands on the way.
        OSError: it cannot be opened.
    """
    names = path.split("/") if path else []
    with _links_refused(path):
        _require_beneath(path, names)
        return descend(root, names, _enter)


def is_occupied(root: Path, path: str) -> bool:
    """Whether anything stands at ``path``, be it a dangling link; nothing does while its folder or the root is missing.

    Raises:
        NotADirectoryError: a file or a link stands where one of its folders belongs.
        OSError: nobody can tell for now.
    """
    *folders, name = path.split("/")
    try:
        fd = descend(root, folders, _enter)
    except FileNotFoundError:
        return False
    try:
        os.stat(name, dir_fd=fd, follow_symlinks=False)
    except FileNotFoundError:
        return False
    finally:
        os.close(fd)
    return True


def descend(root: Path, names: Sequence[str], enter: Callable[[int, str], int]) -> int:
    """Walk down from the root, which may be a link, folder by folder; a descriptor of the last one, for the caller.

    ``enter`` opens a folder by its name in the folder with this descriptor.
    """
    fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    for name in names:
        try:
            child_fd = enter(fd, name)
        finally:
            os.close(fd)
        fd = child_fd
    return fd


def _enter(fd: int, name: str) -> int:
    return os.open(name, FOLDER_FLAGS, dir_fd=fd)


@contextmanager
def _parent_of(root: Path, path: str) -> Iterator[tuple[int, str]]:
    """Walk down to the folder that holds ``path``, component by component, following no link below the root."""
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
