"""The log: one sentence a line, with a stable action slug and the photo that it concerns.

Facts about photos belong in the ledger, and numbers for machines belong in ``monitoring``.
"""

import logging
import sys
import time
from collections.abc import Callable

from cutoutd.core.errors import CutoutdError
from cutoutd.core.logs.deduplication import Deduplicator
from cutoutd.core.logs.formatters import format_json, format_text, supports_colour, with_priority_prefix
from cutoutd.core.logs.journald import is_journal, send_to_journal
from cutoutd.core.logs.record import LogLine, printable, to_log_line
from cutoutd.core.logs.redaction import redact, register_secret
from cutoutd.core.photo import Identity, Photo

__all__ = [
    "configure_logging",
    "flush_logs",
    "log_error",
    "log_event",
    "log_fault",
    "printable",
    "redact",
    "register_secret",
]

_LOGGER = logging.getLogger("cutoutd")

#: Loggers that would write request headers and URLs.
_LIBRARIES = ("httpx2", "httpcore2", "pyuploadcare", "watchdog", "PIL")

Write = Callable[[str], None]


def configure_logging(level: str, log_format: str, write: Write | None = None) -> None:
    """Write every line to standard output, or to ``write``: as text, as JSON, or with fields for systemd's journal.

    The format ``auto`` is the journal's own form under systemd, and text elsewhere. A closed or full standard output
    loses lines, and stops nothing else. No line holds a key or a signature: loggers of the HTTP libraries stay above
    debug, and a filter removes secrets before a line is written. Repeated faults are counted instead of repeated.
    """
    handler = _LineHandler(_writer(log_format, write))
    _LOGGER.handlers = [handler]
    _LOGGER.propagate = False
    _LOGGER.setLevel(level.upper())
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)


def log_event(action: str, sentence: str, *, about: Photo | Identity | None = None, level: int = logging.INFO) -> None:
    """Write one line; ``action`` is a stable slug for machines, and ``sentence`` is for people."""
    _LOGGER.log(level, sentence, extra={"action": action, "about": about})


def log_error(
    action: str, error: CutoutdError, *, about: Photo | Identity | None = None, level: int = logging.ERROR
) -> None:
    """Write one line about an error."""
    log_event(action, f"{error.title}: {error.sentence}", about=about, level=level)


def log_fault(action: str, sentence: str, fault: Exception, *, about: Photo | Identity | None = None) -> None:
    """Write one line about a fault in cutoutd itself, with its traceback."""
    _LOGGER.error(sentence, exc_info=fault, extra={"action": action, "about": about})


def flush_logs() -> None:
    """Write the due counts of repeated faults; call it now and then, and before the process ends."""
    for handler in _LOGGER.handlers:
        handler.flush()


def _writer(log_format: str, write: Write | None) -> Callable[[LogLine], None]:
    is_in_journal = write is None and is_journal(sys.stdout)
    put = write or _write_line
    if is_in_journal:
        return lambda line: _to_journal(line, put, is_native=log_format == "auto")
    if log_format == "json":
        return lambda line: put(format_json(line))
    is_coloured = supports_colour(sys.stdout)  # also for `write`, because it draws on the same terminal
    return lambda line: put(format_text(line, is_coloured=is_coloured))


def _to_journal(line: LogLine, put: Write, *, is_native: bool) -> None:
    if not (is_native and send_to_journal(line)):
        put(with_priority_prefix(line, format_json(line)))


def _write_line(text: str) -> None:
    encoding = sys.stdout.encoding
    # Escape what the encoding lacks, else a file name would cost the whole line.
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    sys.stdout.flush()


class _LineHandler(logging.Handler):
    """The handler of all lines: it drops repetitions, and writes the rest; logging's own lock separates threads."""

    def __init__(self, write: Callable[[LogLine], None]) -> None:
        super().__init__()
        self._write = write
        self._repetition = Deduplicator()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = to_log_line(record)
            if self._repetition.should_write(line, time.monotonic()):
                self._write(line)
        except Exception:  # noqa: BLE001  logging's own contract: a line that cannot be written stops nobody
            self.handleError(record)
        self.flush()

    def flush(self) -> None:
        """Write the summaries that are due."""
        self.acquire()
        try:
            for line in self._repetition.summaries_due(time.monotonic()):
                self._write(line)
        except (OSError, ValueError):  # as above; closed is a ValueError
            return
        finally:
            self.release()
