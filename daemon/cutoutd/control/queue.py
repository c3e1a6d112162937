"""The queue of commands while cutoutd runs, also across a reload.

A reload puts one service after another on the same ledger. In between, commands wait. The command to reload bypasses
the executor, because each service has an executor of its own.
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
    """Gives each command to the current executor.

    Args:
        reload: executes the command to reload.
    """

    def __init__(self, reload: Callable[[], Awaitable[CommandResult]]) -> None:
        self._reload = reload
        self._executor: CommandExecutor | None = None
        self._live: Callable[[], LiveState] = _state_at_start
        self._has_executor = asyncio.Event()
        self._one_by_one = asyncio.Lock()  # each command sees the effect of the one before
        self._is_closed = False

    @asynccontextmanager
    async def serving(self, executor: CommandExecutor, live: Callable[[], LiveState]) -> AsyncIterator[None]:
        """Give commands to this executor while the block runs. At its end, wait for the command in progress.

        Args:
            executor: executes the commands.
            live: returns the live state of the service.
        """
        self._executor, self._live = executor, live
        self._has_executor.set()
        try:
            yield
        finally:
            self._has_executor.clear()
            async with self._one_by_one:
                self._executor = None

    def live(self) -> LiveState:
        """Return the live state of the running service; between two services, that of the last one."""
        return self._live()

    def close(self) -> None:
        """Refuse further commands, and those that wait, because cutoutd is about to end."""
        self._is_closed = True
        self._has_executor.set()

    async def submit(self, command: Command) -> CommandResult:
        """Have a command executed.

        Raises:
            ControlError: cutoutd is stopping.
            LedgerError, DiskError: the ledger cannot store it.
        """
        if isinstance(command, ReloadCommand):
            self._require_open()
            return await self._reload()
        while True:
            await self._has_executor.wait()
            self._require_open()
            async with self._one_by_one:
                if self._executor is not None:
                    return await self._executor.execute(command)

    def _require_open(self) -> None:
        if self._is_closed:
            raise ControlError("cutoutd is just stopping", advice="Give the command again in a moment.")


def _state_at_start() -> LiveState:
    return LiveState(pid=os.getpid(), started_at_s=time.time())
