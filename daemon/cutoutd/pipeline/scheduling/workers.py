"""Who goes next: photos that are due, taken from the ledger into lanes of bounded width.

A lane does the steps after some states, a few at a time, and stops when too many photos stand further on. Nothing
about a waiting photo is kept in memory: the ledger knows who is due, and when.
"""

import asyncio
import logging
import time
from collections import Counter
from contextlib import suppress

from cutoutd.core.errors import CutoutdError, HaltError
from cutoutd.core.heartbeat import Heartbeats
from cutoutd.core.logs import log_error, log_event, log_fault
from cutoutd.core.photo import INTERNAL_FAULT, Failed, Photo, State, WaitKind
from cutoutd.ledger import Ledger
from cutoutd.pipeline.photo_pipeline import PhotoPipeline
from cutoutd.pipeline.scheduling.halt import CircuitBreaker
from cutoutd.pipeline.scheduling.next_photos import DueQuery, furthest_of
from cutoutd.pipeline.scheduling.run_counts import RunCounts
from cutoutd.pipeline.scheduling.stages import Stage

#: A lane looks again at least this often, whatever else should have woken it.
_POLL_LEDGER_EVERY_S = 30.0

#: ...and at least this often while it is closed to a folder.
_POLL_CLOSED_FOLDERS_EVERY_S = 0.2

#: After the ledger itself could not be read or written.
_LEDGER_TROUBLE_WAIT_S = 5.0

#: No step takes longer: the slowest exchange, sending or fetching one photo over a very slow line, is cut off before.
_LONGEST_STEP_S = 1800.0

#: Where a launch leaves a photo that was accepted, or of which nobody knows.
_LAUNCHED = frozenset({State.REMOVAL_INTENDED, State.REMOVAL_STARTED})


