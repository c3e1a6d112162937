"""What the sandbox remembers: files, removals, webhooks and their undelivered messages.

Owns the shapes of the rows; it must not read or write them (``store`` does) nor word an answer (``files``, ``webhooks``
do). Dates are text as the service writes it, because that form sorts and is what clients are shown.
"""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """One file of the project; its bytes lie on the shelf under its UUID.

    Attributes:
        uuid: The file's name at the service.
        original_filename: As the client named it.
        mime_type: Found in the content, not in the name.
        size: Bytes.
        sha256: Hex digest of the bytes.
        image: JSON of ``content_info.image``; null when it is no picture.
        metadata: JSON object of the ``metadata[key]`` form fields.
        appdata: JSON object of add-on data; null until an add-on ran on this file.
        uploaded: When it came.
        stored: When it was marked to stay; null means it goes after 24 hours.
        removed: When it was deleted or expired; its information outlives it.
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

    @property
    def is_removed(self) -> bool:
        """Whether only its information is left."""
        return self.removed is not None


class StoredRemovalStatus(StrEnum):
    """The service's words for an execution."""

    IN_PROGRESS = "in_progress"
    DONE = "done"
    ERROR = "error"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalError:
    """Why a removal failed; ``code`` and ``title`` are the answer's ``details``, both empty when there are none."""

    code: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRemoval:
    """One execution of the add-on.

    Attributes:
        request_id: Its name at the service.
        target: UUID of the source file.
        parameters: JSON object as the client sent it.
        status: How far it is.
        file_id: UUID of the result; null unless done.
        error_code: ``details.code``; empty without details.
        error_title: ``details.title``; empty without details.
        started: When it was accepted.
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
        target_url: Where messages go.
        is_active: Whether they go.
        signing_secret: Key of ``X-Uc-Signature``; null means unsigned.
        created: When it was made.
        updated: When it was last changed.
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
    """A webhook message that no 2xx has answered yet.

    Attributes:
        id: Row number; 0 before it is stored.
        webhook_id: The subscription it belongs to.
        body: The JSON text that is signed and sent.
        attempts: How often it was tried.
        created: When the event happened.
        due: Not to be tried before.
    """

    id: int
    webhook_id: int
    body: str
    attempts: int
    created: str
    due: str
