"""Where orders come in while cutoutd runs, whoever is at work there.

A reload puts one service after another on the same ledger. Between the two, orders wait; the order to reload goes past
the clerk, because no clerk outlives it.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from cutoutd.control.executor import CommandExecutor
from cutoutd.control.messages import Command, CommandResult, ReloadCommand
from cutoutd.core.errors import ControlError
from cutoutd.status.live_state import LiveState


class CommandQueue:
    """Hands each order to the clerk at work.

    Args:
        reload: carries out the order to reload.
    """

    def __init__(self, reload: Callable[[], Awaitable[CommandResult]]) -> None:
        self._reload = reload
        self._clerk: CommandExecutor | None = None
        self._present: Callable[[], LiveState] = _just_started
        self._is_staffed = asyncio.Event()
        self._one_by_one = asyncio.Lock()  # each sees what the one before it did
        self._is_closed = False

    @asynccontextmanager
    async def serving(self, clerk: CommandExecutor, present: Callable[[], LiveState]) -> AsyncIterator[None]:
        """The clerk is at work while the block runs; its end waits for the order under way.

        ``present`` tells meanwhile how it goes.
        """
        self._clerk, self._present = clerk, present
        self._is_staffed.set()
        try:
            yield
        finally:
            self._is_staffed.clear()
            async with self._one_by_one:
                self._clerk = None

    def live(self) -> LiveState:
        """What only the running service knows; between two, what the last one knew."""
        return self._present()

    def close(self) -> None:
        """Take no further orders, nor those that wait: cutoutd is about to end."""
        self._is_closed = True
        self._is_staffed.set()

    async def submit(self, order: Command) -> CommandResult:
        """Have an order carried out.

        Raises:
            ControlError: cutoutd is stopping.
            LedgerError, DiskError: the ledger does not take it.
        """
        if isinstance(order, ReloadCommand):
            self._require_open()
            return await self._reload()
        while True:
            await self._is_staffed.wait()
            self._require_open()
            async with self._one_by_one:
                if self._clerk is not None:
                    return await self._clerk.execute(order)

    def _require_open(self) -> None:
        if self._is_closed:
            raise ControlError("cutoutd is just stopping", advice="Give the order again in a moment.")


def _just_started() -> LiveState:
    return LiveState(pid=os.getpid(), started_at_s=time.time())
