"""The tables of uploads that take several requests: in parts, and from addresses."""

import json
import math
import sqlite3
from dataclasses import asdict, astuple, dataclass
from typing import Self

from cutoutd.sandbox.storage.rows import UploadLabel, read_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMultipart:
    """An upload in parts that was started and is not complete.

    Attributes:
        uuid: The UUID that the file will have.
        size: Announced bytes.
        part_size: Bytes of each part but the last.
        label_json: Name and labels of the file, as the form gave them.
        started: Time of the start.
    """

    uuid: str
    size: int
    part_size: int
    label_json: str
    started: str

    @classmethod
    def of(cls, uuid: str, size: int, part_size: int, label: UploadLabel, started: str) -> Self:
        """Return the row of a new upload."""
        return cls(uuid=uuid, size=size, part_size=part_size, label_json=stored_label(label), started=started)

    @property
    def parts(self) -> int:
        """The number of parts."""
        return math.ceil(self.size / self.part_size)

    @property
    def label(self) -> UploadLabel:
        """Name and labels of the file, as the form gave them."""
        return read_stored_label(self.label_json)


class MultipartTable:
    """The uploads in parts that are not complete."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def add(self, multipart: StoredMultipart) -> None:
        """Store a started upload."""
        self._db.execute("INSERT INTO multiparts VALUES (?,?,?,?,?)", astuple(multipart))

    def find(self, uuid: str) -> StoredMultipart | None:
        """Return the upload with this UUID."""
        return next(
            read_rows(StoredMultipart, self._db.execute("SELECT * FROM multiparts WHERE uuid = ?", (uuid,))), None
        )

    def started_before(self, moment: str) -> list[str]:
        """Return the UUIDs of uploads that were started before that moment."""
        return [uuid for (uuid,) in self._db.execute("SELECT uuid FROM multiparts WHERE started < ?", (moment,))]

    def delete(self, uuid: str) -> None:
        """Delete an upload that is complete or given up."""
        self._db.execute("DELETE FROM multiparts WHERE uuid = ?", (uuid,))


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlUpload:
    """An upload from an address.

    Attributes:
        token: Its name at the service.
        source_url: The address, as the client wrote it.
        label_json: Name and labels of the file, as the form gave them; an empty name takes that of the address.
        is_remembered: 1 if a later upload from the address may be answered with this file.
        file_uuid: The file; null until it is there.
        error: Sentence of the failure; empty without one.
        error_code: Its name.
        started: Time of the request.
    """

    token: str
    source_url: str
    label_json: str
    is_remembered: int
    file_uuid: str | None = None
    error: str = ""
    error_code: str = ""
    started: str

    @property
    def is_open(self) -> bool:
        """True if it has neither a file nor an error."""
        return self.file_uuid is None and not self.error


class UrlUploadTable:
    """The uploads from addresses, also those that ended."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def add(self, upload: UrlUpload) -> None:
        """Store a new upload."""
        self._db.execute("INSERT INTO url_uploads VALUES (?,?,?,?,?,?,?,?)", astuple(upload))

    def end(self, upload: UrlUpload) -> None:
        """Store how an upload ended."""
        sql = "UPDATE url_uploads SET file_uuid = ?, error = ?, error_code = ? WHERE token = ?"
        self._db.execute(sql, (upload.file_uuid, upload.error, upload.error_code, upload.token))

    def find(self, token: str) -> UrlUpload | None:
        """Return the upload with this token."""
        return next(iter(self._select("token = ?", token)), None)

    def open(self) -> list[UrlUpload]:
        """Return the uploads that have not ended."""
        return self._select("file_uuid IS NULL AND error = ''")

    def remembered(self, source_url: str) -> list[UrlUpload]:
        """Return the remembered uploads from an address, newest first."""
        return self._select("is_remembered AND file_uuid IS NOT NULL AND source_url = ?", source_url)

    def _select(self, condition: str, *values: str) -> list[UrlUpload]:
        sql = f"SELECT * FROM url_uploads WHERE {condition} ORDER BY started DESC"  # noqa: S608 - conditions above
        return list(read_rows(UrlUpload, self._db.execute(sql, values)))


def stored_label(label: UploadLabel) -> str:
    """Return a label as JSON."""
    return json.dumps(asdict(label))


def read_stored_label(text: str) -> UploadLabel:
    """Return a label that was stored as JSON."""
    fields = json.loads(text)
    return UploadLabel(**{**fields, "tags": tuple(fields["tags"])})
