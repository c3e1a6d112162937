"""How a photo arrives in one folder: noticed, not known yet, finished, delivered.

It joins the watcher, settling and whoever receives photos, and decides nothing itself. It keeps no record of what was
delivered: the receiver's ledger does, so after a crash whatever it does not hold is noticed and delivered again.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import Sequence
from contextlib import aclosing
from typing import Protocol

from cutoutd.config.settings import FolderSettings, WatchSettings
from cutoutd.files.input_tree import Sighting, open_beneath, stat_quietly
from cutoutd.files.mounts import Backend
from cutoutd.images.completeness import is_whole
from cutoutd.watch.scanner import ScanProblem
from cutoutd.watch.stability import StabilityCheck, WaitingFile
from cutoutd.watch.watcher import Watcher

#: How long ``run_once`` waits for files that somebody keeps writing to.
PATIENCE_S = 60.0
#: How often the ground under a tree is looked at: a share may come and go, and nothing in the tree tells of it.
_POLL_MOUNTS_EVERY_S = 5.0
#: Files that fall due within this time are looked at together.
_RECHECK_TOGETHER_S = 0.1


class FileSink(Protocol):
    """Who receives photos and knows which it has received."""

    async def filter_new(self, folder: str, sightings: Sequence[Sighting]) -> list[Sighting]:
        """The sightings that are not known photos yet."""

    async def deliver(self, folder: str, sighting: Sighting) -> None:
        """Take a finished file; the same version twice must do no harm, because a look can overtake a delivery."""

    async def check_availability(self, folder: str, *, is_surveyed: bool) -> bool:
        """Is the tree what it was? True when it is again, so all that lies there is worth another look."""


class FolderWatcher:
    """The arrival of one folder's photos.

    Args:
        folder: the configured folder.
        watch: how it is watched and when a file counts as finished.
        reception: whom photos are delivered to; while it is busy with a batch, nothing behind that is looked at.
    """

    def __init__(self, folder: FolderSettings, watch: WatchSettings, reception: FileSink) -> None:
        self.folder = folder
        self._sink = reception
        self._watcher = Watcher(folder, watch, self._on_scan_finished)
        self._stability = StabilityCheck(watch.stability_delay_s)
        self._has_waiting = asyncio.Event()
        self._must_rescan = False  #: whether the last survey was made while the folder stood by
        self._arriving: set[Sighting] = set()

    @property
    def arriving_count(self) -> int:
        """How many new files were noticed together and are being delivered."""
        return len(self._arriving)

    @property
    def ignored(self) -> int:
        """How many files of the tree are no candidates."""
        return self._watcher.ignored

    @property
    def troubles(self) -> tuple[ScanProblem, ...]:
        """What could not be looked at, and why."""
        return self._watcher.troubles

    @property
    def is_missing(self) -> bool:
        """Whether the input root is not there."""
        return self._watcher.is_missing

    @property
    def name(self) -> str:
        """The folder's."""
        return self.folder.name

    @property
    def is_first_scan_done(self) -> bool:
        """Whether all that lay in the tree at the start was delivered, or waits to be finished."""
        return self._watcher.is_first_scan_done

    @property
    def has_started(self) -> bool:
        """Whether the tree is looked at, and listened to where that can be."""
        return self._watcher.started.is_set()

    async def wait_until_started(self) -> None:
        """Return once the tree is looked at, and listened to where that can be."""
        await self._watcher.started.wait()

    def overdue(self) -> tuple[str, ...]:
        """What no longer makes progress here: the watcher, or whoever takes what it notices."""
        return self._watcher.overdue()

    def backends(self) -> tuple[Backend, ...]:
        """How each mount in the tree is watched, and why."""
        return self._watcher.backends()

    def waiting(self) -> tuple[WaitingFile, ...]:
        """The files that are not finished yet, and why."""
        return self._stability.waiting()

    async def run(self) -> None:
        """Deliver photos as they arrive, until cancelled; what the reception raises ends it."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._receive_sightings())
            tasks.create_task(self._recheck_waiting_files())
            tasks.create_task(self._poll_mounts())

    async def run_once(self, patience_s: float = PATIENCE_S) -> tuple[WaitingFile, ...]:
        """Deliver all that lies in the tree and is finished, or will be within ``patience_s``; return the rest."""
        give_up_s = time.monotonic() + patience_s
        is_complete = False
        while not is_complete:
            is_complete = await self._scan_tree()
            await self._wait_until_stable(give_up_s)
            is_complete = is_complete or time.monotonic() >= give_up_s
        # Some were delivered after the last survey: without them, the next run would not miss a share that is away.
        await self._sink.check_availability(self.folder.name, is_surveyed=False)
        return self.waiting()

    async def _receive_sightings(self) -> None:
        async with aclosing(self._watcher.sightings()) as batches:
            async for batch in batches:
                await self._deliver_new(batch)

    async def _recheck_waiting_files(self) -> None:
        while True:
            await self._has_waiting.wait()
            await asyncio.sleep((self._stability.due_in_s() or 0.0) + _RECHECK_TOGETHER_S)
            await self._recheck_waiting()

    async def _scan_tree(self) -> bool:
        """Look at the whole tree once; True unless files had to be left for another time."""
        is_complete = True
        async for batch in self._watcher.scan_once():
            await self._deliver_new(batch)
            is_complete = is_complete and not self._stability.is_full
        return is_complete and not self._must_rescan

    async def _on_scan_finished(self) -> None:
        self._must_rescan = await self._sink.check_availability(self.folder.name, is_surveyed=True)
        if self._must_rescan:
            self._watcher.rescan_soon()

    async def _poll_mounts(self) -> None:
        while True:
            await asyncio.sleep(_POLL_MOUNTS_EVERY_S)
            if await self._sink.check_availability(self.folder.name, is_surveyed=False):
                self._watcher.rescan_soon()

    async def _wait_until_stable(self, give_up_s: float) -> None:
        while (due_in_s := self._stability.due_in_s()) is not None and (left_s := give_up_s - time.monotonic()) > 0:
            await asyncio.sleep(min(due_in_s + _RECHECK_TOGETHER_S, left_s))
            await self._recheck_waiting()

    async def _recheck_waiting(self) -> None:
        due = self._stability.due()
        looks = await asyncio.to_thread(self._sightings_of, due)
        for gone in set(due) - looks.keys():
            self._stability.forget(gone)
        await self._deliver_new(list(looks.values()))

    def _sightings_of(self, paths: Sequence[str]) -> dict[str, Sighting]:
        return {path: sighting for path in paths if (sighting := stat_quietly(self.folder.input, path)) is not None}

    async def _deliver_new(self, sightings: Sequence[Sighting]) -> None:
        unknown = await self._sink.filter_new(self.folder.name, sightings)
        for known in {sighting.path for sighting in sightings} - {sighting.path for sighting in unknown}:
            self._stability.forget(known)
        await self._deliver_finished(unknown)
        self._update_timer()

    async def _deliver_finished(self, sightings: Sequence[Sighting]) -> None:
        """The next file is looked at while those before it are delivered, so that they share the receiver's commits."""
        self._arriving.update(sightings)
        try:
            async with asyncio.TaskGroup() as deliveries:
                for sighting in sightings:
                    self._watcher.heartbeats.beat("looking")
                    if await self._is_finished(sighting):
                        deliveries.create_task(self._deliver(sighting))
                    else:
                        self._arriving.discard(sighting)
        finally:
            self._arriving.difference_update(sightings)

    async def _deliver(self, sighting: Sighting) -> None:
        await self._sink.deliver(self.folder.name, sighting)
        self._arriving.discard(sighting)

    async def _is_finished(self, sighting: Sighting) -> bool:
        is_read = self._stability.is_due_for_reading(sighting)
        return self._stability.is_finished(
            sighting, is_whole=is_read and await asyncio.to_thread(self._is_whole, sighting)
        )

    def _is_whole(self, sighting: Sighting) -> bool:
        """Whether this very version is; one that changed since is judged at its next look."""
        with contextlib.suppress(OSError), open_beneath(self.folder.input, sighting.path) as file:
            now = Sighting.of(sighting.path, os.fstat(file.fileno()))
            return now.is_same_version(sighting) and is_whole(file)
        return False

    def _update_timer(self) -> None:
        if self._stability.due_in_s() is None:
            self._has_waiting.clear()
        else:
            self._has_waiting.set()
