"""A copy of the ledger, made while it is in use: consistent, verified, private, and in place as a whole.

SQLite's own backup reads beside a writer, and makes no reader or writer wait. A crash leaves at most a draft beside the
copy's place.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from cutoutd.core.atomic_write import rename_or_link, sync, temporary_name
from cutoutd.core.errors import BackupRefusedError, DiskError
from cutoutd.core.rights import as_owner_of
from cutoutd.ledger.sqlite.database import LEDGER_NAME, require_ledger, require_whole, translated_errors


def back_up(state_dir: Path, file: Path, *, is_replacing: bool) -> int:
    """Copy the ledger of a state folder to a file; return the number of photos in the copy. Blocking.

    Raises:
        BackupRefusedError: the file exists and is not to be replaced, or is the ledger's own.
        DiskError: the copy cannot be written, or the ledger is locked by another program.
        LedgerDamagedError: the ledger does not hold together, and neither would its copy; nothing is left behind.
        LedgerError: there is no ledger, or it cannot be read.
    """
    require_ledger(state_dir)
    with _disk_errors(file), as_owner_of(file.parent):
        _require_place(state_dir, file, is_replacing=is_replacing)
    draft = file.with_name(temporary_name(LEDGER_NAME))
    with _disk_errors(file):
        try:
            with closing(sqlite3.connect(state_dir / LEDGER_NAME)) as ledger:
                with suppress(sqlite3.Error):  # which the copy meets again
                    ledger.execute("PRAGMA schema_version").fetchone()  # opens all its files, with the present rights
                # The copy may go where only root writes; in a folder of another user, root follows no link.
                with as_owner_of(file.parent):
                    draft.touch(mode=0o600, exist_ok=False)
                    number = _copy(ledger, state_dir, draft)
                    _place(draft, file, is_replacing=is_replacing)
        finally:
            with suppress(OSError), as_owner_of(file.parent):
                draft.unlink()
    return number


def _require_place(state_dir: Path, file: Path, *, is_replacing: bool) -> None:
    if not file.parent.is_dir():
        raise BackupRefusedError(f"there is no folder {file.parent}", advice="Make it, or name another.")
    if file.is_dir():
        raise BackupRefusedError(f"{file} is a folder", advice="Give the name of a file in it.")
    if file.resolve().parent == state_dir.resolve() and file.name.startswith(LEDGER_NAME):
        raise BackupRefusedError(f"{file} is the ledger's own", advice="Choose another place.")
    if not is_replacing and os.path.lexists(file):
        raise _exists(file)


def _copy(ledger: sqlite3.Connection, state_dir: Path, draft: Path) -> int:
    with closing(sqlite3.connect(draft)) as copy:
        try:
            with translated_errors(state_dir):
                # All pages in one step, so no writer gets in between and makes it begin again.
                ledger.backup(copy)
                require_whole(copy, state_dir / LEDGER_NAME, "integrity_check")
                copy.execute("PRAGMA journal_mode = DELETE")
                (number,) = copy.execute("SELECT count(*) FROM photos").fetchone()
        except DiskError as error:
            if os.access(state_dir / LEDGER_NAME, os.R_OK):
                raise type(error)(f"the ledger cannot be copied to {draft.parent}: {error.sentence}") from error
            raise
    return int(number)


def _place(draft: Path, file: Path, *, is_replacing: bool) -> None:
    """Sync the draft, then give it its name; only `--force` gives it one that is taken."""
    sync(draft)
    if is_replacing:
        draft.replace(file)
        sync(file.parent)
    else:
        try:
            rename_or_link(draft, file)
        except FileExistsError as error:
            raise _exists(file) from error


def _exists(file: Path) -> BackupRefusedError:
    return BackupRefusedError(f"{file} exists already", advice="Choose another name, or add --force to replace it.")


@contextmanager
def _disk_errors(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DiskError(f"the backup {file} cannot be written: {error.strerror}") from error
