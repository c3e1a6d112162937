"""The watch of one folder: files are noticed, compared with the ledger, waited for until finished, and delivered.

It joins the watcher, the stability check and the sink. It keeps no record of deliveries, because the ledger does. After
a crash, a file that is not in the ledger is noticed and delivered again.
"""

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Sequence
from contextlib import aclosing
from typing import Protocol

from cutoutd.config.settings import FolderSettings, WatchSettings
from cutoutd.core.blocking import calls_to
from cutoutd.core.errors import TreeUnavailableError
from cutoutd.core.logs import log_event, printable
from cutoutd.files.input_tree import Sighting, open_beneath, stat_quietly
from cutoutd.files.mounts import Backend
from cutoutd.files.unfinished import write_signs
from cutoutd.images.structure.completeness import is_whole
from cutoutd.watch.bounds import DEFAULT_BOUNDS, WatchBounds
from cutoutd.watch.passed_over.passed_over import PassedOver
from cutoutd.watch.stability import NOT_READ, FileLook, StabilityCheck, WaitingFile
from cutoutd.watch.watcher import Watcher

#: The time for which ``run_once`` waits for files that are still being written.
PATIENCE_S = 60.0


class FileSink(Protocol):
    """The receiver of finished files. It knows which files it has received."""

    async def filter_new(self, folder: str, sightings: Sequence[Sighting]) -> list[Sighting]:
        """Return the sightings that are not known photos yet."""

    async def deliver(self, folder: str, sighting: Sighting) -> None:
        """Take a finished file. The same version may come twice, because a scan can overtake a delivery."""

    async def check_availability(self, folder: str, *, after_scan: bool, is_complete: bool = True) -> bool:
        """Check the folder; return True if it is available again or mounted otherwise: its tree is scanned anew.

        A scan is complete if it looked everywhere, and no file that it found is left to be taken later.
        """

    async def has_changed_mounts(self, folder: str) -> bool:
        """Return True if something was mounted, unmounted or led elsewhere in the trees of the folder."""


