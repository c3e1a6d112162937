"""Workers: each takes a photo and keeps it as long as the photo's next step is free to begin.

A stage limits how many of its steps run at once, and begins none while too many photos are downstream. If the next step
is not free, the photo is queued in that stage, or goes back to the ledger. Waiting photos are not kept
in memory: the ledger knows which photos are due, and when.
"""

import asyncio
import math
import time
from contextlib import suppress

from cutoutd.core.errors import CutoutdError
from cutoutd.core.logs import log_error
from cutoutd.core.photo import TERMINAL, Photo, State
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries.picking import PickQuery, RoomQuery
from cutoutd.ledger.writes.transitions import payers
from cutoutd.pipeline.scheduling.next_photos import DueQuery, NewestMoved, is_probed_at
from cutoutd.pipeline.scheduling.stage_queue import READ_AHEAD, StageQueue
from cutoutd.pipeline.scheduling.stages import Stage
from cutoutd.pipeline.scheduling.step_runner import StepRunner


class WorkerPool:
    """Runs the stages until `stop`. Steps under way are then finished, unless `cancel_unpaid` cuts them off."""

    def __init__(self, ledger: Ledger, steps: StepRunner, stages: tuple[Stage, ...]) -> None:
        self._ledger = ledger
        self._breaker = steps.breaker
        self._timing = steps.timing
        self.steps = steps
        self.queues = {stage.state: StageQueue(stage, ledger.counts) for stage in stages}
        self._busy: dict[int, StageQueue] = {}
        self._workers: dict[int, asyncio.Task[None]] = {}
        self._tasks: asyncio.TaskGroup | None = None  # set while `run` runs
        self._looks: list[set[int]] = []  # for each look under way: the photos that began meanwhile
        self._awaited: set[int] = set()  # photos that duplicates wait for
        self._stepped = asyncio.Event()
        self._newest_moved = NewestMoved()
        steps.breaker.call_at_end(self.wake_all)
        self.is_stopping = False  #: True if no further steps are taken

    @property
    def busy(self) -> int:
        """The number of steps under way."""
        return len(self._busy)

    @property
    def stages(self) -> list[tuple[Stage, int]]:
        """The stages, each with the number of its steps under way."""
        return [(queue.stage, queue.busy) for queue in self.queues.values()]

    @property
    def is_paying(self) -> bool:
        """True if a paid call is under way, or its answer is being stored."""
        return any(map(self.steps.is_paying, self._busy))

    def begin(self, photo: Photo) -> None:
        """Take a photo that has just become a row of the ledger; begin at once if a step is free."""
        self.steps.note_photo(photo)
        queue = self.queues[photo.state]
        if photo.id in self._busy:
            return  # because a look has found the row before the news of it came here
        if self._tasks is None:
            queue.look_soon()
        elif self._is_free_for(queue, photo):
            self._start(queue, photo, self._tasks)
        else:
            self._hand_over(queue, photo)

    def enqueue(self, photo: Photo) -> None:
        """Note that this photo, and maybe others with it, may go on by a command."""
        self.steps.note_photo(photo)
        self.wake_stage(photo.state)

    def wake_stage(self, *states: State) -> None:
        """Have the stages of these states look into the ledger: photos that waited there may go on."""
        for state in states:
            if state in self.queues:
                self.queues[state].look_soon()

    def wake_all(self) -> None:
        """Have every stage look into the ledger: some photos that waited may go on."""
        self.wake_stage(*self.queues)

    async def next_step(self, within_s: float) -> None:
        """Return when a step is finished, or after this time."""
        self._stepped.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stepped.wait(), within_s)

    def stop(self) -> None:
        """Take no further steps; `run` returns when the steps under way are finished."""
        self.is_stopping = True
        self.wake_all()

    def cancel_unpaid(self) -> bool:
        """Cut off all steps but paid calls that wait for a response, and take them again later; return True if any."""
        unpaid = [worker for photo_id, worker in self._workers.items() if not self.steps.is_paying(photo_id)]
        for worker in unpaid:
            worker.cancel()
        return bool(unpaid)

    async def run(self) -> None:
        """Work until `stop`."""
        try:
            await self._newest_moved.learn(self._ledger)
            self._awaited |= await self._ledger.query(payers)
        except CutoutdError as error:  # duplicates of an earlier run then go on with the next regular look
            log_error("ledger_trouble", error)
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            for queue in self.queues.values():
                tasks.create_task(self._run_stage(queue, tasks), name=f"stage {queue.stage.name}")

    async def _run_stage(self, queue: StageQueue, tasks: asyncio.TaskGroup) -> None:
        while not self.is_stopping:
            self.steps.heartbeats.beat(f"stage {queue.stage.name}", rest_s=self._timing.poll_ledger_s)
            rest_s = await self._begin_steps(queue, tasks)
            await queue.timer.sleep(min(rest_s, self._timing.poll_ledger_s))

    async def _begin_steps(self, queue: StageQueue, tasks: asyncio.TaskGroup) -> float:
        """Begin the steps that are due and free; return the seconds until there may be more, unless woken before."""
        if (rest_s := self._rest_s(queue.stage)) > 0:
            queue.leave_to_ledger()
            return rest_s
        if self._is_halted(queue.stage):
            return await self._begin_probe(queue, tasks)
        self._begin_ready(queue, tasks, room=0)
        if queue.free > 0 and (queue.timer.due_in_s <= 0 or (queue.has_waiting and not queue.is_blocked)):
            queue.is_blocked = True  # a step that makes room while the ledger is asked clears it again
            room = await self._look(queue)
            if self.is_stopping or self._rest_s(queue.stage) > 0:
                queue.is_blocked = False
                return 0.0  # since the ledger was asked
            self._begin_ready(queue, tasks, room)
            queue.is_blocked = queue.is_blocked and queue.has_waiting and queue.free > 0
        if queue.free > 0:
            return queue.timer.due_in_s
        # The end of a step wakes the stage if a look is due by then. Nothing tells of a look that becomes due later, or
        # of a launch that the rate frees.
        rate_s = queue.stage.rate.free_in_s if queue.stage.rate else 0.0
        return min((rest_s for rest_s in (rate_s, queue.timer.due_in_s) if rest_s > 0), default=math.inf)

    async def _begin_probe(self, queue: StageQueue, tasks: asyncio.TaskGroup) -> float:
        """Begin one step during a halt, if this stage is the one that probes for all."""
        queue.leave_to_ledger()
        try:
            busy = frozenset(each.stage.state for each in self._busy.values())
            is_probing = queue.busy == 0 and await is_probed_at(queue.stage.state, self._breaker, busy, self._ledger)
        except CutoutdError as error:
            log_error("ledger_trouble", error)
            return self._timing.ledger_trouble_wait_s
        for avoided in (self._breaker.suspects, frozenset[int]()) if is_probing else ():
            await self._look(queue, avoided)
            if len(queue.ready):
                break
        if is_probing:
            if not self.is_stopping and self._rest_s(queue.stage) == 0 and len(queue.ready) and queue.busy == 0:
                self._start(queue, queue.take(), tasks)
            queue.leave_to_ledger()
        return self._timing.poll_ledger_s

    async def _look(self, queue: StageQueue, avoided: frozenset[int] = frozenset()) -> float:
        """Ask the ledger for due photos but these, and fill the queue; return the number of steps that may begin.

        Photos that are busy when the ledger is asked, or begin meanwhile, are left out: their rows in the result may be
        old, and a step taken again would upload the photo twice.
        """
        must_check = not queue.has_room and not self._is_halted(queue.stage)
        query = self._query_for(queue, avoided, checks_room=must_check)
        begun: set[int] = set()
        self._looks.append(begun)
        queue.begin_look(asks_for_room=must_check)
        try:
            found = await self._ledger.query(query.run)
        except CutoutdError as error:
            log_error("ledger_trouble", error)
            queue.timer.look_within(self._timing.ledger_trouble_wait_s)
            return 0
        finally:
            self._looks = [look for look in self._looks if look is not begun]
            queue.is_asking = False
        queue.has_late = found.has_late
        gone = begun | self._busy.keys()
        queue.fill([photo for photo in found.photos if photo.id not in gone], has_more=found.has_more)
        next_due_s = self._timing.poll_ledger_s if found.next_due_s is None else found.next_due_s - time.time()
        poll_s = self._timing.poll_closed_folders_s if queue.stage.is_opening() else self._timing.poll_ledger_s
        queue.timer.look_within(min(next_due_s, poll_s))
        return found.room - queue.busy if must_check else 0

    def _query_for(self, queue: StageQueue, avoided: frozenset[int], *, checks_room: bool) -> DueQuery:
        stage, now_s = queue.stage, time.time()
        pick = PickQuery(
            stage.state,
            now_s,
            queue.free + READ_AHEAD,
            stage.excluded_folders(),
            avoided | self._busy.keys(),
            queue.ready.last_folder,
            self._ledger.counts.folders_at(stage.state),
        )
        if not (checks_room and stage.downstream):
            return DueQuery(stage, pick, None)
        moved_s = self._newest_moved.by(now_s)
        room = RoomQuery(stage.downstream, stage.uncounted_folders(), now_s, stage.late_after_s(), moved_s)
        return DueQuery(stage, pick, room)

    def _begin_ready(self, queue: StageQueue, tasks: asyncio.TaskGroup, room: float) -> None:
        """Begin with ready photos; `room` is the number of steps that the ledger has just allowed."""
        closed = queue.stage.excluded_folders()
        while len(queue.ready) and queue.free > 0 and (room > 0 or queue.has_room) and not self.is_stopping:
            photo = queue.take()
            if photo.identity.folder in closed:
                queue.has_backlog = True
            else:
                room -= 1
                self._start(queue, photo, tasks)

    def _is_free_for(self, queue: StageQueue, photo: Photo) -> bool:
        """Return True if the photo's next step can begin now, and no other photo waits for it."""
        return not (self.is_stopping or self._is_halted(queue.stage)) and queue.can_take(photo)

    def _start(self, queue: StageQueue, photo: Photo, tasks: asyncio.TaskGroup) -> None:
        self._occupy(queue, photo)
        self._workers[photo.id] = tasks.create_task(self._work(photo, queue))

    def _occupy(self, queue: StageQueue, photo: Photo) -> None:
        self._busy[photo.id] = queue
        queue.occupy(photo)
        for begun in self._looks:
            begun.add(photo.id)

    async def _work(self, photo: Photo, queue: StageQueue | None) -> None:
        """Take the steps of one photo, one after another, as long as the next one is free."""
        try:
            while queue is not None:
                photo, queue = await self._take_step(photo, queue)
        finally:
            del self._workers[photo.id]

    async def _take_step(self, before: Photo, queue: StageQueue) -> tuple[Photo, StageQueue | None]:
        """Take one step; return the photo after it, and the queue in which the same worker goes on with it."""
        after = None
        try:
            with queue.noting_silence():
                after = await self.steps.take_step(before, queue.stage)
        finally:
            del self._busy[before.id]
            queue.release(before)
            self._stepped.set()
            if after is None:
                self.wake_all()
        if after is None:
            return before, None
        self._wake_others(queue, before, after)
        return after, self._next_queue(after)

    def _next_queue(self, photo: Photo) -> StageQueue | None:
        if photo.state in TERMINAL:
            return None
        queue = self.queues[photo.state]
        if self._is_free_for(queue, photo):
            self._occupy(queue, photo)
            return queue
        self._hand_over(queue, photo)
        return None

    def _hand_over(self, queue: StageQueue, photo: Photo) -> None:
        """Leave a photo to the stage of its next step."""
        if (delay_s := photo.wait.until_s - time.time()) > 0:
            queue.timer.look_within(delay_s)
        else:
            queue.add(photo)

    def _wake_others(self, own: StageQueue, before: Photo, after: Photo) -> None:
        """Wake the stages that have a photo waiting for what this step has freed."""
        self._newest_moved.note(before, after)
        for queue in self.queues.values():
            is_passing = queue.has_late and before.state in queue.stage.downstream
            if queue.is_blocked and (is_passing or queue.stage.is_freed_by(before, after)):
                queue.is_blocked = False
                queue.timer.wake()
            elif after.state is State.PUBLISHED and queue.stage.excluded_folders():
                queue.look_soon()  # because its folder may have room for another result now
            elif self._breaker.error is not None or (queue is own and (queue.has_waiting or queue.timer.due_in_s <= 0)):
                queue.timer.wake()
        if after.wait.for_photo is not None:
            self._awaited.add(after.wait.for_photo)
        if after.id in self._awaited and (after.state in TERMINAL or after.wait.may_last):
            self._awaited.discard(after.id)
            self.wake_stage(State.ACCEPTED, State.UPLOADED)

    def _is_halted(self, stage: Stage) -> bool:
        return self._breaker.error is not None and stage.is_sending

    def _rest_s(self, stage: Stage) -> float:
        """Return how long the stage begins nothing, because of a halt or a pause."""
        return max(self._breaker.probe_in_s, stage.rest_s) if self._is_halted(stage) else stage.rest_s
