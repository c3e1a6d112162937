"""The watcher of one input tree: a scan at the start, kernel events, and a rescan now and then.

Events tell where to look sooner, the scan tells what is there: a missed event costs time, never a photo. A mount
without events, or beyond the limits of the kernel, is scanned more often instead. ``RescanSchedule`` tells when. The
watcher does not know what was seen before. Its sightings go to ``folder``, which drops known files and waits for
unfinished ones.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice

from cutoutd.config.settings import FolderSettings, WatchSettings
from cutoutd.core.blocking import calls_to
from cutoutd.core.errors import TreeUnavailableError
from cutoutd.core.logs import log_event
from cutoutd.core.periodic import Heartbeats
from cutoutd.files.input_tree import Sighting
from cutoutd.files.mounts import Backend, BackendKind
from cutoutd.files.name_filters import Exclusions
from cutoutd.watch.backends import BackendSet
from cutoutd.watch.bounds import DEFAULT_BOUNDS, WatchBounds
from cutoutd.watch.inotify import BufferedEvents, EventBuffer
from cutoutd.watch.passed_over.record import PassedOverRecord
from cutoutd.watch.scanner import Scan

#: Scanning stays under 0.25 % of a core for a tree of any size: it rests 400 times as long as it worked. Only the walk
#: is timed; the queries of the ledger for it take up to twice as much again (tests/bench).
REST_PER_CPU_SECOND = 1200
#: After lost events the next scan comes sooner, but a flood must not cause scans without end.
REST_AFTER_LOSS = 20
MIN_REST_AFTER_LOSS_S = 1.0
#: The pause between polls of mounts without events, if the rescan interval is not shorter. After dropping
#: a photo, a user waits that long. It takes at most 0.25 % of a core.
POLL_INTERVAL_S = 10.0

#: Sightings in a batch: enough for one query of the ledger, few enough to let photos dropped meanwhile in between.
BATCH = 500


class RescanSchedule:
    """The times of the next scan and the next poll; the first scan is due at once.

    Args:
        rescan_interval_s: the configured pause between scans of the whole tree; a large tree rests longer.
        now_s: a clock that never goes back.
    """

    def __init__(self, rescan_interval_s: float, now_s: Callable[[], float] = time.monotonic) -> None:
        self._interval_s = rescan_interval_s
        self._now_s = now_s
        self._scan_cpu_s = 0.0
        self._scanned_s = self._scan_due_s = self._poll_due_s = now_s()

    @property
    def is_scan_due(self) -> bool:
        """True if the whole tree is to be scanned now."""
        return self._now_s() >= self._scan_due_s

    @property
    def is_poll_due(self) -> bool:
        """True if the mounts without events are to be scanned now."""
        return self._now_s() >= self._poll_due_s

    @property
    def rest_s(self) -> float:
        """The seconds until a scan or a poll is due."""
        return max(0.0, min(self._scan_due_s, self._poll_due_s) - self._now_s())

    def note_scan(self, cpu_s: float) -> None:
        """Note the end of a whole scan and its CPU time; it was a poll too."""
        self._scan_cpu_s = cpu_s
        self._scanned_s = self._now_s()
        self._scan_due_s = self._scanned_s + max(self._interval_s, cpu_s * REST_PER_CPU_SECOND)
        self.note_poll(cpu_s)

    def note_poll(self, cpu_s: float) -> None:
        """Note the end of a poll and its CPU time."""
        step_s = min(self._interval_s, POLL_INTERVAL_S)
        self._poll_due_s = self._now_s() + max(step_s, cpu_s * REST_PER_CPU_SECOND)

    def note_loss(self) -> None:
        """Note lost events: the next scan comes sooner."""
        rest_s = max(MIN_REST_AFTER_LOSS_S, self._scan_cpu_s * REST_AFTER_LOSS)
        self._scan_due_s = min(self._scan_due_s, self._scanned_s + rest_s)


Batches = AsyncGenerator[list[Sighting], None]


async def _nothing() -> None:
    """Ignore the end of a scan."""


class Watcher:
    """The watcher of one input tree.

    Args:
        folder: the configured folder, with its exclusions.
        watch: mode and rescan interval.
        on_scan_finished: called after each whole scan once its files were taken; also when the tree is missing.
        bounds: the times and sizes.
    """

    def __init__(
        self,
        folder: FolderSettings,
        watch: WatchSettings,
        on_scan_finished: Callable[[], Awaitable[None]] = _nothing,
        bounds: WatchBounds = DEFAULT_BOUNDS,
    ) -> None:
        self._bounds = bounds
        self._root = folder.input
        self._folder = folder.name
        self._calls = calls_to(folder.input)
        self._is_recursive = folder.recursive
        self._exclusions = Exclusions.of(folder)
        self._backends = BackendSet(self._root, watch.mode, self._exclusions)
        self._schedule = RescanSchedule(watch.rescan_interval_s)
        self._on_scan_finished = on_scan_finished
        self._buffer: EventBuffer | None = None
        self._missing_reason = ""  #: empty if the root can be read
        self._cpu_s = 0.0  #: CPU time since the last scan or poll began
        self.is_first_scan_done = False  #: True after the first whole scan
        self.is_scan_complete = False  #: True if the last whole scan could look everywhere
        self.ignored = 0  #: files of the last whole scan that are no candidates
        self.heartbeats = Heartbeats()  #: of its loop
        self.started = asyncio.Event()  #: set once the root is watched, or known to be missing
        self.passed_over = PassedOverRecord(folder.name, self._root)

    @property
    def is_missing(self) -> bool:
        """True if the input root could not be read the last time. Every rescan tries again."""
        return bool(self._missing_reason)

    def overdue(self) -> tuple[str, ...]:
        """Return the loops that make no progress."""
        return (*self.heartbeats.overdue(), *(("kernel events are no longer read",) if self._backends.has_died else ()))

    def backends(self) -> tuple[Backend, ...]:
        """Return the way in which each mount in the tree is watched, and why, for ``status``."""
        if self._missing_reason:
            return (Backend("", BackendKind.POLLING, self._missing_reason),)
        return self._backends.backends

    async def sightings(self) -> Batches:
        """Yield candidates in batches as they are noticed, for ever; a photo comes as often as it is seen.

        No scan goes ahead of its consumer. Close the generator to stop the events.
        """
        buffer = self._buffer = EventBuffer(self._bounds)
        try:
            while True:
                async for batch in self._next_batches(buffer):
                    self.started.set()
                    yield batch
                self.started.set()
                self.heartbeats.beat("scanning", rest_s=self._schedule.rest_s)
                await buffer.wait(self._schedule.rest_s)
        finally:
            # Not in a thread, because it has to work while the event loop is being cancelled; it takes a moment only.
            self._backends.close()

    async def scan_once(self) -> Batches:
        """Yield every candidate that is in the tree now, in batches; none for a missing root."""
        self._cpu_s = 0.0
        self.is_scan_complete = False
        scan = self._new_scan()
        try:
            await self._calls.look(self._backends.begin_scan, self._buffer)
            async for batch in self._batches(scan.sightings()):
                yield batch
        except OSError as error:
            self._note_missing(f"{self._root} cannot be read ({error.strerror})")
        except TreeUnavailableError as error:
            self._note_missing(error.sentence)
        else:
            self._note_present(scan)
        self._backends.finish_scan(scan.folders)
        if not self.is_first_scan_done:
            self._log_watching(scan)
        self.is_first_scan_done = True
        self._schedule.note_scan(self._cpu_s)
        await self._on_scan_finished()

    def rescan_soon(self) -> None:
        """Scan the whole tree without waiting for the next rescan."""
        if self._buffer is not None:
            self._buffer.add_everything()

    def look_soon(self, path: str) -> None:
        """Look at a file without waiting for an event or a rescan; from any thread. It was finished once."""
        if self._buffer is not None:
            self._buffer.add_file(path, is_closed=True)

    async def _next_batches(self, buffer: EventBuffer) -> Batches:
        """Yield what is due: the whole tree, the files with events, the polled mounts."""
        events = buffer.take()
        if events.is_everything:
            self._schedule.note_loss()
        async for batch in self._look_at_files(events.files):
            yield batch
        due = self._scan_with_new_files(buffer) if self._schedule.is_scan_due else self._look_at_parts(events)
        async for batch in due:
            yield batch

    async def _scan_with_new_files(self, buffer: EventBuffer) -> Batches:
        """Scan the whole tree. Photos dropped meanwhile go first, because the scan may take long."""
        async for batch in self.scan_once():
            yield batch
            async for new_files in self._look_at_files(buffer.take_files()):
                yield new_files

    async def _look_at_parts(self, events: BufferedEvents) -> Batches:
        async for batch in self._scan_parts(events):
            yield batch
        if self._schedule.is_poll_due:
            self._cpu_s = 0.0
            with suppress(TreeUnavailableError):  # the next whole scan tells of it
                mended = await self._calls.run(self.passed_over.mended_folders)
                async for batch in self._scan_parts(BufferedEvents(folders=self._backends.polled | mended)):
                    yield batch
            self._schedule.note_poll(self._cpu_s)

    async def _look_at_files(self, files: dict[str, bool]) -> Batches:
        if files:
            scan = self._new_scan()
            try:
                async for batch in self._batches(_sightings_of(files, scan)):
                    yield batch
            except TreeUnavailableError:
                return  # a whole scan follows when the tree answers again
            self.passed_over.update_files(files, scan.passed_over)

    async def _scan_parts(self, parts: BufferedEvents) -> Batches:
        for folder in parts.outermost_folders():
            if folder and not self._is_recursive:
                continue
            scan = self._new_scan()
            try:
                async for batch in self._batches(scan.sightings(folder)):
                    yield batch
            except TreeUnavailableError:
                return  # as for files
            except OSError as error:
                if not folder:
                    continue  # the next whole scan tells of a missing root
                scan.passed_over.add_error(folder, error)
            self.passed_over.update_below(folder, scan.passed_over)

    async def _batches(self, sightings: Iterator[Sighting]) -> Batches:
        while batch := await self._calls.run(self._next_batch, sightings):
            self.heartbeats.beat("scanning")
            yield batch

    def _next_batch(self, sightings: Iterator[Sighting]) -> list[Sighting]:
        started_s = time.thread_time()
        batch = list(islice(sightings, BATCH))
        self._cpu_s += time.thread_time() - started_s
        return batch

    def _new_scan(self) -> Scan:
        return Scan(self._root, self._exclusions, is_recursive=self._is_recursive, on_folder=self._backends.arm)

    def _log_watching(self, scan: Scan) -> None:
        if self._buffer is not None and not self._missing_reason:
            ways = " and ".join(sorted({backend.kind for backend in self._backends.backends}))
            log_event(
                "watching", f"{self._root} was scanned as a whole (folders: {scan.folders}) and is watched by {ways}"
            )

    def _note_missing(self, sentence: str) -> None:
        reason = f"{sentence}; every rescan tries again"
        if reason != self._missing_reason:
            log_event("input_missing", reason, level=logging.WARNING)
        self._missing_reason = reason

    def _note_present(self, scan: Scan) -> None:
        if self._missing_reason:
            log_event("input_back", f"{self._root} can be read again")
        self._missing_reason = ""
        self.is_scan_complete = not any(item.reason.may_hide_photos for item in scan.passed_over.of(self._folder))
        self.ignored = scan.ignored
        self.passed_over.update(scan.passed_over)


def _sightings_of(files: dict[str, bool], scan: Scan) -> Iterator[Sighting]:
    for path, is_closed in files.items():
        sighting = scan.look_at(path)
        if sighting is not None:
            yield replace(sighting, is_closed=is_closed)
