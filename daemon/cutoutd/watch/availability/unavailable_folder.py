"""An unavailable folder as it is shown: the reason, since when, and how the state ends."""

import shlex
from dataclasses import dataclass

#: The advice if two trees share a folder.
SEPARATE_TREES = "Unmount one of the two, or name another folder and reload; then it goes on by itself."


@dataclass(frozen=True, slots=True)
class UnavailableFolder:
    """A folder that is unavailable, and why."""

    folder: str
    reason: str
    since_s: float  #: Unix time
    advice: str = ""


def mount_or_trust(folder: str) -> str:
    """Return the advice if a tree of the folder is not what it was."""
    return f"It goes on by itself once that has ended. If it is to stay so: cutoutd trust {shlex.quote(folder)}"
