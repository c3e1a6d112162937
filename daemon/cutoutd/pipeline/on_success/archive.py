"""The archive: a tree of its own where sources are moved to, at their mirrored paths, never over another file."""

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from cutoutd.core.atomic_write import temporary_name
from cutoutd.core.photo import Photo
from cutoutd.files.hashing import has_sha256
from cutoutd.files.input_tree import FOLDER_FLAGS, open_folder_beneath
from cutoutd.files.rename import numbered_names, rename_no_replace, sha256_of, status_of


def move_to_archive(photo: Photo, archive: Path, hidden: str, fd: int) -> str:
    """Move a hidden source to its mirrored path; where it went, absolute. Blocking.

    To another mount it is copied, with its times, checked, brought to the disk, and only then removed. A file with the
    very same content that has the name already is taken for it: that is what a crash leaves behind.

    Raises:
        OSError: the archive is not there or cannot be written, or the source not removed; it is still there then.
    """
    path = PurePosixPath(photo.identity.path)
    with _mirrored(archive, path) as archive_fd:
        if (twin := _twin(photo, path.name, archive_fd)) is not None:
            os.unlink(hidden, dir_fd=fd)
            return str(archive / path.with_name(twin))
        try:
            name = rename_no_replace(hidden, fd, numbered_names(path.name), archive_fd)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            name = _copy(photo, hidden, fd, archive_fd)
            os.unlink(hidden, dir_fd=fd)
        return str(archive / path.with_name(name))


def _twin(photo: Photo, name: str, fd: int) -> str | None:
    """The first file that has the photo's name, or a numbered one, and its content."""
    for wanted in numbered_names(name):
        status = status_of(wanted, fd)
        if status is None:
            return None
        if status.st_size == photo.identity.size_bytes and sha256_of(wanted, fd) == photo.picture.sha256:
            return wanted
    return None


def _copy(photo: Photo, hidden: str, fd: int, archive_fd: int) -> str:
    draft = temporary_name(photo.identity.path)
    try:
        with (
            os.fdopen(os.open(hidden, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=fd), "rb") as source,
            os.fdopen(
                os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=archive_fd), "wb+"
            ) as copy,
        ):
            shutil.copyfileobj(source, copy)
            copy.flush()
            _take_after(source.fileno(), copy.fileno())
            os.fsync(copy.fileno())
            copy.seek(0)
            if not has_sha256(copy, photo.picture.sha256):
                raise OSError(errno.EIO, "the copy differs from the photo")
        return rename_no_replace(draft, archive_fd, numbered_names(PurePosixPath(photo.identity.path).name), archive_fd)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(draft, dir_fd=archive_fd)


def _take_after(fd: int, copy_fd: int) -> None:
    """Times, mode, owner and extended attributes, as far as the archive's file system and our rights have them."""
    status = os.fstat(fd)
    with suppress(OSError):
        os.fchown(copy_fd, status.st_uid, status.st_gid)
    with suppress(OSError):
        shutil.copystat(f"/proc/self/fd/{fd}", f"/proc/self/fd/{copy_fd}")


@contextmanager
def _mirrored(archive: Path, path: PurePosixPath) -> Iterator[int]:
    """The open folder of a mirrored path, made as far as it is missing; links in the archive are not followed."""
    fd = open_folder_beneath(archive, "")
    try:
        for name in path.parent.parts:
            with suppress(FileExistsError):
                os.mkdir(name, stat.S_IMODE(os.fstat(fd).st_mode), dir_fd=fd)
                os.fsync(fd)
            below = os.open(name, FOLDER_FLAGS, dir_fd=fd)
            os.close(fd)
            fd = below
        yield fd
    finally:
        os.close(fd)
