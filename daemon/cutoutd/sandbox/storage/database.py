"""The sandbox's database: its schema, its connection, and one object for each table.

The event loop uses it directly, because a statement costs less than a change of thread.
``synchronous=OFF``, because the page cache of the kernel survives a kill of the sandbox; a power cut may lose data.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cutoutd.sandbox.storage.file_table import FileTable
from cutoutd.sandbox.storage.group_table import GroupTable
from cutoutd.sandbox.storage.tables import CounterTable, DeliveryTable, RemovalTable, WebhookTable
from cutoutd.sandbox.storage.upload_tables import MultipartTable, UrlUploadTable

_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
  uuid TEXT PRIMARY KEY, original_filename TEXT NOT NULL, mime_type TEXT NOT NULL, size INTEGER NOT NULL,
  sha256 TEXT NOT NULL, image TEXT, metadata TEXT NOT NULL, appdata TEXT,
  uploaded TEXT NOT NULL, stored TEXT, removed TEXT, tags TEXT NOT NULL DEFAULT '[]'
) STRICT;
CREATE INDEX IF NOT EXISTS files_by_upload ON files (uploaded);
-- For the 24-hour sweep before every request: it reads only files that may expire.
CREATE INDEX IF NOT EXISTS files_to_expire ON files (uploaded) WHERE stored IS NULL AND removed IS NULL;
CREATE TABLE IF NOT EXISTS removals (
  request_id TEXT PRIMARY KEY, target TEXT NOT NULL, parameters TEXT NOT NULL, status TEXT NOT NULL, file_id TEXT,
  error_code TEXT NOT NULL, error_title TEXT NOT NULL, started TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS removals_by_start ON removals (started);
CREATE INDEX IF NOT EXISTS removals_running ON removals (target) WHERE status = 'in_progress';
CREATE TABLE IF NOT EXISTS multiparts (
  uuid TEXT PRIMARY KEY, size INTEGER NOT NULL, part_size INTEGER NOT NULL, label_json TEXT NOT NULL,
  started TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS url_uploads (
  token TEXT PRIMARY KEY, source_url TEXT NOT NULL, label_json TEXT NOT NULL, is_remembered INTEGER NOT NULL,
  file_uuid TEXT, error TEXT NOT NULL, error_code TEXT NOT NULL, started TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS groups (
  id TEXT PRIMARY KEY, created TEXT NOT NULL, members_json TEXT NOT NULL
) STRICT;
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


class Store:
    """The sandbox's database in one file; a kill at any point leaves it safe to reopen.

    Attributes:
        files: The project's files, without their bytes.
        multiparts: Uploads in parts that are not complete.
        url_uploads: Uploads from addresses.
        groups: Groups of files.
        removals: Executions of the add-on.
        webhooks: Subscriptions.
        deliveries: Webhook messages that wait for a 2xx response.
        counters: Counts of requests, launches and billed operations.
    """

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA foreign_keys=ON;" + _SCHEMA)
        self._add_missing_columns()
        self.files = FileTable(self._db)
        self.multiparts = MultipartTable(self._db)
        self.url_uploads = UrlUploadTable(self._db)
        self.groups = GroupTable(self._db)
        self.removals = RemovalTable(self._db)
        self.webhooks = WebhookTable(self._db)
        self.deliveries = DeliveryTable(self._db)
        self.counters = CounterTable(self._db)

    def _add_missing_columns(self) -> None:
        """Bring the database of an earlier version up to date."""
        if "tags" not in {row[1] for row in self._db.execute("PRAGMA table_info(files)")}:
            self._db.execute("ALTER TABLE files ADD COLUMN tags TEXT NOT NULL DEFAULT '[]'")

    def close(self) -> None:
        """Close the file; nothing is pending, because every statement was committed."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make several statements one transaction: a kill leaves all of them or none."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
