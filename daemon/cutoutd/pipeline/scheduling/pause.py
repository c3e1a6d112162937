"""The user's pause: nothing new is sent or launched until the user resumes cutoutd.

The ledger keeps it across restarts. `uploadcare.connections` holds the pauses that Uploadcare asks for, and `halt` what
it refuses. `stages` decides which stages a pause stops.
"""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import TypeAdapter, ValidationError

from cutoutd.core.logs import log_event, printable
from cutoutd.ledger import Ledger, ReadTransaction
from cutoutd.ledger.queries import photos

_KEY = "pause"

_GATE_LOOK_S = 1.0


@dataclass(frozen=True, slots=True)
class Pause:
    """The reason for a pause, and its begin."""

    reason: str  #: in the user's words; may be empty
    since_s: float  #: Unix time

    @property
    def sentence(self) -> str:
        """The pause in one clause for the user."""
        since = datetime.fromtimestamp(self.since_s, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        return f"paused since {since}" + (f": {self.reason}" if self.reason else "")


class PauseState:
    """The present pause, in the ledger and in memory, because every step asks for it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._pause: Pause | None = None
        self._wake: Callable[[], None] = lambda: None

    @property
    def pause(self) -> Pause | None:
        """The present pause; None: cutoutd is not paused."""
        return self._pause

    def remaining_s(self) -> float:
        """Return the seconds for which nothing new begins: 0, or infinite because only the user ends a pause."""
        return math.inf if self._pause else 0.0

    def call_at_end(self, wake: Callable[[], None]) -> None:
        """Call this function when the pause ends."""
        self._wake = wake

    async def open(self) -> None:
        """Load the pause of the last run, and log it."""
        if pause := await self.load():
            log_event("pause", f"{pause.sentence}; `cutoutd resume` goes on", level=logging.WARNING)

    async def load(self) -> Pause | None:
        """Load the pause from the ledger and return it."""
        self._pause = await self._ledger.query(pause_in)
        return self._pause

    async def begin(self, reason: str) -> Pause:
        """Pause, or change the reason of the pause. It is stored first, so a confirmed pause outlives a crash.

        Steps under way are finished; no step begins after this returns.

        Raises:
            LedgerError, DiskError: the pause could not be stored, and cutoutd is not paused.
        """
        now_s = time.time()
        since_s = min(self._pause.since_s, now_s) if self._pause else now_s
        pause = Pause(printable(reason), since_s)
        await self._ledger.remember(_KEY, _MEMORY.dump_json(pause).decode())
        self._pause = pause
        return pause

    async def end(self) -> None:
        """End the pause.

        Raises:
            LedgerError, DiskError: the end could not be stored, and cutoutd stays paused.
        """
        await self._ledger.remember(_KEY, _MEMORY.dump_json(None).decode())
        self._pause = None
        self._wake()


_MEMORY: TypeAdapter[Pause | None] = TypeAdapter(Pause | None)


def pause_in(ledger: ReadTransaction) -> Pause | None:
    """Return the pause that the ledger holds; a pause that another version stored in another form counts too."""
    try:
        return _MEMORY.validate_json(photos.remembered(ledger, _KEY) or "null")
    except ValidationError:
        return Pause("", time.time())


class LaunchGate:
    """Ends sending and launching before a reload, while all other steps go on."""

    def __init__(self) -> None:
        self._is_closed = False

    def close(self) -> None:
        """Let nothing more be sent or launched."""
        self._is_closed = True

    def remaining_s(self) -> float:
        """Return the seconds until the next look at the gate; 0 while it is open."""
        return _GATE_LOOK_S if self._is_closed else 0.0
