"""The one place that carries out orders, whoever holds the ledger: the running daemon, or a command by itself.

``pause`` and ``resume``: a person has cutoutd begin nothing new for a while.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from cutoutd.config.settings import FolderSettings, Price
from cutoutd.control.approve import ApproveHandler
from cutoutd.control.messages import (
    ApproveCommand,
    Command,
    CommandResult,
    PauseCommand,
    ReloadCommand,
    ReprocessCommand,
    ResumeCommand,
    RetryCommand,
)
from cutoutd.control.reprocess import ReprocessHandler
from cutoutd.control.retry import RetryHandler
from cutoutd.core.errors import ControlError
from cutoutd.core.logs import log_event
from cutoutd.core.photo import Photo
from cutoutd.ledger import Ledger
from cutoutd.pipeline.scheduling.pause import PauseState


class PauseHandler:
    """Carries out ``pause`` and ``resume``."""

    def __init__(self, intermission: PauseState) -> None:
        self._intermission = intermission

    async def execute(self, order: PauseCommand | ResumeCommand) -> CommandResult:
        """Pause or go on; either may be said twice. A crash leaves it as it was, or as ordered."""
        before = await self._intermission.load()
        match order:
            case PauseCommand() if before is not None and order.reason in {"", before.reason}:
                return CommandResult((f"{before.sentence} already",), is_idle=True)
            case PauseCommand():
                return CommandResult(((await self._intermission.begin(order.reason)).sentence, _MEANING))
            case ResumeCommand() if before is None:
                return CommandResult(("nothing is paused",), is_idle=True)
            case ResumeCommand():
                await self._intermission.end()
                return CommandResult(("going on",))


_MEANING = (
    "nothing new is sent or launched before `cutoutd resume`; photos are still found and checked, and what is launched"
    " is finished and published"
)


class CommandExecutor:
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
        folders: Sequence[FolderSettings],
        wake: Callable[[Photo], None],
        price: Price | None = None,
        *,
        intermission: PauseState | None = None,
    ) -> None:
        named: Mapping[str, FolderSettings] = {folder.name: folder for folder in folders}
        self._retrying = RetryHandler(ledger, named, wake)
        self._approving = ApproveHandler(ledger, named.keys(), price or Price(), wake)
        self._reprocessing = ReprocessHandler(ledger, named, wake)
        self._intermission = intermission or PauseState(ledger)
        self._pausing = PauseHandler(self._intermission)

    async def execute(self, order: Command) -> CommandResult:
        """Do what is ordered. A crash leaves some photos done and others not; the same order again does the rest.

        Raises:
            ControlError: it is not for a clerk to carry out.
            LedgerError, DiskError: the ledger does not take it.
        """
        answer = await self._carry_out(order)
        if answer.is_done:
            log_event("ordered", f"{order.kind}: {'; '.join(answer.done) or 'nothing was done'}")
        return answer

    async def _carry_out(self, order: Command) -> CommandResult:
        match order:
            case RetryCommand():
                return await self._with_pause(await self._retrying.execute(order))
            case ApproveCommand():
                return await self._with_pause(await self._approving.execute(order))
            case ReprocessCommand():
                return await self._with_pause(await self._reprocessing.execute(order))
            case PauseCommand() | ResumeCommand():
                return await self._pausing.execute(order)
            case ReloadCommand():
                raise ControlError("cutoutd is not running", advice="It reads its configuration when it starts.")

    async def _with_pause(self, answer: CommandResult) -> CommandResult:
        """Whoever lets photos go on while cutoutd is paused should know why nothing happens."""
        has_moved = answer.is_done and not answer.is_idle and answer.done
        if not has_moved or await self._intermission.load() is None:
            return answer
        return replace(answer, done=(*answer.done, _PAUSED))


_PAUSED = "cutoutd is paused, so nothing is sent before `cutoutd resume`"
