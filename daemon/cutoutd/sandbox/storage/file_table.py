"""The table of files, and the query behind a page of ``GET /files/``."""

import sqlite3
from dataclasses import astuple, dataclass

from cutoutd.sandbox.storage.rows import StoredFile, read_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class FileQuery:
    """The files that a page of ``GET /files/`` is cut from, and the place of the page among them.

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


class FileTable:
    """The project's files; their bytes are in the blob store."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def add(self, file: StoredFile) -> None:
        """Store a file; its bytes must be in the blob store already."""
        self._db.execute("INSERT INTO files VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", astuple(file))

    def find(self, uuid: str) -> StoredFile | None:
        """Return the file with this UUID, also if it was removed."""
        return next(read_rows(StoredFile, self._db.execute("SELECT * FROM files WHERE uuid = ?", (uuid,))), None)

    def mark_stored(self, uuid: str, moment: str) -> None:
        """Store a file permanently; the first such moment stays."""
        self._db.execute("UPDATE files SET stored = coalesce(stored, ?) WHERE uuid = ?", (moment, uuid))

    def mark_removed(self, uuid: str, moment: str) -> None:
        """Mark a file as removed; its information stays."""
        self._db.execute("UPDATE files SET removed = ?, stored = NULL WHERE uuid = ?", (moment, uuid))

    def set_appdata(self, uuid: str, appdata: str) -> None:
        """Replace the add-on data of a file."""
        self._db.execute("UPDATE files SET appdata = ? WHERE uuid = ?", (appdata, uuid))

    def set_metadata(self, uuid: str, metadata: str) -> None:
        """Replace the metadata of a file."""
        self._db.execute("UPDATE files SET metadata = ? WHERE uuid = ?", (metadata, uuid))

    def set_tags(self, uuid: str, tags: str) -> None:
        """Replace the tags of a file."""
        self._db.execute("UPDATE files SET tags = ? WHERE uuid = ?", (tags, uuid))

    def expired(self, uploaded_before: str) -> list[str]:
        """Return the UUIDs of files that were never stored and were uploaded before that moment."""
        sql = "SELECT uuid FROM files WHERE stored IS NULL AND removed IS NULL AND uploaded < ?"
        return [uuid for (uuid,) in self._db.execute(sql, (uploaded_before,))]

    def page(self, query: FileQuery) -> list[StoredFile]:
        """Return the files of one page, in the order of the query."""
        forward, is_backward = ("<" if query.is_newest_first else ">"), query.before is not None
        place, values = "", list[object]()
        if query.after is not None:
            place, values = f" AND uploaded {forward} ?", [query.after]
        if query.before is not None:
            place, values = place + f" AND uploaded {'>' if forward == '<' else '<'} ?", [*values, query.before]
        order = "DESC" if query.is_newest_first != is_backward else "ASC"
        sql = f"SELECT * FROM files WHERE {query.where}{place} ORDER BY uploaded {order} LIMIT ? OFFSET ?"  # noqa: S608 - built from constants above, values are bound
        files = list(read_rows(StoredFile, self._db.execute(sql, (*values, query.limit, query.offset))))
        return files[::-1] if is_backward else files

    def count(self, query: FileQuery) -> int:
        """Count the files of the queried kind, anywhere in the order."""
        sql = f"SELECT count(*) FROM files WHERE {query.where}"  # noqa: S608 - a condition built from constants
        return int(self._db.execute(sql).fetchone()[0])
