"""systemd's journal, with fields: ``journalctl CUTOUTD_ACTION=rejected``, ``journalctl -o json``.

Its native protocol is one datagram a line (https://systemd.io/JOURNAL_NATIVE_PROTOCOL). A line that the journal does
not accept goes to standard output, which leads to the same journal.
"""

import os
import socket
from pathlib import Path
from typing import TextIO

from cutoutd.core.logs.formatters import syslog_priority
from cutoutd.core.logs.record import LogLine, printable

_SOCKET = Path("/run/systemd/journal/socket")


def is_journal(stream: TextIO) -> bool:
    """Return True if systemd connected this stream to the journal, by device and inode (systemd.exec(5)).

    The variable alone proves nothing, because a child process with another output inherits it.
    """
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False  # closed, or not a real file
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def send_to_journal(line: LogLine) -> bool:
    """Send a line, and return False if the journal did not accept it.

    A line may be too long for a datagram, or the journal may be restarting.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        try:
            sender.sendto(_datagram(line), os.fspath(_SOCKET))
        except OSError:
            return False
    return True


def _datagram(line: LogLine) -> bytes:
    where = f"{line.photo_name}: " if line.photo_name else ""
    fields = {
        "MESSAGE": printable(f"{where}{line.message}"),
        "PRIORITY": str(syslog_priority(line.level)),
        "SYSLOG_IDENTIFIER": "cutoutd",
        "CUTOUTD_ACTION": line.action,
        "CUTOUTD_SENTENCE": line.message,
        "CUTOUTD_FOLDER": line.folder,
        "CUTOUTD_PATH": line.path,
        "CUTOUTD_PHOTO": "" if line.photo is None else str(line.photo),
        "CUTOUTD_TRACE": line.trace,
    }
    return b"".join(_field(name, value) for name, value in fields.items() if value)


def _field(name: str, value: str) -> bytes:
    """Encode a field with its length, so that a line feed in a value begins no new field."""
    content = value.encode("utf-8", "surrogateescape")
    return b"%s\n%s%s\n" % (name.encode(), len(content).to_bytes(8, "little"), content)
