"""What only the running daemon knows, told to the commands: how folders are watched, what is settling, why it halts.

A small file in the state folder, replaced as a whole, at most once a second and only when something changed. It holds
no facts: those are in the ledger. Whether the daemon still runs is told by the instance lock, not by this file.
"""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from cutoutd.core.atomic_write import replaced
from cutoutd.core.logs import printable

LIVE_NAME = "live.json"

#: Names as people are shown them: JSON holds no bytes that are no UTF-8, file names do.
Shown = Annotated[str, BeforeValidator(printable)]


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True)


class WatchedMount(_Told):
    """How one mount of a folder's input tree is watched, and why so."""

    folder: str
    path: Shown
    kind: str
    reason: Shown


class SettlingFile(_Told):
    """A file that is not finished yet."""

    folder: str
    path: Shown
    since_s: float  #: Unix time
    reason: Shown


class LiveUnavailableFolder(_Told):
    """A folder that stands still by itself, and why."""

    folder: str
    reason: Shown
    since_s: float  #: Unix time


class LiveState(_Told):
    """One look at the running daemon."""

    pid: int
    started_at_s: float
    watched: tuple[WatchedMount, ...] = ()
    settling: tuple[SettlingFile, ...] = ()
    settling_count: int = 0  #: all of them; ``settling`` names the first only
    ignored: int = 0
    halt: Shown | None = None
    standby: tuple[LiveUnavailableFolder, ...] = ()
    source_troubles: dict[str, Shown] = {}  #: by folder, why on_success cannot be done for now
    patience: dict[str, float] = {}  #: kind of request to Unix time: Uploadcare asked to send none before
    launches_per_minute: float | None = None  #: the working rate
    launch_reason: Shown = ""  #: why it is as it is
    web_address: str | None = None  #: where it can be looked at, http://HOST:PORT


def write_live_state(state_dir: Path, live: LiveState) -> None:
    """Replace the file of the running daemon. Blocking.

    Raises:
        OSError: the state folder cannot be written.
    """
    with replaced(state_dir / LIVE_NAME, is_durable=False) as file:
        file.write(live.model_dump_json().encode())


def read_live_state(state_dir: Path) -> LiveState | None:
    """What the daemon last told; None when it never did, or told it in a way this version does not understand."""
    try:
        return LiveState.model_validate_json((state_dir / LIVE_NAME).read_bytes())
    except (OSError, ValidationError):
        return None
