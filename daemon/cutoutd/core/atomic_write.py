"""Files that appear whole, and new names that never replace another file.

A reader of a name finds the old content or the new one, never a part of it. Content goes to a temporary file beside its
place, to the disk, and then under its name.
"""

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath, PurePosixPath
from typing import BinaryIO

from cutoutd.core.draft_writers import draft_digits
from cutoutd.core.linux_calls import rename_to_free_name

#: Every temporary file of cutoutd begins like this. So leftovers are recognised, and no watcher takes one for a photo.
TEMPORARY_PREFIX = ".cutoutd-"

#: The originals that are set aside for a moment begin like this. They are no drafts: each is the only copy of a photo.
ASIDE_PREFIX = f"{TEMPORARY_PREFIX}aside-"

#: The answers of file systems without hard links: exFAT and FAT the first, network shares and FUSE the others. The
#: first also comes where the kernel lets only the owner of a file link it (fs.protected_hardlinks).
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS})

#: The answers where no rename replaces nothing: EINVAL of NFS and most of FUSE, ENOSYS of old kernels, the others of
#: sandboxes. EINVAL also comes for a name that the file system refuses; the link tells the two apart.
NO_SUCH_RENAME = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM})

NEW_FILE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

#: More files of one name in one folder are a sign of another problem.
_MOST_NUMBERED = 999


def temporary_name(name: str) -> str:
    """Return a new name for a draft beside the file ``name``, with the same suffix. It tells its writer."""
    return f"{TEMPORARY_PREFIX}{draft_digits()}{PurePath(name).suffix}"


def sync(path: Path) -> None:
    """Bring the content of a file, or the names in a folder, to the disk. Blocking.

    Raises:
        OSError: the path does not exist, or the disk refused.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def replaced(file: Path, *, mode: int = 0o666, is_durable: bool = True) -> Iterator[BinaryIO]:
    """Open a temporary file for writing; it takes the place of ``file`` when the block ends without an error. Blocking.

    A crash leaves at most the temporary file. In the state folder and the output trees, the next start removes it.

    Args:
        file: the file to write, or to replace.
        mode: its permissions, less the process's umask.
        is_durable: False where a power cut may lose the content.

    Raises:
        OSError: the file cannot be written; an old content remains.
    """
    temporary = file.with_name(temporary_name(file.name))
    try:
        with os.fdopen(os.open(temporary, NEW_FILE_FLAGS, mode), "wb") as content:
            yield content
            if is_durable:
                content.flush()
                os.fsync(content.fileno())
        temporary.replace(file)
    finally:
        with suppress(OSError):
            temporary.unlink()


def rename_or_link(name: Path | str, new: Path | str, *, fd: int | None = None, new_fd: int | None = None) -> bool:
    """Give a file a new name that no other file has, and bring that name to the disk. Blocking.

    It is a rename if the file system has one that replaces nothing: programs that wait for moved files hear of it.
    Else it is a link, which is no move, and the file keeps its old name.

    Args:
        name: the present name; in the folder that is open as ``fd``, if given.
        new: the new name; in the folder that is open as ``new_fd``, if given.
        fd: see ``name``.
        new_fd: see ``new``.

    Returns:
        True if it was a rename.

    Raises:
        FileExistsError: the new name is taken.
        OSError: EXDEV for another mount, and every other error of the file system.
    """
    is_renamed = True
    try:
        rename_to_free_name(name, new, src_dir_fd=fd, dst_dir_fd=new_fd)
    except OSError as error:
        if error.errno not in NO_SUCH_RENAME:
            raise
        is_renamed = _link_or_look(name, new, fd, new_fd)
    if new_fd is None:
        sync(Path(new).parent)
    else:
        os.fsync(new_fd)
    return is_renamed


def _link_or_look(name: Path | str, new: Path | str, fd: int | None, new_fd: int | None) -> bool:
    """Do without the rename that replaces nothing; return True if the file was renamed all the same."""
    try:
        os.link(name, new, src_dir_fd=fd, dst_dir_fd=new_fd, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # Without links there is a short gap between the look and the rename.
        with suppress(FileNotFoundError):
            os.stat(new, dir_fd=new_fd, follow_symlinks=False)
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(new)) from error
        os.rename(name, new, src_dir_fd=fd, dst_dir_fd=new_fd)
        return True
    return False


def numbered_names(name: str) -> Iterator[str]:
    """Yield the name itself, then ``a.2.jpg``, ``a.3.jpg`` and so on."""
    pure = PurePosixPath(name)
    yield name
    for number in range(2, _MOST_NUMBERED + 1):
        yield f"{pure.stem}.{number}{pure.suffix}"


def rename_no_replace(name: str, fd: int, to_names: Iterable[str], to_fd: int) -> str:
    """Give a file the first free name, or one that is its own already, and return that name. Blocking.

    A crash in between leaves the file under both names, or under one of them.

    Args:
        name: of the file, in the folder that is open as ``fd``.
        fd: see ``name``.
        to_names: the possible names, in this order.
        to_fd: the open folder it goes to, on the same mount.

    Raises:
        OSError: EXDEV if that is on another mount, and every other error of the file system.
    """
    for to_name in to_names:
        is_renamed = False
        try:
            is_renamed = rename_or_link(name, to_name, fd=fd, new_fd=to_fd)
        except FileExistsError:
            if not is_same_file(name, fd, to_name, to_fd):
                continue
            os.fsync(to_fd)
        if not is_renamed:
            os.unlink(name, dir_fd=fd)
        return to_name
    raise OSError(errno.EEXIST, "every name for it is taken")


def is_same_file(name: str, fd: int, to_name: str, to_fd: int) -> bool:
    """Return True if both names belong to one file; False if a name is free."""
    one, other = status_of(name, fd), status_of(to_name, to_fd)
    return one is not None and other is not None and os.path.samestat(one, other)


def status_of(name: str, fd: int) -> os.stat_result | None:
    """Return the status of a name in an open folder, without following a link; None for a free name."""
    try:
        return os.stat(name, dir_fd=fd, follow_symlinks=False)
    except FileNotFoundError:
        return None
