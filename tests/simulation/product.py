"""The product in a world: started, reloaded, stopped, killed, and started again, as systemd would."""

import asyncio
import fcntl
import os
import socket
import traceback
from contextlib import suppress
from pathlib import Path

from cutoutd.app.composition import Service, open_shared_state, service_on
from cutoutd.app.reload import Reloader
from cutoutd.app.service import serve
from cutoutd.control.messages import Command, CommandResult
from cutoutd.control.queue import CommandQueue
from cutoutd.core.blocking import ledger_calls, local_calls, places
from cutoutd.core.errors import CutoutdError
from cutoutd.images import picture_memory as picture_memory_module
from cutoutd.ledger.instance_lock import LOCK_NAME
from cutoutd.monitoring.systemd_notify import SystemdNotifier
from cutoutd.pipeline.steps.delivery.replaced_cutouts import replaced_cutouts
from simulation.machine.loop import VirtualLoop, life
from simulation.world import World

#: systemd starts a service again after this time.
_RESTART_AFTER_S = 2.0

#: A person waits for the answer to an order for so long.
_PATIENCE_S = 600.0


class Product:
    """One cutoutd after another, on one state folder."""

    def __init__(self, world: World, loop: VirtualLoop) -> None:
        self._world = world
        self._loop = loop
        self._number = 0
        self._context = world.context
        self._stop = asyncio.Event()
        self._commands: CommandQueue | None = None
        self._task: asyncio.Task[None] | None = None
        self.service: Service | None = None  #: the running one
        self.crashes: list[str] = []  #: ends that were nobody's wish

    def start(self) -> None:
        """Start cutoutd."""
        self._number += 1
        self._world.trace("start", f"life {self._number}")
        self._context = context = self._world.context.copy()
        context.run(life.set, self._number)
        self._stop = asyncio.Event()
        self._task = self._loop.create_task(self._run(self._stop), context=context)
        self._task.add_done_callback(self._note_end, context=self._world.context.copy())

    def kill(self) -> None:
        """End cutoutd as SIGKILL does, and start it again later; nothing happens while it does not run."""
        if self._task is None or self._task.done():
            return
        self._world.trace("kill", f"life {self._number}")
        self._world.kills.append(self._world.clock.elapsed_s)
        self._loop.kill(self._number)
        self._abandon()
        self._task = None
        self._loop.call_later(_RESTART_AFTER_S, self.start, context=self._world.context.copy())

    async def stop(self) -> None:
        """End cutoutd as SIGTERM does."""
        self._stop.set()
        if self._task is not None:
            await asyncio.wait({self._task})

    async def order(self, command: Command) -> CommandResult | None:
        """Give a command, as over the control socket; None if nobody takes it."""
        if self._commands is None:
            return None
        task = self._loop.create_task(self._commands.submit(command), context=self._context.copy())
        await asyncio.wait({task}, timeout=_PATIENCE_S)
        if not task.done() or task.exception() is not None:
            self._world.trace("order", f"{command.kind}: {task.exception() if task.done() else 'no answer'}")
            return None
        result = task.result()
        self._world.trace("order", f"{command.kind}: {'; '.join((*result.done, *result.refused))}")
        return result

    def _abandon(self) -> None:
        """Do what the kernel does when a process ends."""
        self._commands = self.service = self._world.internet.page = None
        replaced_cutouts._kept.clear()
        places._places.clear()
        for calls in (local_calls, ledger_calls, picture_memory_module._pixel_calls):
            calls.__init__(at_once=calls._at_once)  # type: ignore[misc]
        own = {self._loop._ssock.fileno(), self._loop._csock.fileno()}  # type: ignore[attr-defined]
        for link in Path("/proc/self/fd").iterdir():
            with suppress(OSError):
                file = str(link.readlink())
                if file.endswith(f"/{LOCK_NAME}"):
                    fcntl.flock(int(link.name), fcntl.LOCK_UN)
                elif file.startswith("socket:") and int(link.name) not in own:
                    os.close(int(link.name))
                elif link.readlink().name.startswith("socket:"):
                    _end_claim(int(link.name))

    async def _run(self, stop: asyncio.Event) -> None:
        settings = self._world.settings
        assert settings is not None
        reloader = Reloader(settings, self._reread, config_file=Path("/etc/cutoutd/config.yaml"))
        systemd = SystemdNotifier()
        async with open_shared_state(settings) as shared:
            self._commands = commands = CommandQueue(reloader.reload)
            while not stop.is_set():
                try:
                    async with service_on(shared, reloader.next_settings()) as service:
                        self.service = service
                        await serve(service, commands, reloader, stop, systemd)
                except CutoutdError as error:
                    if not reloader.fall_back(error):
                        raise
            commands.close()
            reloader.fail_pending()

    def _reread(self) -> object:
        return self._world.settings

    def _note_end(self, task: asyncio.Task[None]) -> None:
        if task is not self._task or task.cancelled():
            return
        error = task.exception()
        self._world.trace("end", f"life {self._number}: {error or 'stopped'}")
        self._commands = self.service = None
        if error is None:
            return
        if not isinstance(error, CutoutdError):
            self.crashes.append(f"cutoutd crashed: {error!r}")
            self._world.trace("crash", "".join(traceback.format_exception(error)))
        self._loop.call_later(_RESTART_AFTER_S, self.start)


def _end_claim(descriptor: int) -> None:
    """Give the name of a tree's claim free; its number stays taken, because a dead life may still close it."""
    with socket.socket(fileno=os.dup(descriptor)) as claim:
        name = claim.getsockname() if claim.family == socket.AF_UNIX else ""
        if isinstance(name, bytes) and name.startswith(b"\0cutoutd/"):
            os.dup2(os.open("/dev/null", os.O_RDONLY), descriptor)
