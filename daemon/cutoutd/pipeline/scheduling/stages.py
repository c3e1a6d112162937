"""The stages of a photo's way with their limits, and the queue of each stage; `workers` runs them.

The ledger knows every waiting photo. A queue keeps only photos that are due already, and not many of them. Therefore a
stage asks the ledger once for many photos. It does not ask for a photo that has just come from the stage before.
"""

import asyncio
import math
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from cutoutd.config.settings import Concurrency
from cutoutd.core.photo import Photo, State
from cutoutd.ledger import PhotoCounts
from cutoutd.pipeline.budget.launch_rate import LaunchRate
from cutoutd.uploadcare.connections import RequestKind, Throttle

#: A queue keeps at most this many photos ready.
READ_AHEAD = 64


@dataclass(frozen=True, slots=True)
class Stage:
    """One kind of step: the state before it, and the limits of how many run at once."""

    name: str
    state: State
    concurrency: int
    downstream: frozenset[State] = frozenset()  #: states in which photos hold this stage up...
    max_downstream: int = 0  #: ...if there are so many of them
    is_sending: bool = True  #: False if the step sends nothing to Uploadcare, and so goes on during a halt
    rate: LaunchRate | None = None  #: the rate that each step takes a launch from
    paused_for_s: Callable[[], float] = lambda: 0.0  #: seconds for which Uploadcare or a person wants no step
    excluded_folders: Callable[[], Collection[str]] = frozenset  #: folders with photos that are not taken for now

    @property
    def rest_s(self) -> float:
        """Seconds for which no step begins."""
        paused_for_s = self.paused_for_s()
        return max(paused_for_s, self.rate.paused_for_s) if self.rate else paused_for_s

    def is_freed_by(self, before: Photo, after: Photo) -> bool:
        """Return True if a photo downstream may have held this stage up, and no longer does.

        A photo that keeps its state may wait for so long now that it counts no more. The search for a lost launch holds
        up all launches.
        """
        if before.state not in self.downstream:
            return False
        return after.state not in self.downstream or before.state in {after.state, State.REMOVAL_INTENDED}


