"""What systemd hears of a running service: ready in time, alive while there is progress, where photos stand."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from cutoutd.app.composition import Service, open_service
from cutoutd.core.errors import KeysRefusedError
from cutoutd.core.photo import State
from cutoutd.ledger import Total
from cutoutd.monitoring.systemd_notify import SystemdNotifier
from cutoutd.monitoring.watchdog import Watchdog, standstill_sentence, status_line, stuck_loops
from cutoutd.watch.folder import FolderWatcher
from support.folders import folder_in, settings_in

PATIENCE_S = 60.0
NOWHERE = "http://127.0.0.1:9/"


class Manager:
    """Listens as systemd does."""

    def __init__(self, place: Path) -> None:
        self.address = str(place / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._socket.settimeout(0)

    async def hears(self, message: str) -> None:
        """Return once this was told."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(PATIENCE_S):
            while (await loop.sock_recv(self._socket, 4096)).decode() != message:
                pass

    def heard(self) -> list[str]:
        """What was told since."""
        messages = []
        with contextlib.suppress(BlockingIOError):
            while True:
                messages.append(self._socket.recv(4096).decode())
        return messages

    def close(self) -> None:
        self._socket.close()


def watchdog_over(service: Service, systemd: SystemdNotifier) -> Watchdog:
    standstill = partial(standstill_sentence, service.core.breaker, service.core.pause)
    return Watchdog(
        systemd, service.watchers.folders, service.workers.pool, standstill, service.core.ledger.counts.totals
    )


@asynccontextmanager
async def watched(place: Path) -> AsyncIterator[tuple[Manager, Service]]:
    """A service at work whose manager listens, with a watchdog of a fifth of a second."""
    manager = Manager(place)
    async with open_service(settings_in(place, NOWHERE, folder_in(place))) as service:
        watchdog = watchdog_over(service, SystemdNotifier(manager.address, 0.2))
        tasks = [
            asyncio.create_task(work())
            for work in (watchdog.run, service.workers.pool.run, service.watchers.folders[0].run)
        ]
        try:
            yield manager, service
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            manager.close()


def test_ready_is_told_once_the_folders_are_watched(tmp_path: Path) -> None:
    """Not before: whoever waits for the service may drop a photo right then."""

    async def play() -> None:
        manager = Manager(tmp_path)
        async with open_service(settings_in(tmp_path, NOWHERE, folder_in(tmp_path))) as service:
            (watcher,) = service.watchers.folders
            watchdog = watchdog_over(service, SystemdNotifier(manager.address))
            telling = asyncio.create_task(watchdog.run())
            await asyncio.sleep(0)
            assert manager.heard() == []
            looking = asyncio.create_task(watcher.run())
            await manager.hears("READY=1")
            assert watcher.backends()
            telling.cancel()
            looking.cancel()
            await asyncio.gather(telling, looking, return_exceptions=True)
        manager.close()

    asyncio.run(play())


def test_the_watchdog_is_fed_while_there_is_progress(tmp_path: Path) -> None:
    """Again and again, with nothing to do."""

    async def play() -> None:
        async with watched(tmp_path) as (manager, _):
            for _ in range(3):
                await manager.hears("WATCHDOG=1")

    asyncio.run(play())


@pytest.mark.parametrize("what", ["a stuck step", "a silent lane", "a silent watcher", "a dead listener"])
def test_whoever_hangs_stops_the_watchdog(tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step beyond its time, a loop not heard of, a dead reading thread: no ping any more, and one line says so."""
    said: list[str] = []

    async def play() -> None:
        async with watched(tmp_path) as (manager, service):
            await manager.hears("WATCHDOG=1")
            is_said = asyncio.Event()

            def say(action: str, sentence: str, **_: object) -> None:
                said.append(f"{action}: {sentence}")
                is_said.set()

            monkeypatch.setattr("cutoutd.monitoring.watchdog.log_event", say)
            with break_down(what, service, service.watchers.folders[0]):
                async with asyncio.timeout(PATIENCE_S):
                    await is_said.wait()
                manager.heard()
                await asyncio.sleep(0.5)  # five times the ping's own pace: nothing comes where nothing is sent
                assert "WATCHDOG=1" not in manager.heard()

    asyncio.run(play())
    assert len(said) == 1
    assert said[0].startswith("stuck: no progress: ")


def break_down(what: str, service: Service, watcher: FolderWatcher) -> contextlib.ExitStack:
    """Let somebody hang; what is returned undoes what has to be undone."""
    undo = contextlib.ExitStack()
    match what:
        case "a stuck step":
            undo.enter_context(service.workers.pool.steps.heartbeats.during("upload of photo 7", within_s=-1.0))
        case "a silent lane":
            service.workers.pool.steps.heartbeats.beat("lane that hangs", rest_s=-1000.0)
        case "a silent watcher":
            watcher._watcher.heartbeats.beat("a thread that hangs", rest_s=-1000.0)
        case _:
            kernel = watcher._watcher._backends._kernel
            assert kernel is not None
            kernel.close()
    return undo


def test_a_photo_that_cannot_be_sent_stops_no_watchdog(tmp_path: Path) -> None:
    """Nothing listens where Uploadcare should be: the lanes wait and try again, and that is progress."""

    async def play() -> None:
        async with watched(tmp_path) as (manager, service):
            service.core.breaker.open(KeysRefusedError("no"), State.ACCEPTED)
            await manager.hears("STATUS=Halted, Uploadcare refused the keys: no photo yet")
            assert stuck_loops(service.watchers.folders, service.workers.pool) == ()
            await service.core.pause.begin("sale photos first")
            await manager.hears("STATUS=Paused, sale photos first; Halted, Uploadcare refused the keys: no photo yet")

    asyncio.run(play())


def test_the_status_line_counts_as_status_does() -> None:
    """Whole thousands are readable, nothing is left out but nothing, and a halt comes first."""
    totals = (
        Total("a", State.DISCOVERED, 5),
        Total("b", State.ACCEPTED, 7),
        Total("a", State.UPLOADED, 3),
        Total("a", State.REMOVAL_STARTED, 5),
        Total("a", State.PUBLISHED, 3401),
        Total("b", State.FAILED, 2),
    )
    assert status_line(totals) == "12 waiting, 8 at Uploadcare, 3,401 published, 2 failed"
    assert status_line(()) == "no photo yet"
    assert status_line((), "Paused") == "Paused: no photo yet"
