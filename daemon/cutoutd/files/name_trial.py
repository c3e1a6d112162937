"""The trial of names: whether the file system of an output takes them, found out before anything is paid for.

Some file systems refuse a name, others take it and file it under another. So each name is tried on an empty file, in a
temporary folder of its own, and looked for there.
"""

import errno
import os
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cutoutd.config.types.choices import TargetNames
from cutoutd.core.atomic_write import NEW_FILE_FLAGS, temporary_name
from cutoutd.files.input_tree import enter_folder
from cutoutd.files.target_names import plain, portable

#: The answers that are about the disk, and not about a name.
_TROUBLE = frozenset(
    {
        *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ENOMEM, errno.EMFILE, errno.ENFILE),
        *(errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.EHOSTUNREACH),
    }
)


#: Makes a name that is taken from one that may be refused.
NameForm = Callable[[str], str]


def form_taken(output: Path, target: str, rule: TargetNames) -> NameForm:
    """Return the first form of names that the output takes, judged by this target. Blocking.

    A target with plain names is not tried, because every file system takes them. While the disk is in trouble, nothing
    is refused: publishing finds another name then.
    """
    forms = (portable,) if rule is TargetNames.PORTABLE else (str, portable)
    return next((form for form in forms if takes_names(output, form(target))), plain)


def takes_names(output: Path, target: str) -> bool:
    """Return False if the output's file system refuses or changes a name of this target. Blocking."""
    unusual = [name for name in target.split("/") if plain(name) != name]
    if unusual:
        with suppress(OSError), _temporary_folder(output, target) as folder:
            return all(_is_taken(folder, name) for name in unusual)
    return True


@contextmanager
def _temporary_folder(output: Path, target: str) -> Iterator[int]:
    """Make a folder in the last folder of the target that exists, and remove it afterwards."""
    with last_folder(output, target) as parent:
        name = temporary_name("names")
        os.mkdir(name, 0o700, dir_fd=parent)
        try:
            folder = enter_folder(parent, name)
            try:
                yield folder
            finally:
                os.close(folder)
        finally:
            with suppress(OSError):
                os.rmdir(name, dir_fd=parent)


@contextmanager
def last_folder(output: Path, target: str) -> Iterator[int]:
    """Open the last folder of the target's path that exists, and yield its descriptor. Blocking."""
    descriptor = os.open(output, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):
            for name in target.split("/")[:-1]:
                inner = enter_folder(descriptor, name)
                os.close(descriptor)
                descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def _is_taken(folder: int, name: str) -> bool:
    try:
        os.close(os.open(name, NEW_FILE_FLAGS, 0o600, dir_fd=folder))
    except OSError as error:
        if error.errno in _TROUBLE:
            raise
        return False
    try:
        return _normal(name) in map(_normal, os.listdir(folder))
    finally:
        os.unlink(name, dir_fd=folder)


def _normal(name: str) -> str:
    """Return one form of a name for all that file systems of other systems make of it."""
    return unicodedata.normalize("NFC", name)