class LookTimer:
    """The moment of a stage's next look into the ledger, and the sleep until then."""

    def __init__(self) -> None:
        self._look_at_s = 0.0  # monotonic
        self._woken = asyncio.Event()

    @property
    def due_in_s(self) -> float:
        """Seconds until the next look; 0 or less if it is due."""
        return self._look_at_s - time.monotonic()

    def stop(self) -> None:
        """Look no more before another moment is set."""
        self._look_at_s = math.inf

    def look_within(self, delay_s: float) -> None:
        """Look within this time at the latest."""
        look_at_s = time.monotonic() + max(0.0, delay_s)
        if look_at_s < self._look_at_s:
            self._look_at_s = look_at_s
            self._woken.set()

    def wake(self) -> None:
        """End the sleep, without a look."""
        self._woken.set()

    async def sleep(self, longest_s: float) -> None:
        """Return when woken, or after this time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, longest_s)):
                await self._woken.wait()
        self._woken.clear()


class StageQueue:
    """The photos that one stage takes next, and the moment of its next look into the ledger."""

    def __init__(self, stage: Stage, counts: PhotoCounts) -> None:
        self.stage = stage
        self._counts = counts
        self.busy = 0  #: steps under way
        self.has_backlog = False  #: True if the ledger may have more due photos than `ready`
        self.is_blocked = False  #: True if the ledger said that too many photos are downstream
        self.is_uncertain = False  #: True if only the ledger can tell if a step may begin
        self.is_asking = False  #: True while the ledger is asked that
        self.ready: dict[int, Photo] = {}  #: photos that can begin without a look into the ledger, in their order
        self.timer = LookTimer()

    @property
    def free(self) -> int:
        """The number of steps that concurrency and launch rate allow now."""
        free = self.stage.concurrency - self.busy
        return min(free, self.stage.rate.free) if self.stage.rate else free

    @property
    def has_waiting(self) -> bool:
        """True if due photos wait for their turn."""
        return bool(self.ready) or self.has_backlog

    @property
    def has_room(self) -> bool:
        """True if certainly few enough photos are downstream; False if only the ledger can tell."""
        if self.is_uncertain or self.is_asking:
            return False
        downstream, busy = self.stage.downstream, self.busy
        return not downstream or self._counts.most_at(downstream) + busy < self.stage.max_downstream

    def can_take(self, photo: Photo) -> bool:
        """Return True if the photo's step can begin now, and no other photo waits for it."""
        return (
            photo.wait.until_s <= time.time()
            and not (self.ready or self.has_backlog)
            and self.free > 0
            and self.stage.rest_s == 0
            and photo.identity.folder not in self.stage.excluded_folders()
            and self.has_room
        )

    def add(self, photo: Photo) -> None:
        """Queue a photo that is due; leave it to the ledger if the queue is full or others there come first."""
        if self.has_backlog or len(self.ready) >= READ_AHEAD:
            self.has_backlog = True
        else:
            self.ready[photo.id] = photo
        if self.free > 0:
            self.timer.wake()

    def fill(self, photos: Sequence[Photo], *, has_more: bool) -> None:
        """Queue photos that a look has found."""
        for photo in photos:
            self.ready.setdefault(photo.id, photo)  # because a photo that came meanwhile is newer
        self.has_backlog = self.has_backlog or has_more

    def take(self) -> Photo:
        """Remove and return the photo that has been ready for longest."""
        return self.ready.pop(next(iter(self.ready)))

    def occupy(self, photo: Photo) -> None:
        """Begin a step of this photo."""
        self.busy += 1
        self.ready.pop(photo.id, None)
        if self.stage.rate:
            self.stage.rate.take(photo.id)

    def release(self, photo: Photo) -> None:
        """End a step of this photo."""
        self.busy -= 1
        if self.stage.rate:
            self.stage.rate.give_back(photo.id)  # unless the launch was made

    def leave_to_ledger(self) -> None:
        """Forget the ready photos; the next look reads them again, as they are then."""
        self.has_backlog = self.has_backlog or bool(self.ready)
        self.ready.clear()

    def look_soon(self) -> None:
        """Look into the ledger as soon as a step may begin."""
        self.is_blocked = False
        self.timer.look_within(0.0)
        self.timer.wake()  # also if a look has been due for long, because a stage that rests makes none

    def begin_look(self, *, asks_for_room: bool) -> None:
        """Note that the ledger is asked now; photos and wishes that come meanwhile stay noted."""
        self.is_asking = asks_for_room  # so that a worker that comes with a photo meanwhile leaves it here
        self.leave_to_ledger()
        self.has_backlog = False
        self.timer.stop()


def stages_for(
    concurrency: Concurrency,
    rate: LaunchRate,
    throttle: Throttle,
    *,
    excluded_folders: Callable[[], Collection[str]] = frozenset,
    paused_for_s: Callable[[], float] = lambda: 0.0,
) -> tuple[Stage, ...]:
    """Return the stages in the order of a photo's way.

    Uploads stay at most two batches ahead of launches, because an upload expires after 24 hours. Launches stop while
    `concurrency.removals` paid photos are under way, because else a full disk would pile up results.

    Args:
        concurrency: how many steps run at once.
        rate: the launch rate.
        throttle: the pauses that Uploadcare asked for (429).
        excluded_folders: folders of which nothing is sent for now.
        paused_for_s: seconds for which a person wants nothing sent or launched.
    """
    paid = frozenset({State.REMOVAL_INTENDED, State.REMOVAL_STARTED, State.REMOVAL_FINISHED})
    uploads, questions, downloads = (
        partial(throttle.remaining_s, kind) for kind in (RequestKind.UPLOADS, RequestKind.CALLS, RequestKind.DOWNLOADS)
    )
    return (
        Stage("check", State.DISCOVERED, concurrency=2, is_sending=False),
        Stage(
            "upload",
            State.ACCEPTED,
            concurrency.uploads,
            frozenset({State.UPLOADED}),
            2 * concurrency.uploads,
            paused_for_s=lambda: max(uploads(), paused_for_s()),
            excluded_folders=excluded_folders,
        ),
        Stage(
            "launch",
            State.UPLOADED,
            concurrency.uploads,
            paid,
            concurrency.removals,
            rate=rate,
            paused_for_s=lambda: max(questions(), paused_for_s()),
        ),
        Stage("find outcome", State.REMOVAL_INTENDED, concurrency=1, paused_for_s=questions),
        Stage("ask", State.REMOVAL_STARTED, concurrency=8, paused_for_s=questions),
        Stage("publish", State.REMOVAL_FINISHED, concurrency.downloads, paused_for_s=downloads),
    )
