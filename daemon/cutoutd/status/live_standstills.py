"""The standstills that only the running daemon knows: of the service as a whole, of stages and of folders."""

import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from cutoutd.core.logs import printable
from cutoutd.core.photo import State
from cutoutd.pipeline.scheduling.halt import CircuitBreaker
from cutoutd.pipeline.scheduling.stage_queue import StageQueue
from cutoutd.pipeline.scheduling.workers import WorkerPool
from cutoutd.status.standstill import Standstill, StandstillCode, StandstillStage, rounded_end_s
from cutoutd.uploadcare.connections import RequestKind
from cutoutd.watch.availability.monitor import FolderAvailability

#: A rate that frees the next launch sooner is no standstill.
_NOTABLE_S = 1.0

_STAGES = {State.ACCEPTED: StandstillStage.UPLOAD, State.UPLOADED: StandstillStage.LAUNCH}

_THROTTLED = {
    RequestKind.UPLOADS: StandstillStage.UPLOAD,
    RequestKind.CALLS: StandstillStage.QUESTION,
    RequestKind.DOWNLOADS: StandstillStage.DOWNLOAD,
}


@dataclass(frozen=True, slots=True)
class StandstillSources:
    """The parts of the daemon that know what stands still."""

    breaker: CircuitBreaker
    pool: WorkerPool
    availability: FolderAvailability
    throttled_until: Callable[[], dict[str, float]]
    unscanned_folders: Callable[[], Collection[str]]

    def now(self) -> tuple[Standstill, ...]:
        """Return what stands still at this moment."""
        return (*self._service(), *self._throttled(), *self._stages(), *self._folders())

    def _service(self) -> Iterator[Standstill]:
        if (error := self.breaker.error) is not None:
            reason = printable(f"{error.title}: {error.sentence}")
            yield Standstill(StandstillStage.ALL, StandstillCode.HALTED, reason, rounded_end_s(self.breaker.probe_in_s))
        if (trouble := self.pool.steps.ledger_trouble) is not None:
            yield Standstill(StandstillStage.ALL, StandstillCode.LEDGER, printable(trouble.sentence))

    def _throttled(self) -> Iterator[Standstill]:
        for kind, until_s in self.throttled_until().items():
            reason = f"Uploadcare asked for fewer {RequestKind(kind).phrase} (429)"
            yield Standstill(_THROTTLED[RequestKind(kind)], StandstillCode.THROTTLED, reason, until_s)

    def _stages(self) -> Iterator[Standstill]:
        for state, stage in _STAGES.items():
            queue = self.pool.queues[state]
            yield from _of_rate(queue, stage)
            if queue.is_blocked and queue.has_waiting:
                yield Standstill(stage, StandstillCode.PLACES, _places(queue))
            for folder in sorted(queue.stage.excluded_folders()):
                is_unscanned = stage is StandstillStage.UPLOAD and folder in self.unscanned_folders()
                code = StandstillCode.UNSCANNED if is_unscanned else StandstillCode.STRANDED
                reason = "its first scan is not finished" if is_unscanned else "its paid cutouts find no place"
                yield Standstill(stage, code, printable(f"{folder}: {reason}"), folder=folder)

    def _folders(self) -> Iterator[Standstill]:
        for each in self.availability.unavailable():
            reason = printable(f"{each.folder}: {each.reason}")
            yield Standstill(StandstillStage.ALL, StandstillCode.UNAVAILABLE, reason, folder=each.folder)


def _of_rate(queue: StageQueue, stage: StandstillStage) -> Iterator[Standstill]:
    rate = queue.stage.rate
    if rate is None:
        return
    if (paused_for_s := rate.paused_for_s) > 0:
        reason = "Uploadcare asked for fewer launches (429)"
        yield Standstill(stage, StandstillCode.THROTTLED, reason, rounded_end_s(paused_for_s))
    elif queue.has_waiting and math.inf > (free_in_s := rate.free_in_s) > _NOTABLE_S:
        reason = f"the launch rate is {rate.per_minute:.0f} a minute"
        yield Standstill(stage, StandstillCode.RATE, reason, rounded_end_s(free_in_s))


def _places(queue: StageQueue) -> str:
    most = queue.stage.max_downstream
    if queue.stage.state is State.UPLOADED:
        return f"{most:,} removals are under way (concurrency.removals)"
    return f"{most:,} uploads wait for their launch"
