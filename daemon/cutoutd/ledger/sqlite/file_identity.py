"""The identity of the ledger's open file, so that another file in its place, or none, is noticed.

SQLite goes on writing to a file that was removed while it was open. Such facts would be lost at the next start, and
their removals paid for twice. Two daemons could even come to share the new file.
"""

import os
from pathlib import Path

from cutoutd.core.errors import LedgerRemovedError
from cutoutd.ledger.sqlite.database import LEDGER_NAME


class FileIdentity:
    """The ledger's file as it is opened; ``close`` lets go of it."""

    def __init__(self, state_dir: Path) -> None:
        self._file = state_dir / LEDGER_NAME
        # O_PATH, because closing a readable descriptor would drop SQLite's locks (sqlite.org/howtocorrupt.html).
        self._descriptor = os.open(self._file, os.O_PATH | os.O_CLOEXEC)

    @property
    def is_in_place(self) -> bool:
        """True if the file still has its name. Blocking, for as long as one stat takes."""
        try:
            return os.path.samestat(self._file.stat(), os.fstat(self._descriptor))
        except FileNotFoundError:
            return False
        except OSError:
            return True  # unknown; SQLite reports the trouble with the disk

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
