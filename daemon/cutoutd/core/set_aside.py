"""The replacement and removal of a file that may have become a person's own in the last moment.

A look, and then a rename over the file or its removal, would lose what was saved in between. So the file leaves its
name first, is judged under a name of its own, and only then goes; or it gets its name back. Where two names can be
exchanged in one step, the name is never free. Elsewhere (NFS, most of FUSE) it is free for as long as the second look
takes.
"""

import hashlib
import os
import re
import stat
from collections.abc import Callable
from contextlib import suppress
from io import BufferedReader

from cutoutd.core.atomic_write import (
    NO_SUCH_RENAME,
    TEMPORARY_PREFIX,
    numbered_names,
    rename_no_replace,
    rename_or_link,
    status_of,
)
from cutoutd.core.draft_writers import draft_digits, is_being_written, is_written_elsewhere
from cutoutd.core.linux_calls import exchange_names
from cutoutd.core.rights import READ_FLAGS

#: The prefix of a file that has left its name. Behind it: its writer, its hash, and the mark of its draft.
#: Before the exchange, a crash leaves the draft under this name.
SWAP_PREFIX = f"{TEMPORARY_PREFIX}swap-"
_SWAP = re.compile(re.escape(SWAP_PREFIX) + "([0-9a-f]{16})-([0-9a-f]{16})-([0-9a-f]{16})-(.+)", re.DOTALL)
_HASH_DIGITS = 16
_NO_DRAFT = "0" * _HASH_DIGITS

_MAX_NAME_BYTES = 255

#: Returns the SHA-256 of an open file if that is ours; else None.
Judge = Callable[[BufferedReader], str | None]


def replace_if_ours(draft: str, name: str, fd: int, judge: Judge) -> bool:
    """Give a draft the name of a file that is ours; False if the file is not, and keeps its name. Blocking.

    A crash leaves the old file aside at most, where ``recover_aside`` finds it.

    Args:
        draft: the name of the draft; it may keep that name, too.
        name: the wanted name, in the same folder.
        fd: the open folder.
        judge: tells if a file is ours; asked again when the file has left its name.

    Raises:
        OSError: the draft is gone because a person saved twice in this moment, and every error of the file system.
    """
    sha256 = _judged(name, fd, judge)
    if sha256 is None:
        return False
    mark = _mark_of(os.stat(draft, dir_fd=fd, follow_symlinks=False))
    aside = _aside_name(name, sha256, mark)
    os.rename(draft, aside, src_dir_fd=fd, dst_dir_fd=fd)
    try:
        exchange_names(aside, name, fd)
    except OSError as error:
        os.rename(aside, draft, src_dir_fd=fd, dst_dir_fd=fd)
        if error.errno not in NO_SUCH_RENAME:
            raise
        return _replace_slowly(draft, name, aside, fd, judge)
    if _judged_aside(aside, fd, judge):
        os.unlink(aside, dir_fd=fd)
        os.fsync(fd)
        return True
    exchange_names(aside, name, fd)
    if _mark_of(os.stat(aside, dir_fd=fd, follow_symlinks=False)) == mark:
        os.rename(aside, draft, src_dir_fd=fd, dst_dir_fd=fd)
        return False
    # A person saved once more meanwhile: the newest keeps the name, and the one before gets a numbered one.
    exchange_names(aside, name, fd)
    rename_no_replace(aside, fd, numbered_names(name), fd)
    return False


def remove_if_ours(name: str, fd: int, judge: Judge) -> bool:
    """Remove a file that is ours; False if it is not, and keeps its name. Blocking.

    Raises:
        OSError: every error of the file system.
    """
    sha256 = _judged(name, fd, judge)
    if sha256 is None:
        return False
    aside = _aside_name(name, sha256, _NO_DRAFT)
    os.rename(name, aside, src_dir_fd=fd, dst_dir_fd=fd)
    if not _judged_aside(aside, fd, judge):
        rename_no_replace(aside, fd, numbered_names(name), fd)
        return False
    os.unlink(aside, dir_fd=fd)
    return True


