"""The choices that configuration keys offer, each by the word that users write."""

from enum import StrEnum


class RemoteCleanup(StrEnum):
    """What becomes of source and result at Uploadcare after the cutout is in place."""

    DELETE = "delete"
    KEEP = "keep"


class Oversize(StrEnum):
    """What happens to a photo over the size limit."""

    REJECT = "reject"
    SHRINK = "shrink"


class OnConflict(StrEnum):
    """What happens when two photos would get the same cutout path."""

    RENAME = "rename"
    SKIP = "skip"


class OnFailure(StrEnum):
    """What is left beside the place of a cutout that could not be made."""

    NOTE = "note"
    NONE = "none"


class Provenance(StrEnum):
    """How a cutout carries where it came from, so that a lost ledger can be rebuilt."""

    XATTR = "xattr"
    PNG_TEXT = "png_text"
    NONE = "none"


class OnSuccess(StrEnum):
    """What becomes of a source whose cutout is published."""

    KEEP = "keep"
    MOVE = "move"
    TRASH = "trash"
    DELETE = "delete"


class OnSourceRemoved(StrEnum):
    """What becomes of a published cutout whose source a person removed."""

    KEEP = "keep"
    DELETE = "delete"


class WatchMode(StrEnum):
    """How changes in the input trees are noticed."""

    AUTO = "auto"
    EVENTS = "events"
    POLLING = "polling"


class NotifyReason(StrEnum):
    """What a person is told of."""

    HALT = "halt"
    FAILED = "failed"
    HELD = "held"
    LIMIT = "limit"


class LogLevel(StrEnum):
    """The least important message that is still written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How messages are written."""

    AUTO = "auto"
    TEXT = "text"
    JSON = "json"
