"""The archive: a tree for moved sources, at their mirrored paths, never over another file."""

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from cutoutd.config.types.choices import TargetNames
from cutoutd.core.atomic_write import numbered_names, rename_no_replace, status_of, temporary_name
from cutoutd.core.photo import Photo
from cutoutd.files.hashing import has_sha256, has_sha256_at
from cutoutd.files.input_tree import enter_folder, open_folder_beneath
from cutoutd.files.name_trial import form_taken
from cutoutd.files.output_tree import Guard


def move_to_archive(photo: Photo, archive: Path, hidden: str, fd: int, guard: Guard | None = None) -> str:
    """Move a hidden source to its mirrored path, and return its absolute path there. Blocking.

    To another mount it is copied with its times, checked, brought to the disk, and only then removed. A file of that
    name with the same content is taken for it, because a crash leaves such a file. If the archive's file system refuses
    a name of the path, a safe one takes its place.

    Raises:
        TreeUnavailableError: the guard refuses the archive.
        OSError: the archive is missing or cannot be written, or the source cannot be removed; it is still there then.
    """
    wanted = photo.identity.path
    path = PurePosixPath(form_taken(archive, wanted, TargetNames.KEEP)(wanted))
    with _mirrored(archive, path, guard) as archive_fd:
        if (archived := _archived_copy(photo, path.name, archive_fd)) is not None:
            os.unlink(hidden, dir_fd=fd)
            return str(archive / path.with_name(archived))
        try:
            name = rename_no_replace(hidden, fd, numbered_names(path.name), archive_fd)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            name = _copy(photo, hidden, fd, path.name, archive_fd)
            os.unlink(hidden, dir_fd=fd)
        return str(archive / path.with_name(name))


def _archived_copy(photo: Photo, name: str, fd: int) -> str | None:
    """Return the first file with the photo's name, or a numbered one, that has its content."""
    for numbered in numbered_names(name):
        status = status_of(numbered, fd)
        if status is None:
            return None
        if status.st_size == photo.identity.size_bytes and has_sha256_at(numbered, fd, photo.picture.sha256):
            return numbered
    return None


def _copy(photo: Photo, hidden: str, fd: int, name: str, archive_fd: int) -> str:
    temporary = temporary_name(name)
    try:
        with (
            os.fdopen(os.open(hidden, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=fd), "rb") as source,
            os.fdopen(
                os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=archive_fd), "wb+"
            ) as copy,
        ):
            shutil.copyfileobj(source, copy)
            copy.flush()
            _copy_metadata(source.fileno(), copy.fileno())
            os.fsync(copy.fileno())
            copy.seek(0)
            if not has_sha256(copy, photo.picture.sha256):
                raise OSError(errno.EIO, "the copy differs from the photo")
        return rename_no_replace(temporary, archive_fd, numbered_names(name), archive_fd)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=archive_fd)


def _copy_metadata(fd: int, copy_fd: int) -> None:
    """Copy times, mode, owner and extended attributes, as far as the file system and our rights allow."""
    status = os.fstat(fd)
    with suppress(OSError):
        os.fchown(copy_fd, status.st_uid, status.st_gid)
    with suppress(OSError):
        shutil.copystat(f"/proc/self/fd/{fd}", f"/proc/self/fd/{copy_fd}")


@contextmanager
def _mirrored(archive: Path, path: PurePosixPath, guard: Guard | None) -> Iterator[int]:
    """Open the folder of a mirrored path; missing folders are made, and links in the archive are not followed."""
    fd = open_folder_beneath(archive, "")
    try:
        if guard is not None:
            guard(archive, fd)
        for name in path.parent.parts:
            with suppress(FileExistsError):
                os.mkdir(name, stat.S_IMODE(os.fstat(fd).st_mode), dir_fd=fd)
                os.fsync(fd)
            child_fd = enter_folder(fd, name)
            os.close(fd)
            fd = child_fd
        yield fd
    finally:
        os.close(fd)
