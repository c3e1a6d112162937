"""`run --once`: work off the files that are there, then stop and report the outcome."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from cutoutd.app.composition import Service
from cutoutd.app.service import working
from cutoutd.core.errors import CutoutdError, HaltError
from cutoutd.core.photo import TERMINAL, State
from cutoutd.ledger.queries import known_files, photos
from cutoutd.ledger.writes import approvals
from cutoutd.pipeline.scheduling.pause import Pause
from cutoutd.status.costs import PricedBatch, held_batches
from cutoutd.watch.passed_over.passed_over import PassedOver

#: Photos with a next step that is due later than this are left for the next run.
_LEAVE_AFTER_S = 120.0

_LOOK_EVERY_S = 0.5

_UNFINISHED = frozenset(State) - TERMINAL

#: While Uploadcare or the user wants no launch, photos at these states stay, because uploads wait for launches.
_BEFORE_LAUNCH = {State.ACCEPTED, State.UPLOADED}


@dataclass(frozen=True, slots=True)
class RunPatience:
    """The times without a move after which a run does something."""

    stuck_after_s: float = 300.0  #: it leaves all photos for the next run
    outage_after_s: float = 60.0  #: it leaves them if each waits for trouble to pass: a script can come back later
    tell_after_s: float = 10.0  #: it tells the user why the photos wait


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """The outcome of a run: its photos, and the photos that are left."""

    published: int
    rejected: int
    failed: int
    held: int  #: photos that wait, and files that were still changing
    missing: int  #: inputs that were unavailable
    halt: HaltError | None
    is_interrupted: bool
    unapproved: tuple[PricedBatch, ...] = ()  #: the batches that wait for approval
    pause: Pause | None = None  #: the pause that kept photos from being sent
    passed_over: tuple[PassedOver, ...] = ()

    @property
    def may_have_missed(self) -> bool:
        """True if photos may be where the run could not look."""
        return any(item.reason.may_hide_photos for item in self.passed_over)

    @property
    def is_idle(self) -> bool:
        """True if there was nothing to do."""
        is_troubled = self.missing or self.halt or self.pause or self.is_interrupted or self.may_have_missed
        return not (is_troubled or self.published or self.rejected or self.failed or self.held)


async def work_off(
    service: Service,
    stop: asyncio.Event,
    tell: Callable[[str], None] = lambda _: None,
    patience: RunPatience = RunPatience(),
) -> RunOutcome:
    """Discover every file that is there, take every photo as far as possible, and clean up at Uploadcare.

    The run ends early in three cases: `stop` is set, the service halts, or the remaining photos wait too long. While
    nothing moves, `tell` is called with the reasons.
    """
    async with working(service) as tasks:
        looking = tasks.create_task(_look_once(service))
        telling = tasks.create_task(_tell_waits(service, tell, patience.tell_after_s))
        await _until_done(service, looking, stop, patience)
        # A superseded photo has a newer version, which this run takes too.
        while (
            looking.done() and not stop.is_set() and any(folder.must_look_again for folder in service.watchers.folders)
        ):
            looking = tasks.create_task(_look_once(service))
            await _until_done(service, looking, stop, patience)
        looking.cancel()
        telling.cancel()
    still_changing = looking.result() if looking.done() and not looking.cancelled() else 0
    return RunOutcome(
        published=service.core.run_counts.at(State.PUBLISHED),
        rejected=service.core.run_counts.at(State.REJECTED),
        failed=service.core.run_counts.at(State.FAILED),
        held=still_changing + await _number_left(service),
        missing=len(service.watchers.availability.unavailable()),
        halt=service.core.breaker.error,
        is_interrupted=stop.is_set(),
        unapproved=held_batches(await service.core.ledger.query(approvals.batches), service.core.settings.price),
        pause=service.core.pause.pause,
        passed_over=tuple(item for watcher in service.watchers.folders for item in watcher.passed_over),
    )


async def _number_left(service: Service) -> int:
    """Return the number of photos that wait, and of files that could not be compared with what is known."""
    ledger = service.core.ledger
    return await ledger.query(photos.count, _UNFINISHED) + await ledger.query(known_files.number_touched)


async def _look_once(service: Service) -> int:
    """Discover every file that is there; return the number of those that were still changing."""
    missing = await _end_outdated_failures(service)
    left = await _scan(service)
    if missing:
        left = await _scan(service)  # because a source counts as removed after two scans
    await _end_outdated_failures(service)
    return left


async def _scan(service: Service) -> int:
    left = await asyncio.gather(*(arrival.run_once() for arrival in service.watchers.folders))
    return sum(map(len, left))


async def _end_outdated_failures(service: Service) -> int:
    """Return the number of rejected and failed photos without a source that were not ended yet."""
    with suppress(CutoutdError):  # because the workers log the ledger's own trouble
        return await service.workers.outdated_failures.end(is_resting=False)
    return 0


async def _until_done(service: Service, looking: asyncio.Task[int], stop: asyncio.Event, patience: RunPatience) -> None:
    while not stop.is_set() and service.core.breaker.error is None:
        if looking.done() and await _is_worked_off(service, patience):
            return
        await service.workers.pool.next_step(within_s=_LOOK_EVERY_S)


async def _is_worked_off(service: Service, patience: RunPatience) -> bool:
    if service.workers.pool.busy or service.watchers.touched_sources.is_busy:
        return False
    paused = {
        stage.state
        for stage, _ in service.workers.pool.stages
        if stage.state in _UNFINISHED and stage.rest_s > _LEAVE_AFTER_S
    }
    states = _UNFINISHED - (_BEFORE_LAUNCH | paused if State.UPLOADED in paused else paused)
    now_s = time.time()
    try:
        if _still_for_s(service) > await _longest_still_s(service, patience):
            return True
        due = await service.core.ledger.query(photos.due, states, now_s + _LEAVE_AFTER_S, 1)
    except CutoutdError:
        # The workers meet the same trouble, log it and wait. If it lasts, the run is stuck.
        return _still_for_s(service) > patience.stuck_after_s
    if due or await service.workers.held_releaser.look():
        return False
    return not service.workers.pool.busy  # because a step may have begun since


def _still_for_s(service: Service) -> float:
    return time.monotonic() - service.workers.pool.steps.moved_at_s


async def _longest_still_s(service: Service, patience: RunPatience) -> float:
    """Return the longest time without a move: long while removals run or are looked for, short in trouble."""
    under_way = await service.core.ledger.query(photos.count_untroubled, _UNFINISHED, State.REMOVAL_INTENDED)
    return patience.stuck_after_s if under_way else patience.outage_after_s


async def _tell_waits(service: Service, tell: Callable[[str], None], after_s: float) -> None:
    """Tell each reason once while nothing moves. The log has it too, but few users read a script's log."""
    told: set[str] = set()
    while True:
        await asyncio.sleep(_LOOK_EVERY_S)
        if _still_for_s(service) < after_s:
            continue
        with suppress(CutoutdError):  # because the workers log the ledger's own trouble
            for photo in await service.core.ledger.query(photos.waiting, 1):
                if photo.wait.reason not in told:
                    told.add(photo.wait.reason)
                    tell(f"waiting: {photo.wait.reason} ({photo.identity.folder}/{photo.identity.path})")
