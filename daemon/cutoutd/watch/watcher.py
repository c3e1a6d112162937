"""Notices what lies in one folder's input tree: a scan at the start, kernel events, and a rescan now and then.

Events are hints about where to look sooner, the scan is the truth: a missed event costs time, never a photo. Where a
mount raises no events, or the kernel's limits do not allow it, the rescan comes more often instead. The watcher does
not know what was seen before; its sightings go to arrival, which drops those already known and settles the rest.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from dataclasses import replace
from itertools import islice

from cutoutd.config.settings import FolderSettings, WatchSettings
from cutoutd.core.heartbeat import Heartbeats
from cutoutd.core.logs import log_event
from cutoutd.files.input_tree import Sighting, stat_quietly
from cutoutd.files.mounts import Backend, BackendKind
from cutoutd.files.name_filters import Exclusions
from cutoutd.watch.backends import BackendSet
from cutoutd.watch.event_buffer import BufferedEvents, EventBuffer
from cutoutd.watch.rescan_schedule import RescanSchedule
from cutoutd.watch.scanner import Scan, ScanProblem

#: Sightings at a time: enough for one question to the ledger, few enough to let photos dropped meanwhile in between.
BATCH = 500

Batches = AsyncGenerator[list[Sighting], None]


async def _nothing() -> None:
    """No one wants to know of surveys."""


class Watcher:
    """Watches one folder's input tree.

    Args:
        folder: whose input, with its exclusions.
        watch: mode and rescan interval.
        on_survey: run whenever the whole tree was looked at, and all that was seen was taken; also when it is missing.
    """

    def __init__(
        self, folder: FolderSettings, watch: WatchSettings, on_survey: Callable[[], Awaitable[None]] = _nothing
    ) -> None:
        self._root = folder.input
        self._is_recursive = folder.recursive
        self._exclusions = Exclusions(folder.exclude)
        self._listening = BackendSet(self._root, watch.mode, self._exclusions)
        self._rhythm = RescanSchedule(watch.rescan_interval_s)
        self._on_survey = on_survey
        self._hints: EventBuffer | None = None
        self._absence = ""  #: why the root cannot be looked at
        self._cpu_s = 0.0  #: used for looking since the last scan or poll began
        self.is_first_scan_done = False  #: whether the whole tree was looked at once
        self.ignored = 0  #: files of the last whole scan that are no candidates
        self.heartbeats = Heartbeats()  #: of its loop
        self.started = asyncio.Event()  #: set once the root is listened to, or known to be missing
        self.troubles: tuple[ScanProblem, ...] = ()  #: what the last whole scan could not look at

    @property
    def is_missing(self) -> bool:
        """Whether the input root could not be looked at the last time; every rescan tries again."""
        return bool(self._absence)

    def overdue(self) -> tuple[str, ...]:
        """What no longer makes progress here."""
        return (*self.heartbeats.overdue(), *(("kernel events are no longer read",) if self._listening.is_deaf else ()))

    def backends(self) -> tuple[Backend, ...]:
        """How each mount in the tree is watched and why, for ``status``."""
        if self._absence:
            return (Backend("", BackendKind.POLLING, self._absence),)
        return self._listening.backends

    async def sightings(self) -> Batches:
        """Candidates as they are noticed, in batches, for ever; a photo comes as often as it is seen.

        Nothing is scanned ahead of what was taken. Close the generator to stop listening.
        """
        hints = self._hints = EventBuffer()
        try:
            while True:
                async for batch in self._next_look(hints):
                    self.started.set()
                    yield batch
                self.started.set()
                self.heartbeats.beat("looking", rest_s=self._rhythm.rest_s)
                await hints.wait(self._rhythm.rest_s)
        finally:
            # Not in a thread: it takes a moment only, and has to work while the event loop is being cancelled.
            self._listening.close()

    async def scan_once(self) -> Batches:
        """Every candidate that lies in the tree now, in batches; of a missing root there are none."""
        self._cpu_s = 0.0
        await asyncio.to_thread(self._listening.begin, self._hints)
        scan = self._new_scan()
        try:
            async for batch in self._batches(scan.sightings()):
                yield batch
        except OSError as error:
            self._note_absence(error)
        else:
            self._note_presence(scan)
        self._listening.conclude(scan.folders)
        if not self.is_first_scan_done:
            self._say_watching(scan)
        self.is_first_scan_done = True
        self._rhythm.note_scan(self._cpu_s)
        await self._on_survey()

    def rescan_soon(self) -> None:
        """Look at the whole tree without waiting for the next rescan."""
        if self._hints is not None:
            self._hints.add_everything()

    async def _next_look(self, hints: EventBuffer) -> Batches:
        """Whatever is due: the whole tree, what the hints point at, the mounts that are polled."""
        heard = hints.take()
        if heard.is_everything:
            self._rhythm.note_loss()
        async for batch in self._look_at(heard.files):
            yield batch
        due = self._survey_with_news(hints) if self._rhythm.is_scan_due else self._look_at_parts(heard)
        async for batch in due:
            yield batch

    async def _survey_with_news(self, hints: EventBuffer) -> Batches:
        """A scan of the whole tree that lets photos dropped meanwhile go first, because it may take long."""
        async for batch in self.scan_once():
            yield batch
            async for news in self._look_at(hints.take_files()):
                yield news

    async def _look_at_parts(self, heard: BufferedEvents) -> Batches:
        async for batch in self._scan_parts(heard):
            yield batch
        if self._rhythm.is_poll_due:
            self._cpu_s = 0.0
            async for batch in self._scan_parts(BufferedEvents(folders=self._listening.polled)):
                yield batch
            self._rhythm.note_poll(self._cpu_s)

    async def _look_at(self, files: dict[str, bool]) -> Batches:
        if files:
            async for batch in self._batches(self._looks_at(files)):
                yield batch

    async def _scan_parts(self, parts: BufferedEvents) -> Batches:
        for folder in parts.outermost_folders():
            if folder and not self._is_recursive:
                continue
            try:
                async for batch in self._batches(self._new_scan().sightings(folder)):
                    yield batch
            except OSError:
                continue  # moved on or removed meanwhile; should it be the root, the next scan will say so

    def _looks_at(self, files: dict[str, bool]) -> Iterator[Sighting]:
        for path, is_closed in files.items():
            sighting = stat_quietly(self._root, path)
            if sighting is not None:
                yield replace(sighting, is_closed=is_closed)

    async def _batches(self, sightings: Iterator[Sighting]) -> Batches:
        while batch := await asyncio.to_thread(self._next_batch, sightings):
            self.heartbeats.beat("looking")
            yield batch

    def _next_batch(self, sightings: Iterator[Sighting]) -> list[Sighting]:
        started_s = time.thread_time()
        batch = list(islice(sightings, BATCH))
        self._cpu_s += time.thread_time() - started_s
        return batch

    def _new_scan(self) -> Scan:
        return Scan(self._root, self._exclusions, is_recursive=self._is_recursive, on_folder=self._listening.arm)

    def _say_watching(self, scan: Scan) -> None:
        if self._hints is not None and not self._absence:
            ways = " and ".join(sorted({backend.kind for backend in self._listening.backends}))
            log_event(
                "watching", f"{self._root} was looked at as a whole (folders: {scan.folders}) and is watched by {ways}"
            )

    def _note_absence(self, error: OSError) -> None:
        absence = f"{self._root} cannot be looked at ({error.strerror}); every rescan tries again"
        if absence != self._absence:
            log_event("input_missing", absence, level=logging.WARNING)
        self._absence = absence

    def _note_presence(self, scan: Scan) -> None:
        if self._absence:
            log_event("input_back", f"{self._root} can be looked at again")
        self._absence = ""
        self.ignored = scan.ignored
        self.troubles = tuple(scan.troubles)
