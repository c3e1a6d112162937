"""Tells systemd what is true of the running service: that it is ready, that it makes progress, and where it stands.

The watchdog is fed only while nobody who works broke the promise to be heard of again. Otherwise systemd ends the
service and starts it anew, and every photo goes on at its last fact. A wedged event loop cannot even come here.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence

from cutoutd.core.logs import flush_logs, log_event
from cutoutd.core.periodic import every
from cutoutd.core.photo import State
from cutoutd.ledger import Total
from cutoutd.monitoring.systemd_notify import SystemdNotifier
from cutoutd.pipeline.scheduling.halt import CircuitBreaker
from cutoutd.pipeline.scheduling.pause import PauseState
from cutoutd.pipeline.scheduling.workers import WorkerPool
from cutoutd.watch.folder import FolderWatcher

#: Without a watchdog to feed: how often what repeats is looked through.
_LOOK_EVERY_S = 5.0

_TELL_EVERY_S = 1.0

_PARTS = (
    ("waiting", frozenset({State.DISCOVERED, State.ACCEPTED})),
    (
        "at Uploadcare",
        frozenset({State.UPLOADED, State.REMOVAL_INTENDED, State.REMOVAL_STARTED, State.REMOVAL_FINISHED}),
    ),
    ("published", frozenset({State.PUBLISHED})),
    ("rejected", frozenset({State.REJECTED})),
    ("failed", frozenset({State.FAILED})),
)


class Watchdog:
    """Watches over one running service.

    Args:
        systemd: whom to tell.
        arrivals: the folders; the service is ready once each is looked at and listened to.
        lanes: the work.
        standstill: why nothing is sent, in a few words; empty when it is.
        totals: how many photos stand where.
    """

    def __init__(
        self,
        systemd: SystemdNotifier,
        arrivals: Sequence[FolderWatcher],
        lanes: WorkerPool,
        standstill: Callable[[], str],
        totals: Callable[[], Iterable[Total]],
    ) -> None:
        self._systemd = systemd
        self._arrivals = arrivals
        self._lanes = lanes
        self._standstill = standstill
        self._totals = totals
        self._stuck: tuple[str, ...] = ()
        self._status = ""

    async def run(self) -> None:
        """Tell until cancelled."""
        for arrival in self._arrivals:
            await arrival.wait_until_started()
        self._systemd.ready()
        async with asyncio.TaskGroup() as tasks:
            # Half the time that systemd allows, as sd_watchdog_enabled(3) advises.
            interval_s = self._systemd.watchdog_s / 2 if self._systemd.watchdog_s else _LOOK_EVERY_S
            tasks.create_task(every(interval_s, self._check_progress))
            if self._systemd.is_listening:
                self._status = ""
                tasks.create_task(every(_TELL_EVERY_S, self._update_status))

    async def _check_progress(self) -> None:
        stuck = stuck_loops(self._arrivals, self._lanes)
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


def stuck_loops(arrivals: Iterable[FolderWatcher], lanes: WorkerPool) -> tuple[str, ...]:
    """Who no longer makes progress: loops and steps that broke their promise, and listeners whose thread has ended."""
    late = [f"{arrival.folder.name}: {name}" for arrival in arrivals for name in arrival.overdue()]
    return (*late, *lanes.pulses.overdue())


def standstill_sentence(halt: CircuitBreaker, intermission: PauseState) -> str:
    """Why nothing is sent, whether Uploadcare or a person wants it so; empty when it is."""
    halted = f"Halted, {halt.error.title}" if halt.error else ""
    pause = intermission.pause
    paused = ("Paused, " + pause.reason if pause.reason else "Paused") if pause else ""
    return "; ".join(filter(None, (paused, halted)))


def status_line(totals: Iterable[Total], standstill: str = "") -> str:
    """How many photos stand where, in the words of ``cutoutd status``; what is nothing is left out."""
    found = list(totals)
    numbers = ((sum(total.photos for total in found if total.state in states), word) for word, states in _PARTS)
    counts = ", ".join(f"{number:,} {word}" for number, word in numbers if number) or "no photo yet"
    return f"{standstill}: {counts}" if standstill else counts
