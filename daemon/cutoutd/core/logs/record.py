"""One line of the log, before anybody decided what it looks like."""

import logging
import traceback
from dataclasses import dataclass

from cutoutd.core.logs.redaction import redact
from cutoutd.core.photo import Identity, Photo


@dataclass(frozen=True, slots=True)
class LogLine:
    """What is said, how grave it is, and about which photo; holds no secret."""

    at_s: float  #: Unix time
    level: int  #: logging's
    action: str
    message: str
    folder: str = ""
    path: str = ""
    photo: int | None = None  #: its number in the ledger, once it has one
    trace: str = ""

    @property
    def level_name(self) -> str:
        """info, warning and so on."""
        return logging.getLevelName(self.level).lower()

    @property
    def photo_name(self) -> str:
        """The photo's place; empty where the line is about no photo."""
        return f"{self.folder}/{self.path}" if self.folder else ""


def to_log_line(record: logging.LogRecord) -> LogLine:
    """A record of ours, or of a library that nobody prepared for this; secrets are taken out here, for every form."""
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
    """A file name may hold anything, a terminal must not obey it and a pipe must be able to encode it."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode() for char in line
    )
