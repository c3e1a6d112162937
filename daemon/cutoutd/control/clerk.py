"""The one place that carries out orders, whoever holds the ledger: the running daemon, or a command by itself."""

from collections.abc import Callable, Mapping, Sequence

from cutoutd.config.settings import Folder
from cutoutd.control.orders import Answer, Retry
from cutoutd.control.retry import Retrying
from cutoutd.errors import ControlError
from cutoutd.ledger import Ledger
from cutoutd.logs import say
from cutoutd.photo import Photo


class Clerk:
    """Carries out orders on a ledger that the caller holds.

    Args:
        ledger: the ledger.
        folders: the configured folders.
        wake: called with every photo that goes on.
    """

    def __init__(self, ledger: Ledger, folders: Sequence[Folder], wake: Callable[[Photo], None]) -> None:
        self._is_stopping = False
        named: Mapping[str, Folder] = {folder.name: folder for folder in folders}
        self._retrying = Retrying(ledger, named, wake)

    def stop(self) -> None:
        """Carry out no further orders: the daemon is about to end."""
        self._is_stopping = True

    async def carry_out(self, order: Retry) -> Answer:
        """Do what is ordered. A crash leaves some photos done and others not; the same order again does the rest.

        Raises:
            ControlError: cutoutd is stopping.
            LedgerError, DiskError: the ledger does not take it.
        """
        if self._is_stopping:
            raise ControlError("cutoutd is just stopping", advice="Give the order again in a moment.")
        answer = await self._retrying.carry_out(order)
        say("ordered", "; ".join((f"{order.kind}: {answer.done[0] if answer.done else 'nothing'}", *answer.done[1:])))
        return answer
