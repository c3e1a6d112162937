"""The content of a file against a stored SHA-256."""

import hashlib
from io import BufferedIOBase


def has_sha256(file: BufferedIOBase, *expected: str | None) -> bool:
    """Return True if the rest of an open file has one of these hashes. Blocking.

    Raises:
        OSError: the file cannot be read.
    """
    return hashlib.file_digest(file, "sha256").hexdigest() in expected
