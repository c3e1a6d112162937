"""The ledger's transactions, the only form in which other packages see a database connection, and their statements.

Statements that every photo needs are compiled once. SQLAlchemy takes 45 µs to run a small INSERT, of which SQLite takes
5: the rest is spent on finding and preparing what is the same every time.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, CursorResult, Dialect, Executable, Row, ScalarResult, Select
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.selectable import TypedReturnsRows

_Processor = Callable[[Any], Any] | None

T = TypeVar("T")

_Values = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None


class Prepared:
    """A statement that is compiled at its first use.

    Args:
        statement: an INSERT, UPDATE or SELECT; it takes no lists of unknown length.
        columns: the columns of an INSERT or UPDATE without values of its own.
    """

    def __init__(self, statement: UpdateBase | Select[*tuple[Any, ...]], columns: Sequence[str] | None = None) -> None:
        self.statement = statement
        self._columns = columns
        self._sql = ""
        #: Name, constant value and conversion of each parameter; the name is None for a constant.
        self._parameters: tuple[tuple[str | None, Any, _Processor], ...] = ()

    def bind(self, values: Mapping[str, Any], dialect: Dialect) -> tuple[str, list[Any]]:
        """Return the SQL text and its parameters in order.

        Raises:
            KeyError: a value is missing.
        """
        if not self._sql:
            self._compile(dialect)
        bound = []
        for name, constant, convert in self._parameters:
            value = constant if name is None else values[name]
            bound.append(value if convert is None else convert(value))
        return self._sql, bound

    def _compile(self, dialect: Dialect) -> None:
        compiled = self.statement.compile(dialect=dialect, column_keys=self._columns)
        parameters = []
        for name in compiled.positiontup or ():
            parameter = compiled.binds[name]
            convert = parameter.type.dialect_impl(dialect).bind_processor(dialect)
            parameters.append((name if parameter.required else None, parameter.value, convert))
        self._parameters = tuple(parameters)
        self._sql = str(compiled)


@dataclass(slots=True)
class Known:
    """Facts about the whole ledger that are kept in memory, so that a write need not look them up.

    Only the writer's thread uses them. Nothing else writes the ledger while it holds the instance lock. They err on one
    side only: after a write that was undone, they may ask for a look-up in vain. A new value asks for every look-up.
    """

    may_have_webhook_results: bool = True  #: False: none is stored
    payers: set[int] | None = None  #: the photos that others waited for since the start; None: not known

    def may_be_awaited(self, photo_id: int) -> bool:
        """Return True if other photos may wait for this one."""
        return self.payers is None or photo_id in self.payers

    def add_payer(self, photo_id: int) -> None:
        """Keep that a photo waits for this one."""
        if self.payers is not None:
            self.payers.add(photo_id)


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
