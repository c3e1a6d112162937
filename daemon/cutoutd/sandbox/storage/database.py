"""Everything the sandbox remembers besides bytes: the only module that speaks SQL.

Owns the tables and statements; it must not decide what they mean. Called from the event loop's thread: a statement on
this database costs less than handing it to another thread would. ``synchronous=OFF`` because a sandbox has to outlive
its own process being killed, which the kernel's page cache does, and not a power cut.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from cutoutd.sandbox.storage.rows import Delivery, StoredFile, StoredRemoval, StoredRemovalStatus, StoredWebhook

Row = TypeVar("Row", StoredFile, StoredWebhook, Delivery)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
  uuid TEXT PRIMARY KEY, original_filename TEXT NOT NULL, mime_type TEXT NOT NULL, size INTEGER NOT NULL,
  sha256 TEXT NOT NULL, image TEXT, metadata TEXT NOT NULL, appdata TEXT,
  uploaded TEXT NOT NULL, stored TEXT, removed TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS files_by_upload ON files (uploaded);
-- What the 24-hour sweep looks at before every request: nothing but files that may expire.
CREATE INDEX IF NOT EXISTS files_to_expire ON files (uploaded) WHERE stored IS NULL AND removed IS NULL;
CREATE TABLE IF NOT EXISTS removals (
  request_id TEXT PRIMARY KEY, target TEXT NOT NULL, parameters TEXT NOT NULL, status TEXT NOT NULL, file_id TEXT,
  error_code TEXT NOT NULL, error_title TEXT NOT NULL, started TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS removals_by_start ON removals (started);
CREATE INDEX IF NOT EXISTS removals_running ON removals (target) WHERE status = 'in_progress';
CREATE TABLE IF NOT EXISTS webhooks (
  id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, target_url TEXT NOT NULL, is_active INTEGER NOT NULL,
  signing_secret TEXT, created TEXT NOT NULL, updated TEXT NOT NULL,
  UNIQUE (target_url, event)
) STRICT;
CREATE TABLE IF NOT EXISTS deliveries (
  id INTEGER PRIMARY KEY AUTOINCREMENT, webhook_id INTEGER NOT NULL REFERENCES webhooks ON DELETE CASCADE,
  body TEXT NOT NULL, attempts INTEGER NOT NULL, created TEXT NOT NULL, due TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS tallies (
  name TEXT NOT NULL, key TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (name, key)
) STRICT, WITHOUT ROWID;
"""


class DuplicateWebhookError(Exception):
    """The project already has a subscription of this target and event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Which files a page of ``GET /files/`` is cut from, and where.

    Attributes:
        is_removed: Only removed files, or only the others.
        is_stored: Only stored files, only temporary ones, or (null) both.
        is_newest_first: The order.
        after: Only files later in that order than this date.
        before: Only files earlier in that order than this date; the page is then the last one before it.
        offset: Files to skip.
        limit: Length of a page.
    """

    is_removed: bool = False
    is_stored: bool | None = None
    is_newest_first: bool = False
    after: str | None = None
    before: str | None = None
    offset: int = 0
    limit: int = 100

    @property
    def where(self) -> str:
        """The SQL condition of the queried kind, without the place in the order."""
        stored = {None: "", True: " AND stored IS NOT NULL", False: " AND stored IS NULL"}[self.is_stored]
        return f"removed IS {'NOT ' if self.is_removed else ''}NULL{stored}"


