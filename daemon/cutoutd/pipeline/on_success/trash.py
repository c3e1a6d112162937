"""The trash of the desktop, by the Trash specification 1.0 of freedesktop.org.

https://specifications.freedesktop.org/trash-spec/1.0/

A file goes to the home trash if that is on its file system. Otherwise it goes to ``.Trash/UID`` or ``.Trash-UID`` at
the top of its mount. Nothing is copied across mounts, and nothing is emptied.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from cutoutd.core.atomic_write import is_same_file, numbered_names, rename_no_replace, status_of
from cutoutd.files.input_tree import FOLDER_FLAGS
from cutoutd.files.mounts import mount_over, read_mounts

_INFO_SUFFIX = ".trashinfo"


@dataclass(frozen=True, slots=True)
class _TrashDirectory:
    """A trash folder, and the root of the paths in its records; None for absolute paths."""

    folder: Path
    topdir: Path | None


def move_to_trash(source: Path, hidden: str, fd: int) -> str:
    """Move a hidden source to the right trash, and return its path there. Blocking.

    The record of its origin is written first, as the specification asks. A crash in between leaves a record without a
    file, and the repeated call uses it.

    Args:
        source: its former path, absolute.
        hidden: its name in the folder that is open as ``fd``.
        fd: see ``hidden``.

    Raises:
        OSError: no trash of its mount can be used; the source is still there then.
    """
    *others, last = _trash_directories(source)
    for trash in others:
        with suppress(OSError):  # the next one is tried
            return _move(trash, source, hidden, fd)
    return _move(last, source, hidden, fd)


def _trash_directories(source: Path) -> Iterator[_TrashDirectory]:
    """Yield the trash folders in the order of the specification."""
    real = source.parent.resolve()
    home = _home_trash()
    if home is not None and _device_of(home) == real.stat().st_dev:
        yield _TrashDirectory(home, None)
    mount = mount_over(real, read_mounts())
    top = Path(mount.path) if mount else Path("/")
    shared = top / ".Trash"
    with suppress(OSError):
        if stat.S_ISDIR(shared.lstat().st_mode) and shared.lstat().st_mode & stat.S_ISVTX:
            yield _TrashDirectory(shared / str(os.getuid()), top)
    yield _TrashDirectory(top / f".Trash-{os.getuid()}", top)


def _home_trash() -> Path | None:
    """Return the home trash; None for a user without a home, as services often have."""
    try:
        return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "Trash"
    except RuntimeError:
        return None


def _device_of(path: Path) -> int:
    return next(parent for parent in (path, *path.parents) if parent.exists()).stat().st_dev


def _move(trash: _TrashDirectory, source: Path, hidden: str, fd: int) -> str:
    files_fd, info_fd = _open_private(trash, "files"), _open_private(trash, "info")
    try:
        origin = source if trash.topdir is None else source.parent.resolve().relative_to(trash.topdir) / source.name
        for name in numbered_names(source.name):
            is_free = status_of(name, files_fd) is None or is_same_file(hidden, fd, name, files_fd)
            if is_free and _is_recorded(name, origin, info_fd):
                with suppress(FileExistsError):
                    return str(trash.folder / "files" / rename_no_replace(hidden, fd, [name], files_fd))
    finally:
        os.close(files_fd)
        os.close(info_fd)
    raise OSError(errno.EEXIST, "every name in the trash is taken")


def _open_private(trash: _TrashDirectory, name: str) -> int:
    """Open a folder of the trash, made if missing; it must be private, and nothing is made behind a link."""
    parent = trash.folder.parent
    if trash.topdir is None:
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # At the top of a mount, other users may plant links. The parents of a home trash are the user's own.
    parent_fd = os.open(parent, FOLDER_FLAGS if trash.topdir else os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        trash_fd = _make_and_open(trash.folder.name, parent_fd)
    finally:
        os.close(parent_fd)
    try:
        if os.fstat(trash_fd).st_uid != os.geteuid():
            raise OSError(errno.EPERM, f"{trash.folder} belongs to another user")
        return _make_and_open(name, trash_fd)
    finally:
        os.close(trash_fd)


def _make_and_open(name: str, fd: int) -> int:
    with suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=fd)
    return os.open(name, FOLDER_FLAGS, dir_fd=fd)


def _is_recorded(name: str, origin: Path, info_fd: int) -> bool:
    """Return True if the name is ours: it was free, or a crash left the record of this very file."""
    path = f"Path={quote(os.fsencode(PurePosixPath(origin)))}"
    try:
        fd = os.open(name + _INFO_SUFFIX, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=info_fd)
    except FileExistsError:
        fd = os.open(name + _INFO_SUFFIX, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=info_fd)
        with os.fdopen(fd, "rb") as record:
            return path.encode() in record.read().splitlines()
    with os.fdopen(fd, "w") as record:
        now = datetime.now().astimezone().strftime("%Y-%m-%dT%H:%M:%S")
        record.write(f"[Trash Info]\n{path}\nDeletionDate={now}\n")
        record.flush()
        os.fsync(fd)
    os.fsync(info_fd)
    return True
