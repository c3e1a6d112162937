"""Seeing folders as another user does: root may do everything, so what root can read says nothing about the service."""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def as_user(user: str | None) -> Iterator[None]:
    """The block has this user's rights to files, with all groups that the user belongs to; None: one's own.

    For the whole process, so only while nothing else works in it. A crash inside ends the process with those rights.

    Raises:
        LookupError: there is no such user.
        PermissionError: this process may not become anybody.
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
