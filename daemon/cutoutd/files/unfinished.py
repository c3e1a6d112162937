"""The signs that a file is still being written: a program has it open, it has holes, a download tool says so.

The end marker of a picture is no such sign. A download over several connections writes the end of a file first. A
stalled program may be silent for minutes. Nothing is judged here: see ``watch.stability`` and ``pipeline.on_success``.
"""

import errno
import fcntl
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from cutoutd.core.errors import SourceInUseError
from cutoutd.core.logs import printable
from cutoutd.core.photo import Identity
from cutoutd.files.input_tree import open_source, reading_errors
from cutoutd.files.local_disk import is_on_fuse, is_on_local_disk

#: The control files of download tools that write into the final name. Each is removed when the file is complete: aria2,
#: axel, lftp. So a file with one is not complete, however old both are.
_CONTROL_SUFFIXES = (".aria2", ".st", ".lftp-pget-status")

#: Names that programs use while they write or replace the file beside them. A crash may leave one for ever.
_PARTIAL_SUFFIXES = (".part", ".partial", ".crdownload", ".download", ".filepart", ".!ut", ".tmp", ".temp", ".ytdl")
_SUFFIXES = _CONTROL_SUFFIXES + _PARTIAL_SUFFIXES


class Writer(Enum):
    """The answer to the question if a program has a file open for writing."""

    ABSENT = auto()
    PRESENT = auto()
    UNKNOWN = auto()  #: another machine may; or the file belongs to another user, and CAP_LEASE is missing


@dataclass(frozen=True, slots=True)
class Sibling:
    """A file beside a photo, with a name that says that the photo is in progress."""

    name: str
    is_control_file: bool  #: its tool removes it when the photo is complete; otherwise it may be left over
    changed_ns: int  #: Unix time of its last change

    @property
    def as_clause(self) -> str:
        """The sign in words."""
        return f"has {printable(self.name)} beside it, so it is not complete"


@dataclass(frozen=True, slots=True)
class WriteSigns:
    """The signs of one file at one moment."""

    writer: Writer = Writer.ABSENT
    sibling: Sibling | None = None
    has_holes: bool = False

    @property
    def certain(self) -> str | None:
        """The sign, as a clause, that the file is certainly not finished; None if there is none."""
        if self.writer is Writer.PRESENT:
            return "is open for writing in another program"
        if self.sibling is not None and self.sibling.is_control_file:
            return self.sibling.as_clause
        return None


NO_SIGNS = WriteSigns()


def write_signs(root: Path, path: str, fd: int) -> WriteSigns:
    """Return the signs of the file at a path of a tree, open for reading as ``fd``. Blocking.

    Raises:
        OSError: the disk cannot be read.
    """
    return WriteSigns(writer_of(fd), sibling_of(root, path), has_holes(fd))


def writer_of(fd: int) -> Writer:
    """Return whether a program has the file open for writing; ``fd`` is open for reading only.

    The kernel grants a read lease only on a file without a writer (fcntl(2), "Leases"). It is given back at once. A
    writer that comes in between is held up for that moment.
    """
    is_local = is_on_local_disk(fd)
    try:
        # Because the signal of a lease, SIGIO, would end the process. SIGURG is ignored unless it is asked for.
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        # NFS and SMB refuse a lease with the same number when the server has not granted one.
        is_sure = is_local or is_on_fuse(fd)
        return Writer.PRESENT if error.errno == errno.EAGAIN and is_sure else Writer.UNKNOWN
    return Writer.ABSENT if is_local else Writer.UNKNOWN


def has_holes(fd: int) -> bool:
    """Return True if a part of the file was never written, which a download tool reserved.

    Small files inside an inode, compressed ones and those in memory have no holes, as their blocks would suggest. A
    file system that knows no holes has none.
    """
    try:
        size = os.fstat(fd).st_size
        hole = os.lseek(fd, 0, os.SEEK_HOLE) if size else 0
        os.lseek(fd, 0, os.SEEK_SET)
    except OSError:
        return False
    return hole < size


def sibling_of(root: Path, path: str, suffixes: Sequence[str] = _SUFFIXES) -> Sibling | None:
    """Return the file beside a photo that says that it is in progress; a control file before any other. Blocking."""
    base = f"{root}/{path}"
    for suffix in suffixes:
        # Asked without an exception, because there are a dozen names for each photo, and hardly ever one of them.
        if os.access(base + suffix, os.F_OK):
            with suppress(OSError):
                status = os.lstat(base + suffix)
                name = path.rpartition("/")[2] + suffix
                return Sibling(name, suffix in _CONTROL_SUFFIXES, max(status.st_mtime_ns, status.st_ctime_ns))
    return None


def control_file_of(root: Path, path: str) -> Sibling | None:
    """Return the control file of a download tool beside a photo. Blocking."""
    return sibling_of(root, path, _CONTROL_SUFFIXES)


def require_finished(root: Path, identity: Identity) -> None:
    """Refuse a source that changed, or that is certainly being written. Blocking.

    This is the last look before a photo is paid for.

    Raises:
        SupersededError: it is missing, or another version is there.
        SourceInUseError: a program has it open for writing, or a download tool's control file is beside it.
        SourceUnavailableError: it cannot be read for now.
    """
    with open_source(root, identity) as file, reading_errors(root, identity):
        signs = WriteSigns(writer_of(file.fileno()), control_file_of(root, identity.path))
        if signs.certain is not None:
            raise SourceInUseError(f"{printable(identity.path)} is not sent yet: it {signs.certain}")
