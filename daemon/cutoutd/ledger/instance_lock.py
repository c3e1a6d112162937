"""The lock of a ledger, which every writer holds. The kernel releases it when the process dies."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cutoutd.core.errors import DiskError, LedgerBusyError, LedgerError
from cutoutd.ledger.sqlite.database import unreadable

LOCK_NAME = "ledger.lock"

#: ``is_held`` has to take the lock for a moment in order to ask; that must not keep a daemon from starting.
_TRIES = 20
_TRY_EVERY_S = 0.01


@contextmanager
def hold_ledger(state_dir: Path) -> Iterator[None]:
    """Hold the ledger in ``state_dir`` for as long as the block runs.

    A crash leaves the file but not the lock. The file is never removed, else two processes could hold "the" lock.

    Raises:
        LedgerBusyError: another process holds it; its process number is in the sentence.
        DiskError: the state folder is not there or cannot be written.
    """
    try:
        # Not through a link, because root would write the number of its process into any file.
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(state_dir / LOCK_NAME, flags, 0o600)
    except OSError as error:
        raise DiskError(f"the state folder {state_dir} cannot be used: {error.strerror}") from error
    try:
        _lock_or_refuse(descriptor, state_dir)
        with suppress(OSError):  # the number is for people; a full disk has no room for it
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def is_held(state_dir: Path) -> bool:
    """Return True if some process holds the ledger right now.

    Raises:
        LedgerError: the state folder may not be read.
    """
    try:
        descriptor = os.open(state_dir / LOCK_NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    except PermissionError as error:
        raise unreadable(state_dir) from error
    except OSError as error:  # a link, or no file at all
        raise LedgerError(f"{state_dir / LOCK_NAME} is not the ledger's lock: {error.strerror}") from error
    return False


def _lock_or_refuse(descriptor: int, state_dir: Path) -> None:
    for _ in range(_TRIES):
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(_TRY_EVERY_S)
    holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
    raise LedgerBusyError(f"the ledger in {state_dir} is in use by process {holder}")
