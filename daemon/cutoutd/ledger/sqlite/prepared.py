"""Statements that every photo needs, compiled once.

SQLAlchemy takes 45 µs to run a small INSERT, of which SQLite takes 5: the rest is spent on finding and preparing what
is the same every time.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.selectable import Select

_Processor = Callable[[Any], Any] | None


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
        self._parameters: tuple[tuple[str, Any, _Processor], ...] = ()  #: name, constant value, conversion

    def bind(self, values: Mapping[str, Any], dialect: Dialect) -> tuple[str, list[Any]]:
        """Return the SQL text and its parameters in order."""
        if not self._sql:
            self._compile(dialect)
        bound = []
        for name, constant, convert in self._parameters:
            value = values.get(name, constant)
            bound.append(value if convert is None else convert(value))
        return self._sql, bound

    def _compile(self, dialect: Dialect) -> None:
        compiled = self.statement.compile(dialect=dialect, column_keys=self._columns)
        constants, parameters = compiled.params, []
        for name in compiled.positiontup or ():
            kind = compiled.binds[name].type.dialect_impl(dialect)
            parameters.append((name, constants[name], kind.bind_processor(dialect)))
        self._parameters = tuple(parameters)
        self._sql = str(compiled)
