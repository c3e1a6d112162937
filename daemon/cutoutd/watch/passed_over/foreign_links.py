"""Hard links in an input tree to private files of other users.

The service may read more than the users of an input folder. A user that links another's file into it would get that
file's picture in the output. The kernel refuses such links where ``fs.protected_hardlinks`` is on, but a file server
or an older system need not.

A link leaks nothing if the users that write to its folder could read the file anyway. So backups and snapshots that
hard-link photos are taken as ever.
"""

import os
import stat
from pathlib import Path

from cutoutd.files.input_tree import open_folder_beneath

_ROOT = 0


def is_foreign_link(root: Path, path: str, status: os.stat_result) -> bool:
    """Return True for a further name of another user's file that the users of its folder may not read. Blocking.

    Raises:
        OSError: its folder cannot be looked at.
    """
    # Root's own files are as foreign as others', because a service of root's reads the folders of all users.
    is_own = status.st_uid == os.geteuid() != _ROOT
    if status.st_nlink < 2 or is_own or status.st_mode & stat.S_IROTH:  # noqa: PLR2004  names
        return False
    fd = open_folder_beneath(root, path.rpartition("/")[0])
    try:
        folder = os.fstat(fd)
    finally:
        os.close(fd)
    is_of_group = status.st_mode & stat.S_IRGRP and status.st_gid == folder.st_gid
    return not (status.st_uid == folder.st_uid or is_of_group)