class FolderWatcher:
    """The watch of one folder.

    Args:
        folder: the configured folder.
        watch: how it is watched, and when a file is finished.
        sink: the receiver. While it is busy with a batch, no later file is looked at.
        bounds: the times and sizes.
    """

    def __init__(
        self, folder: FolderSettings, watch: WatchSettings, sink: FileSink, bounds: WatchBounds = DEFAULT_BOUNDS
    ) -> None:
        self.folder = folder
        self._bounds = bounds
        self._sink = sink
        self._watcher = Watcher(folder, watch, self._on_scan_finished, bounds)
        self._stability = StabilityCheck(watch.stability_delay_s, capacity=bounds.max_waiting)
        self._has_looked = asyncio.Event()
        self._must_rescan = False  #: True if the folder was unavailable during the last scan
        self._arriving: set[Sighting] = set()
        self.must_look_again = False  #: True if a photo was superseded since the last ``run_once`` began

    @property
    def arriving_count(self) -> int:
        """The number of new files of one batch that are being delivered."""
        return len(self._arriving)

    @property
    def ignored(self) -> int:
        """The number of files in the tree that are no candidates."""
        return self._watcher.ignored

    @property
    def passed_over(self) -> tuple[PassedOver, ...]:
        """The files and folders that are not taken, by reason."""
        return self._watcher.passed_over.present

    @property
    def is_missing(self) -> bool:
        """True if the input root does not exist."""
        return self._watcher.is_missing

    @property
    def name(self) -> str:
        """The name of the folder."""
        return self.folder.name

    @property
    def is_first_scan_done(self) -> bool:
        """True if every file of the first scan was delivered or waits until it is finished."""
        return self._watcher.is_first_scan_done

    @property
    def has_started(self) -> bool:
        """True if the tree is watched."""
        return self._watcher.started.is_set()

    async def wait_until_started(self) -> None:
        """Return once the tree is watched."""
        await self._watcher.started.wait()

    def overdue(self) -> tuple[str, ...]:
        """Return the loops that make no progress: the watcher, or the sink that takes its files."""
        return self._watcher.overdue()

    def backends(self) -> tuple[Backend, ...]:
        """Return the way in which each mount in the tree is watched, and why."""
        return self._watcher.backends()

    def waiting(self) -> tuple[WaitingFile, ...]:
        """Return the files that are not finished yet, and why."""
        return self._stability.waiting()

    def look_soon(self, path: str) -> None:
        """Look at a file again at once, because its photo was superseded; from any thread."""
        self.must_look_again = True
        self._watcher.look_soon(path)

    async def run(self) -> None:
        """Deliver photos as they arrive, until cancelled. An error of the sink ends it."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._receive_sightings())
            tasks.create_task(self._recheck_waiting_files())
            tasks.create_task(self._poll_mounts())

    async def run_once(self, patience_s: float = PATIENCE_S) -> tuple[WaitingFile, ...]:
        """Deliver every file that is finished now or within ``patience_s``, and return the others."""
        give_up_s = time.monotonic() + patience_s
        self.must_look_again = False
        is_complete = False
        while not is_complete:
            is_complete = await self._scan_tree()
            await self._wait_until_stable(give_up_s)
            is_complete = is_complete or time.monotonic() >= give_up_s
        # With the files delivered after the last scan, because the next run could else not detect an unmounted share.
        await self._sink.check_availability(self.folder.name, after_scan=False)
        for file in self.waiting():
            _log_unfinished(file, "the next run looks again")
        return self.waiting()

    async def _receive_sightings(self) -> None:
        async with aclosing(self._watcher.sightings()) as batches:
            async for batch in batches:
                await self._deliver_new(batch)

    async def _recheck_waiting_files(self) -> None:
        while True:
            due_in_s = self._stability.due_in_s()
            if due_in_s == 0:
                await asyncio.sleep(self._bounds.recheck_together_s)
                await self._recheck_waiting()
                continue
            self._has_looked.clear()
            # A look ends the wait, because its file may be due before all others.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(due_in_s):
                    await self._has_looked.wait()

    async def _scan_tree(self) -> bool:
        """Scan the whole tree once; True unless files had to be left to another scan."""
        is_complete = True
        async for batch in self._watcher.scan_once():
            await self._deliver_new(batch)
            is_complete = is_complete and not self._stability.is_full
        return is_complete and not self._must_rescan

    async def _on_scan_finished(self) -> None:
        is_complete = self._watcher.is_scan_complete and not self._stability.waiting()
        self._must_rescan = await self._sink.check_availability(
            self.folder.name, after_scan=True, is_complete=is_complete
        )
        if self._must_rescan:
            self._watcher.rescan_soon()

    async def _poll_mounts(self) -> None:
        while True:
            await self._wait_for_mounts()
            if await self._sink.check_availability(self.folder.name, after_scan=False):
                self._watcher.rescan_soon()

    async def _wait_for_mounts(self) -> None:
        """Wait until the next check is due, or a mount has changed."""
        due_s = time.monotonic() + self._bounds.poll_mounts_s
        while (left_s := due_s - time.monotonic()) > 0:
            await asyncio.sleep(min(self._bounds.look_at_mounts_s, left_s))
            if await self._sink.has_changed_mounts(self.folder.name):
                return

    async def _wait_until_stable(self, give_up_s: float) -> None:
        while (due_in_s := self._stability.due_in_s()) is not None and (left_s := give_up_s - time.monotonic()) > 0:
            await asyncio.sleep(min(due_in_s + self._bounds.recheck_together_s, left_s))
            await self._recheck_waiting()

    async def _recheck_waiting(self) -> None:
        due = self._stability.due()
        try:
            found = await calls_to(self.folder.input).run(self._sightings_of, due)
        except TreeUnavailableError:
            await asyncio.sleep(self._bounds.look_at_mounts_s)
            return  # they wait on
        for gone in set(due) - found.keys():
            self._stability.forget(gone)
        await self._deliver_new(list(found.values()))
        for file in self._stability.take_untold():
            _log_unfinished(file, "cutoutd goes on looking")

    def _sightings_of(self, paths: Sequence[str]) -> dict[str, Sighting]:
        return {path: sighting for path in paths if (sighting := stat_quietly(self.folder.input, path)) is not None}

    async def _deliver_new(self, sightings: Sequence[Sighting]) -> None:
        new = await self._sink.filter_new(self.folder.name, sightings)
        for known in {sighting.path for sighting in sightings} - {sighting.path for sighting in new}:
            self._stability.forget(known)
        await self._deliver_finished(new)
        self._has_looked.set()

    async def _deliver_finished(self, sightings: Sequence[Sighting]) -> None:
        """Look at a file while those before it are delivered, because deliveries then share a commit of the ledger."""
        self._arriving.update(sightings)
        try:
            async with asyncio.TaskGroup() as deliveries:
                for sighting in sightings:
                    self._watcher.heartbeats.beat("scanning")
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
        look = NOT_READ
        if is_read:
            with contextlib.suppress(TreeUnavailableError):
                look = await calls_to(self.folder.input).run(self._look_into, sighting)
        return self._stability.is_finished(sighting, look)

    def _look_into(self, sighting: Sighting) -> FileLook:
        """Look into this very version. A version changed since then is judged at its next look."""
        with contextlib.suppress(OSError), open_beneath(self.folder.input, sighting.path) as file:
            if Sighting.of(sighting.path, os.fstat(file.fileno())).is_same_version(sighting):
                signs = write_signs(self.folder.input, sighting.path, file.fileno())
                return FileLook(is_whole=signs.certain is None and is_whole(file), signs=signs)
        return NOT_READ


def _log_unfinished(file: WaitingFile, next_step: str) -> None:
    log_event(
        "unfinished", f"{printable(file.path)} is not taken yet: it {file.reason}; {next_step}", level=logging.WARNING
    )
