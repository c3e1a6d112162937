"""Tells the commands what only the running daemon knows, whenever it changed."""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from cutoutd.core.errors import HaltError
from cutoutd.core.logs import log_event
from cutoutd.core.periodic import every
from cutoutd.pipeline.budget.budget import LaunchPace
from cutoutd.pipeline.scheduling.halt import CircuitBreaker
from cutoutd.status.live_state import LiveState, LiveUnavailableFolder, SettlingFile, WatchedMount, write_live_state
from cutoutd.watch.availability import FolderAvailability
from cutoutd.watch.folder import FolderWatcher

_LOOK_EVERY_S = 1.0

#: ``status`` names so many settling files; the rest is a number.
_NAMED_FILES = 50


@dataclass(frozen=True, slots=True)
class LiveSources:
    """Whom the broadcast asks."""

    arrivals: Sequence[FolderWatcher]
    halt: CircuitBreaker
    standby: FolderAvailability
    pace: Callable[[], LaunchPace]
    source_troubles: Callable[[], dict[str, str]] = dict
    web_address: Callable[[], str | None] = lambda: None
    patience: Callable[[], dict[str, float]] = dict


class LiveStateWriter:
    """Writes the live file; its only memory is what it told last."""

    def __init__(self, state_dir: Path, reports: LiveSources) -> None:
        self._state_dir = state_dir
        self._reports = reports
        self._started_at_s = time.time()
        self._written: LiveState | None = None

    async def run(self) -> None:
        """Tell until cancelled. A state folder that cannot be written is the ledger's to complain about loudly."""
        self._written = None  # because a run before this one may have removed the file
        await every(_LOOK_EVERY_S, self._write_if_changed)

    async def _write_if_changed(self) -> None:
        live = self.present()
        if live != self._written:
            try:
                await asyncio.to_thread(write_live_state, self._state_dir, live)
                self._written = live
            except OSError as error:
                log_event("live_untold", f"status cannot be kept up to date: {error}", level=logging.DEBUG)

    def present(self) -> LiveState:
        """What there is to tell now."""
        settling = [file for arrival in self._reports.arrivals for file in _settling(arrival)]
        pace = self._reports.pace()
        return LiveState(
            pid=os.getpid(),
            started_at_s=self._started_at_s,
            watched=tuple(mount for arrival in self._reports.arrivals for mount in _watched(arrival)),
            settling=tuple(settling[:_NAMED_FILES]),
            settling_count=len(settling),
            ignored=sum(arrival.ignored for arrival in self._reports.arrivals),
            halt=_told(self._reports.halt.error) if self._reports.halt.error else None,
            standby=tuple(LiveUnavailableFolder(**asdict(folder)) for folder in self._reports.standby.unavailable()),
            source_troubles=self._reports.source_troubles(),
            patience=self._reports.patience(),
            launches_per_minute=pace.per_minute,
            launch_reason=pace.reason,
            web_address=self._reports.web_address(),
        )


def _told(error: HaltError) -> str:
    return f"{error.title}: {error.sentence}. {error.advice}"


def _settling(arrival: FolderWatcher) -> list[SettlingFile]:
    folder = arrival.folder.name
    return [
        SettlingFile(folder=folder, path=file.path, since_s=file.since_s, reason=file.reason)
        for file in arrival.waiting()
    ]


def _watched(arrival: FolderWatcher) -> list[WatchedMount]:
    folder = arrival.folder.name
    return [
        WatchedMount(folder=folder, path=backend.path, kind=backend.kind, reason=backend.reason)
        for backend in arrival.backends()
    ]
