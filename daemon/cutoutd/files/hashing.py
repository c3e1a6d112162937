"""The content of a file against a stored SHA-256."""

import errno
import hashlib
import os
import stat
from io import BufferedIOBase

from cutoutd.files.input_tree import FILE_FLAGS


def sha256_of(file: BufferedIOBase) -> str:
    """Return the SHA-256 of the rest of an open file. Blocking.

    Raises:
        OSError: the file cannot be read.
    """
    return hashlib.file_digest(file, "sha256").hexdigest()


def has_sha256(file: BufferedIOBase, *expected: str | None) -> bool:
    """Return True if the rest of an open file has one of these hashes. Blocking.

    Raises:
        OSError: the file cannot be read.
    """
    return sha256_of(file) in expected


def has_sha256_at(name: str, fd: int, expected: str | None) -> bool:
    """Return True if a regular file in the folder open as ``fd`` has this hash. Blocking.

    False also if the file changes while it is read.

    Raises:
        OSError: the file cannot be read.
    """
    try:
        with os.fdopen(os.open(name, FILE_FLAGS, dir_fd=fd), "rb") as file:
            before = os.fstat(file.fileno())
            has_hash = stat.S_ISREG(before.st_mode) and has_sha256(file, expected)
            after = os.fstat(file.fileno())
            return has_hash and (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ELOOP, errno.ENXIO}:
            return False
        raise
