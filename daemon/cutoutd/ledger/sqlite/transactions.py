"""The ledger's transactions, the only form in which other packages see a database connection."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from sqlalchemy import Connection, CursorResult, Executable, Row, ScalarResult, Select
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.selectable import TypedReturnsRows

from cutoutd.ledger.sqlite.known import Known
from cutoutd.ledger.sqlite.prepared import Prepared

T = TypeVar("T")

_Values = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None


class ReadTransaction:
    """One consistent view of the ledger, to pass to the functions of ``queries``."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def execute(self, statement: Executable, values: _Values = None) -> CursorResult[*tuple[Any, ...]]:
        """Run a statement and return its rows."""
        return self._connection.execute(statement, values)

    def stream(self, query: Select[*tuple[Any, ...]], rows_at_once: int) -> Iterator[Row[*tuple[Any, ...]]]:
        """Yield a query's rows as they are read, so that any number of them needs little memory."""
        with self._connection.execution_options(yield_per=rows_at_once).execute(query) as rows:
            yield from rows

    def scalar(self, statement: Select[T], values: Mapping[str, Any] | None = None) -> T | None:
        """Return the first column of a query's first row, or None."""
        return self._connection.scalar(statement, values)

    def scalars(self, statement: TypedReturnsRows[T], values: _Values = None) -> ScalarResult[T]:
        """Return the first column of each of a query's rows."""
        return self._connection.scalars(statement, values)


class WriteTransaction(ReadTransaction):
    """A transaction that may change the ledger; only ``writes`` and the ledger itself use it.

    Args:
        connection: the open database connection.
        known: the facts about the whole ledger that spare a look-up; None: everything is looked up.
    """

    __slots__ = ("known",)

    def __init__(self, connection: Connection, known: Known | None = None) -> None:
        super().__init__(connection)
        self.known = known or Known()

    def run(self, prepared: Prepared, values: Mapping[str, Any]) -> DBAPICursor:
        """Run a prepared statement on the driver's own cursor, which takes a ninth of ``execute``.

        Raises:
            IntegrityError: a constraint of the schema refuses the row.
            sqlite3.Error: anything else.
        """
        sql, bound = prepared.bind(values, self._connection.dialect)
        cursor = self._connection.connection.cursor()
        try:
            cursor.execute(sql, bound)
        except sqlite3.IntegrityError as error:
            raise IntegrityError(sql, bound, error) from error
        return cursor

    def savepoint(self) -> AbstractContextManager[object]:
        """Return a context that undoes the writes inside it if it is left with an exception."""
        return self._connection.begin_nested()
