"""The one place that carries out orders, whoever holds the ledger: the running daemon, or a command by itself.

``pause`` and ``resume``: a person has cutoutd begin nothing new for a while.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from cutoutd.config.settings import Folder, Price
from cutoutd.control.approve import Approving
from cutoutd.control.messages import Answer, Approve, Order, Pause, Reload, Reprocess, Resume, Retry
from cutoutd.control.reprocess import Reprocessing
from cutoutd.control.retry import Retrying
from cutoutd.core.errors import ControlError
from cutoutd.core.logs import say
from cutoutd.core.photo import Photo
from cutoutd.ledger import Ledger
from cutoutd.pipeline.scheduling.pause import Intermission


class Pausing:
    """Carries out ``pause`` and ``resume``."""

    def __init__(self, intermission: Intermission) -> None:
        self._intermission = intermission

    async def carry_out(self, order: Pause | Resume) -> Answer:
        """Pause or go on; either may be said twice. A crash leaves it as it was, or as ordered."""
        before = await self._intermission.recall()
        match order:
            case Pause() if before is not None and order.reason in {"", before.reason}:
                return Answer((f"{before.sentence} already",), is_idle=True)
            case Pause():
                return Answer(((await self._intermission.begin(order.reason)).sentence, _MEANING))
            case Resume() if before is None:
                return Answer(("nothing is paused",), is_idle=True)
            case Resume():
                await self._intermission.end()
                return Answer(("going on",))


_MEANING = (
    "nothing new is sent or launched before `cutoutd resume`; photos are still found and checked, and what is launched"
    " is finished and published"
)


class Clerk:
    """Carries out orders on a ledger that the caller holds.

    Args:
        ledger: the ledger.
        folders: the configured folders.
        wake: called with every photo that goes on, or with the first of many.
        price: for saying what is agreed to.
        intermission: the running service's; None, there is none.
    """

    def __init__(
        self,
        ledger: Ledger,
        folders: Sequence[Folder],
        wake: Callable[[Photo], None],
        price: Price | None = None,
        *,
        intermission: Intermission | None = None,
    ) -> None:
        named: Mapping[str, Folder] = {folder.name: folder for folder in folders}
        self._retrying = Retrying(ledger, named, wake)
        self._approving = Approving(ledger, named.keys(), price or Price(), wake)
        self._reprocessing = Reprocessing(ledger, named, wake)
        self._intermission = intermission or Intermission(ledger)
        self._pausing = Pausing(self._intermission)

    async def carry_out(self, order: Order) -> Answer:
        """Do what is ordered. A crash leaves some photos done and others not; the same order again does the rest.

        Raises:
            ControlError: it is not for a clerk to carry out.
            LedgerError, DiskError: the ledger does not take it.
        """
        answer = await self._carry_out(order)
        if answer.is_done:
            say("ordered", f"{order.kind}: {'; '.join(answer.done) or 'nothing was done'}")
        return answer

    async def _carry_out(self, order: Order) -> Answer:
        match order:
            case Retry():
                return await self._with_pause(await self._retrying.carry_out(order))
            case Approve():
                return await self._with_pause(await self._approving.carry_out(order))
            case Reprocess():
                return await self._with_pause(await self._reprocessing.carry_out(order))
            case Pause() | Resume():
                return await self._pausing.carry_out(order)
            case Reload():
                raise ControlError("cutoutd is not running", advice="It reads its configuration when it starts.")

    async def _with_pause(self, answer: Answer) -> Answer:
        """Whoever lets photos go on while cutoutd is paused should know why nothing happens."""
        has_moved = answer.is_done and not answer.is_idle and answer.done
        if not has_moved or await self._intermission.recall() is None:
            return answer
        return replace(answer, done=(*answer.done, _PAUSED))


_PAUSED = "cutoutd is paused, so nothing is sent before `cutoutd resume`"
