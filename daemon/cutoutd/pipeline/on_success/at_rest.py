"""The last look at a source before it is moved, trashed or deleted: no program may be writing to it.

It is made twice. The first look spares a file that is in use from being renamed. The second look is at the hidden file:
because no program can open that by its old name any more, its verdict stays true.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path, PurePosixPath

from cutoutd.core.errors import SourceInUseError
from cutoutd.core.logs import printable
from cutoutd.core.photo import Photo
from cutoutd.files.input_tree import FILE_FLAGS
from cutoutd.files.unfinished import Writer, control_file_of, writer_of

#: Where nothing can tell if a program still writes, a source must stand still for so long first.
QUIET_S = 60.0


class SourceFreshError(SourceInUseError):
    """The source changed a moment ago, and nothing can tell if a program still writes to it; time alone helps."""

    title = "The photo's file changed a moment ago"


def require_at_rest(photo: Photo, root: Path, fd: int, wall_s: Callable[[], float] = time.time) -> None:
    """Refuse a source that is still being written; a missing one is no error. Blocking.

    Args:
        photo: the published photo.
        root: its input tree.
        fd: the open folder of the source.
        wall_s: the clock of the time stamps of files.

    Raises:
        SourceInUseError: a program has it open for writing, or a download tool's control file is beside it.
        SourceFreshError: nothing can tell, and it changed within the last minute.
        OSError: it cannot be opened for now.
    """
    name = PurePosixPath(photo.identity.path).name
    writer, changed_s = _look_at(name, fd)
    if writer is Writer.PRESENT:
        raise SourceInUseError(
            f"{printable(photo.identity.path)} stays in place: it is open for writing in another program"
        )
    sibling = control_file_of(root, photo.identity.path)
    if sibling is not None:
        raise SourceInUseError(f"{printable(photo.identity.path)} stays in place: it {sibling.as_clause}")
    if writer is Writer.UNKNOWN and wall_s() - changed_s < QUIET_S:
        raise SourceFreshError(f"{printable(photo.identity.path)} stays in place until it stood still for a minute")


def require_no_writer(photo: Photo, hidden: str, fd: int) -> None:
    """Refuse a hidden source that a program has open for writing since before it was hidden. Blocking.

    Raises:
        SourceInUseError: a program has.
        OSError: it cannot be opened for now.
    """
    if _look_at(hidden, fd)[0] is Writer.PRESENT:
        raise SourceInUseError(
            f"{printable(photo.identity.path)} stays in place: it is open for writing in another program"
        )


def _look_at(name: str, fd: int) -> tuple[Writer, float]:
    """Return if the file has a writer, and the Unix time of its last change; a file that is gone has none."""
    with suppress(FileNotFoundError):
        file_fd = os.open(name, FILE_FLAGS, dir_fd=fd)
        try:
            status = os.fstat(file_fd)
            return writer_of(file_fd), max(status.st_mtime, status.st_ctime)
        finally:
            os.close(file_fd)
    return Writer.ABSENT, 0.0
