"""The trial of a place: a file of about a cutout's size is made where the cutout belongs, and removed.

Free space that the file system reports says little: it may be out of inodes, or a quota may be used up.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cutoutd.core.atomic_write import temporary_name
from cutoutd.core.errors import FolderBlockedError, NameRefusedError, PlaceError
from cutoutd.core.linux_calls import reserve_space
from cutoutd.files.name_trial import last_folder
from cutoutd.files.output_tree import OpenFolder, made_folder
from cutoutd.files.target_names import beside, plain

_BLOCK_BYTES = 1 << 20

#: Written where space cannot be reserved, unless the whole size is asked for: over a network each byte takes time.
_SAMPLE_BYTES = 64 << 10

#: The answers of file systems where space cannot be reserved.
_NO_RESERVING = frozenset({errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.ENODEV, errno.EPERM})


@dataclass(frozen=True, slots=True)
class PlaceTrial:
    """One trial: the target of a cutout, and how thoroughly its place is tried."""

    output: Path
    target: str
    size_bytes: int
    is_making: bool = False  #: True: make the folder of the target, as it will be needed in any case
    is_written: bool = False  #: True: write every byte to the disk, because the disk has just refused one


def try_place(trial: PlaceTrial) -> None:
    """Make a file of this size where the cutout belongs, and remove it. Blocking.

    Raises:
        FolderBlockedError: a file or a link stands where its folder belongs.
        PlaceError: no such file can be made now, in the words of the disk.
    """
    try:
        with _folder_of(trial) as folder:
            _write_and_remove(folder, trial)
    except OSError as error:
        raise PlaceError(f"no cutout can be written to {trial.output}: {_words(error, trial)}") from error


@contextmanager
def _folder_of(trial: PlaceTrial) -> Iterator[OpenFolder]:
    if not trial.is_making:
        with last_folder(trial.output, trial.target) as descriptor:
            yield OpenFolder(descriptor)
        return
    with made_folder(trial.output, _folder_taken(trial)) as folder:
        yield folder


def _folder_taken(trial: PlaceTrial) -> str:
    """Return the target in the folder that publishing will use; another one if this one is blocked or refused."""
    for target in dict.fromkeys((trial.target, beside(trial.target), plain(trial.target))):
        with suppress(NameRefusedError, FolderBlockedError), made_folder(trial.output, target):
            return target
    return trial.target


def _write_and_remove(folder: OpenFolder, trial: PlaceTrial) -> None:
    name = temporary_name("a.png")
    try:
        with folder.create(name) as file:
            is_reserved = _is_reserved(file.fileno(), trial.size_bytes)
            if trial.is_written or not is_reserved:
                _write(file.fileno(), trial.size_bytes if trial.is_written else min(trial.size_bytes, _SAMPLE_BYTES))
                os.fsync(file.fileno())
    finally:
        with suppress(OSError):
            folder.remove(name)


def _is_reserved(descriptor: int, size_bytes: int) -> bool:
    try:
        reserve_space(descriptor, size_bytes)
    except OSError as error:
        if error.errno in _NO_RESERVING:
            return False
        raise
    return True


def _write(descriptor: int, size_bytes: int) -> None:
    # Random bytes, because a file system that compresses takes any number of zeros.
    block = memoryview(os.urandom(min(size_bytes, _BLOCK_BYTES)))
    while size_bytes > 0:
        size_bytes -= os.write(descriptor, block[: min(size_bytes, _BLOCK_BYTES)])


def _words(error: OSError, trial: PlaceTrial) -> str:
    """Return what the disk said, and what it means if free space is reported all the same."""
    words = error.strerror or str(error)
    if error.errno == errno.EDQUOT:
        return f"{words}; raise the quota, or remove files"
    if error.errno != errno.ENOSPC:
        return words
    with suppress(OSError):
        room = os.statvfs(trial.output)
        if room.f_files and not room.f_favail:
            return f"{words}; it has no inodes left (df -i shows it): remove files"
        if room.f_bavail * room.f_frsize > trial.size_bytes:
            return f"{words}, although it reports free space; a quota may be used up"
    return words