def recover_aside(name: str, fd: int, changed_before_s: float, hash_of: Callable[[BufferedReader], str]) -> bool:
    """Clear up a file that a crash left aside: remove ours, and give a person's its name back. Blocking.

    Ours is the old file, or the draft that was to replace it.

    A file that another machine set aside counts only if it was before this Unix time.

    Returns:
        True if nothing is aside under this name any more.
    """
    found = _SWAP.fullmatch(name)
    if found is None or is_being_written(found[1]):
        return False
    with suppress(OSError):
        status = os.stat(name, dir_fd=fd, follow_symlinks=False)
        if is_written_elsewhere(found[1]) and status.st_ctime >= changed_before_s:
            return False
        # A link or a folder is a person's, put there in the last moment.
        is_file = stat.S_ISREG(status.st_mode)
        if is_file and (_mark_of(status) == found[3] or _is_content(name, fd, found[2], hash_of)):
            os.unlink(name, dir_fd=fd)
        else:
            rename_no_replace(name, fd, numbered_names(found[4]), fd)
        return True
    return False


def _mark_of(status: os.stat_result) -> str:
    """Return the digits by which a draft is known again under another name; no other file has them.

    The inode alone tells too little: a file that is saved in this moment may get that of a draft just removed.
    """
    version = f"{status.st_ino} {status.st_size} {status.st_mtime_ns}"
    return hashlib.sha256(version.encode()).hexdigest()[:_HASH_DIGITS]


def _is_content(name: str, fd: int, first_digits: str, hash_of: Callable[[BufferedReader], str]) -> bool:
    """Return True if the hash begins so; a person's file may be unreadable, because of its permissions."""
    try:
        with os.fdopen(os.open(name, READ_FLAGS, dir_fd=fd), "rb") as file:
            return hash_of(file).startswith(first_digits)
    except PermissionError:
        return False


def _replace_slowly(draft: str, name: str, aside: str, fd: int, judge: Judge) -> bool:
    """Do without the exchange: the old file leaves its name before the draft gets it."""
    os.rename(name, aside, src_dir_fd=fd, dst_dir_fd=fd)
    if not _judged_aside(aside, fd, judge):
        rename_no_replace(aside, fd, numbered_names(name), fd)
        return False
    try:
        rename_or_link(draft, name, fd=fd, new_fd=fd)
    except FileExistsError:
        os.unlink(aside, dir_fd=fd)
        return False
    except OSError:
        # E.g. a full disk, where a link has no room either. The old cutout keeps its name.
        if status_of(name, fd) is None:
            os.rename(aside, name, src_dir_fd=fd, dst_dir_fd=fd)
        raise
    os.unlink(aside, dir_fd=fd)
    return True


def _judged_aside(aside: str, fd: int, judge: Judge) -> bool:
    """Return True if the file that left its name is ours; one that cannot be read is a person's."""
    try:
        return _judged(aside, fd, judge) is not None
    except OSError:
        return False


def _judged(name: str, fd: int, judge: Judge) -> str | None:
    status = status_of(name, fd)
    if status is None or not stat.S_ISREG(status.st_mode):
        return None
    try:
        descriptor = os.open(name, READ_FLAGS, dir_fd=fd)
    except (FileNotFoundError, PermissionError):
        return None  # every file of ours can be read, unless a person closed it
    with os.fdopen(descriptor, "rb") as file:
        return judge(file)


def _aside_name(name: str, sha256: str, mark: str) -> str:
    aside = f"{SWAP_PREFIX}{draft_digits()}-{sha256[:_HASH_DIGITS]}-{mark}-"
    shown = name
    while len(os.fsencode(aside + shown)) > _MAX_NAME_BYTES:
        shown = shown[1:]  # from the front, because the suffix says what it is
    return aside + shown
