"""The seal of a ledger that was closed in order: what its file was at that moment, in a file beside it.

Looking at every page of a million photos' ledger takes a minute (tests/bench), and is spared where the file is what it
was left as. The seal is gone before a run writes anything, and made again when all is closed: a run that ends in any
other way leaves none. A ledger that was restored, copied or touched since is another one to the kernel. Any doubt is no
seal.

It cannot tell of a disk that forgets what it had stored. SQLite does, when it comes there, and so does every backup.
"""

import stat
import time
from contextlib import suppress
from pathlib import Path
from sqlite3 import IntegrityError

from sqlalchemy import Engine, ExceptionContext, event

from cutoutd.core.atomic_write import sync
from cutoutd.core.errors import DiskError
from cutoutd.ledger.sqlite.database import LEDGER_NAME, require_sound

SEAL_NAME = "ledger.seal"

#: Where SQLite keeps what is not in the ledger's own file yet; empty while somebody only looks.
_PENDING = (f"{LEDGER_NAME}-wal", f"{LEDGER_NAME}-journal")

#: Longer than a tick of the clock by which the kernel stamps files: whatever is written later has a later stamp.
_TICK_S = 0.02

_SECOND_NS = 1_000_000_000


def check_and_open(state_dir: Path) -> None:
    """Break the seal, and look at every page if it did not fit. Blocking; the caller holds the instance lock.

    A kill anywhere in here, or later, leaves no seal.

    Raises:
        LedgerDamagedError, LedgerLockedError, DiskError: as ``require_sound``.
        DiskError: the state folder cannot be written.
    """
    is_as_left = _is_unbroken(state_dir)
    remove_marker(state_dir)
    if not is_as_left:
        require_sound(state_dir)


def remove_marker(state_dir: Path) -> None:
    """See that there is no seal, on the disk too, whether it fits or not. Blocking.

    Raises:
        DiskError: the state folder cannot be written.
    """
    try:
        (state_dir / SEAL_NAME).unlink(missing_ok=True)
        sync(state_dir)  # also for an unlink that a killed run had no time to make last
    except OSError as error:
        raise DiskError(f"the state folder {state_dir} cannot be written: {error.strerror}") from error


class CleanShutdownMarker:
    """Who seals the ledger at the end of a run, unless SQLite met with any trouble in it."""

    def __init__(self, engine: Engine, state_dir: Path) -> None:
        self._state_dir = state_dir
        self._has_trouble = False
        event.listen(engine, "handle_error", self._note)

    def write(self) -> None:
        """Seal it, after every connection is closed. Blocking.

        Not while another program still looks, so that the file is not complete; and where it cannot be written, the
        next start looks at every page. The seal need not last a power cut, what it tells of does already.
        """
        if self._has_trouble:
            return
        time.sleep(_TICK_S)
        imprint = _imprint(self._state_dir)
        if imprint is not None:
            with suppress(OSError):
                (self._state_dir / SEAL_NAME).write_bytes(imprint)

    def _note(self, context: ExceptionContext) -> None:
        # A row that is there already is an answer, and no trouble.
        self._has_trouble = self._has_trouble or not isinstance(context.original_exception, IntegrityError)


def _is_unbroken(state_dir: Path) -> bool:
    imprint = _imprint(state_dir)
    with suppress(OSError):
        return imprint is not None and (state_dir / SEAL_NAME).read_bytes() == imprint
    return False


def _imprint(state_dir: Path) -> bytes | None:
    """What tells the ledger's file from any other, and from itself once it is written; None where nothing would.

    Nobody can give a file another ctime than now's. The end of the line tells a whole seal from a cut one.
    """
    try:
        status = (state_dir / LEDGER_NAME).lstat()
        pending_bytes = sum(_size_bytes(state_dir / name) for name in _PENDING)
    except OSError:
        return None
    # Behind a link the pending writes would lie elsewhere; whole seconds are no stamp that tells two writes apart.
    if pending_bytes or not stat.S_ISREG(status.st_mode) or not status.st_ctime_ns % _SECOND_NS:
        return None
    return f"{status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}\n".encode()


def _size_bytes(file: Path) -> int:
    try:
        return file.lstat().st_size
    except FileNotFoundError:
        return 0
