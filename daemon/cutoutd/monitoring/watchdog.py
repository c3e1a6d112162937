"""The watchdog, which tells systemd that the service is ready, that it makes progress, and how far it is.

It sends a sign of life only while every loop's heartbeat is in time. Otherwise systemd restarts the service, and each
photo goes on at its last fact. A wedged event loop sends no sign of life either.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence

from cutoutd.core.logs import flush_logs, log_event
from cutoutd.core.periodic import every
from cutoutd.ledger import Total
from cutoutd.monitoring.systemd_notify import SystemdNotifier
from cutoutd.pipeline.scheduling.halt import CircuitBreaker
from cutoutd.pipeline.scheduling.pause import PauseState
from cutoutd.pipeline.scheduling.workers import WorkerPool
from cutoutd.status.photo_counts import summarize
from cutoutd.watch.folder import FolderWatcher

#: The interval if systemd does not watch.
_CHECK_EVERY_S = 5.0

_STATUS_EVERY_S = 1.0


class Watchdog:
    """Watches one running service.

    Args:
        systemd: gets the states.
        folder_watchers: the service is ready once each has scanned its folder and listens.
        workers: must make progress.
        standstill: returns the reason why nothing is sent, in a few words; empty: photos are sent.
        totals: returns the numbers of photos.
    """

    def __init__(
        self,
        systemd: SystemdNotifier,
        folder_watchers: Sequence[FolderWatcher],
        workers: WorkerPool,
        standstill: Callable[[], str],
        totals: Callable[[], Iterable[Total]],
    ) -> None:
        self._systemd = systemd
        self._folder_watchers = folder_watchers
        self._workers = workers
        self._standstill = standstill
        self._totals = totals
        self._stuck: tuple[str, ...] = ()
        self._status = ""

    async def run(self) -> None:
        """Report until cancelled."""
        for watcher in self._folder_watchers:
            await watcher.wait_until_started()
        self._systemd.ready()
        async with asyncio.TaskGroup() as tasks:
            # Half the time that systemd allows, as sd_watchdog_enabled(3) advises.
            interval_s = self._systemd.watchdog_s / 2 if self._systemd.watchdog_s else _CHECK_EVERY_S
            tasks.create_task(every(interval_s, self._check_progress))
            if self._systemd.is_listening:
                self._status = ""
                tasks.create_task(every(_STATUS_EVERY_S, self._update_status))

    async def _check_progress(self) -> None:
        stuck = stuck_loops(self._folder_watchers, self._workers)
        if not stuck:
            self._systemd.alive()
        elif stuck != self._stuck:
            log_event("stuck", f"no progress: {', '.join(stuck)}", level=logging.ERROR)
        self._stuck = stuck
        flush_logs()

    async def _update_status(self) -> None:
        status = status_line(self._totals(), self._standstill())
        if status != self._status:
            self._systemd.status(status)
            self._status = status


def stuck_loops(folder_watchers: Iterable[FolderWatcher], workers: WorkerPool) -> tuple[str, ...]:
    """Return the loops, steps and listening threads that make no progress."""
    overdue = [f"{watcher.folder.name}: {name}" for watcher in folder_watchers for name in watcher.overdue()]
    return (*overdue, *workers.steps.heartbeats.overdue())


def standstill_sentence(breaker: CircuitBreaker, pause_state: PauseState) -> str:
    """Return the reason why nothing is sent, a halt or a pause; empty: photos are sent."""
    halted = f"Halted, {breaker.error.title}" if breaker.error else ""
    pause = pause_state.pause
    paused = ("Paused, " + pause.reason if pause.reason else "Paused") if pause else ""
    return "; ".join(filter(None, (paused, halted)))


def status_line(totals: Iterable[Total], standstill: str = "") -> str:
    """Return the numbers of photos, in the words of ``cutoutd status``."""
    counts = summarize(totals).in_words()
    return f"{standstill}: {counts}" if standstill else counts