class Store:
    """The sandbox's database in one file; safe to reopen after the process was killed at any point."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA foreign_keys=ON;" + _SCHEMA)

    def close(self) -> None:
        """Close the file; nothing is pending, every statement was committed."""
        self._db.close()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make several statements one transaction: a kill leaves all of them or none."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _rows(self, kind: type[Row], sql: str, values: Sequence[object] = ()) -> list[Row]:
        return [kind(**row) for row in self._mappings(sql, values)]

    def _mappings(self, sql: str, values: Sequence[object] = ()) -> list[dict[str, Any]]:
        done = self._db.execute(sql, values)
        names = [column[0] for column in done.description]
        return [dict(zip(names, row, strict=True)) for row in done]

    def _first(self, kind: type[Row], sql: str, *values: object) -> Row | None:
        return next(iter(self._rows(kind, sql, values)), None)

    # files ------------------------------------------------------------------------------------------------------

    def add_file(self, file: StoredFile) -> None:
        """Remember a file whose bytes are already on the shelf."""
        self._db.execute("INSERT INTO files VALUES (?,?,?,?,?,?,?,?,?,?,?)", astuple(file))

    def file(self, uuid: str) -> StoredFile | None:
        """The file of that name, removed ones included."""
        return self._first(StoredFile, "SELECT * FROM files WHERE uuid = ?", uuid)

    def mark_stored(self, uuid: str, moment: str) -> None:
        """Keep a file for good; the first such moment stays."""
        self._db.execute("UPDATE files SET stored = coalesce(stored, ?) WHERE uuid = ?", (moment, uuid))

    def mark_removed(self, uuid: str, moment: str) -> None:
        """Forget a file but for its information."""
        self._db.execute("UPDATE files SET removed = ?, stored = NULL WHERE uuid = ?", (moment, uuid))

    def set_appdata(self, uuid: str, appdata: str) -> None:
        """Replace what add-ons said about a file."""
        self._db.execute("UPDATE files SET appdata = ? WHERE uuid = ?", (appdata, uuid))

    def expired_files(self, uploaded_before: str) -> list[str]:
        """UUIDs of files never stored and uploaded before that moment."""
        sql = "SELECT uuid FROM files WHERE stored IS NULL AND removed IS NULL AND uploaded < ?"
        return [uuid for (uuid,) in self._db.execute(sql, (uploaded_before,))]

    def page(self, listing: Listing) -> list[StoredFile]:
        """The files of one page, in the listing's order."""
        forward, is_backward = ("<" if listing.is_newest_first else ">"), listing.before is not None
        place, values = "", list[object]()
        if listing.after is not None:
            place, values = f" AND uploaded {forward} ?", [listing.after]
        if listing.before is not None:
            place, values = place + f" AND uploaded {'>' if forward == '<' else '<'} ?", [*values, listing.before]
        order = "DESC" if listing.is_newest_first != is_backward else "ASC"
        sql = f"SELECT * FROM files WHERE {listing.where}{place} ORDER BY uploaded {order} LIMIT ? OFFSET ?"  # noqa: S608 - built from constants above, values are bound
        files = self._rows(StoredFile, sql, (*values, listing.limit, listing.offset))
        return files[::-1] if is_backward else files

    def count_files(self, listing: Listing) -> int:
        """How many files are of the listing's kind, wherever they stand in the order."""
        sql = f"SELECT count(*) FROM files WHERE {listing.where}"  # noqa: S608 - a condition built from constants
        return int(self._db.execute(sql).fetchone()[0])

    # removals ---------------------------------------------------------------------------------------------------

    def add_removal(self, removal: StoredRemoval) -> None:
        """Remember an accepted execution."""
        self._db.execute("INSERT INTO removals VALUES (?,?,?,?,?,?,?,?)", astuple(removal))

    def finish_removal(self, removal: StoredRemoval) -> None:
        """Replace an execution by what became of it."""
        sql = "UPDATE removals SET status = ?, file_id = ?, error_code = ?, error_title = ? WHERE request_id = ?"
        values = (removal.status, removal.file_id, removal.error_code, removal.error_title, removal.request_id)
        self._db.execute(sql, values)

    def removal(self, request_id: str) -> StoredRemoval | None:
        """The execution of that name."""
        return next(iter(self._removals("SELECT * FROM removals WHERE request_id = ?", request_id)), None)

    def running_removals(self, target: str | None = None) -> list[StoredRemoval]:
        """Executions that have not ended, of one file or of all."""
        status = str(StoredRemovalStatus.IN_PROGRESS)
        if target is None:
            return self._removals("SELECT * FROM removals WHERE status = ?", status)
        return self._removals("SELECT * FROM removals WHERE status = ? AND target = ?", status, target)

    def _removals(self, sql: str, *values: object) -> list[StoredRemoval]:
        return [
            StoredRemoval(**{**row, "status": StoredRemovalStatus(row["status"])})
            for row in self._mappings(sql, values)
        ]

    def launches_since(self, moment: str) -> list[str]:
        """When the executions after that moment were accepted, oldest first."""
        sql = "SELECT started FROM removals WHERE started > ? ORDER BY started"
        return [started for (started,) in self._db.execute(sql, (moment,))]

    # webhooks ---------------------------------------------------------------------------------------------------

    def add_webhook(self, webhook: StoredWebhook) -> StoredWebhook:
        """Remember a subscription and number it. Raises DuplicateWebhookError."""
        try:
            done = self._db.execute("INSERT INTO webhooks VALUES (NULL,?,?,?,?,?,?)", astuple(webhook)[1:])
        except sqlite3.IntegrityError as error:
            raise DuplicateWebhookError from error
        return replace(webhook, id=int(done.lastrowid or 0))

    def update_webhook(self, webhook: StoredWebhook) -> None:
        """Replace a subscription. Raises DuplicateWebhookError."""
        sql = (
            "UPDATE webhooks SET event=?, target_url=?, is_active=?, signing_secret=?, created=?, updated=? WHERE id=?"
        )
        try:
            self._db.execute(sql, (*astuple(webhook)[1:], webhook.id))
        except sqlite3.IntegrityError as error:
            raise DuplicateWebhookError from error

    def webhook(self, number: int) -> StoredWebhook | None:
        """The subscription of that number."""
        return self._first(StoredWebhook, "SELECT * FROM webhooks WHERE id = ?", number)

    def webhooks(self) -> list[StoredWebhook]:
        """All subscriptions, oldest first."""
        return self._rows(StoredWebhook, "SELECT * FROM webhooks ORDER BY id")

    def delete_webhook(self, number: int) -> None:
        """Forget a subscription and what was still to be delivered to it."""
        self._db.execute("DELETE FROM webhooks WHERE id = ?", (number,))

    def add_delivery(self, delivery: Delivery) -> None:
        """Remember a message to be sent."""
        self._db.execute("INSERT INTO deliveries VALUES (NULL,?,?,?,?,?)", astuple(delivery)[1:])

    def deliveries(self) -> list[Delivery]:
        """Messages not taken yet, the most urgent first."""
        return self._rows(Delivery, "SELECT * FROM deliveries ORDER BY due, id")

    def postpone_delivery(self, delivery: Delivery) -> None:
        """Remember a failed attempt and when the next one is due."""
        self._db.execute(
            "UPDATE deliveries SET attempts = ?, due = ? WHERE id = ?", (delivery.attempts, delivery.due, delivery.id)
        )

    def drop_delivery(self, number: int) -> None:
        """Forget a message that was taken or given up."""
        self._db.execute("DELETE FROM deliveries WHERE id = ?", (number,))

    # tallies ----------------------------------------------------------------------------------------------------

    def count(self, name: str, key: str = "", by: int = 1) -> None:
        """Raise one counter."""
        sql = "INSERT INTO tallies VALUES (?,?,?) ON CONFLICT (name, key) DO UPDATE SET n = n + excluded.n"
        self._db.execute(sql, (name, key, by))

    def tallies(self) -> list[tuple[str, str, int]]:
        """All counters: name, key, count."""
        rows: list[Any] = self._db.execute("SELECT name, key, n FROM tallies").fetchall()
        return rows

    def forget_tallies(self) -> None:
        """Start counting from zero."""
        self._db.execute("DELETE FROM tallies")
