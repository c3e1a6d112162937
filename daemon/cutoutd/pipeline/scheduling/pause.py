"""The pause that a person ordered: nothing new is sent or launched until somebody orders to go on.

It outlives restarts in the ledger's memory. What Uploadcare asks for is ``pausing``'s business, what it refuses
``halting``'s; who rests because of a pause is decided where lanes are made.
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


@dataclass(frozen=True, slots=True)
class Pause:
    """Since when cutoutd is paused, and why."""

    reason: str  #: in the person's words; empty when they said none
    since_s: float  #: Unix time

    @property
    def sentence(self) -> str:
        """For people."""
        since = datetime.fromtimestamp(self.since_s, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        return f"paused since {since}" + (f": {self.reason}" if self.reason else "")


class PauseState:
    """Whether cutoutd is paused. Asked by the lanes at every turn, so the answer is kept in memory too."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._pause: Pause | None = None
        self._wake: Callable[[], None] = lambda: None

    @property
    def pause(self) -> Pause | None:
        """The pause; None while there is none."""
        return self._pause

    def remaining_s(self) -> float:
        """How long nothing new is begun, as far as anybody knows."""
        return math.inf if self._pause else 0.0

    def tell_end_to(self, wake: Callable[[], None]) -> None:
        """Whom to tell when it is over."""
        self._wake = wake

    async def open(self) -> None:
        """Go on as the last run stopped."""
        if pause := await self.load():
            log_event("pause", f"{pause.sentence}; `cutoutd resume` goes on", level=logging.WARNING)

    async def load(self) -> Pause | None:
        """What the ledger knows."""
        self._pause = await self._ledger.query(pause_in)
        return self._pause

    async def begin(self, reason: str) -> Pause:
        """Pause, or give another reason for it; stored first, so that a pause that was confirmed outlives a crash.

        Steps that are under way are finished; none is begun after the answer.

        Raises:
            LedgerError, DiskError: it could not be stored, and nothing is paused.
        """
        since_s = self._pause.since_s if self._pause else time.time()
        pause = Pause(printable(reason), since_s)
        await self._ledger.remember(_KEY, _MEMORY.dump_json(pause).decode())
        self._pause = pause
        return pause

    async def end(self) -> None:
        """Go on.

        Raises:
            LedgerError, DiskError: it could not be stored, and cutoutd stays paused.
        """
        await self._ledger.remember(_KEY, _MEMORY.dump_json(None).decode())
        self._pause = None
        self._wake()


_MEMORY: TypeAdapter[Pause | None] = TypeAdapter(Pause | None)


def pause_in(ledger: ReadTransaction) -> Pause | None:
    """The pause that the ledger knows of; one kept in another version's way still is a pause."""
    try:
        return _MEMORY.validate_json(photos.remembered(ledger, _KEY) or "null")
    except ValidationError:
        return Pause("", time.time())
