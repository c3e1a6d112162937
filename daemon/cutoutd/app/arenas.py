"""Keeps the C library from giving every thread a heap of its own, none of which ever shrinks.

Threads here wait for disks and hold Python's lock otherwise, so they hardly ever compete for the one heap. Source:
mallopt(3), glibc; other C libraries have no such call, and no such heaps.
"""

import ctypes
from contextlib import suppress

_M_ARENA_MAX = -8


def share_one() -> None:
    """Have all threads of this process take their memory from one heap; before the first thread is started."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
