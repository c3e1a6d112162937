"""Whether the running cutoutd is alive, and whether it is ready for photos.

Alive is who makes progress; a restart would help who is not. Ready is whose photos go on by themselves: no restart
helps who is not, a person or time does. A pause and a folder that stands by while others work are told, and leave it
ready: the one is somebody's wish, the other is one folder's trouble.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cutoutd.core.logs import printable
from cutoutd.monitoring.watchdog import stuck_loops
from cutoutd.pipeline.scheduling.halt import CircuitBreaker
from cutoutd.pipeline.scheduling.pause import PauseState
from cutoutd.pipeline.scheduling.workers import WorkerPool
from cutoutd.watch.availability import FolderAvailability
from cutoutd.watch.folder import FolderWatcher


@dataclass(frozen=True, slots=True)
class ReadinessReason:
    """Why it is not ready, or what else should be known."""

    code: str  #: starting, stopping, halted, ledger, standby, paused
    sentence: str


@dataclass(frozen=True, slots=True)
class Readiness:
    """Ready or not."""

    reasons: tuple[ReadinessReason, ...]  #: why not; none, it is
    notes: tuple[ReadinessReason, ...]  #: what is not as it should be, although it is ready

    @property
    def is_ready(self) -> bool:
        """Whether photos go on."""
        return not self.reasons


class HealthCheck:
    """Looks at the parts whenever it is asked; cheap."""

    def __init__(
        self,
        arrivals: Sequence[FolderWatcher],
        lanes: WorkerPool,
        halt: CircuitBreaker,
        intermission: PauseState,
        standby: FolderAvailability,
    ) -> None:
        self._arrivals = arrivals
        self._lanes = lanes
        self._halt = halt
        self._intermission = intermission
        self._standby = standby

    def stuck(self) -> tuple[str, ...]:
        """Who makes no progress; none of them while a wedged event loop keeps us from answering at all."""
        return stuck_loops(self._arrivals, self._lanes)

    def readiness(self) -> Readiness:
        """Whether it is ready at this moment."""
        away = [
            ReadinessReason("standby", printable(f"{each.folder}: {each.reason}"))
            for each in self._standby.unavailable()
        ]
        is_all_away = len(away) == len(self._arrivals)
        notes = [] if is_all_away else away
        if self._intermission.pause is not None:
            notes = [*notes, ReadinessReason("paused", self._intermission.pause.sentence)]
        return Readiness((*self._obstacles(), *(away if is_all_away else ())), tuple(notes))

    def _obstacles(self) -> Iterator[ReadinessReason]:
        if self._lanes.is_stopping:
            yield ReadinessReason("stopping", "cutoutd finishes the steps under way and ends")
        elif not all(arrival.has_started for arrival in self._arrivals):
            yield ReadinessReason("starting", "the folders are looked at for the first time")
        if self._halt.error is not None:
            yield ReadinessReason("halted", printable(f"{self._halt.error.title}: {self._halt.error.sentence}"))
        if self._lanes.ledger_trouble is not None:
            yield ReadinessReason("ledger", printable(self._lanes.ledger_trouble.sentence))
