"""Facts about the whole ledger that are kept in memory, so that a write need not look them up.

Only the writer's thread uses them. Nothing else writes the ledger while it holds the instance lock. They err on one
side only: after a write that was undone, they may ask for a look-up in vain.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class Known:
    """The kept facts; a new value asks for every look-up."""

    may_have_webhook_results: bool = True  #: False: none is stored
    payers: set[int] | None = None  #: the photos that others waited for since the start; None: not known

    def may_be_awaited(self, photo_id: int) -> bool:
        """Return True if other photos may wait for this one."""
        return self.payers is None or photo_id in self.payers

    def add_payer(self, photo_id: int | None) -> None:
        """Keep that a photo waits for this one."""
        if self.payers is not None and photo_id is not None:
            self.payers.add(photo_id)
