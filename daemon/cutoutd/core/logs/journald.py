"""systemd's journal, with fields: ``journalctl CUTOUTD_ACTION=rejected``, ``journalctl -o json``.

Its native protocol is one datagram per line (https://systemd.io/JOURNAL_NATIVE_PROTOCOL). What the journal does not
take now goes to standard output instead, which leads to the same journal.
"""

import os
import socket
from pathlib import Path
from typing import TextIO

from cutoutd.core.logs.formatters import syslog_priority
from cutoutd.core.logs.record import LogLine, printable

_SOCKET = Path("/run/systemd/journal/socket")


def is_journal(stream: TextIO) -> bool:
    """Whether systemd connected this stream to the journal: it says so by device and inode (systemd.exec(5)).

    The variable alone proves nothing: a child whose output goes elsewhere inherits it too.
    """
    try:
        now = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False  # closed, or not a real file
    return os.environ.get("JOURNAL_STREAM") == f"{now.st_dev}:{now.st_ino}"


def send_to_journal(line: LogLine) -> bool:
    """Hand a line over; False when the journal did not take it (too long for a datagram, or it is being restarted)."""
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
    """By length, so that a line feed in a value begins no field of its own."""
    content = value.encode("utf-8", "surrogateescape")
    return b"%s\n%s%s\n" % (name.encode(), len(content).to_bytes(8, "little"), content)
