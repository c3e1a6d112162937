"""Operations that Uploadcare bills: one row for each local day and purpose."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects import sqlite

from cutoutd.core.usage_counter import Purpose, UsageCounts
from cutoutd.ledger.schema.tables import operations
from cutoutd.ledger.sqlite.transactions import Prepared, ReadTransaction, WriteTransaction


@dataclass(frozen=True, slots=True)
class Usage:
    """Operations by purpose, without those of removals, because only Uploadcare knows their number."""

    today: Mapping[Purpose, int]
    this_month: Mapping[Purpose, int]


@cache
def _upsert(rows: int) -> Prepared:
    """Return one statement for this many rows; nearly every commit brings some."""
    names = ("day", "purpose", "number")
    new = sqlite.insert(operations).values(
        [{name: bindparam(f"{name}_{row}", type_=operations.c[name].type) for name in names} for row in range(rows)]
    )
    return Prepared(
        new.on_conflict_do_update(
            index_elements=[operations.c.day, operations.c.purpose],
            set_={"number": operations.c.number + new.excluded.number},
        )
    )


def add(transaction: WriteTransaction, counted: UsageCounts) -> None:
    """Add the counted operations, of which there are some, to the stored ones."""
    values: dict[str, object] = {}
    for row, ((day, purpose), number) in enumerate(counted.items()):
        values |= {f"day_{row}": day.isoformat(), f"purpose_{row}": purpose.value, f"number_{row}": number}
    transaction.run(_upsert(len(counted)), values)


def usage_of(transaction: ReadTransaction, day: date) -> Usage:
    """Return the operations of this day, and of its month so far."""
    return Usage(between(transaction, day, day), between(transaction, day.replace(day=1), day))


def between(transaction: ReadTransaction, first: date, last: date) -> Mapping[Purpose, int]:
    """Return the operations from one day to another, both included."""
    period = operations.c.day.between(first.isoformat(), last.isoformat())
    total = func.sum(operations.c.number)
    rows = transaction.execute(select(operations.c.purpose, total).where(period).group_by(operations.c.purpose))
    return dict.fromkeys(Purpose, 0) | {Purpose(purpose): int(number) for purpose, number in rows}
