"""The creation of a ledger: whole or not at all, so that a file of the ledger's name always is one.

A crash leaves at most the unfinished file beside its place, which the next attempt removes.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection

from cutoutd.core.atomic_write import sync
from cutoutd.core.errors import DiskError
from cutoutd.ledger.schema.migrations import create_ledger
from cutoutd.ledger.sqlite.database import LEDGER_NAME, open_database, translated_errors

_UNFINISHED = f"{LEDGER_NAME}.new"

#: The files that SQLite keeps beside a database. Those of a ledger that was moved away would pass for the new one's.
_COMPANIONS = ("-wal", "-shm", "-journal")


def create_ledger_file(state_dir: Path, fill: Callable[[Connection], None] = lambda _: None) -> None:
    """Create the ledger of a state folder that has none, with the rows that ``fill`` writes. Blocking.

    Raises:
        DiskError: it cannot be written.
        LedgerError: SQLite refused.
    """
    try:
        _remove(state_dir, _UNFINISHED, *(f"{name}{end}" for name in (_UNFINISHED, LEDGER_NAME) for end in _COMPANIONS))
        # SQLite gives its other files the rights of this one.
        os.close(os.open(state_dir / _UNFINISHED, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        engine = open_database(state_dir, _UNFINISHED)
        try:
            with translated_errors(state_dir):
                create_ledger(engine, fill)
        finally:
            engine.dispose()  # because the last connection brings everything into the one file
        (state_dir / _UNFINISHED).replace(state_dir / LEDGER_NAME)
        sync(state_dir)
    except OSError as error:
        msg = f"the ledger {state_dir / LEDGER_NAME} cannot be written: {error.strerror}"
        raise DiskError(msg) from error


def _remove(folder: Path, *names: str) -> None:
    for name in names:
        with suppress(FileNotFoundError):
            (folder / name).unlink()
