"""``run --once``: work off what is there, then leave, and say how it ended."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from cutoutd.app.composition import Service
from cutoutd.app.service import working
from cutoutd.core.errors import CutoutdError, HaltError
from cutoutd.core.photo import TERMINAL, State
from cutoutd.ledger.queries import photos
from cutoutd.ledger.writes import approvals
from cutoutd.pipeline.scheduling.pause import Pause
from cutoutd.status.costs import PricedBatch, held_batches

#: Photos whose next step is due later than this are left for the next run...
_LEAVE_AFTER_S = 120.0

#: ...and all of them when nothing has moved for so long,
_STUCK_AFTER_S = 300.0

#: or, when each of them waits for some trouble to pass, for so long: a script had better come back than sit it out.
_OUTAGE_AFTER_S = 60.0

#: A person who looks on is told what is waited for after so long.
_TELL_AFTER_S = 10.0

_LOOK_EVERY_S = 0.5

_UNFINISHED = frozenset(State) - TERMINAL

#: While Uploadcare, or a person, wants nothing launched they come no further: uploads do not run ahead of launches.
_BEFORE_LAUNCH = {State.ACCEPTED, State.UPLOADED}


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a run ended: this run's photos, and what is left."""

    published: int
    rejected: int
    failed: int
    held: int  #: photos that wait for something, and files that were still changing
    missing: int  #: inputs that could not be looked at, or are not what they were
    halt: HaltError | None
    is_interrupted: bool
    unapproved: tuple[PricedBatch, ...] = ()  #: what waits for a person's approval
    pause: Pause | None = None  #: why nothing was sent

    @property
    def is_idle(self) -> bool:
        """Whether there was nothing to do."""
        is_troubled = self.missing or self.halt or self.pause or self.is_interrupted
        return not (is_troubled or self.published or self.rejected or self.failed or self.held)


async def work_off(service: Service, stop: asyncio.Event, tell: Callable[[str], None] = lambda _: None) -> RunOutcome:
    """Take in every file that is there, take every photo as far as it goes, clean up at Uploadcare.

    Ends early when ``stop`` is set, when the service halts, and when what is left waits for longer than makes sense;
    ``tell`` hears what is waited for when nothing moves.
    """
    async with working(service) as tasks:
        looking = tasks.create_task(_look_once(service))
        telling = tasks.create_task(_tell_waits(service, tell))
        await _until_done(service, looking, stop)
        looking.cancel()
        telling.cancel()
    still_changing = looking.result() if looking.done() and not looking.cancelled() else 0
    return RunOutcome(
        published=service.core.run_counts.at(State.PUBLISHED),
        rejected=service.core.run_counts.at(State.REJECTED),
        failed=service.core.run_counts.at(State.FAILED),
        held=still_changing + await service.core.ledger.query(photos.count, _UNFINISHED),
        missing=len(service.watchers.availability.unavailable()),
        halt=service.core.breaker.error,
        is_interrupted=stop.is_set(),
        unapproved=held_batches(await service.core.ledger.query(approvals.batches), service.core.settings.price),
        pause=service.core.pause.pause,
    )


async def _look_once(service: Service) -> int:
    left = await asyncio.gather(*(arrival.run_once() for arrival in service.watchers.folders))
    return sum(map(len, left))


async def _until_done(service: Service, looking: asyncio.Task[int], stop: asyncio.Event) -> None:
    while not stop.is_set() and service.core.breaker.error is None:
        if looking.done() and await _is_worked_off(service):
            return
        await service.workers.pool.next_step(within_s=_LOOK_EVERY_S)


async def _is_worked_off(service: Service) -> bool:
    if service.workers.pool.busy:
        return False
    paused = {state for state in _UNFINISHED if service.workers.pool.paused_for_s(state) > _LEAVE_AFTER_S}
    states = _UNFINISHED - (_BEFORE_LAUNCH | paused if State.UPLOADED in paused else paused)
    now_s = time.time()
    try:
        if _still_for_s(service) > await _patience_s(service):
            return True
        due = await service.core.ledger.query(photos.due, states, now_s + _LEAVE_AFTER_S, 1)
    except CutoutdError:
        # The lanes meet the same trouble, say so and wait; when it lasts, the run is stuck.
        return _still_for_s(service) > _STUCK_AFTER_S
    if due or await service.workers.held_releaser.look():
        return False
    return not service.workers.pool.busy  # which may have begun something since


def _still_for_s(service: Service) -> float:
    return time.monotonic() - service.workers.pool.steps.moved_at_s


async def _patience_s(service: Service) -> float:
    """How long nothing may move: long while removals run or a lost one is looked for, short when all is in trouble."""
    under_way = await service.core.ledger.query(photos.count_untroubled, _UNFINISHED, State.REMOVAL_INTENDED)
    return _STUCK_AFTER_S if under_way else _OUTAGE_AFTER_S


async def _tell_waits(service: Service, tell: Callable[[str], None]) -> None:
    """Say once for each reason why nothing moves; the log has it too, but a script's log is seldom looked at."""
    told: set[str] = set()
    while True:
        await asyncio.sleep(_LOOK_EVERY_S)
        if _still_for_s(service) < _TELL_AFTER_S:
            continue
        with suppress(CutoutdError):  # the ledger's own trouble is told by the lanes
            for photo in await service.core.ledger.query(photos.waiting, 1):
                if photo.wait.reason not in told:
                    told.add(photo.wait.reason)
                    tell(f"waiting: {photo.wait.reason} ({photo.identity.folder}/{photo.identity.path})")
