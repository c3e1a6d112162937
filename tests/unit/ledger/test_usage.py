"""Billed operations in the ledger: added up by day and purpose."""

from datetime import date
from pathlib import Path

from cutoutd.core.usage_counter import Purpose
from cutoutd.ledger import Ledger, Usage
from cutoutd.ledger.writes import usage
from support.ledgers import with_ledger

NONE = dict.fromkeys(Purpose, 0)


def test_operations_are_added_up_by_day_and_purpose(tmp_path: Path) -> None:
    """A day and its month, both with all that was counted until the end of the day; other months do not count."""

    async def scene(ledger: Ledger) -> None:
        for counted in (
            {(date(2026, 3, 1), Purpose.UPLOAD): 1, (date(2026, 3, 1), Purpose.POLL): 2},
            {(date(2026, 3, 1), Purpose.POLL): 4},
            {(date(2026, 3, 9), Purpose.POLL): 8, (date(2026, 3, 9), Purpose.LAUNCH): 16},
            {(date(2026, 3, 10), Purpose.POLL): 32, (date(2026, 2, 28), Purpose.POLL): 64},
            {(date(2025, 3, 9), Purpose.POLL): 128},
        ):
            await ledger._write(lambda tx, counted=counted: usage.add(tx, counted))
        assert await ledger.query(usage.usage_of, date(2026, 3, 9)) == Usage(
            today=NONE | {Purpose.POLL: 8, Purpose.LAUNCH: 16},
            this_month=NONE | {Purpose.UPLOAD: 1, Purpose.POLL: 14, Purpose.LAUNCH: 16},
        )
        assert await ledger.query(usage.between, date(2026, 2, 28), date(2026, 3, 1)) == NONE | {
            Purpose.UPLOAD: 1,
            Purpose.POLL: 70,
        }
        assert await ledger.query(usage.usage_of, date(2026, 4, 1)) == Usage(NONE, NONE)

    with_ledger(tmp_path, scene)
