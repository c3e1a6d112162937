"""The choices of configuration keys, each by the word that users write."""

from enum import StrEnum


class RemoteCleanup(StrEnum):
    """The fate of source and result at Uploadcare after the cutout is in place."""

    DELETE = "delete"
    KEEP = "keep"


class Oversize(StrEnum):
    """The treatment of a photo over the size limit."""

    REJECT = "reject"
    SHRINK = "shrink"


class OnConflict(StrEnum):
    """The treatment of two photos that would get the same cutout path."""

    RENAME = "rename"
    SKIP = "skip"


class TargetNames(StrEnum):
    """The names of cutouts: as the photos' own, or as every file system takes them."""

    KEEP = "keep"
    PORTABLE = "portable"


class OnFailure(StrEnum):
    """The trace of a cutout that could not be made."""

    NOTE = "note"
    NONE = "none"


class Provenance(StrEnum):
    """The form in which a cutout records its source, so that a lost ledger can be rebuilt."""

    XATTR = "xattr"
    PNG_TEXT = "png_text"
    NONE = "none"


class OnSuccess(StrEnum):
    """The fate of a source after its cutout is published."""

    KEEP = "keep"
    MOVE = "move"
    TRASH = "trash"
    DELETE = "delete"


class OnSourceRemoved(StrEnum):
    """The fate of a published cutout after its source was removed."""

    KEEP = "keep"
    DELETE = "delete"


class ConflictCopies(StrEnum):
    """The treatment of conflict copies of synchronising programs."""

    SKIP = "skip"
    TAKE = "take"


class WatchMode(StrEnum):
    """The way in which changes in the input trees are noticed."""

    AUTO = "auto"
    EVENTS = "events"
    POLLING = "polling"


class NotifyReason(StrEnum):
    """The events that run the notify command."""

    HALT = "halt"
    FAILED = "failed"
    HELD = "held"
    LIMIT = "limit"


class LogLevel(StrEnum):
    """The lowest level that is still written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """The form of the log."""

    AUTO = "auto"
    TEXT = "text"
    JSON = "json"
