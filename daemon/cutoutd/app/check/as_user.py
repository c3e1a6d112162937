"""A block with another user's rights to files.

Root may read everything, so root's own access says nothing about the service.
"""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def as_user(user: str | None) -> Iterator[None]:
    """Give the block this user's rights to files, with all groups of the user; None changes nothing.

    The rights hold for the whole process, so nothing else may work in it. A crash inside ends the process with them.

    Raises:
        LookupError: there is no such user.
        PermissionError: this process may not change its user.
    """
    if user is None:
        yield
        return
    account = pwd.getpwnam(user)
    groups, user_id, group_id = os.getgroups(), os.geteuid(), os.getegid()
    os.setgroups(os.getgrouplist(user, account.pw_gid))
    try:
        os.setegid(account.pw_gid)
        os.seteuid(account.pw_uid)
        yield
    finally:
        os.seteuid(user_id)
        os.setegid(group_id)
        os.setgroups(groups)
