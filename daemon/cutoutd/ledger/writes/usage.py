"""Operations that Uploadcare bills, as they were counted: one row for each local day and purpose."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.dialects import sqlite

from cutoutd.core.usage_counter import Purpose, UsageCounts
from cutoutd.ledger.schema.tables import operations
from cutoutd.ledger.sqlite.transactions import ReadTransaction, WriteTransaction


@dataclass(frozen=True, slots=True)
class Usage:
    """Operations by purpose; removals' own are not among them, because nobody but Uploadcare knows their number."""

    today: Mapping[Purpose, int]
    this_month: Mapping[Purpose, int]


_INSERT = sqlite.insert(operations)
#: Every commit brings some.
_ADD = _INSERT.on_conflict_do_update(
    index_elements=[operations.c.day, operations.c.purpose],
    set_={"number": operations.c.number + _INSERT.excluded.number},
)


def add(connection: WriteTransaction, counted: UsageCounts) -> None:
    """Put what was counted on top of what is there."""
    rows = [{"day": day.isoformat(), "purpose": purpose.value, "number": n} for (day, purpose), n in counted.items()]
    if rows:
        connection.execute(_ADD, rows)


def usage_of(connection: ReadTransaction, day: date) -> Usage:
    """What was counted on this day, and in its month so far."""
    return Usage(between(connection, day, day), between(connection, day.replace(day=1), day))


def between(connection: ReadTransaction, first: date, last: date) -> Mapping[Purpose, int]:
    """What was counted from one day to another, both included."""
    period = operations.c.day.between(first.isoformat(), last.isoformat())
    total = func.sum(operations.c.number)
    rows = connection.execute(select(operations.c.purpose, total).where(period).group_by(operations.c.purpose))
    return dict.fromkeys(Purpose, 0) | {Purpose(purpose): int(number) for purpose, number in rows}
