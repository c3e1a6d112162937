"""What the kernel's inotify limits are called, and the line that raises the one that was hit."""

import errno
from pathlib import Path

_LIMITS = Path("/proc/sys/fs/inotify")
#: Room for the folders that other programs and the coming months need: a limit raised twice is a nuisance.
_ROOM = 2


def limit_reason(error: OSError, folders: int) -> str:
    """Why events are not used, with the command that brings them back.

    Args:
        error: what the kernel said.
        folders: how many folders the tree has, each of which needs a watch.
    """
    if error.errno == errno.ENOSPC:
        return _sentence("max_user_watches", folders * _ROOM)
    if error.errno == errno.EMFILE:
        return _sentence("max_user_instances", 128)
    return f"the kernel refused events: {error.strerror}"


def _sentence(limit: str, more: int) -> str:
    present = _present(limit)
    raised = 1 << (present + more - 1).bit_length()
    what = limit.removeprefix("max_user_")
    return f"the limit of {present} inotify {what} is used up; raise it: sysctl fs.inotify.{limit}={raised}"


def _present(limit: str) -> int:
    try:
        return int((_LIMITS / limit).read_text())
    except (OSError, ValueError):
        return 0  # the line is then reckoned from the tree alone
