"""The output tree: its folders, the owners of files, and the errors of the disk.

The root may be a symbolic link. No link below it is followed, so a user with write access there cannot lead cutouts out
of the tree. Therefore folders stay open, and files are named relative to their descriptor.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BufferedRandom, BufferedReader
from pathlib import Path, PurePosixPath

from cutoutd.core.atomic_write import ASIDE_PREFIX, TEMPORARY_PREFIX, rename_or_link, status_of, temporary_name
from cutoutd.core.blocking import note_progress
from cutoutd.core.blocking.tree_walk import walk
from cutoutd.core.draft_writers import is_being_written, is_written_elsewhere
from cutoutd.core.errors import DiskError, FolderBlockedError, NameRefusedError, PlaceError
from cutoutd.core.logs import printable
from cutoutd.core.photo.longest_lead import DAY_S
from cutoutd.core.rights import READ_FLAGS
from cutoutd.core.set_aside import SWAP_PREFIX, Judge, recover_aside, remove_if_ours, replace_if_ours
from cutoutd.files.hashing import sha256_of
from cutoutd.files.input_tree import LINK_ON_THE_WAY, descend, enter_folder
from cutoutd.files.target_names import plain

_NEW_FILE_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
#: The answers to a name that a file system cannot take. FUSE and Windows servers say that there is no such file.
_NO_SUCH_NAME = frozenset({errno.EINVAL, errno.EILSEQ, errno.ENAMETOOLONG, errno.ENOENT})

#: No download lasts longer, so a draft of another machine that is older has no writer.
_WRITTEN_ELSEWHERE_FOR_S = DAY_S


@dataclass(frozen=True, slots=True)
class OpenFolder:
    """A folder of an output tree; names are looked up in it and nowhere else. Every method may raise OSError."""

    descriptor: int

    def status(self, name: str) -> os.stat_result | None:
        """Return the status of a name, without following a link; None for a free name."""
        return status_of(name, self.descriptor)

    def has_file(self, name: str) -> bool:
        """Return True if the name is a regular file."""
        status = self.status(name)
        return status is not None and stat.S_ISREG(status.st_mode)

    def changed_at_s(self, name: str) -> float:
        """Return the Unix time of the last write to a file."""
        return os.stat(name, dir_fd=self.descriptor, follow_symlinks=False).st_mtime

    def create(self, name: str) -> BufferedRandom:
        """Create a file with the folder's owner and mode, for writing and reading; the name must be free."""
        descriptor = os.open(name, _NEW_FILE_FLAGS, 0o666, dir_fd=self.descriptor)
        try:
            copy_owner_and_mode(descriptor, self.descriptor)
            return os.fdopen(descriptor, "w+b")
        except BaseException:
            os.close(descriptor)
            raise

    def open(self, name: str) -> BufferedReader:
        """Open a file for reading, without ever waiting for a pipe."""
        return os.fdopen(os.open(name, READ_FLAGS, dir_fd=self.descriptor), "rb")

    def write(self, name: str, content: bytes, judge: Judge) -> bool:
        """Put a small file in place as a whole, or over one that is ours; False if another file is there."""
        temporary = temporary_name(name)
        try:
            with self.create(temporary) as file:
                file.write(content)
            with suppress(FileExistsError):
                self.rename_or_link(temporary, name)
                return True
            return self.replace_if_ours(temporary, name, judge)
        finally:
            with suppress(OSError):
                self.remove(temporary)

    def rename_or_link(self, name: str, new: str) -> bool:
        """Give a file a new name that no other file has; return True if it was renamed, not linked."""
        return rename_or_link(name, new, fd=self.descriptor, new_fd=self.descriptor)

    def rename(self, name: str, new: str) -> None:
        """Give a file another name, over a file of that name."""
        os.replace(name, new, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)

    def replace_if_ours(self, draft: str, name: str, judge: Judge) -> bool:
        """Give a draft the name of a file that is ours; False if it is not, and keeps its name."""
        return replace_if_ours(draft, name, self.descriptor, judge)

    def remove_if_ours(self, name: str, judge: Judge) -> bool:
        """Remove a file that is ours; False if it is not, and keeps its name."""
        return remove_if_ours(name, self.descriptor, judge)

    def remove(self, name: str) -> None:
        """Remove a file."""
        os.unlink(name, dir_fd=self.descriptor)

    def sync(self) -> None:
        """Bring the names in the folder to the disk."""
        os.fsync(self.descriptor)


#: Refuses a root, which is open as this descriptor, if it is not the tree that it should be.
Guard = Callable[[Path, int], None]


@contextmanager
def made_folder(output: Path, target: str, guard: Guard | None = None) -> Iterator[OpenFolder]:
    """Open the mirrored folder of a target; missing folders are made, but never the output root. Blocking.

    An unmounted disk leaves no root or an empty one. Cutouts written there would vanish under the next mount. So the
    guard is asked with the root open, before anything is made.

    Raises:
        TreeUnavailableError: the guard refuses the root.
        FolderBlockedError: one of its folders is a file or a link.
        NameRefusedError: the file system takes no folder of that name.
        PlaceError: the output root is not there.
        OSError: a folder cannot be made.
    """
    with _open(output, target, _make, guard) as folder:
        yield folder


@contextmanager
def found_folder(output: Path, target: str) -> Iterator[OpenFolder]:
    """As ``made_folder``, but missing folders are not made.

    Raises:
        FileNotFoundError: it does not exist, besides the reasons of ``made_folder``.
    """
    with _open(output, target, enter_folder) as folder:
        yield folder


