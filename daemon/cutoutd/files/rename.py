"""Giving a file another name without ever replacing what has that name already."""

import errno
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import PurePosixPath

from cutoutd.core.atomic_write import link_or_rename
from cutoutd.files.input_tree import FILE_FLAGS

#: More files of one name than this in one folder are a sign of something else.
_MOST_NUMBERED = 999


def numbered_names(name: str) -> Iterator[str]:
    """The name itself, then ``a.2.jpg``, ``a.3.jpg`` and so on."""
    pure = PurePosixPath(name)
    yield name
    for number in range(2, _MOST_NUMBERED + 1):
        yield f"{pure.stem}.{number}{pure.suffix}"


def rename_no_replace(name: str, fd: int, to_names: Iterable[str], to_fd: int) -> str:
    """Give a file the first of the names that is free, or that is the file itself already; which it was. Blocking.

    A crash in between leaves the file under both names, or under one of them.

    Args:
        name: of the file, in the folder that is open as ``fd``.
        fd: see ``name``.
        to_names: wanted, in this order.
        to_fd: the open folder it goes to, on the same mount.

    Raises:
        OSError: EXDEV when it is on another mount, and whatever else the file system says.
    """
    for to_name in to_names:
        try:
            link_or_rename(name, to_name, fd=fd, new_fd=to_fd)
        except FileExistsError:
            if not is_same_file(name, fd, to_name, to_fd):
                continue
            os.fsync(to_fd)
        with suppress(FileNotFoundError):  # without links it was renamed
            os.unlink(name, dir_fd=fd)
        return to_name
    raise OSError(errno.EEXIST, "every name for it is taken")


def is_same_file(name: str, fd: int, to_name: str, to_fd: int) -> bool:
    """Whether both names in the open folders belong to one file; not when either has none."""
    one, other = status_of(name, fd), status_of(to_name, to_fd)
    return one is not None and other is not None and os.path.samestat(one, other)


def status_of(name: str, fd: int) -> os.stat_result | None:
    """The status of what has this name in an open folder, without following links; None for nothing."""
    try:
        return os.stat(name, dir_fd=fd, follow_symlinks=False)
    except FileNotFoundError:
        return None


def sha256_of(name: str, fd: int) -> str | None:
    """The hash of a regular file in an open folder; None for what is none, or changes while it is read. Blocking."""
    try:
        with os.fdopen(os.open(name, FILE_FLAGS, dir_fd=fd), "rb") as file:
            before = os.fstat(file.fileno())
            digest = hashlib.file_digest(file, "sha256").hexdigest() if stat.S_ISREG(before.st_mode) else None
            after = os.fstat(file.fileno())
            return digest if (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns) else None
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ELOOP, errno.ENXIO}:
            return None
        raise
