"""Put a report in place as a whole: whoever opens its name sees the old one or the new one, never a part.

What it takes for a name or a file of the state folder to outlive a power cut.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from cutoutd.core.errors import DiskError


def sync(path: Path) -> None:
    """Bring a file's content, or a folder's names, to the disk. Blocking.

    Raises:
        OSError: it is not there, or the disk refused.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put(file: Path, pieces: Iterable[str]) -> None:
    """Write the pieces to a draft beside the file, then rename it. Blocking. A crash leaves at most the draft.

    Raises:
        DiskError: it cannot be written; what was there before still is.
    """
    draft = file.with_name(f".cutoutd-{os.urandom(8).hex()}.part")
    try:
        try:
            with draft.open("x", encoding="utf-8", newline="") as content:
                content.writelines(pieces)
                content.flush()
                os.fsync(content.fileno())
            draft.replace(file)
        finally:
            with suppress(OSError):
                draft.unlink()
    except OSError as error:
        raise DiskError(f"the report cannot be written to {file}: {error.strerror}") from error
