"""One line of the log, before it gets its form."""

import logging
import traceback
from dataclasses import dataclass

from cutoutd.core.logs.redaction import redact
from cutoutd.core.photo import Identity, Photo


@dataclass(frozen=True, slots=True)
class LogLine:
    """A sentence with its level and its photo, free of secrets."""

    at_s: float  #: Unix time
    level: int  #: a level of ``logging``
    action: str
    message: str
    folder: str = ""
    path: str = ""
    photo: int | None = None  #: its number in the ledger, once it has one
    trace: str = ""

    @property
    def level_name(self) -> str:
        """The level in lower case, such as ``warning``."""
        return logging.getLevelName(self.level).lower()

    @property
    def photo_name(self) -> str:
        """The photo's folder and path; empty if the line concerns no photo."""
        return f"{self.folder}/{self.path}" if self.folder else ""


def to_log_line(record: logging.LogRecord) -> LogLine:
    """Return a record of ours or of a library as a line, with all secrets removed."""
    about = getattr(record, "about", None)
    identity: Identity | None = about.identity if isinstance(about, Photo) else about
    fault = record.exc_info[1] if record.exc_info else None
    return LogLine(
        at_s=record.created,
        level=record.levelno,
        action=str(getattr(record, "action", record.name)),
        message=redact(record.getMessage()),
        folder=identity.folder if identity else "",
        path=identity.path if identity else "",
        photo=about.id if isinstance(about, Photo) else None,
        trace=redact("".join(traceback.format_exception(fault)).rstrip("\n")) if fault else "",
    )


def printable(line: str) -> str:
    """Return the text with control characters escaped, so that no file name can command a terminal or break a pipe."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode() for char in line
    )
