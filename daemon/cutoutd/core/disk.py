"""What it takes for a name or a file of the state folder to outlive a power cut."""

import os
from pathlib import Path


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