@contextmanager
def _open(
    output: Path, target: str, enter: Callable[[int, str], int], guard: Guard | None = None
) -> Iterator[OpenFolder]:
    if not output.is_dir():
        raise PlaceError(
            f"the output folder {output} is not there", advice="Mount it or create it; cutoutd goes on then."
        )
    try:
        descriptor = descend(output, target.split("/")[:-1], enter, guard)
    except OSError as error:
        if error.errno in LINK_ON_THE_WAY:
            raise _blocked(output, target) from error
        if error.errno != errno.ENOENT and any(is_refusal(error, name) for name in target.split("/")[:-1]):
            raise name_refused(output, target) from error
        raise
    try:
        yield OpenFolder(descriptor)
    finally:
        os.close(descriptor)


def _make(parent: int, name: str) -> int:
    with suppress(FileNotFoundError):
        return enter_folder(parent, name)
    with suppress(FileExistsError):  # another photo has just made it
        try:
            os.mkdir(name, dir_fd=parent)
        except FileNotFoundError as error:
            # Translated here, because later it could not be told from a folder that is missing.
            if is_refusal(error, name):
                raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), name) from error
            raise
    made = enter_folder(parent, name)
    copy_owner_and_mode(made, parent)
    os.fsync(parent)
    return made


def _blocked(output: Path, target: str) -> FolderBlockedError:
    sentence = (
        f"the cutout cannot be written to {printable(str(output / target))}: one of its folders is a file or a symbolic"
        " link"
    )
    return FolderBlockedError(sentence)


def is_refusal(error: OSError, name: str) -> bool:
    """Return True if the error of a new file or folder is about its name. No file system refuses a plain name."""
    return error.errno in _NO_SUCH_NAME and plain(name) != name


def name_refused(output: Path, target: str) -> NameRefusedError:
    """Return the error about a target that has a name which its file system does not take."""
    return NameRefusedError(f"the file system of {output} takes no such name: {printable(target)}")


def copy_owner_and_mode(descriptor: int, folder: int) -> None:
    """Copy owner and mode of the folder, so that its users can use new files in it."""
    above, own = os.fstat(folder), os.fstat(descriptor)
    # Refusals do no harm: FAT takes few modes, and only members of a group may give files to it.
    with suppress(PermissionError):
        os.chmod(descriptor, stat.S_IMODE(above.st_mode) & (0o7777 if stat.S_ISDIR(own.st_mode) else 0o666))
    wanted = (above.st_uid if os.geteuid() == 0 else own.st_uid, above.st_gid)
    if wanted != (own.st_uid, own.st_gid):
        with suppress(PermissionError):
            os.chown(descriptor, *wanted)


@contextmanager
def disk_errors(target: Path) -> Iterator[None]:
    """Translate the errors of the system about a target.

    Raises:
        PlaceError: full, over quota, read-only, no permission, and every other error that may pass.
    """
    try:
        yield
    except OSError as error:
        msg = f"the cutout cannot be written to {printable(str(target))}: {error.strerror}"
        raise PlaceError(msg) from error


def sweep_temporary_files(output: Path, before_s: float) -> int:
    """Remove the temporary files that a crash left in a tree, and return their number. Blocking.

    Only files last written before ``before_s`` (Unix time) count, because later ones belong to this very run. Drafts of
    processes that are still running stay, and so do originals that are set aside. A file that cannot be removed stays
    and does no harm.
    """
    swept = 0
    with suppress(OSError, DiskError):
        for path, folder, names in folders_in(output):
            above = PurePosixPath(path).name
            is_temporary = above.startswith(TEMPORARY_PREFIX)
            swept += sum(
                _is_swept(name, above if is_temporary else name, folder.descriptor, before_s)
                for name in names
                if is_temporary or name.startswith(TEMPORARY_PREFIX)
            )
            if is_temporary:
                with suppress(OSError):
                    (output / path).rmdir()
    return swept


def _ignore(_: OSError) -> None:
    """Ignore the error."""


def folders_in(
    output: Path, on_unreadable: Callable[[OSError], None] = _ignore
) -> Iterator[tuple[str, OpenFolder, list[str]]]:
    """Yield every folder of an output tree: its path, the open folder, the names of its files. No link is followed.

    ``on_unreadable`` gets the error about each folder that is left out with everything below it.

    Raises:
        PlaceError: the output root is not there.
    """
    with found_folder(output, "") as root:
        for path, descriptor, names in walk(root.descriptor, on_unreadable):
            note_progress()
            yield path, OpenFolder(descriptor), names


def _is_swept(name: str, draft: str, folder: int, before_s: float) -> bool:
    if name.startswith(SWAP_PREFIX):
        return recover_aside(name, folder, before_s - _WRITTEN_ELSEWHERE_FOR_S, sha256_of)
    with suppress(OSError):
        if _is_leftover(draft, os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime, before_s):
            os.unlink(name, dir_fd=folder)
            return True
    return False


def _is_leftover(draft: str, changed_at_s: float, before_s: float) -> bool:
    """Return True if nothing writes a draft any more. An original that is set aside is no draft."""
    if draft.startswith(ASIDE_PREFIX) or changed_at_s >= before_s:
        return False
    digits = draft.removeprefix(TEMPORARY_PREFIX)
    if is_written_elsewhere(digits):
        return changed_at_s < before_s - _WRITTEN_ELSEWHERE_FOR_S
    return not is_being_written(digits)
