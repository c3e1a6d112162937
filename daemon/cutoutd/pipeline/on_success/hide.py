"""The hiding of a source: it gets a hidden name in its own folder, and is checked once more.

Another file may take its place between a check and a move. So the source is renamed first, whatever it is. Then it is
compared with the published version, and put back if it differs.
"""

import os
import stat
from pathlib import PurePosixPath

from cutoutd.core.atomic_write import ASIDE_PREFIX, numbered_names, rename_no_replace, status_of
from cutoutd.core.photo import Photo
from cutoutd.files.hashing import has_sha256_at
from cutoutd.files.input_tree import Sighting
from cutoutd.files.target_names import MAX_NAME_BYTES


def hidden_name(photo: Photo) -> str:
    """Return the hidden name of the photo's source.

    It holds the number of the photo, so a crash loses nothing, and the old name for the user.
    """
    name = f"{ASIDE_PREFIX}{photo.id}-{PurePosixPath(photo.identity.path).name}"
    while len(os.fsencode(name)) > MAX_NAME_BYTES:
        name = name[:-1]
    return name


def hide_source(photo: Photo, fd: int) -> bool:
    """Hide the source of the photo in its folder; False if it is missing or another version, which stays.

    A crash right after it leaves the file under its hidden name, where the repeated call finds it.

    Raises:
        OSError: it cannot be renamed.
    """
    name, hidden = PurePosixPath(photo.identity.path).name, hidden_name(photo)
    if status_of(hidden, fd) is None:
        if not _is_version(photo, name, fd):
            return False
        os.rename(name, hidden, src_dir_fd=fd, dst_dir_fd=fd)
    if (
        _is_version(photo, hidden, fd)
        and has_sha256_at(hidden, fd, photo.picture.sha256)
        and _is_version(photo, hidden, fd)
    ):
        return True
    put_back(photo, fd)
    return False


def put_back(photo: Photo, fd: int) -> None:
    """Give a hidden file its name again, or a numbered one if that is taken; a missing file is no error.

    Raises:
        OSError: it cannot be renamed; it stays hidden until another try.
    """
    if status_of(hidden_name(photo), fd) is not None:
        rename_no_replace(hidden_name(photo), fd, numbered_names(PurePosixPath(photo.identity.path).name), fd)
        os.fsync(fd)


def _is_version(photo: Photo, name: str, fd: int) -> bool:
    status = status_of(name, fd)
    if status is None or not stat.S_ISREG(status.st_mode):
        return False
    seen, wanted = Sighting.of(photo.identity.path, status), photo.identity
    return (seen.size_bytes, seen.mtime_ns, seen.inode) == (wanted.size_bytes, wanted.mtime_ns, wanted.inode)
