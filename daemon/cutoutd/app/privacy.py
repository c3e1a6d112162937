"""Nothing of this process's memory reaches a disk: the secret key is in there."""

import ctypes
import resource
from contextlib import suppress

_PR_SET_DUMPABLE = 4  #: linux/prctl.h


def forbid_dumps() -> None:
    """No core dump, and no other process of the same user may read this one's memory (prctl(2), PR_SET_DUMPABLE).

    Where the kernel or a sandbox refuses, the service runs all the same: the unit's LimitCORE=0 says it again.
    """
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
