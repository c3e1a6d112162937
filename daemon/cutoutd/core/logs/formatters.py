"""The forms of a log line: text for people, JSON for machines, and systemd's priority prefix."""

import json
import logging
import os
from datetime import UTC, datetime
from typing import TextIO

from cutoutd.core.logs.record import LogLine, printable

_DIM, _YELLOW, _RED, _PLAIN = "\x1b[2m", "\x1b[33m", "\x1b[31m", "\x1b[0m"

#: syslog(3)'s numbers, which systemd's journal and its "<N>" prefixes use (sd-daemon(3)).
_PRIORITIES = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6), (logging.NOTSET, 7))


def syslog_priority(level: int) -> int:
    """Return the level in syslog's numbers."""
    return next(priority for least, priority in _PRIORITIES if level >= least)


def with_priority_prefix(line: LogLine, text: str) -> str:
    """Add the prefix that systemd reads from standard output and removes."""
    return f"<{syslog_priority(line.level)}>{text}"


def supports_colour(stream: TextIO) -> bool:
    """Return True if the stream is a terminal and the user has not switched colours off (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def format_text(line: LogLine, *, is_coloured: bool = False) -> str:
    """Return time, photo, and sentence, with a fault's traceback below.

    Control characters are escaped, so that only our own colours can command a terminal.
    """
    at = datetime.fromtimestamp(line.at_s, UTC).astimezone().strftime("%H:%M:%S")
    mark = "" if line.level < logging.WARNING else f"{line.level_name.upper()}: "
    where = f"{line.photo_name}: " if line.photo_name else ""
    first, *trace = map(printable, (f"{mark}{where}{line.message}", *line.trace.splitlines()))
    if not is_coloured:
        return "\n".join((f"{at} {first}", *trace))
    colour = _RED if line.level >= logging.ERROR else _YELLOW if line.level >= logging.WARNING else ""
    return "\n".join((f"{_DIM}{at}{_PLAIN} {colour}{first}{_PLAIN if colour else ''}", *trace))


def format_json(line: LogLine) -> str:
    """Return one JSON object; its keys are documented and stable."""
    fields: dict[str, object] = {
        "at": datetime.fromtimestamp(line.at_s, UTC).isoformat(timespec="milliseconds"),
        "level": line.level_name,
        "action": line.action,
    }
    if line.folder:
        fields |= {"folder": line.folder, "path": line.path}
    if line.photo is not None:
        fields["photo"] = line.photo
    fields["message"] = line.message
    if line.trace:
        fields["trace"] = line.trace
    return json.dumps(fields)
