"""The state that only the running daemon knows: how folders are watched, which files settle, why it halts.

It is a small file in the state folder. The daemon replaces it as a whole, at most once a second and only after a
change. Facts are in the ledger, not here. The instance lock says if a daemon runs, not this file.
"""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from cutoutd.core.atomic_write import replaced
from cutoutd.core.logs import printable
from cutoutd.core.rights import read_own_file
from cutoutd.status.standstill import Standstill
from cutoutd.watch.passed_over.passed_over import PassedOver

LIVE_NAME = "live.json"
_MAX_LIVE_BYTES = 20_000_000

#: A text as it is shown to the user. JSON carries UTF-8 only, file names may hold other bytes.
Shown = Annotated[str, BeforeValidator(printable)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class WatchedMount(_Frozen):
    """One mount of a folder's input tree, and the way in which it is watched."""

    folder: str
    path: Shown
    kind: str
    reason: Shown


class SettlingFile(_Frozen):
    """A file that is still being written."""

    folder: str
    path: Shown
    since_s: float  #: Unix time
    reason: Shown


class LiveUnavailableFolder(_Frozen):
    """A folder that is unavailable, with the reason."""

    folder: str
    reason: Shown
    since_s: float  #: Unix time
    advice: Shown = ""

    @property
    def text(self) -> str:
        """The reason and the advice in one text."""
        return f"{self.reason}. {self.advice}" if self.advice else self.reason


class LiveHalt(_Frozen):
    """The reason why the daemon is halted, and the advice."""

    title: Shown
    sentence: Shown
    advice: Shown = ""

    @property
    def text(self) -> str:
        """The title, the reason and the advice in one text."""
        return f"{self.title}: {self.sentence}" + (f". {self.advice}" if self.advice else "")


class LiveState(_Frozen):
    """The live state at one moment."""

    pid: int
    started_at_s: float
    watched: tuple[WatchedMount, ...] = ()
    settling: tuple[SettlingFile, ...] = ()
    settling_count: int = 0  #: the number of all; ``settling`` holds the first
    ignored: int = 0
    passed_over: tuple[PassedOver, ...] = ()
    halt: LiveHalt | None = None
    unavailable: tuple[LiveUnavailableFolder, ...] = ()
    source_troubles: dict[str, Shown] = {}  #: by folder: the reason why on_success fails for now
    throttled_until: dict[str, float] = {}  #: by kind of request: the Unix time before which Uploadcare wants none
    launches_per_minute: float | None = None  #: the present rate
    launch_reason: Shown = ""  #: the reason for the rate
    is_throttled: bool = False  #: True if Uploadcare accepts fewer launches than configured
    standstills: tuple[Standstill, ...] = ()  #: see ``standstill``
    web_address: str | None = None  #: the page's address, http://HOST:PORT


def write_live_state(state_dir: Path, live: LiveState) -> None:
    """Replace the file of the running daemon. Blocking.

    Raises:
        OSError: the state folder cannot be written.
    """
    with replaced(state_dir / LIVE_NAME, mode=0o600, is_durable=False) as file:
        file.write(live.model_dump_json().encode())


def read_live_state(state_dir: Path) -> LiveState | None:
    """Return the last state; None if there is no file, or another version wrote it."""
    try:
        return LiveState.model_validate_json(read_own_file(state_dir / LIVE_NAME, _MAX_LIVE_BYTES))
    except (OSError, ValidationError):
        return None
