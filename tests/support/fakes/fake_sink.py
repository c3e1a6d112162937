"""A sink for tests of the folder watch: it remembers its sightings and files, and can be waited for."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from cutoutd.config.settings import FolderSettings, WatchSettings
from cutoutd.config.types.choices import WatchMode
from cutoutd.files.input_tree import Sighting
from cutoutd.watch.bounds import DEFAULT_BOUNDS, WatchBounds
from cutoutd.watch.folder import FolderWatcher

FOLDER = "shop"
NEVER_S = 3600.0  #: a time no test waits for
PATIENCE_S = 60.0  #: a test that waits longer has failed


class RememberingSink:
    """Knows what was delivered to it, like the ledger; ``on_look`` runs whenever sightings are shown to it."""

    def __init__(self, on_look: Callable[[Sequence[Sighting]], None] = lambda _: None) -> None:
        self.seen: list[Sighting] = []
        self.delivered: list[Sighting] = []
        self._on_look = on_look
        self._news = asyncio.Condition()

    async def filter_new(self, folder: str, sightings: Sequence[Sighting]) -> list[Sighting]:
        assert folder == FOLDER
        self._on_look(sightings)
        async with self._news:
            self.seen += sightings
            self._news.notify_all()
        known = {sighting.version for sighting in self.delivered}
        return [sighting for sighting in sightings if sighting.version not in known]

    async def deliver(self, folder: str, sighting: Sighting) -> None:
        """The same version twice is one, as for the ledger: a look may overtake a delivery."""
        assert folder == FOLDER
        async with self._news:
            if all(sighting.version != each.version for each in self.delivered):
                self.delivered.append(sighting)
            self._news.notify_all()

    async def check_availability(self, folder: str, **_scan: bool) -> bool:
        assert folder == FOLDER
        return False

    async def has_changed_mounts(self, folder: str) -> bool:
        assert folder == FOLDER
        return False

    @property
    def paths(self) -> list[str]:
        return [sighting.path for sighting in self.delivered]

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for a look or a delivery after which it is so."""
        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(is_so)

    async def until_seen(self, path: str) -> None:
        await self.until(lambda: any(sighting.path == path for sighting in self.seen))

    async def until_delivered(self, *paths: str) -> None:
        await self.until(lambda: set(paths) <= set(self.paths))


async def until(is_so: Callable[[], bool]) -> None:
    """Poll for a state without an event."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():  # noqa: ASYNC110 - state of the code under test, which sets no event for tests
            await asyncio.sleep(0.01)


def folder_at(root: Path, **options: object) -> FolderSettings:
    """A configured folder of which only the input matters here."""
    return FolderSettings.model_validate({"name": FOLDER, "input": root, "output": root.parent / "out", **options})


def watch_with(mode: str = "auto", *, rescan_s: float = NEVER_S, delay_s: float = NEVER_S) -> WatchSettings:
    """By default neither rescan nor standing still helps a photo along: only the start scan and events do."""
    return WatchSettings.model_construct(mode=WatchMode(mode), rescan_interval_s=rescan_s, stability_delay_s=delay_s)


@contextlib.asynccontextmanager
async def watched_folder(
    folder: FolderSettings,
    watch: WatchSettings,
    sink: RememberingSink,
    bounds: WatchBounds = DEFAULT_BOUNDS,
) -> AsyncIterator[FolderWatcher]:
    """A folder watcher at work, its start scan done."""
    watcher = FolderWatcher(folder, watch, sink, bounds)
    running = asyncio.create_task(watcher.run())
    try:
        await until(lambda: bool(watcher.backends()) or running.done())
        yield watcher
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
