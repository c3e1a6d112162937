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
