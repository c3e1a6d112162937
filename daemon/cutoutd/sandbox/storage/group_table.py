"""The table of groups of files."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass
from typing import Self

from cutoutd.sandbox.storage.file_table import FileQuery
from cutoutd.sandbox.storage.rows import read_rows


@dataclass(frozen=True, slots=True)
class GroupMember:
    """A file of a group, with the operations that the client wrote behind it."""

    uuid: str
    effects: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredGroup:
    """A group; it never changes.

    Attributes:
        id: A UUID, ``~``, and the number of files.
        created: Time of its creation.
        members_json: Its files.
    """

    id: str
    created: str
    members_json: str

    @classmethod
    def of(cls, group_id: str, created: str, members: Sequence[GroupMember]) -> Self:
        """Return the row of a new group."""
        return cls(id=group_id, created=created, members_json=json.dumps([asdict(member) for member in members]))

    @property
    def members(self) -> list[GroupMember]:
        """Its files, in the order of the request."""
        return [GroupMember(**fields) for fields in json.loads(self.members_json)]


class GroupTable:
    """The groups of the project."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def add(self, group: StoredGroup) -> None:
        """Store a group."""
        self._db.execute("INSERT INTO groups VALUES (?,?,?)", astuple(group))

    def find(self, group_id: str) -> StoredGroup | None:
        """Return the group with this id."""
        return next(read_rows(StoredGroup, self._db.execute("SELECT * FROM groups WHERE id = ?", (group_id,))), None)

    def all(self, query: FileQuery) -> list[StoredGroup]:
        """Return the groups behind the date of a query, in its order."""
        sign, order = ("<", "DESC") if query.is_newest_first else (">", "ASC")
        place = "" if query.after is None else f" WHERE created {sign} ?"
        sql = f"SELECT * FROM groups{place} ORDER BY created {order}"  # noqa: S608 - constants above, values are bound
        return list(read_rows(StoredGroup, self._db.execute(sql, () if query.after is None else (query.after,))))

    def count(self) -> int:
        """Count the groups."""
        return int(self._db.execute("SELECT count(*) FROM groups").fetchone()[0])

    def delete(self, group_id: str) -> None:
        """Delete a group."""
        self._db.execute("DELETE FROM groups WHERE id = ?", (group_id,))
