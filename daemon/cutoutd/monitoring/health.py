"""The checks behind ``/healthz`` and ``/readyz``.

Alive: every loop makes progress. If not, a restart helps.
Ready: photos advance without help. If not, wait or act, because a restart does not help.

A pause, or one unavailable folder among others, leaves cutoutd ready and is only noted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cutoutd.core.logs import printable
from cutoutd.monitoring.watchdog import stuck_loops
from cutoutd.pipeline.scheduling.halt import CircuitBreaker
from cutoutd.pipeline.scheduling.pause import PauseState
from cutoutd.pipeline.scheduling.workers import WorkerPool
from cutoutd.watch.availability.monitor import FolderAvailability
from cutoutd.watch.folder import FolderWatcher


@dataclass(frozen=True, slots=True)
class ReadinessReason:
    """A reason why cutoutd is not ready, or a note."""

    code: str  #: starting, stopping, halted, ledger, standby, paused
    sentence: str


@dataclass(frozen=True, slots=True)
class Readiness:
    """The result of the readiness check."""

    reasons: tuple[ReadinessReason, ...]  #: why it is not ready; empty: it is
    notes: tuple[ReadinessReason, ...]  #: what is wrong although it is ready

    @property
    def is_ready(self) -> bool:
        """True if photos advance."""
        return not self.reasons


class HealthCheck:
    """Checks the parts of the service on each request; cheap."""

    def __init__(
        self,
        folder_watchers: Sequence[FolderWatcher],
        workers: WorkerPool,
        breaker: CircuitBreaker,
        pause: PauseState,
        availability: FolderAvailability,
    ) -> None:
        self._folder_watchers = folder_watchers
        self._workers = workers
        self._breaker = breaker
        self._pause = pause
        self._availability = availability

    def stuck(self) -> tuple[str, ...]:
        """Return the loops that make no progress. A wedged event loop cannot answer at all."""
        return stuck_loops(self._folder_watchers, self._workers)

    def readiness(self) -> Readiness:
        """Return the readiness at this moment."""
        unavailable = [
            ReadinessReason("standby", printable(f"{each.folder}: {each.reason}"))
            for each in self._availability.unavailable()
        ]
        are_all_unavailable = len(unavailable) == len(self._folder_watchers)
        notes = [] if are_all_unavailable else unavailable
        if self._pause.pause is not None:
            notes = [*notes, ReadinessReason("paused", self._pause.pause.sentence)]
        return Readiness((*self._obstacles(), *(unavailable if are_all_unavailable else ())), tuple(notes))

    def _obstacles(self) -> Iterator[ReadinessReason]:
        if self._workers.is_stopping:
            yield ReadinessReason("stopping", "cutoutd finishes the steps under way and ends")
        elif not all(watcher.has_started for watcher in self._folder_watchers):
            yield ReadinessReason("starting", "the folders are scanned for the first time")
        if self._breaker.error is not None:
            yield ReadinessReason("halted", printable(f"{self._breaker.error.title}: {self._breaker.error.sentence}"))
        if self._workers.steps.ledger_trouble is not None:
            yield ReadinessReason("ledger", printable(self._workers.steps.ledger_trouble.sentence))
