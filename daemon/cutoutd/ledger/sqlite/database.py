"""SQLite: how a ledger is opened, what errors mean, what only it can express, and the identity of the open file."""

import os
import re
import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Engine,
    and_,
    bindparam,
    create_engine,
    event,
    func,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from cutoutd.core.errors import (
    CutoutdError,
    DiskError,
    LedgerDamagedError,
    LedgerError,
    LedgerLockedError,
    LedgerMissingError,
    LedgerRemovedError,
)
from cutoutd.core.logs import printable
from cutoutd.ledger.schema.column_types import PathTexts

LEDGER_NAME = "ledger.sqlite"

#: The longest wait of a writer, for example for a backup's last page. Readers never wait in WAL mode.
_BUSY_TIMEOUT_MS = 10_000

#: SQLite keeps what was stored last in a second file, the log. One that grew while a reader held it up is cut to this.
_LARGEST_LOG_BYTES = 16 << 20


def has_ledger(state_dir: Path) -> bool:
    """Return True if there is a ledger in ``state_dir``.

    Raises:
        LedgerError: the state folder may not be read.
    """
    try:
        return (state_dir / LEDGER_NAME).exists()
    except PermissionError as error:
        raise unreadable(state_dir) from error


def unreadable(state_dir: Path) -> LedgerError:
    """Return the error for a user without the right to read the state folder, which is private."""
    return LedgerError(
        f"the state folder {state_dir} may not be read", advice="Run the command as the user of cutoutd."
    )


def require_ledger(state_dir: Path) -> None:
    """Require that there is a ledger.

    Raises:
        LedgerMissingError: there is none in ``state_dir``.
        LedgerError: the folder may not be read.
    """
    if not has_ledger(state_dir):
        raise LedgerMissingError(f"{state_dir} has none")


def require_sound(state_dir: Path) -> None:
    """Check every page before anything is built on it; a file that fails is left as it is. Blocking.

    A ledger is created whole, so an empty file of its name is the rest of one.

    Raises:
        LedgerDamagedError: it is no database, is cut off, or its pages do not hold together.
        LedgerLockedError: another program has it locked.
        DiskError: it cannot be read.
    """
    file = state_dir / LEDGER_NAME
    with translated_errors(state_dir):
        try:
            is_empty = file.stat().st_size == 0
        except OSError as error:
            raise DiskError(f"the ledger {file} cannot be read: {error.strerror}") from error
        if is_empty:
            raise LedgerDamagedError(f"the ledger {file} is empty")
        with closing(sqlite3.connect(file, timeout=_BUSY_TIMEOUT_MS / 1000)) as database:
            require_whole(database, file, "quick_check")


def require_whole(database: sqlite3.Connection, file: Path, check: str) -> None:
    """Require that an open database is a ledger and passes SQLite's ``quick_check`` or ``integrity_check``.

    Raises:
        LedgerDamagedError: it is not or does not; ``file`` is its name in the message.
        sqlite3.Error: it is not even a database.
    """
    database.text_factory = lambda raw: raw.decode(errors="replace")
    try:
        (verdict,) = database.execute(f"PRAGMA {check}(1)").fetchone()
        is_ledger = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").fetchone()
    except UnicodeDecodeError as error:  # because SQLite's message quotes the damaged bytes
        raise LedgerDamagedError(f"the ledger {file} is damaged") from error
    if verdict != "ok":
        raise LedgerDamagedError(f"the ledger {file} is damaged: {printable(verdict)}")
    if not is_ledger:
        raise LedgerDamagedError(f"{file} is a database, but not a ledger of cutoutd")


