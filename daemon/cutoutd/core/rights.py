"""The rights to files that a command of root's works with, and files that lead nowhere else.

A folder of the service's user holds what that user put there, links included. So a command of root's becomes that user
before it looks inside. Then no link can lead it to a file of root's.
"""

import errno
import os
import pwd
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_ROOT = 0

#: Modules are loaded when they are needed, so the owner must be able to read them.
_PROGRAM = (os.__file__, __file__)

#: Opens a file to read it, and neither follows a link nor waits at a pipe.
READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class _Rights:
    user_id: int
    group_id: int
    groups: tuple[int, ...]


def become_owner_of(folder: Path) -> None:
    """Give a process of root's the rights of a folder's owner from now on.

    Root's rights stay where the owner reaches the folder or this program not: a user that systemd makes for a service.

    Raises:
        OSError: the folder then holds a link, which root does not follow.
    """
    owner = _owner_of(folder)
    if owner is None:
        return
    before = _present_rights()
    with suppress(PermissionError):  # of a root that may not change its user, as in some containers
        _take(owner)
        needed = ((folder, os.R_OK | os.X_OK), *((Path(file), os.R_OK) for file in _PROGRAM))
        if all(os.access(path, mode, effective_ids=True) for path, mode in needed):
            return
        _take(before)
    refuse_links_in(folder)


@contextmanager
def as_owner_of(folder: Path) -> Iterator[None]:
    """Give the block the rights of a folder's owner, if root started this process.

    The rights hold for the whole process, so nothing else may work in it.
    """
    if os.getuid() != _ROOT:
        yield
        return
    before = _present_rights()
    try:
        _take(_Rights(_ROOT, _ROOT, before.groups))
        if (owner := _owner_of(folder)) is not None:
            with suppress(PermissionError):
                _take(owner)
        yield
    finally:
        _take(before)


def refuse_links_in(folder: Path) -> None:
    """Raise if root works in a folder of another user that holds a link. Blocking.

    Raises:
        OSError: it holds one.
    """
    if _owner_of(folder) is None:
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink() and not _is_socket(entry):
                raise OSError(errno.ELOOP, f"{entry.name} is a link, which root does not follow there", str(folder))


def read_own_file(path: Path, max_bytes: int) -> bytes:
    """Return the content of a file of ours. It is never a link, a pipe or a device, which another user may plant there.

    Raises:
        OSError: there is none, it is something else, or it is larger.
    """
    descriptor = os.open(path, READ_FLAGS)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is no ordinary file", str(path))
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    return content


def _is_socket(entry: os.DirEntry[str]) -> bool:
    """Return True for the link to the control socket, which the service itself makes."""
    with suppress(OSError):
        return stat.S_ISSOCK(entry.stat().st_mode)
    return entry.name.endswith(".sock")


def _owner_of(folder: Path) -> _Rights | None:
    """Return the rights of the folder's owner; None unless root acts and the owner is another user."""
    if os.geteuid() != _ROOT:
        return None
    try:
        status = folder.stat()
    except OSError:
        return None
    if status.st_uid == _ROOT:
        return None
    groups = [status.st_gid]
    group_id = status.st_gid
    with suppress(KeyError):  # a user without an account has only the folder's group
        account = pwd.getpwuid(status.st_uid)
        group_id = account.pw_gid
        groups += os.getgrouplist(account.pw_name, account.pw_gid)
    return _Rights(status.st_uid, group_id, tuple(groups))


def _present_rights() -> _Rights:
    return _Rights(os.geteuid(), os.getegid(), tuple(os.getgroups()))


def _take(rights: _Rights) -> None:
    """Change over to other rights. Only root may change groups, so root comes first."""
    os.seteuid(os.getuid())
    if set(rights.groups) != set(os.getgroups()):
        os.setgroups(rights.groups)
    os.setegid(rights.group_id)
    os.seteuid(rights.user_id)
