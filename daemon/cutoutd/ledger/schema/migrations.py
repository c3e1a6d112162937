"""The numbered steps from one schema to the next; each runs once, in order.

A step is a file of SQL statements in ``steps``, named by its number. A published step is never edited, else ledgers
that have seen it would differ from new ones. ``tables`` has the newest schema, and a test compares the steps with it.
"""

import time
from collections.abc import Callable
from importlib.resources import files

from sqlalchemy import Connection, Engine, func, insert, inspect, select

from cutoutd.core.errors import LedgerDamagedError, LedgerError, LedgerNewerError
from cutoutd.ledger.schema import tables

#: The last step of this version.
NEWEST = 5


def bring_up_to_date(engine: Engine) -> None:
    """Carry out the steps that this ledger has not seen, in one transaction; a crash leaves it as it was.

    Raises:
        LedgerNewerError: it has steps that this version does not know.
        LedgerDamagedError: it has none, so it is something else.
    """
    with engine.connect().execution_options(is_writing=True) as connection, connection.begin():
        done = _last_step(connection)
        _refuse_newer(done)
        if done == 0:
            raise LedgerDamagedError("the file is a database, but not a ledger of cutoutd")
        carry_out(connection, range(done + 1, NEWEST + 1))


def require_up_to_date(connection: Connection) -> None:
    """Check a ledger that is only read, because queries name columns of this version.

    Raises:
        LedgerNewerError: it has steps that this version does not know.
        LedgerError: it lacks steps of this version.
    """
    done = _last_step(connection)
    _refuse_newer(done)
    if 0 < done < NEWEST:
        raise LedgerError(
            "an earlier version of cutoutd wrote it",
            advice="Start cutoutd, or restart it: that brings the ledger up to date. Make a backup first, because the"
            " earlier version cannot use it then: cutoutd backup.",
        )


def create_ledger(engine: Engine, fill: Callable[[Connection], None]) -> None:
    """Carry out every step on an empty database, and what ``fill`` writes, in one transaction."""
    with engine.connect().execution_options(is_writing=True) as connection, connection.begin():
        carry_out(connection, range(1, NEWEST + 1))
        fill(connection)


def carry_out(connection: Connection, numbers: range) -> None:
    """Carry out these steps, and note each as done."""
    for number in numbers:
        for statement in _statements(number):
            connection.exec_driver_sql(statement)
        connection.execute(insert(tables.migrations).values(number=number, at_s=time.time()))


def _refuse_newer(done: int) -> None:
    if done > NEWEST:
        msg = f"it has schema {done}, and this version of cutoutd knows up to {NEWEST}"
        raise LedgerNewerError(msg)


def _statements(number: int) -> list[str]:
    text = files(__package__).joinpath("steps", f"{number}.sql").read_text("utf-8")
    return [statement for statement in text.split(";\n") if statement.strip()]


def _last_step(connection: Connection) -> int:
    if not inspect(connection).has_table(tables.migrations.name):
        return 0
    return connection.scalar(select(func.max(tables.migrations.c.number))) or 0
