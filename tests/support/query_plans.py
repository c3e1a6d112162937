"""The plans of the statements that the ledger puts to its database: none reads a whole table without a reason.

SQLite plans by the schema alone, because the ledger keeps no statistics. Therefore an empty ledger gives the plans of
one with a million photos.
"""

import re
import sqlite3
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy import Connection, Dialect, Engine, event

from cutoutd.ledger.schema.migrations import create_ledger
from cutoutd.ledger.sqlite.database import open_database
from cutoutd.ledger.sqlite.transactions import Prepared
from support.plan_reasons import REASONS, SCANS

#: Steps of a plan that take longer the more photos there are: a read of a whole table or of a large index, of all
#: photos at some states, and a sort. Small indexes hold few photos, whatever the ledger holds.
_LARGE = "photos|later|other|events|launches|targets"
_SMALL = "delayed|delayed_by_kind|delayed_in_order|unclear|locked|waiters|touched|source_due|paid_again|to_clean|lost"
_GROWING = re.compile(
    rf"SCAN ({_LARGE})(?! USING (COVERING )?INDEX ({_SMALL})$)"
    rf"|SEARCH ({_LARGE})$"
    r"|SEARCH photos USING (COVERING )?INDEX totals \(state=\?\)$"
    r"|USE TEMP B-TREE"
)


class PlanCheck:
    """Plans each statement of the ledger once, and keeps the ones that have no reason to grow."""

    def __init__(self, folder: Path) -> None:
        engine = open_database(folder, "plans.sqlite")
        create_ledger(engine, lambda _: None)
        engine.dispose()
        self._database = sqlite3.connect(folder / "plans.sqlite", check_same_thread=False)
        self._lock = threading.Lock()
        self._planned: set[str] = set()
        self._faults: list[str] = []

    def take_faults(self) -> list[str]:
        """Return what was found since the last call."""
        with self._lock:
            faults, self._faults = self._faults, []
        return faults

    def look(self, sql: str, values: Any) -> None:  # noqa: ANN401  the driver's own
        """Plan a statement, if the ledger's own code puts it."""
        if (key := re.sub(r"\?(, \?)+", "?", sql)) in self._planned:
            return
        names = list(_names(sys._getframe(1)))
        if not names or any(name.startswith("schema.") for name in names):
            return
        with self._lock:
            self._planned.add(key)
            steps = [row[3] for row in self._database.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
        # SQLite goes straight to the last row for the greatest number, and names no index for it.
        growing = [] if sql.startswith("SELECT max(photos.id)") else [step for step in steps if _GROWING.match(step)]
        reasons = (
            SCANS if any("USE TEMP" not in step and "totals (" not in step for step in growing) else REASONS | SCANS
        )
        if growing and reasons.keys().isdisjoint(names):
            self._faults.append(f"{names[-1]}: {'; '.join(growing)}\n  {' '.join(sql.split())}")

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()


@contextmanager
def checked_plans(check: PlanCheck) -> Iterator[None]:
    """Look at every statement during the block."""

    def look(_: Connection, __: object, sql: str, values: Any, ___: object, is_many: bool) -> None:  # noqa: ANN401, FBT001  SQLAlchemy's form
        check.look(sql, values[0] if is_many else values)

    bind = Prepared.bind

    def look_and_bind(self: Prepared, values: Mapping[str, Any], dialect: Dialect) -> tuple[str, list[Any]]:
        sql, bound = bind(self, values, dialect)
        check.look(sql, bound)
        return sql, bound

    event.listen(Engine, "before_cursor_execute", look)
    Prepared.bind = look_and_bind  # type: ignore[method-assign]  because these statements bypass SQLAlchemy's events
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", look)
        Prepared.bind = bind  # type: ignore[method-assign]


def _names(frame: FrameType | None) -> Iterator[str]:
    """Yield the functions of the ledger that put a statement, the innermost first; none if a test puts it itself."""
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.startswith("cutoutd.ledger.") and not module.startswith("cutoutd.ledger.sqlite"):
            yield f"{module.removeprefix('cutoutd.ledger.')}.{frame.f_code.co_name}"
        elif not module.startswith(("sqlalchemy.", "cutoutd.ledger.sqlite", "support.query_plans")):
            return
        frame = frame.f_back
