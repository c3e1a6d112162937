"""Holding on to the ledger's file, so that it is noticed when another one, or none, stands in its place.

SQLite goes on writing to a file that was removed while it was open: facts would be stored that no start finds again,
and what they stand for would be paid for twice. Two daemons could even come to share the new one.
"""

import os
from pathlib import Path

from cutoutd.core.errors import LedgerRemovedError
from cutoutd.ledger.sqlite.database import LEDGER_NAME


class FileIdentity:
    """The ledger's file as it is opened; ``close`` lets go of it."""

    def __init__(self, state_dir: Path) -> None:
        self._file = state_dir / LEDGER_NAME
        # By its place alone: closing one that can read would let go of SQLite's locks (sqlite.org/howtocorrupt.html).
        self._descriptor = os.open(self._file, os.O_PATH | os.O_CLOEXEC)

    @property
    def is_in_place(self) -> bool:
        """Whether the file still has its name. Blocking, as long as a look at a name takes."""
        try:
            return os.path.samestat(self._file.stat(), os.fstat(self._descriptor))
        except FileNotFoundError:
            return False
        except OSError:
            return True  # nobody can tell; SQLite says what is wrong with the disk

    def require_in_place(self) -> None:
        """Refuse to store anything in a file that no start will find again.

        Raises:
            LedgerRemovedError: it was removed, moved or replaced.
        """
        if not self.is_in_place:
            raise LedgerRemovedError(f"{self._file} was removed, moved or replaced while cutoutd runs")

    def close(self) -> None:
        """Let go."""
        os.close(self._descriptor)
