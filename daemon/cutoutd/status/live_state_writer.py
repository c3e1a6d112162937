"""The writer of the live-state file, which tells commands the facts that only the running daemon knows."""

import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from cutoutd.core.blocking import local_calls
from cutoutd.core.errors import HaltError
from cutoutd.core.logs import log_event
from cutoutd.core.periodic import every
from cutoutd.pipeline.budget.budget import LaunchPace
from cutoutd.pipeline.scheduling.halt import CircuitBreaker
from cutoutd.status.live_state import (
    LiveHalt,
    LiveState,
    LiveUnavailableFolder,
    SettlingFile,
    WatchedMount,
    write_live_state,
)
from cutoutd.status.standstill import Standstill
from cutoutd.watch.availability.monitor import FolderAvailability
from cutoutd.watch.folder import FolderWatcher

_LOOK_EVERY_S = 1.0

#: The file names this many settling files, and counts the others.
_MAX_SETTLING_NAMED = 50


@dataclass(frozen=True, slots=True)
class LiveSources:
    """The parts of the daemon that know the live state."""

    folder_watchers: Sequence[FolderWatcher]
    breaker: CircuitBreaker
    availability: FolderAvailability
    launch_pace: Callable[[], LaunchPace]
    source_troubles: Callable[[], dict[str, str]] = dict
    web_address: Callable[[], str | None] = lambda: None
    throttled_until: Callable[[], dict[str, float]] = dict
    standstills: Callable[[], tuple[Standstill, ...]] = tuple


class LiveStateWriter:
    """Writes the file whenever the live state has changed.

    Args:
        state_dir: the folder of the file.
        sources: know the live state.
        interval_s: the time between two looks.
    """

    def __init__(self, state_dir: Path, sources: LiveSources, interval_s: float = _LOOK_EVERY_S) -> None:
        self._state_dir = state_dir
        self._sources = sources
        self._interval_s = interval_s
        self._started_at_s = time.time()
        self._written: LiveState | None = None

    async def run(self) -> None:
        """Write until cancelled. A failure is logged quietly, because the ledger reports a full disk loudly."""
        self._written = None  # because a run before this one may have removed the file
        await every(self._interval_s, self._write_if_changed)

    def present(self) -> LiveState:
        """Return the live state."""
        sources = self._sources
        settling = [file for watcher in sources.folder_watchers for file in _settling(watcher)]
        pace = sources.launch_pace()
        return LiveState(
            pid=os.getpid(),
            started_at_s=self._started_at_s,
            watched=tuple(mount for watcher in sources.folder_watchers for mount in _watched(watcher)),
            settling=tuple(settling[:_MAX_SETTLING_NAMED]),
            settling_count=len(settling),
            ignored=sum(watcher.ignored for watcher in sources.folder_watchers),
            passed_over=tuple(item for watcher in sources.folder_watchers for item in watcher.passed_over),
            halt=_halt(sources.breaker.error) if sources.breaker.error else None,
            unavailable=tuple(LiveUnavailableFolder(**asdict(folder)) for folder in sources.availability.unavailable()),
            source_troubles=sources.source_troubles(),
            throttled_until=sources.throttled_until(),
            launches_per_minute=pace.per_minute,
            launch_reason=pace.reason,
            is_throttled=pace.is_throttled,
            standstills=sources.standstills(),
            web_address=sources.web_address(),
        )

    def standstills(self) -> tuple[Standstill, ...]:
        """Return what stands still, as far as only the daemon knows."""
        return self._sources.standstills()

    async def _write_if_changed(self) -> None:
        live = self.present()
        if live == self._written:
            return
        try:
            await local_calls.run(write_live_state, self._state_dir, live)
        except OSError as error:
            log_event("live_untold", f"status cannot be kept up to date: {error}", level=logging.DEBUG)
        else:
            self._written = live


def _halt(error: HaltError) -> LiveHalt:
    return LiveHalt(title=error.title, sentence=error.sentence, advice=error.advice)


def _settling(watcher: FolderWatcher) -> list[SettlingFile]:
    folder = watcher.folder.name
    return [
        SettlingFile(folder=folder, path=file.path, since_s=file.since_s, reason=file.reason)
        for file in watcher.waiting()
    ]


def _watched(watcher: FolderWatcher) -> list[WatchedMount]:
    folder = watcher.folder.name
    return [
        WatchedMount(folder=folder, path=backend.path, kind=backend.kind, reason=backend.reason)
        for backend in watcher.backends()
    ]
