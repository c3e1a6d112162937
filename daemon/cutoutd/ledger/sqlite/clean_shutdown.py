"""The marker of a ledger that was closed in order: a file beside it that tells what the ledger's file was then.

A check of every page of a million photos takes a minute (tests/bench). It is spared if the file is still what it was.
The marker is removed before a run writes anything, and written again after everything is closed. Therefore a run that
ends in any other way leaves none. The kernel takes a restored, copied or touched ledger for another file. In any doubt
there is no marker.

It does not notice a disk that forgets stored data. SQLite notices when it reads that page, and so does every backup.
"""

import stat
import time
from contextlib import suppress
from pathlib import Path
from sqlite3 import IntegrityError

from sqlalchemy import Engine, ExceptionContext, event

from cutoutd.core.atomic_write import replaced, sync
from cutoutd.core.errors import DiskError
from cutoutd.ledger.sqlite.database import LEDGER_NAME, require_sound

MARKER_NAME = "ledger.seal"

#: The files where SQLite keeps what is not in the ledger's own file yet; empty while programs only read.
_PENDING = (f"{LEDGER_NAME}-wal", f"{LEDGER_NAME}-journal")

#: Longer than a tick of the kernel's clock for files, so that a later write has a later time.
_TICK_S = 0.02

_SECOND_NS = 1_000_000_000


def check_and_open(state_dir: Path) -> None:
    """Remove the marker, and check every page unless it fitted. Blocking; the caller holds the instance lock.

    A kill anywhere in here, or later, leaves no marker.

    Raises:
        LedgerDamagedError, LedgerLockedError, DiskError: as ``require_sound``.
        DiskError: the state folder cannot be written.
    """
    is_as_left = _fits(state_dir)
    remove_marker(state_dir)
    if not is_as_left:
        require_sound(state_dir)


def remove_marker(state_dir: Path) -> None:
    """Remove the marker, on the disk too, whether it fits or not. Blocking.

    Raises:
        DiskError: the state folder cannot be written.
    """
    try:
        (state_dir / MARKER_NAME).unlink(missing_ok=True)
        sync(state_dir)  # also for the unlink of a run that was killed before its sync
    except OSError as error:
        raise DiskError(f"the state folder {state_dir} cannot be written: {error.strerror}") from error


class CleanShutdownMarker:
    """Writes the marker at the end of a run, unless SQLite reported any trouble in it."""

    def __init__(self, engine: Engine, state_dir: Path) -> None:
        self._state_dir = state_dir
        self._has_trouble = False
        event.listen(engine, "handle_error", self._note)

    def write(self) -> None:
        """Write the marker after every connection is closed. Blocking.

        There is none while another program still reads, because the file is not complete then. If it cannot be written,
        the next start checks every page. It need not survive a power cut, because what it tells of does already.
        """
        if self._has_trouble:
            return
        time.sleep(_TICK_S)
        imprint = _identity_of_file(self._state_dir)
        if imprint is not None:
            file = self._state_dir / MARKER_NAME
            with suppress(OSError), replaced(file, mode=0o600, is_durable=False) as marker:
                marker.write(imprint)

    def _note(self, context: ExceptionContext) -> None:
        # An IntegrityError is a result of the schema's constraints, and no trouble.
        self._has_trouble = self._has_trouble or not isinstance(context.original_exception, IntegrityError)


def _fits(state_dir: Path) -> bool:
    imprint = _identity_of_file(state_dir)
    with suppress(OSError):
        return imprint is not None and (state_dir / MARKER_NAME).read_bytes() == imprint
    return False


def _identity_of_file(state_dir: Path) -> bytes | None:
    """Return the values that tell the ledger's file from any other, and from itself once it is written; None: unknown.

    A file's ctime can only be set to the present time. The end of the line tells a whole marker from a cut one.
    """
    try:
        status = (state_dir / LEDGER_NAME).lstat()
        pending_bytes = sum(_size_bytes(state_dir / name) for name in _PENDING)
    except OSError:
        return None
    # Behind a link the pending writes would lie elsewhere. Times in whole seconds do not tell two writes apart.
    if pending_bytes or not stat.S_ISREG(status.st_mode) or not status.st_ctime_ns % _SECOND_NS:
        return None
    return f"{status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}\n".encode()


def _size_bytes(file: Path) -> int:
    try:
        return file.lstat().st_size
    except FileNotFoundError:
        return 0
