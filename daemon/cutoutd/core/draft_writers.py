"""The writers of drafts, as the names of drafts tell them: which machine, which process, and is it still running?

Several cutoutd may write into one tree, also from several machines. A sweep must take no draft of a living one.
"""

import hashlib
import os
import re
import socket
from contextlib import suppress
from functools import cache
from pathlib import Path

#: Machine, process, and chance, in hexadecimal digits.
_NAME = re.compile("([0-9a-f]{4})([0-9a-f]{6})[0-9a-f]{6}(?![0-9a-f])")

#: The place of the start time behind the name of a process, which may hold spaces (proc(5)).
_START_AT = 19


def draft_digits() -> str:
    """Return digits for a new draft of this process; no two are alike."""
    return f"{_machine()}{_process(os.getpid())}{os.urandom(3).hex()}"


def is_written_elsewhere(digits: str) -> bool:
    """Return True if another machine wrote a draft, so that nothing tells here if it still does."""
    found = _NAME.match(digits)
    return found is not None and found[1] != _machine()


def is_being_written(digits: str) -> bool:
    """Return True if the writer of a draft is a process that runs on this machine. Blocking."""
    found = _NAME.match(digits)
    if found is None or found[1] != _machine():
        return False
    return any(_process(int(entry.name)) == found[2] for entry in Path("/proc").iterdir() if entry.name.isdecimal())


@cache
def _machine() -> str:
    """Return the digits of this machine; a container with processes of its own is a machine of its own."""
    machine = socket.gethostname()
    with suppress(OSError):
        machine += Path("/etc/machine-id").read_text("ascii")
    with suppress(OSError):
        machine += str(Path("/proc/self/ns/pid").stat().st_ino)
    return _digits(machine, 4)


def _process(pid: int) -> str:
    """Return the digits of a process: its number and its start, because numbers are used again."""
    started = ""
    with suppress(OSError, IndexError):
        started = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[_START_AT]
    return _digits(f"{pid} {started}", 6)


def _digits(text: str, number: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:number]
