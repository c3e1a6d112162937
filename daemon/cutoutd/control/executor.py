"""The execution of commands, for every holder of the ledger: the running daemon, or a command on its own."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from cutoutd.config.settings import FolderSettings, Price
from cutoutd.control.approve import ApproveHandler
from cutoutd.control.dismiss import DismissHandler
from cutoutd.control.give_up import GiveUpHandler
from cutoutd.control.messages import (
    ApproveCommand,
    Command,
    CommandResult,
    DismissCommand,
    GiveUpCommand,
    PauseCommand,
    ReloadCommand,
    ReprocessCommand,
    ResumeCommand,
    RetryCommand,
    TrustCommand,
)
from cutoutd.control.reprocess import ReprocessHandler
from cutoutd.control.retry import RetryHandler
from cutoutd.core.errors import ControlError
from cutoutd.core.logs import log_event
from cutoutd.core.photo import Photo
from cutoutd.ledger import Ledger
from cutoutd.pipeline.budget.pricing import estimate, estimate_in_words
from cutoutd.pipeline.scheduling.pause import PauseState
from cutoutd.watch.availability.trust import give_trust

_PAUSE_MEANS = (
    "nothing new is sent or launched before `cutoutd resume`; photos are still found and checked, and what is launched"
    " is finished and published"
)
_TRUST_MEANS = (
    "its input, output and archive are taken as they are mounted now, within seconds or at the next start; unpaid"
    " photos that are missing there count as removed"
)
_IS_PAUSED = "cutoutd is paused, so nothing is sent before `cutoutd resume`"


class CommandExecutor:
    """Executes commands on a ledger that the caller holds.

    Args:
        ledger: the ledger.
        folders: the configured folders.
        wake: called with every photo that goes on, or with the first of many.
        price: turns removals into costs, for the sentences.
        pause: the pause of the running service; None: no service runs.
    """

    def __init__(
        self,
        ledger: Ledger,
        folders: Sequence[FolderSettings],
        wake: Callable[[Photo], None],
        price: Price | None = None,
        *,
        pause: PauseState | None = None,
    ) -> None:
        by_name = {folder.name: folder for folder in folders}
        self._price = price or Price()
        self._retry = RetryHandler(ledger, by_name, wake)
        self._dismiss = DismissHandler(ledger, by_name)
        self._give_up = GiveUpHandler(ledger, by_name, wake)
        self._approve = ApproveHandler(ledger, by_name, self._price, wake)
        self._reprocess = ReprocessHandler(ledger, by_name, wake)
        self._pause = pause or PauseState(ledger)
        self._ledger = ledger
        self._folders = by_name

    async def execute(self, command: Command) -> CommandResult:
        """Execute a command. After a crash some photos are done and others not; the same command then does the rest.

        Raises:
            ControlError: the command needs a running cutoutd.
            LedgerError, DiskError: the ledger cannot store it.
        """
        result = await self._dispatch(command)
        if result.is_done:
            log_event("ordered", f"command {command.kind}: {'; '.join(result.done) or 'nothing was done'}")
        return result

    async def _dispatch(self, command: Command) -> CommandResult:
        match command:
            case RetryCommand():
                return await self._mention_pause(self._priced(await self._retry.execute(command)))
            case DismissCommand():
                return await self._dismiss.execute(command)
            case GiveUpCommand():
                return await self._give_up.execute(command)
            case ApproveCommand():
                return await self._mention_pause(await self._approve.execute(command))
            case ReprocessCommand():
                return await self._mention_pause(await self._reprocess.execute(command))
            case _:
                return await self._dispatch_other(command)

    async def _dispatch_other(
        self, command: PauseCommand | ResumeCommand | TrustCommand | ReloadCommand
    ) -> CommandResult:
        """Execute a command about the service or a folder, and not about photos."""
        match command:
            case PauseCommand(reason):
                return await self._begin_pause(reason)
            case ResumeCommand():
                return await self._end_pause()
            case TrustCommand(folder):
                return await self._trust(folder)
            case ReloadCommand():
                raise ControlError("cutoutd is not running", advice="It reads its configuration when it starts.")

    def _priced(self, result: CommandResult) -> CommandResult:
        """Add the cost to the sentence of a command that was not carried out because of it."""
        if result.is_done:
            return result
        cost = estimate_in_words(estimate(self._price, uploads=result.payable, removals=result.payable))
        return replace(result, done=tuple(f"{sentence}: {cost}" for sentence in result.done))

    async def _trust(self, folder: str) -> CommandResult:
        if folder not in self._folders:
            return CommandResult(refused=(f'no folder is called "{folder}"',))
        await give_trust(self._ledger, folder)
        return CommandResult((f"{folder}: {_TRUST_MEANS}",))

    async def _begin_pause(self, reason: str) -> CommandResult:
        before = await self._pause.load()
        if before is not None and reason in {"", before.reason}:
            return CommandResult((f"{before.sentence} already",), is_idle=True)
        return CommandResult(((await self._pause.begin(reason)).sentence, _PAUSE_MEANS))

    async def _end_pause(self) -> CommandResult:
        if await self._pause.load() is None:
            return CommandResult(("nothing is paused",), is_idle=True)
        await self._pause.end()
        return CommandResult(("going on",))

    async def _mention_pause(self, result: CommandResult) -> CommandResult:
        """Add that cutoutd is paused, because the photos would seem stuck otherwise."""
        has_moved = result.is_done and not result.is_idle and result.done
        if not has_moved or await self._pause.load() is None:
            return result
        return replace(result, done=(*result.done, _IS_PAUSED))