def open_database(state_dir: Path, name: str = LEDGER_NAME, *, is_reading: bool = False) -> Engine:
    """Return the engine of the ledger in ``state_dir``; nothing is opened before the first connection.

    With `is_reading` it changes no byte of the file, which may be another program's.
    """
    url = URL.create("sqlite", database=str(state_dir / name))
    engine = create_engine(url, poolclass=QueuePool, pool_size=4)
    event.listen(engine, "connect", _prepare_reading if is_reading else _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    _set(
        connection,
        "journal_mode = WAL",
        "synchronous = FULL",  # a stored fact survives a power cut, because it may stand for money
        "foreign_keys = ON",
        f"journal_size_limit = {_LARGEST_LOG_BYTES}",
    )


def _prepare_reading(connection: sqlite3.Connection, _record: object) -> None:
    _set(connection, "query_only = ON")


def _set(connection: sqlite3.Connection, *pragmas: str) -> None:
    # Python's sqlite3 begins transactions by itself, but not for SAVEPOINT. Therefore SQLAlchemy begins all of them,
    # as its documentation says.
    connection.isolation_level = None
    for pragma in (f"busy_timeout = {_BUSY_TIMEOUT_MS}", *pragmas):
        connection.execute(f"PRAGMA {pragma}")


def empty_log(engine: Engine) -> None:
    """Move all of the log into the ledger's own file, and give the log's room back to the disk. Blocking.

    On a small disk the log may take the last room, because a reader held it up. Then nothing could be stored for ever.
    It fails quietly, because the next write reports the trouble with the disk.
    """
    with suppress(DBAPIError, sqlite3.Error), closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout = 0")  # because the writer must not wait for a reader here
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        cursor.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")


def is_disk_full(error: BaseException | None) -> bool:
    """Return True if SQLite found no room."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return (getattr(cause, "sqlite_errorname", "") or "").startswith(("SQLITE_FULL", "SQLITE_IOERR_WRITE"))


def _begin(connection: Connection) -> None:
    # IMMEDIATE, else a transaction that reads first may fail at its first write because another one wrote in between.
    is_writing = connection.get_execution_options().get("is_writing", False)
    # By the driver itself, because SQLAlchemy takes 0.1 ms for it at every query and commit.
    connection.connection.cursor().execute("BEGIN IMMEDIATE" if is_writing else "BEGIN")


def is_among(column: ColumnElement[str], name: str) -> ColumnElement[bool]:
    """Return the condition that a path is in the list under the parameter of this name, of any length.

    The list is one value, which SQLite takes apart: 100,000 paths took 0.53 s of CPU so, and 0.70 s bound one by one.
    """
    values = func.json_each(bindparam(name, type_=PathTexts())).table_valued("value")
    return column.in_(select(type_coerce(values.c.value, column.type)))


def contains(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """Return the condition that a column contains this text, whatever the case and the composition of accents.

    SQLite's LIKE knows the case of ASCII letters only. Therefore each letter becomes a choice of its forms in a GLOB
    pattern. That takes three times as long, so LIKE filters the rows first.
    """
    composed = unicodedata.normalize("NFC", text)
    longest = max(_ASCII.findall(composed), key=len, default="")
    has_longest = column.contains(longest, autoescape=True)
    if composed.isascii():
        return has_longest
    forms = (composed, unicodedata.normalize("NFD", text))
    has_text = or_(*(column.op("GLOB", is_comparison=True)(f"*{_in_any_case(form)}*") for form in forms))
    return and_(has_longest, has_text) if longest else has_text


_ASCII = re.compile(r"[\x00-\x7f]+")


def _in_any_case(text: str) -> str:
    return "".join(f"[{''.join(sorted(_cases_of(sign)))}]" if _is_choice(sign) else sign for sign in text)


def _is_choice(sign: str) -> bool:
    return sign in "*?[" or len(_cases_of(sign)) > 1


def _cases_of(sign: str) -> set[str]:
    return {case for case in (sign, sign.lower(), sign.upper()) if len(case) == 1}


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
    return LedgerError(f"SQLite reports for the ledger {file}: {error}")


class FileIdentity:
    """The ledger's file as it is opened, so that another file in its place, or none, is noticed.

    SQLite goes on writing to a file that was removed while it was open. Such facts would be lost at the next start, and
    their removals paid for twice. Two daemons could even come to share the new file. ``close`` lets go of the file.
    """

    def __init__(self, state_dir: Path) -> None:
        self._file = state_dir / LEDGER_NAME
        # O_PATH, because closing a readable descriptor would drop SQLite's locks (sqlite.org/howtocorrupt.html).
        self._descriptor = os.open(self._file, os.O_PATH | os.O_CLOEXEC)

    @property
    def is_in_place(self) -> bool:
        """True if the file still has its name. Blocking, for as long as one stat takes."""
        try:
            return os.path.samestat(self._file.stat(), os.fstat(self._descriptor))
        except FileNotFoundError:
            return False
        except OSError:
            return True  # unknown; SQLite reports the trouble with the disk

    def require_in_place(self) -> None:
        """Refuse to store anything in a file that no start will find again.

        Raises:
            LedgerRemovedError: it was removed, moved or replaced.
        """
        if not self.is_in_place:
            raise LedgerRemovedError(f"{self._file} was removed, moved or replaced while cutoutd runs")

    def close(self) -> None:
        """Let go."""
        os.close(self._descriptor)
