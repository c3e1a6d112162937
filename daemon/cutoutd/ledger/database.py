"""SQLite itself: how it is opened and what its errors mean. Everything that only SQLite knows is in this module."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from cutoutd.errors import CutoutdError, DiskError, LedgerDamagedError, LedgerError, LedgerLockedError

LEDGER_NAME = "ledger.sqlite"

#: Readers never wait in WAL mode; a writer waits for at most this long, for example for a backup's last page.
_BUSY_TIMEOUT_MS = 10_000


def has_ledger(state_dir: Path) -> bool:
    """Whether there is a ledger in ``state_dir``.

    Raises:
        LedgerError: the state folder may not be looked into.
    """
    try:
        return (state_dir / LEDGER_NAME).exists()
    except PermissionError as error:
        raise unreadable(state_dir) from error


def unreadable(state_dir: Path) -> LedgerError:
    """Said to whoever may not look into the state folder: it is private to the user that cutoutd runs as."""
    return LedgerError(f"the state folder {state_dir} may not be read", advice="Use the user that cutoutd runs as.")


def open_database(state_dir: Path) -> Engine:
    """The engine of the ledger in ``state_dir``; nothing is opened before the first connection."""
    url = URL.create("sqlite", database=str(state_dir / LEDGER_NAME))
    engine = create_engine(url, poolclass=QueuePool, pool_size=4)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    # Python's sqlite3 begins transactions by itself, but not for SAVEPOINT; SQLAlchemy's documented cure is to take
    # that over completely.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {_BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",  # a stored fact survives a power cut: it may stand for money
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    # A deferred transaction that starts by reading can fail at its first write when another one wrote in between.
    is_writing = connection.get_execution_options().get("is_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")


@contextmanager
def translated_errors(state_dir: Path) -> Iterator[None]:
    """Translate what SQLite reports into the error tree.

    Raises:
        DiskError: full, read-only or failing disk; passes by itself.
        LedgerDamagedError: not a database, or a damaged one.
        LedgerError: anything else, such as a lock that another program holds for too long.
    """
    try:
        yield
    except DBAPIError as error:
        raise _translate(error.orig, state_dir) from error
    except sqlite3.Error as error:
        raise _translate(error, state_dir) from error


def _translate(error: Any, state_dir: Path) -> CutoutdError:  # noqa: ANN401  the driver's error, typed loosely by SQLAlchemy
    name = getattr(error, "sqlite_errorname", "") or ""
    file = state_dir / LEDGER_NAME
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN")):
        return DiskError(f"the ledger {file} cannot be written: {error}")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return LedgerLockedError(f"the ledger {file} is locked by another program")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return LedgerDamagedError(f"the ledger {file} is damaged: {error}")
    return LedgerError(f"the ledger {file} answered: {error}")
