"""The rows of the sandbox's database: files, removals, webhooks and their undelivered messages.

Dates are text as the service writes it, because that form sorts and is shown to clients.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

Row = TypeVar("Row")


def read_rows(kind: type[Row], cursor: sqlite3.Cursor) -> Iterator[Row]:
    """Yield the rows of a statement as objects; their fields have the names of its columns."""
    names = [column[0] for column in cursor.description]
    for row in cursor:
        yield kind(**dict(zip(names, row, strict=True)))


@dataclass(frozen=True, slots=True)
class UploadLabel:
    """The facts about a file that its bytes do not tell.

    Attributes:
        filename: Its name, as the client wrote it.
        store: ``1``, ``0``, or anything else for the project's own setting (``UPLOADCARE_STORE``).
        metadata: The form's ``metadata[key]`` fields.
        tags: The words of the form's ``tags``.
    """

    filename: str
    store: str = "auto"
    metadata: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file of the project; the blob store holds its bytes under its UUID.

    Attributes:
        uuid: The file's name at the service.
        original_filename: As the client named it.
        mime_type: Found in the content, not in the name.
        size: Bytes.
        sha256: Hex digest of the bytes.
        image: JSON of ``content_info.image``; null when it is no picture.
        metadata: JSON object of the ``metadata[key]`` form fields.
        appdata: JSON object of add-on data; null until an add-on ran on this file.
        uploaded: Time of the upload.
        stored: Time at which it was stored permanently; null means that it expires after 24 hours.
        removed: Time at which it was deleted or expired; its information stays.
        tags: JSON list of its tags.
    """

    uuid: str
    original_filename: str
    mime_type: str
    size: int
    sha256: str
    image: str | None
    metadata: str
    appdata: str | None
    uploaded: str
    stored: str | None
    removed: str | None
    tags: str = "[]"

    @property
    def orientation(self) -> int | None:
        """The EXIF orientation, as it was read when the file came in."""
        orientation = json.loads(self.image)["orientation"] if self.image else None
        return orientation if isinstance(orientation, int) else None

    @property
    def is_removed(self) -> bool:
        """True if only its information is left."""
        return self.removed is not None


class StoredRemovalStatus(StrEnum):
    """The service's words for an execution."""

    IN_PROGRESS = "in_progress"
    DONE = "done"
    ERROR = "error"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalError:
    """The ``details`` of a failed removal; code and title are empty if there are none."""

    code: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRemoval:
    """One execution of the add-on.

    Attributes:
        request_id: Its name at the service.
        target: UUID of the source file.
        parameters: JSON object as the client sent it.
        status: Its current status.
        file_id: UUID of the result; null unless done.
        error_code: ``details.code``; empty without details.
        error_title: ``details.title``; empty without details.
        started: Time at which it was accepted.
    """

    request_id: str
    target: str
    parameters: str
    status: StoredRemovalStatus
    file_id: str | None
    error_code: str
    error_title: str
    started: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredWebhook:
    """One subscription.

    Attributes:
        id: Its number at the service; 0 before it is stored.
        event: E.g. ``file.uploaded``.
        target_url: The address that receives messages.
        is_active: 1 if messages are sent.
        signing_secret: Key of ``X-Uc-Signature``; null means unsigned.
        created: Time of its creation.
        updated: Time of its last change.
    """

    id: int
    event: str
    target_url: str
    is_active: int
    signing_secret: str | None
    created: str
    updated: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A webhook message that waits for a 2xx response.

    Attributes:
        id: Row number; 0 before it is stored.
        webhook_id: The subscription it belongs to.
        body: The JSON text that is signed and sent.
        attempts: Number of failed attempts.
        created: Time of the event.
        due: Earliest time of the next attempt.
    """

    id: int
    webhook_id: int
    body: str
    attempts: int
    created: str
    due: str
