"""Taking a source aside: under a hidden name in its own folder, and looked at once more.

Between looking at a file and taking it somebody may put another one in its place. So it is first renamed, which takes
whatever is there, then held against the version whose cutout was published, and put back if it is another.
"""

import os
import stat
from pathlib import PurePosixPath

from cutoutd.core.atomic_write import TEMPORARY_PREFIX
from cutoutd.core.photo import Photo
from cutoutd.files.input_tree import Sighting
from cutoutd.files.rename import numbered_names, rename_no_replace, sha256_of, status_of
from cutoutd.files.target_paths import MAX_NAME_BYTES


def hidden_name(photo: Photo) -> str:
    """The photo's own name aside: told by its number in the ledger, so a crash loses nothing; readable for people."""
    name = f"{TEMPORARY_PREFIX}aside-{photo.id}-{PurePosixPath(photo.identity.path).name}"
    while len(os.fsencode(name)) > MAX_NAME_BYTES:
        name = name[:-1]
    return name


def hide_source(photo: Photo, fd: int) -> bool:
    """Hide the photo's source in its folder; False when it is gone or another version: nothing has happened then.

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
        and sha256_of(hidden, fd) == photo.picture.sha256
        and _is_version(photo, hidden, fd)
    ):
        return True
    put_back(photo, fd)
    return False


def put_back(photo: Photo, fd: int) -> None:
    """Give a hidden file its name again, or a numbered one if another file has that by now; no file is nothing to do.

    Raises:
        OSError: it cannot be renamed; it stays hidden, and is put back another time.
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
