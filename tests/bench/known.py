"""A ledger that knows a great many published photos, and their files in an input tree.

One photo is taken through every fact by the ledger's own code; its rows are then copied in bulk, each time under
another path, because a million photos taken through one by one would take an hour.
"""

import asyncio
import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from cutoutd.core.photo import State
from cutoutd.ledger import open_ledger
from cutoutd.ledger.sqlite.database import LEDGER_NAME
from support.ledgers import identity_of, photo_at

FOLDER = "shop"
_PER_FOLDER = 1000
_BATCH = 20_000


def path_of(number: int) -> str:
    """A photo's path in the input tree."""
    return f"{number // _PER_FOLDER:04}/{number:07}.jpg"


def make_tree(root: Path, photos: int) -> None:
    """Files of one byte: nobody reads what is known."""
    for number in range(photos):
        file = root / path_of(number)
        if number % _PER_FOLDER == 0:
            file.parent.mkdir(parents=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(descriptor, b"x")
        os.close(descriptor)


def know_all(state_dir: Path, root: Path, photos: int) -> None:
    """Make the ledger of a daemon that published all of them."""
    state_dir.mkdir(parents=True)
    asyncio.run(_take_the_first_through(state_dir, root))
    with closing(sqlite3.connect(state_dir / LEDGER_NAME)) as database:
        database.row_factory = sqlite3.Row
        database.execute("DELETE FROM remote_files")
        for start in range(1, photos, _BATCH):
            _copy_rows(database, root, range(start, min(start + _BATCH, photos)))
            database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


async def _take_the_first_through(state_dir: Path, root: Path) -> None:
    async with open_ledger(state_dir) as ledger:
        who = replace(identity_of(root, path_of(0)), folder=FOLDER, input=str(root))
        await photo_at(ledger, State.PUBLISHED, who)


def _copy_rows(database: sqlite3.Connection, root: Path, numbers: range) -> None:
    first = dict(database.execute("SELECT * FROM photos WHERE id = 1").fetchone())
    events = [dict(row) for row in database.execute("SELECT * FROM events WHERE photo_id = 1 ORDER BY id")]
    launch = dict(database.execute("SELECT * FROM launches WHERE photo_id = 1").fetchone())
    claim = dict(database.execute("SELECT * FROM targets LIMIT 1").fetchone())
    photos, claims = [], []
    for number in numbers:
        path, target = path_of(number), path_of(number).replace(".jpg", ".png")
        status = (root / path).stat()
        own = {"id": number + 1, "path": path, "target": target, "sha256": f"{number:064x}", "inode": status.st_ino}
        times = {"size_bytes": status.st_size, "mtime_ns": status.st_mtime_ns, "ctime_ns": status.st_ctime_ns}
        remote = {name: f"{number:08x}-0000-0000-0000-00000000000{at}" for at, name in enumerate(_REMOTE)}
        photos.append(first | own | times | remote)
        claims.append(claim | {"path": path, "target": target, "target_key": target})
    _insert(database, "photos", photos)
    _insert(database, "targets", claims)
    _insert(database, "launches", [launch | {"id": None, "photo_id": number + 1} for number in numbers])
    rows = [event | {"id": None, "photo_id": number + 1} for number in numbers for event in events]
    _insert(database, "events", rows)


_REMOTE = ("source_uuid", "request_id", "result_uuid")


def _insert(database: sqlite3.Connection, table: str, rows: list[dict[str, object]]) -> None:
    names = ", ".join(rows[0])
    values = ", ".join(f":{name}" for name in rows[0])
    database.executemany(f"INSERT INTO {table} ({names}) VALUES ({values})", rows)  # noqa: S608  names of our tables
