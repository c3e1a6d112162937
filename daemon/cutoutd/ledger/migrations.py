"""Numbered steps from one schema to the next; each runs once, in order, in one transaction.

A published step is never edited. The newest schema is in ``schema``; step 1 creates it from its own frozen list of
statements once there is a step 2 to keep it honest.
"""

import time
from collections.abc import Callable

from sqlalchemy import Connection, Engine, func, insert, inspect, select

from cutoutd.errors import LedgerDamagedError, LedgerNewerError
from cutoutd.ledger import schema


def _create_first_schema(connection: Connection) -> None:
    schema.metadata.create_all(connection)


STEPS: tuple[Callable[[Connection], None], ...] = (_create_first_schema,)


def bring_up_to_date(engine: Engine) -> None:
    """Carry out the steps that this ledger has not seen; a crash leaves it at the last whole step.

    Raises:
        LedgerNewerError: it has seen steps that this version does not know.
        LedgerDamagedError: it has seen none, so it is something else.
    """
    with engine.connect().execution_options(is_writing=True) as connection, connection.begin():
        done = _last_step(connection)
        if done > len(STEPS):
            msg = f"the ledger has seen {done} migrations, this version of cutoutd knows {len(STEPS)}"
            raise LedgerNewerError(msg)
        if done == 0:
            raise LedgerDamagedError("the file is a database, but no ledger of cutoutd's")
        _carry_out(connection, done)


def _carry_out(connection: Connection, done: int) -> None:
    for number, step in enumerate(STEPS[done:], start=done + 1):
        step(connection)
        connection.execute(insert(schema.migrations).values(number=number, at_s=time.time()))


def create_ledger(engine: Engine, fill: Callable[[Connection], None]) -> None:
    """Carry out every step on an empty database, and what ``fill`` writes, in one transaction."""
    with engine.connect().execution_options(is_writing=True) as connection, connection.begin():
        _carry_out(connection, done=0)
        fill(connection)


def _last_step(connection: Connection) -> int:
    if not inspect(connection).has_table(schema.migrations.name):
        return 0
    return connection.scalar(select(func.max(schema.migrations.c.number))) or 0
