"""A new name for a file, without ever replacing another file."""

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import PurePosixPath

from cutoutd.core.atomic_write import link_or_rename

#: More files of one name in one folder are a sign of another problem.
_MOST_NUMBERED = 999


def numbered_names(name: str) -> Iterator[str]:
    """Yield the name itself, then ``a.2.jpg``, ``a.3.jpg`` and so on."""
    pure = PurePosixPath(name)
    yield name
    for number in range(2, _MOST_NUMBERED + 1):
        yield f"{pure.stem}.{number}{pure.suffix}"


def rename_no_replace(name: str, fd: int, to_names: Iterable[str], to_fd: int) -> str:
    """Give a file the first free name, or one that is its own already, and return that name. Blocking.

    A crash in between leaves the file under both names, or under one of them.

    Args:
        name: of the file, in the folder that is open as ``fd``.
        fd: see ``name``.
        to_names: the possible names, in this order.
        to_fd: the open folder it goes to, on the same mount.

    Raises:
        OSError: EXDEV if that is on another mount, and every other error of the file system.
    """
    for to_name in to_names:
        try:
            link_or_rename(name, to_name, fd=fd, new_fd=to_fd)
        except FileExistsError:
            if not is_same_file(name, fd, to_name, to_fd):
                continue
            os.fsync(to_fd)
        with suppress(FileNotFoundError):  # the file system has no links, so it was renamed
            os.unlink(name, dir_fd=fd)
        return to_name
    raise OSError(errno.EEXIST, "every name for it is taken")


def is_same_file(name: str, fd: int, to_name: str, to_fd: int) -> bool:
    """Return True if both names belong to one file; False if a name is free."""
    one, other = status_of(name, fd), status_of(to_name, to_fd)
    return one is not None and other is not None and os.path.samestat(one, other)


def status_of(name: str, fd: int) -> os.stat_result | None:
    """Return the status of a name in an open folder, without following a link; None for a free name."""
    try:
        return os.stat(name, dir_fd=fd, follow_symlinks=False)
    except FileNotFoundError:
        return None