class WorkerPool:
    """Runs the lanes until told to stop; steps under way are then finished, unless ``let_go`` cuts them off."""

    def __init__(
        self, ledger: Ledger, journey: PhotoPipeline, halt: CircuitBreaker, tally: RunCounts, lanes: tuple[Stage, ...]
    ) -> None:
        self._ledger = ledger
        self._pipeline = journey
        self._breaker = halt
        self._counts = tally
        self._stages = lanes
        self._wakes = {lane.name: asyncio.Event() for lane in lanes}
        # By photo, not by lane: a photo may come to another lane's state in the middle of a step.
        self._busy: dict[int, Stage] = {}
        self._steps: dict[int, asyncio.Task[None]] = {}
        self._backlogged: set[str] = set()  # lanes with more photos that are due, perhaps, than they have room for
        self._awaited: set[int] = set()  # photos that others waited for, seen in this run
        self._stepped = asyncio.Event()
        self._is_stopping = False
        self.moved_at_s = time.monotonic()  #: when a photo last got a new fact, monotonic
        self.pulses = Heartbeats()  #: of the lanes and of the steps under way

    @property
    def busy(self) -> int:
        """How many steps are under way."""
        return len(self._busy)

    def enqueue(self, photo: Photo) -> None:
        """A photo is new in the ledger."""
        self._counts.note(photo)
        self.wake_stage(photo.state)

    @property
    def is_stopping(self) -> bool:
        """Whether no further steps are taken."""
        return self._is_stopping

    @property
    def ledger_trouble(self) -> CutoutdError | None:
        """Why facts cannot be stored for now."""
        return self._ledger.trouble

    @property
    def takes(self) -> dict[str, State]:
        """By the lane's name, after which state it takes the step."""
        return {lane.name: lane.states for lane in self._stages}

    def busy_by_stage(self) -> dict[str, int]:
        """How many steps are under way in each lane."""
        number = Counter(lane.name for lane in self._busy.values())
        return {lane.name: number[lane.name] for lane in self._stages}

    async def next_step(self, within_s: float) -> None:
        """Return when a step was done, or after this time."""
        self._stepped.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._stepped.wait()

    def _wake_after(self, lane: Stage, before: Photo, after: Photo) -> None:
        """A step is done: wake whoever may have a photo to take now, and nobody else.

        A look at nothing new costs as much as any: woken by every step around them, lanes looked 8 times a photo.
        """
        for each in self._stages:
            makes_room = each is lane or _frees_capacity(each, before, after)
            if after.state is each.states or (makes_room and each.name in self._backlogged):
                self._wakes[each.name].set()
        if after.wait.for_photo is not None:
            self._awaited.add(after.wait.for_photo)
        if after.state.is_terminal and after.id in self._awaited:
            self._awaited.discard(after.id)
            self.wake_stage(State.ACCEPTED, State.UPLOADED)

    def wake_stage(self, *states: State) -> None:
        """Photos at these states may go on; none came to them or left them, so only those who take them look."""
        for lane in self._stages:
            if lane.states in states:
                self._wakes[lane.name].set()

    def wake_all(self) -> None:
        """Some photos that waited may go on."""
        self._set_all_events()

    def _set_all_events(self) -> None:
        for event in self._wakes.values():
            event.set()

    def stop(self) -> None:
        """Take no further steps; ``run`` returns when those under way are done."""
        self._is_stopping = True
        self._set_all_events()

    def cancel_unpaid(self) -> bool:
        """Cut off the steps under way, which are done again later, but those that paid and wait for the answer.

        Whether there was any to cut off.
        """
        free = [step for photo_id, step in self._steps.items() if not self._pipeline.is_paying(photo_id)]
        for step in free:
            step.cancel()
        return bool(free)

    async def run(self) -> None:
        """Work until ``stop``."""
        async with asyncio.TaskGroup() as tasks:
            for lane in self._stages:
                tasks.create_task(self._run_stage(lane), name=f"lane {lane.name}")

    async def _run_stage(self, lane: Stage) -> None:
        async with asyncio.TaskGroup() as steps:
            while not self._is_stopping:
                self._wakes[lane.name].clear()
                self.pulses.beat(f"lane {lane.name}", rest_s=_POLL_LEDGER_EVERY_S)
                wait_s = await self._start_steps(lane, steps)
                await self._sleep(lane, wait_s)

    async def _start_steps(self, lane: Stage, steps: asyncio.TaskGroup) -> float:
        if (rest_s := self._pause_between_looks_s(lane)) > 0:
            return rest_s
        # Before the ledger is asked: a folder that opens meanwhile would be neither in its answer nor looked at soon.
        is_closed = bool(lane.excluded_folders())
        try:
            photos, wait_s = await self._next_photos(lane)
        except CutoutdError as error:
            log_error("ledger_trouble", error)
            return _LEDGER_TROUBLE_WAIT_S
        if self._is_stopping or self._pause_between_looks_s(lane) > 0:
            return 0.0  # since the ledger was asked
        for photo in photos:
            self._busy[photo.id] = lane
            if lane.rate:
                lane.rate.take(photo.id)
            self._steps[photo.id] = steps.create_task(self._take_step(photo, lane))
        if is_closed:
            wait_s = min(wait_s, _POLL_CLOSED_FOLDERS_EVERY_S)
        # There may be more photos than launches were free.
        return min(wait_s, lane.rate.free_in_s) if lane.rate and photos else wait_s

    def paused_for_s(self, state: State) -> float:
        """How long nobody takes the step after this state, because Uploadcare or a person asked for it."""
        return max(self._pause_s(lane) for lane in self._stages if lane.states is state)

    def _pause_s(self, lane: Stage) -> float:
        return max(lane.paused_for_s(), lane.rate.paused_for_s if lane.rate else 0.0)

    def _pause_between_looks_s(self, lane: Stage) -> float:
        """How long the lane begins nothing: for a halt, for a pause, or until the next launch is free."""
        halted_s = self._breaker.probe_in_s if lane.is_sending else 0.0
        return max(halted_s, self._pause_s(lane), lane.rate.free_in_s if lane.rate else 0.0)

    async def _next_photos(self, lane: Stage) -> tuple[list[Photo], float]:
        """Whose turn it is, and after how long somebody else's is, unless the lane is woken before."""
        # Until the answer says otherwise: a step that ends meanwhile must wake the lane.
        self._backlogged.add(lane.name)
        room = await self._room(lane)
        if room <= 0:
            return [], _POLL_LEDGER_EVERY_S
        if self._is_halted(lane):
            lane = lane.without_back_pressure  # those beyond stand still as well, until its probe has gone through
        # A step may end while the ledger answers: its photo is no longer busy then, and its row in the answer is old.
        # Taking that step again would upload the photo twice. So those busy before are passed over as those since are.
        prospect = DueQuery(lane, room, dict(self._busy), lane.excluded_folders(), time.time())
        outlook = await self._ledger.query(prospect.run)
        if not outlook.has_more:
            self._backlogged.discard(lane.name)
        photos = [photo for photo in outlook.photos if photo.id not in self._busy]
        return photos, _POLL_LEDGER_EVERY_S if outlook.next_due_s is None else outlook.next_due_s - time.time()

    async def _room(self, lane: Stage) -> int:
        """How many steps may be begun, as far as can be told without looking into the ledger."""
        busy = sum(busy_in is lane for busy_in in self._busy.values())
        width = lane.concurrency if not self._is_halted(lane) else int(await self._is_probing(lane))
        room = width - busy
        return min(room, lane.rate.free) if lane.rate else room

    def _is_halted(self, lane: Stage) -> bool:
        return self._breaker.error is not None and lane.is_sending

    async def _is_probing(self, lane: Stage) -> bool:
        """Whether the lane takes a step during a halt: one photo probes for all, where the wall stood.

        Elsewhere it would prove nothing, and might cost money; but when nobody stands there any more (an upload
        expired meanwhile), the one that has come nearest goes on towards it, or the halt would never end. Lost outcomes
        are looked for all the same, since nothing is launched before they are found.
        """
        if lane.states is State.REMOVAL_INTENDED:
            return True
        if any(busy_in.states in self._breaker.probe_states for busy_in in self._busy.values()):
            return False  # the probe is under way; its photo may stand elsewhere in the middle of the step
        return lane.states is await self._ledger.query(furthest_of, self._breaker.probe_states, time.time())

    async def _sleep(self, lane: Stage, wait_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(min(max(wait_s, 0.0), _POLL_LEDGER_EVERY_S)):
                await self._wakes[lane.name].wait()

    async def _take_step(self, photo: Photo, lane: Stage) -> None:
        moved: Photo | None = None
        try:
            with self.pulses.during(f"{lane.name} of photo {photo.id}", within_s=_LONGEST_STEP_S):
                moved = await self._pipeline.advance(photo)
            if lane.rate and moved.state in _LAUNCHED:
                lane.rate.keep(photo.id)
        except HaltError as error:
            self._breaker.open(error, photo.state)
        except CutoutdError as error:
            # The ledger did not take the fact. The photo stays where it is and comes again.
            log_error("ledger_trouble", error, about=photo)
            await asyncio.sleep(_LEDGER_TROUBLE_WAIT_S)
        except Exception as fault:  # noqa: BLE001  the one broad except of the lanes: a bug costs one photo
            await self._fail(photo, fault)
        else:
            self._log_step(photo, moved)
        finally:
            del self._busy[photo.id], self._steps[photo.id]
            if lane.rate:
                lane.rate.give_back(photo.id)  # unless it was used
            self._wake_after(lane, photo, moved) if moved else self._set_all_events()
            self._stepped.set()

    def _log_step(self, before: Photo, after: Photo) -> None:
        if self._breaker.is_over(before, after):
            self._breaker.close()
            self._set_all_events()
        if after.state is before.state:
            _log_wait(after)
            return
        self.moved_at_s = time.monotonic()
        self._counts.note(after)
        level = logging.WARNING if after.state in {State.REJECTED, State.FAILED} else logging.INFO
        log_event(after.state, after.story, about=after, level=level)

    async def _fail(self, photo: Photo, fault: Exception) -> None:
        log_fault(
            "internal_fault", "a fault in cutoutd itself stopped this photo; all others go on", fault, about=photo
        )
        fact = Failed(INTERNAL_FAULT, "a fault in cutoutd itself stopped this photo", "Report it with the log's trace.")
        try:
            self._counts.note(await self._ledger.record(photo, fact))
        except CutoutdError as error:
            log_error("ledger_trouble", error, about=photo)


def _frees_capacity(lane: Stage, before: Photo, after: Photo) -> bool:
    """Whether a photo beyond a lane may have held it up, and no longer does.

    One that stays may wait for so long now that it counts no more; a search for an outcome holds up all launches.
    """
    if before.state not in lane.downstream:
        return False
    return after.state not in lane.downstream or before.state in {after.state, State.REMOVAL_INTENDED}


def _log_wait(photo: Photo) -> None:
    """Trouble is told when it begins; that it goes on is for ``status``."""
    is_news = photo.wait.attempts == 1 and photo.wait.is_delayed and photo.wait.kind is not WaitKind.DUPLICATE
    reason = photo.wait.reason if photo.wait.is_delayed else "asked, not finished yet"
    log_event("waiting", reason, about=photo, level=logging.WARNING if is_news else logging.DEBUG)
