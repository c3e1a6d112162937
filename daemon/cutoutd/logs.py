"""What cutoutd says while it works: one sentence per line, with an action slug and the photo it is about.

Text for people, JSON lines for a journal. No line ever holds a key, a signature or a signed URL: loggers of the
HTTP libraries stay above debug, and whoever builds a sentence builds it from facts.
"""

import json
import logging
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from cutoutd.errors import CutoutdError
from cutoutd.photo import Identity

_LOGGER = logging.getLogger("cutoutd")

#: These would write request headers and URLs.
_TALKATIVE = ("httpx2", "httpcore2", "pyuploadcare", "watchdog", "PIL")


def set_up_logs(level: str, log_format: str, write: Callable[[str], None] | None = None) -> None:
    """Send every line to standard output, or to ``write``; ``auto`` is JSON under systemd and text elsewhere."""
    # systemd sets JOURNAL_STREAM for what it connects to the journal (systemd.exec(5)).
    is_json = log_format == "json" or (log_format == "auto" and "JOURNAL_STREAM" in os.environ)
    handler = _LineHandler(write or _write_line)
    handler.setFormatter(_JsonFormatter() if is_json else _TextFormatter())
    _LOGGER.handlers = [handler]
    _LOGGER.propagate = False
    _LOGGER.setLevel(level.upper())
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def say(action: str, sentence: str, *, about: Identity | None = None, level: int = logging.INFO) -> None:
    """Write one line. ``action`` is a stable slug for machines, ``sentence`` is for people."""
    place = {"folder": about.folder, "path": about.path} if about else {}
    _LOGGER.log(level, sentence, extra={"action": action, "place": place})


def say_error(action: str, error: CutoutdError, *, about: Identity | None = None, level: int = logging.ERROR) -> None:
    """Write one line about an error whose text was written for people."""
    say(action, f"{error.title}: {error.sentence}", about=about, level=level)


def say_fault(action: str, sentence: str, fault: Exception, *, about: Identity | None = None) -> None:
    """Write a line about a fault in cutoutd itself, with its trace."""
    place = {"folder": about.folder, "path": about.path} if about else {}
    _LOGGER.error(sentence, exc_info=fault, extra={"action": action, "place": place})


def _write_line(line: str) -> None:
    encoding = sys.stdout.encoding
    # Where standard output is no UTF-8, a name must not cost the whole line.
    sys.stdout.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    sys.stdout.flush()


class _LineHandler(logging.Handler):
    def __init__(self, write: Callable[[str], None]) -> None:
        super().__init__()
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._write(self.format(record))
        except Exception:  # noqa: BLE001  logging's own contract: a line that cannot be written stops nobody
            self.handleError(record)


class _TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S")
        place = getattr(record, "place", {})
        where = f"{place['folder']}/{place['path']}: " if place else ""
        trace = self.formatException(record.exc_info).splitlines() if record.exc_info else ()
        mark = "" if record.levelno < logging.WARNING else f"{record.levelname}: "
        return "\n".join(map(printable, (f"{at} {mark}{where}{record.getMessage()}", *trace)))


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "action": getattr(record, "action", record.name),
            **getattr(record, "place", {}),
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line)


def printable(line: str) -> str:
    """A file name may hold anything, a terminal must not obey it and a pipe must be able to encode it."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode() for char in line
    )
