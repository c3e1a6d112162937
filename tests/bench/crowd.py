"""A ledger of a great many photos without any file: published over two years, in four folders, some of them failed.

One photo is taken to each end by the ledger's own code; its rows are then copied in bulk under other names and times.
"""

import asyncio
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from cutoutd.core.photo import State
from cutoutd.ledger import open_ledger
from cutoutd.ledger.sqlite.database import LEDGER_NAME
from support.ledgers import identity, photo_at

FOLDERS = ("shop", "people", "archive", "Möbel")

#: Of a thousand photos so many failed, and so many were rejected.
_FAILED, _REJECTED = 4, 6
_NAMES = ("chair", "Lamp", "SOFA", "vase", "Sessel grün", "portrait", "IMG", "DSC")
_FROM_S, _STEP_S = 1_700_000_000.0, 63.0
_BATCH = 20_000

Row = dict[str, object]


def crowd(state_dir: Path, photos: int) -> None:
    """Make the ledger of a daemon that took so many photos to their end."""
    state_dir.mkdir(parents=True)
    asyncio.run(_take_the_first_through(state_dir))
    with closing(sqlite3.connect(state_dir / LEDGER_NAME)) as database:
        database.row_factory = sqlite3.Row
        database.execute("DELETE FROM remote_files")
        patterns = [_pattern(database, photo_id) for photo_id in (1, 2, 3)]
        for start in range(3, photos, _BATCH):
            _copy(database, patterns, range(start, min(start + _BATCH, photos)))
            database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def name_of(number: int) -> str:
    """The path of a photo of the crowd."""
    return f"{number // 1000:04}/{_NAMES[number % len(_NAMES)]}-{number:07}.jpg"


async def _take_the_first_through(state_dir: Path) -> None:
    async with open_ledger(state_dir) as ledger:
        for state in (State.PUBLISHED, State.FAILED, State.REJECTED):
            await photo_at(ledger, state, identity(f"{state}.jpg", folder=FOLDERS[0]))


def _pattern(database: sqlite3.Connection, photo_id: int) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for table, key in (("photos", "id"), ("events", "photo_id"), ("launches", "photo_id")):
        rows = database.execute(f"SELECT * FROM {table} WHERE {key} = ? ORDER BY id", (photo_id,))  # noqa: S608  names of our tables
        found[table] = [dict(row) for row in rows]
    path = found["photos"][0]["path"]
    found["targets"] = [dict(row) for row in database.execute("SELECT * FROM targets WHERE path = ?", (path,))]
    return found


def _copy(database: sqlite3.Connection, patterns: list[dict[str, list[Row]]], numbers: range) -> None:
    rows: dict[str, list[Row]] = {"photos": [], "events": [], "launches": [], "targets": []}
    for number in numbers:
        thousandth = number % 1000
        which = 1 if thousandth < _FAILED else 2 if thousandth < _FAILED + _REJECTED else 0
        for table, row in _rows_of(patterns[which], number):
            rows[table].append(row)
    for table, many in rows.items():
        names = list(many[0])
        values = ", ".join(f":{name}" for name in names)
        database.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values})", many)  # noqa: S608  as above


def _rows_of(pattern: Mapping[str, list[Row]], number: int) -> Iterator[tuple[str, Row]]:
    path, folder, at_s = name_of(number), FOLDERS[number % len(FOLDERS)], _FROM_S + number * _STEP_S
    target = path.replace(".jpg", ".png")
    for row in pattern["photos"]:
        own = {"id": number + 1, "path": path, "folder": folder, "inode": number, "state_at_s": at_s}
        hashes = {name: f"{number:064x}" for name in ("sha256", "cutout_sha256") if row[name] is not None}
        remote = {
            name: f"{number:08x}-0000-0000-0000-00000000000{at}"
            for at, name in enumerate(("source_uuid", "request_id", "result_uuid"))
            if row[name] is not None
        }
        yield "photos", row | own | hashes | remote | ({"target": target} if row["target"] else {})
    for table in ("events", "launches"):
        for row in pattern[table]:
            yield table, row | {"id": None, "photo_id": number + 1, "at_s": at_s}
    for row in pattern["targets"]:
        yield "targets", row | {"path": path, "folder": folder, "target": target, "target_key": f"{folder}/{target}"}
